"""One requirement, as it stands in a line, becomes one pin.

Two rules decide what happens to a line. What pip refuses is an error, since such a file never described an
environment. What pip takes but which allows more than one thing to be installed is a pin that cannot be verified.
"""

import re

from envguard.formats import _requirement_urls as urls
from envguard.formats._text import redact
from envguard.model import Pin
from envguard.versions import is_name, normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.requirements import Requirement

LENGTH_LIMIT = 16_384
"""Characters of a requirement without its options. packaging takes two seconds for a marker of 100,000 clauses."""
_VERSION_LIMIT = 500
"""Characters of a version; those of nightly builds with a date, a commit and a label have 60."""
_DEPTH_LIMIT = 50
"""Parentheses inside one another; packaging runs out of stack at some hundreds."""

# Versions in canonical form (PEP 440, appendix B): by far the most lines, and no reason to load packaging.
_PLAIN = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)=="
    r"((?:[0-9]{1,9}!)?[0-9]{1,20}(?:\.[0-9]{1,20}){0,9}(?:(?:a|b|rc)[0-9]{1,9})?"
    r"(?:\.post[0-9]{1,9})?(?:\.dev[0-9]{1,9})?(?:\+[a-z0-9]{1,40}(?:\.[a-z0-9]{1,40}){0,9})?)",
    re.ASCII,
)
# Versions that PEP 440 does not know, such as pytz==2004d, which pip before 24.1 installed and froze.
_LEGACY = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]{0,200}?)[ ]?(?:\[[A-Za-z0-9._-]{1,99}(?:, ?[A-Za-z0-9._-]{1,99}){0,20}\])?"
    r"[ ]?==[ ]?([A-Za-z0-9._+!-]{1,200})",
    re.ASCII,
)
_REFERENCE = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]{0,200})[ \t]{0,99}(?:\[[^\[\]]{0,999}\])?[ \t]{0,99}@[ \t]{0,99}(.*)", re.ASCII
)
_LEADING_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,200})(?=[ \t]{0,9}(?:$|[\[=<>!~@;(]))", re.ASCII)
_LOCAL_PATH = re.compile(r"(?:\.{0,2}/|\.$|\.\.$|\.\[|[\w.+~-]+/|[\w.+-]+\.(?:whl|zip|tar\.gz|tar\.bz2|tgz)\b).*")
_UNSAFE_IN_PATH = re.compile(r"[<>{}\"'`|*?;$\x00-\x1f]")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}", re.ASCII)
_HASH = re.compile(r"(sha256|sha384|sha512):([0-9a-fA-F]+)", re.ASCII)
_HASH_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128}
_STRONG = tuple(_HASH_LENGTH)


class RequirementError(Exception):
    """A line that pip refuses. The message says why, without anything from the line."""


def requirement(text: str, hashes: tuple[str, ...], *, path: str, line: int) -> Pin:
    """The pin of a requirement that is not editable.

    Args:
        text: The requirement without options.
        hashes: The values of ``--hash``.
        path: The file.
        line: 1-based.

    Raises:
        RequirementError: pip would refuse the line.
    """
    digests, odd = _digests(hashes)
    pin = Pin(name="", path=path, line=line, text=redact(text), hashes=digests)
    in_hash = any(has_variable(value) for value in hashes)
    if (plain := _PLAIN.fullmatch(text)) and not in_hash:
        return _odd_hash(pin.replace(name=normalise(plain.group(1)), version=plain.group(2)), odd)
    _check_size(text)
    if in_hash or has_variable(text):
        return pin.replace(name=leading_name(text), unverifiable="an environment variable in it is not expanded")
    return _odd_hash(_parse(pin, text), odd)


def editable(value: str, *, path: str, line: int, name: str = "", version: str = "") -> Pin:
    """The pin of ``-e``.

    Args:
        value: What follows ``-e``: a folder or a VCS URL.
        path: The file.
        line: 1-based.
        name: From the comment that ``pip freeze`` writes above an editable install without version control.
        version: From the same comment.

    Raises:
        RequirementError: pip would refuse the line.
    """
    pin = Pin(name=normalise(name), path=path, line=line, text=redact(f"-e {value}"))
    _check_size(value)
    if has_variable(value):
        return pin.replace(unverifiable="an environment variable in it is not expanded")
    if urls.is_remote_archive(value):
        raise RequirementError("-e needs a folder or a VCS URL")
    if urls.is_url(value):
        return urls.direct(pin, value, editable=True, version=version)
    return urls.folder(pin, value, editable=True, version=version)


