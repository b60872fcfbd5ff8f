"""``$NAME`` and ``${NAME:-word}``, as Dockerfiles, compose files and shells write them, from what a file itself states.

The variables of this process are never looked at: another machine has others.
"""

import re

from envguard.repository.said import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OPERATOR = re.compile(r":?[-+?=]")
LONGEST = 10_000
"""Characters that variables may bring into one text; each may stand for two of the one before, line after line."""
_DEPTH = 10
"""Levels of ``${A:-${B:-...}}`` that are followed."""


def expand(text: str, known: "Mapping[str, str]", depth: int = 0) -> str:
    """The text with every variable replaced by its value or default, and by ``UNKNOWN`` where it has none."""
    if "$" not in text:
        return text
    parts, at, filled = [], 0, 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        value, at = reference(text, dollar, known, depth)
        parts.append(value)
        filled += len(value)
        if filled > LONGEST:
            return UNKNOWN
    return "".join((*parts, text[at:]))


def reference(text: str, dollar: int, known: "Mapping[str, str]", depth: int = 0) -> tuple[str, int]:
    """The value of the variable whose ``$`` stands at ``dollar``, and the offset behind it."""
    at = dollar + 1
    if text.startswith("{{", at):  # an expression of GitHub
        end = text.find("}}", at)
        return UNKNOWN, end + 2 if end >= 0 else len(text)
    if text.startswith("{", at):
        end = closing(text, at, "{", "}")
        return _braced(text[at + 1 : end - 1], known, depth), end
    if text.startswith("(", at):
        return UNKNOWN, closing(text, at, "(", ")")
    if text.startswith("$", at):  # compose writes a dollar sign so
        return UNKNOWN, at + 1
    name = _NAME.match(text, at)
    if name is None:
        return (UNKNOWN, at + 1) if text[at : at + 1] in set("0123456789@*#?!-") - {""} else ("$", at)
    return known.get(name.group(), UNKNOWN), name.end()


def closing(text: str, at: int, opening: str, ending: str) -> int:
    """The offset behind the bracket that closes the one at ``at``; the end of the text where there is none."""
    level = 0
    for place in range(at, len(text)):
        if text[place] == opening:
            level += 1
        elif text[place] == ending:
            level -= 1
            if level == 0:
                return place + 1
    return len(text)


def _braced(inside: str, known: "Mapping[str, str]", depth: int) -> str:
    name = _NAME.match(inside)
    if name is None or depth >= _DEPTH:
        return UNKNOWN
    value = known.get(name.group())
    rest = inside[name.end() :]
    operator = _OPERATOR.match(rest)
    if not rest:
        return UNKNOWN if value is None else value
    if operator is None:  # a substring or a pattern
        return UNKNOWN
    word = rest[operator.end() :]
    kind = operator.group()[-1]
    if kind == "+":  # what stands there depends on whether it is set
        return expand(word, known, depth + 1) if value else UNKNOWN
    if value or (value is not None and not operator.group().startswith(":")):
        return value
    if kind == "?" or (value is None and not word):
        return UNKNOWN
    return expand(word, known, depth + 1)
