"""From hostile bytes to text: byte order marks, declared encodings, binary files, merge conflicts, secrets."""

import codecs
import re

from envguard.errors import LockError
from envguard.facts.direct_url import redact as redact_url

FILE_LIMIT = 16 << 20
"""Bytes of a golden file that are read. A lock of 5,000 packages with all hashes has about 4 MB."""

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COOKIE = re.compile(rb"coding[:=][ \t]{0,9}([-\w.]{1,40})", re.ASCII)
# Encodings that people save text files in. Others (punycode, utf-7, unicode_escape) hide text or take quadratic time.
_ENCODINGS = re.compile(
    r"utf-8(-sig)?|ascii|iso8859-\d{1,2}|cp\d{3,4}|koi8-[rtu]|gb2312|gbk|gb18030|big5|euc_(jp|kr)|shift_jis|mac-roman",
    re.ASCII,
)
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: .*)?$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{[^}\s]*\}?")
_SPACES = re.compile(r"(\s+)")
_TOKEN_IN_PATH = re.compile(r"/t/[^/]+/")
_SAVE_AS = "save it as UTF-8 text"
QUOTE_LENGTH = 80


def decode(data: bytes, path: str) -> str:
    """The text of a golden file, decoded as pip decodes a requirements file, with UTF-8 instead of the locale's.

    A byte order mark decides, else a coding declaration in a comment of the first two lines (PEP 263).

    Raises:
        LockError: The file is binary, in another encoding, or has merge conflict markers; with the line.
    """
    text = decode_alone(data, path)
    refuse_conflict(text, path)
    return text


def decode_alone(data: bytes, path: str) -> str:
    """As ``decode``, for a format whose parser stops at a merge conflict by itself."""
    encoding, skip = _encoding(data, path)
    try:
        text = data[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        line = data[skip : skip + error.start].count(b"\n") + 1
        problem = f"byte {skip + error.start} is not {encoding.upper()}: a binary file, or text in another encoding"
        raise LockError(problem, path=path, line=line, remedy=_SAVE_AS) from None
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise LockError("a NUL byte: a binary file, or UTF-16 without its mark", path=path, line=line, remedy=_SAVE_AS)
    return text


def refuse_conflict(text: str, path: str) -> None:
    """Nothing where there is no merge conflict marker.

    Raises:
        LockError: There is one; with its line.
    """
    if "<<<<<<<" not in text and ">>>>>>>" not in text:  # a tenth of the time that the expression takes
        return
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise LockError("a merge conflict marker", path=path, line=line, remedy="resolve the conflict")


def peek(head: bytes) -> str:
    """The text that a file begins with, for recognising it; what cannot be decoded is replaced."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="replace")
    return head.decode("utf-8", errors="replace")


def redact(text: str) -> str:
    """A requirement or spec as it may be shown: no credentials, no query, no variable.

    ``${VAR}`` becomes ``${...}``: neither the value nor the name of a variable is anybody's business.
    """
    parts = _SPACES.split(_VARIABLE.sub("${...}", text))
    return "".join(_redact_token(part) if "://" in part else part for part in parts)


def quote(text: str) -> str:
    """A piece of the file for an error message: redacted, on one line, short, control characters escaped."""
    shown = redact(text[: 4 * QUOTE_LENGTH])
    if len(shown) > QUOTE_LENGTH:
        shown = shown[:QUOTE_LENGTH] + "..."
    return ascii(shown)


def _redact_token(token: str) -> str:
    ending = ";" if token.endswith(";") else ""
    return _TOKEN_IN_PATH.sub("/", redact_url(token.removesuffix(";"))) + ending


def _encoding(data: bytes, path: str) -> tuple[str, int]:
    """The encoding and how many bytes its mark has."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    for number, line in enumerate(data[:4096].split(b"\n")[:2], start=1):
        declared = _COOKIE.search(line) if line.startswith(b"#") else None
        if declared is not None:
            return _known_encoding(declared.group(1).decode("ascii"), path, number), 0
    return "utf-8", 0


def _known_encoding(declared: str, path: str, line: int) -> str:
    try:
        encoding = codecs.lookup(declared).name
    except LookupError:
        encoding = ""
    if _ENCODINGS.fullmatch(encoding) is None:
        raise LockError(f"encoding {declared!r} is not read", path=path, line=line, remedy=_SAVE_AS)
    return encoding
