"""JSON of others: sizes, nesting, equal keys and odd numbers are refused, and lines are found again.

The standard library's parser keeps the last of two equal keys, takes NaN and lone surrogates, and knows no lines.
"""

import json
import re

from envguard.errors import LockError
from envguard.formats import _text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEPTH_LIMIT = 60
"""Levels of nesting. Lock files have about ten, an SBOM with nested components somewhat more."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_COLON = re.compile(r"\s*:\s*")
_DIGITS = 20
_NESTED = frozenset((dict, list))
_REMEDY = "write the file again with the tool that made it"


class _OddError(Exception):
    """What this reader refuses although the parser takes it."""


def load(data: bytes, path: str) -> "tuple[Any, str]":
    """The content of a JSON file, and its text for ``Lines``.

    Raises:
        LockError: It is no JSON in UTF-8 (or marked UTF-16), nested too deeply, has a key twice, or holds what no text
            can hold; with its line where that is known.
    """
    text = _text.decode_alone(data, path)
    try:
        content = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_float=float, parse_constant=_constant
        )
        if "\\" in text and _SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
        _check_depth(content)
    except json.JSONDecodeError as error:
        _text.refuse_conflict(text, path)
        raise LockError(f"not JSON: {error.msg.lower()}", path=path, line=error.lineno, remedy=_REMEDY) from None
    except _OddError as error:
        raise LockError(f"not read: {error}", path=path, remedy=_REMEDY) from None
    except UnicodeEncodeError:
        raise LockError("not read: half of a surrogate pair", path=path, remedy=_REMEDY) from None
    except (RecursionError, ValueError, MemoryError) as error:
        raise LockError(f"not JSON: {type(error).__name__}", path=path, remedy=_REMEDY) from None
    return content, text


class Lines:
    """Finds the lines of things again, asked for in the order of the file.

    One pass over the text in total: a search begins where the last one ended, and after the first miss (an escaped
    key, say) all later answers are the last line that was found.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._lost = False

    def of_key(self, key: str) -> int:
        """The line of the next key of this name whose value is an object or a list."""
        return self._next(key, ("{", "["))

    def of_value(self, key: str, value: str) -> int:
        """The line of the next key of this name that has this text for a value."""
        return self._next(key, (f'"{value}"',))

    def _next(self, key: str, values: "tuple[str, ...]") -> int:
        at = -1 if self._lost else self._text.find(f'"{key}"', self._at)
        while at >= 0:
            behind = _COLON.match(self._text, at + len(key) + 2)
            if behind is not None and self._text.startswith(values, behind.end()):
                break
            at = self._text.find(f'"{key}"', at + 1)
        if at < 0:
            self._lost = True
            return self._line
        self._line += self._text.count("\n", self._at, at)
        self._at = at + 1
        return self._line


def text_of(fields: "dict[str, Any]", key: str, *, path: str, line: int) -> str:
    """A field that is a text, "" where it is missing or null.

    Raises:
        LockError: It is something else.
    """
    value = fields.get(key, "")
    if type(value) is str:  # nearly always
        return value
    if value is None:
        return ""
    if not isinstance(value, str):
        raise LockError(f"its {key} is no text", path=path, line=line, remedy=_REMEDY)
    return value


def object_of(value: "Any", what: str, *, path: str, line: int) -> "dict[str, Any]":
    """The value, which must be an object.

    Raises:
        LockError: It is something else.
    """
    if not isinstance(value, dict):
        raise LockError(f"{what} is no object", path=path, line=line, remedy=_REMEDY)
    return value


def list_of(value: "Any", what: str, *, path: str, line: int) -> "list[Any]":
    """The value, which must be a list; a missing one is empty.

    Raises:
        LockError: It is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise LockError(f"{what} is no list", path=path, line=line, remedy=_REMEDY)
    return value


def _unique(pairs: "list[tuple[str, Any]]") -> "dict[str, Any]":
    content = dict(pairs)
    if len(content) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise _OddError(f"the key {_text.quote(key)} stands twice")
            seen.add(key)
    return content


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise _OddError(f"a number of {len(digits)} digits")
    return int(digits)


def _constant(name: str) -> float:
    raise _OddError(f"{name}, which JSON does not have")


def _check_depth(content: "Any") -> None:
    level: list[Any] = [content] if type(content) in _NESTED else []
    for _ in range(DEPTH_LIMIT):
        deeper: list[Any] = []
        for node in level:
            children = node.values() if type(node) is dict else node
            if not _NESTED.isdisjoint(map(type, children)):
                deeper += [child for child in children if type(child) in _NESTED]
        if not deeper:
            return
        level = deeper
    raise _OddError(f"nested more than {DEPTH_LIMIT} deep")