def has_variable(text: str) -> bool:
    """True where pip would put the value of an environment variable."""
    return "${" in text and _VARIABLE.search(text) is not None


def leading_name(text: str) -> str:
    """The normalised name that a requirement begins with, or an empty string."""
    found = _LEADING_NAME.match(text)
    return normalise(found.group(1)) if found and is_name(found.group(1)) else ""


def _parse(pin: Pin, text: str) -> Pin:
    is_url = urls.is_url(text)
    # pip cuts the marker off first: at "; " in a URL, which may hold a ";", else at the first ";".
    wanted, semicolon, said = text.partition("; " if is_url else ";")
    wanted = wanted.strip()
    if semicolon and said.strip():
        pin = pin.replace(marker=_marker(said.strip()))
    if is_url:
        return urls.direct(pin, wanted)
    if reference := _REFERENCE.fullmatch(wanted):
        if not reference.group(2):
            raise RequirementError("no URL after the @")
        _packaging(wanted[: reference.start(2)] + "https://example.org")  # is what stands before the URL valid?
        pin = pin.replace(name=normalise(reference.group(1)))
        return urls.direct(pin, reference.group(2).strip())
    if _LOCAL_PATH.fullmatch(wanted) and not _UNSAFE_IN_PATH.search(wanted):
        return urls.folder(pin, wanted)
    if legacy := _LEGACY.fullmatch(wanted):
        if not is_name(legacy.group(1)):
            raise RequirementError("not a valid distribution name")
        return pin.replace(name=normalise(legacy.group(1)), version=legacy.group(2))
    return _specified(pin, _packaging(wanted))


def _specified(pin: Pin, wanted: "Requirement") -> Pin:
    """The pin of a name with version specifiers (PEP 440)."""
    pin = pin.replace(name=normalise(wanted.name))
    specifiers = list(wanted.specifier)
    if not specifiers:
        return pin.replace(unverifiable="it names no version")
    if len(specifiers) > 1:
        return pin.replace(unverifiable="several specifiers instead of one exact version")
    operator, version = specifiers[0].operator, specifiers[0].version
    if operator not in ("==", "==="):
        return pin.replace(unverifiable=f"{operator} allows more than one version")
    if operator == "==" and version.endswith(".*"):
        return pin.replace(unverifiable="a wildcard allows more than one version")
    if len(version) > _VERSION_LIMIT:
        raise RequirementError(f"a version of more than {_VERSION_LIMIT} characters")
    return pin.replace(version=version)


def _packaging(text: str) -> "Requirement":
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError):  # ValueError: a number of more digits than int() takes
        raise RequirementError(_hint(text)) from None


def _hint(text: str) -> str:
    if text.endswith("\\"):
        return "not a requirement: white space follows the backslash, so the line does not go on"
    if re.search(r"(?<![=<>!~])=(?!=)", text):
        return "not a requirement: = is no operator, == is"
    if "#" in text:
        return "not a requirement: a comment needs white space before its #"
    return "not a requirement"


def _marker(text: str) -> str:
    from packaging.markers import InvalidMarker, Marker

    try:
        return str(Marker(text))
    except (InvalidMarker, ValueError, RecursionError):
        raise RequirementError("not a valid marker") from None


def _check_size(text: str) -> None:
    if len(text) > LENGTH_LIMIT:
        raise RequirementError(f"a requirement of more than {LENGTH_LIMIT} characters")
    if text.count("(") > _DEPTH_LIMIT:
        depth = deepest = 0
        for character in text:
            depth += (character == "(") - (character == ")")
            deepest = max(deepest, depth)
        if deepest > _DEPTH_LIMIT:
            raise RequirementError(f"parentheses nested deeper than {_DEPTH_LIMIT}")


def _digests(hashes: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The hashes in lower case and sorted, and whether one of them can fit no file at all."""
    good: set[str] = set()
    odd = False
    for value in hashes:
        algorithm, colon, _digits = value.partition(":")
        if has_variable(value):
            continue
        if not colon or algorithm not in _STRONG:
            raise RequirementError(f"--hash needs one of {', '.join(_STRONG)}, a colon and the digest")
        found = _HASH.fullmatch(value)
        if found and len(found.group(2)) == _HASH_LENGTH[algorithm]:
            good.add(value.lower())
        else:
            odd = True
    return tuple(sorted(good)), odd


def _odd_hash(pin: Pin, odd: bool) -> Pin:
    return pin.replace(unverifiable=pin.unverifiable or "a --hash in it fits no file") if odd else pin
