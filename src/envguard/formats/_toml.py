"""TOML locks as plain tables, with the lines that their entries begin in.

The parser is the standard library's, or tomli's where its compiled form is installed: it reads the same and takes a
fraction of the time. Files that would take any parser minutes are refused before it sees them.
"""

import importlib
import re
import sys

from envguard._value import Value
from envguard.errors import LockError
from envguard.formats import _text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Table = dict[str, Any]

ENTRY_LIMIT = 20_000
"""Entries of one list; the largest lock seen has 470 packages."""
_DOTS_LIMIT = 1_000
"""Dots between two equals signs of a line. Parsers take quadratic time for the parts of a dotted key."""
_REMEDY = "write the lock again with its own tool"

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class ShapeError(Exception):
    """A table that is valid TOML and has not the form that its format asks for. Its text says what is wrong."""


class Document(Value):
    """A TOML file."""

    path: str
    text: str
    table: "Table"

    def lines(self, key: str) -> list[int]:
        """The 1-based lines in which the entries of the list of tables ``key`` begin.

        Zeros where they cannot be told apart from text that looks like them.
        """
        entries = tables(self.table, key)
        header = re.compile(rf"\[\[[ \t]*{re.escape(key)}[ \t]*\]\]")
        found, line, before = [], 1, 0
        for match in header.finditer(self.text):
            at = match.start()
            line += self.text.count("\n", before, at)
            before = at
            if not self.text[self.text.rfind("\n", 0, at) + 1 : at].strip(" \t"):
                found.append(line)
        return found if len(found) == len(entries) else [0] * len(entries)


def load(data: bytes, path: str) -> Document:
    """Read a TOML file.

    Raises:
        LockError: It is no UTF-8, no TOML, has merge conflict markers, or is made to exhaust a parser; with its line.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LockError("not UTF-8, which TOML must be", path=path, line=line, remedy=_REMEDY) from None
    for line, row in enumerate(text.split("\n"), start=1):  # a key ends with its line
        if len(row) > _DOTS_LIMIT and any(part.count(".") > _DOTS_LIMIT for part in row.split("=")):
            raise LockError(f"more than {_DOTS_LIMIT} dots in one place", path=path, line=line, remedy=_REMEDY)
    return Document(path=path, text=text, table=_parsed(text, path))


def tables(table: "Table", key: str) -> "list[Table]":
    """The list of tables under a key; empty where there is none.

    Raises:
        ShapeError: There is something else.
    """
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ShapeError(f"{key} is no list of tables")
    if len(found) > ENTRY_LIMIT:
        raise ShapeError(f"{key} has more than {ENTRY_LIMIT} entries")
    return found


def section(table: "Table", key: str) -> "Table":
    """The table under a key; empty where there is none.

    Raises:
        ShapeError: There is something else.
    """
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise ShapeError(f"{key} is no table")
    return found


def text(table: "Table", key: str) -> str:
    """The text under a key; empty where there is none.

    Raises:
        ShapeError: There is something else.
    """
    found = table.get(key, "")
    if not isinstance(found, str):
        raise ShapeError(f"{key} is no text")
    return found


def flag(table: "Table", key: str) -> bool:
    """The truth value under a key; False where there is none.

    Raises:
        ShapeError: There is something else.
    """
    found = table.get(key, False)
    if not isinstance(found, bool):
        raise ShapeError(f"{key} is neither true nor false")
    return found


def texts(table: "Table", key: str) -> tuple[str, ...]:
    """The list of texts under a key; empty where there is none.

    Raises:
        ShapeError: There is something else.
    """
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ShapeError(f"{key} is no list of texts")
    return tuple(found)


def _parsed(text: str, path: str) -> "Table":
    try:
        return _parser()(text)
    except RecursionError:
        raise LockError("nested too deeply", path=path, remedy=_REMEDY) from None
    except ValueError as error:  # TOMLDecodeError, or a number that int() refuses
        _text.refuse_conflict(text, path)
        message = str(error)
        at = _AT.search(message)
        line = int(at.group(1) or 0) if at else 0
        raise LockError(f"no valid TOML: {_AT.sub('', message)[:200]}", path=path, line=line, remedy=_REMEDY) from None


def _parser() -> "Callable[[str], Table]":
    """The standard library's, or on Python 3.10 that of tomli, which is declared for it.

    A compiled tomli would be faster elsewhere too, but is then a package of the environment under judgement.
    """
    parse: Callable[[str], Table] = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli").loads
    return parse
