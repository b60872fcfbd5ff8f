"""Logical lines of a requirements file, exactly as pip joins and cuts them.

The rules are those of pip's ``req_file.py``: a line that ends with a backslash goes on, a comment needs white space
before its ``#``, and a comment line ends a continuation even where more was to come.
"""

import re

from envguard._value import Value
from envguard.errors import LockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINE_LIMIT = 1 << 20
"""Characters of one logical line; torch with the hashes of all its wheels has about 10,000."""

# What `pip freeze` writes above an editable install that it cannot express as a requirement.
_EDITABLE = re.compile(
    r"# Editable (?:\w{1,20} )?install (?:with no (?:version control|remote) )?"
    r"\(([A-Za-z0-9][A-Za-z0-9._-]{0,200})={2,3}([^\s()]{1,200})\)(?: with either .{0,100})?",
    re.ASCII,
)


class LogicalLine(Value):
    """One line as pip sees it: continuations joined, comment and outer white space removed, never empty."""

    number: int
    """1-based number of its first physical line."""
    text: str
    editable_name: str = ""
    """From the comment of ``pip freeze`` right above."""
    editable_version: str = ""


def logical(physical: "Iterable[tuple[int, str]]", path: str) -> "Iterator[LogicalLine]":
    """Join and cut numbered physical lines.

    Raises:
        LockError: A logical line is longer than ``LINE_LIMIT``.
    """
    name = version = ""
    for number, joined in _join(physical, path):
        text = _without_comment(joined).strip()
        if text:
            yield LogicalLine(number=number, text=text, editable_name=name, editable_version=version)
            name = version = ""
        elif said := _EDITABLE.match(joined.strip()):
            name, version = said.groups()


def numbered(text: str) -> "Iterator[tuple[int, str]]":
    """The physical lines of a text. pip splits at every boundary that Python knows, form feeds included."""
    return enumerate(text.splitlines(), start=1)


def _join(physical: "Iterable[tuple[int, str]]", path: str) -> "Iterator[tuple[int, str]]":
    first = length = 0
    parts: list[str] = []
    for number, line in physical:
        comment = line.lstrip().startswith("#")
        first = first if parts else number
        # The space makes sure that a comment that ends a continuation is still seen as one.
        goes_on = line.endswith("\\") and not comment
        parts.append(line.strip("\\") if goes_on else f" {line}" if comment else line)
        length += len(line)
        if length > LINE_LIMIT:
            raise LockError(f"a line of more than {LINE_LIMIT} characters", path=path, line=first)
        if not goes_on:
            yield first, "".join(parts)
            parts, length = [], 0
    if parts:
        yield first, "".join(parts)


def _without_comment(line: str) -> str:
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return line if at < 0 else line[:at]
