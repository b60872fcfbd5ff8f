"""A Dockerfile as its instructions, each with the lines of its text.

Dockerfile reference: parser directives (``escape``, ``syntax``), line continuation, comments between continued lines,
here-documents of RUN, COPY and ADD.
"""

import bisect
import re

from envguard._value import Value
from envguard.repository.said import Located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTIVE = re.compile(r"#[ \t]*([A-Za-z][A-Za-z0-9_]*)[ \t]*=[ \t]*(\S.*)")
_KEYWORD = re.compile(r"[ \t]*([A-Za-z]+)(?=[ \t]|$)")
_HEREDOC = re.compile(r"(?<![<\w])\d{0,4}<<-?[ \t]*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\1(?![\w\"'])", re.ASCII)
_TAKING_HEREDOCS = ("RUN", "COPY", "ADD")


class Instruction(Value):
    """One instruction."""

    name: str
    """In capitals."""
    rest: Located
    """What follows the name, continued lines joined, here-documents blanked out."""
    line: int
    onbuild: bool = False
    bodies: tuple[Located, ...] = ()
    """Its here-documents."""


class Directives(Value):
    """What the comments at the top of the file set."""

    escape: str = "\\"
    syntax: str = ""
    syntax_line: int = 0
    last: int = 0
    """How many lines they take."""


def directives(lines: list[str]) -> Directives:
    """The parser directives: comments of the form ``key=value`` before anything else."""
    found = Directives()
    for number, line in enumerate(lines, start=1):
        directive = _DIRECTIVE.fullmatch(line.strip(" \t"))
        if directive is None:
            break
        key, value = directive.group(1).lower(), directive.group(2)
        if key == "escape" and value == "`":
            found = found.replace(escape=value)
        elif key == "syntax":
            found = found.replace(syntax=value, syntax_line=number)
        found = found.replace(last=number)
    return found


def lines_of(text: str) -> list[str]:
    """The lines of a file, without their ends."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def instructions(text: str) -> "Iterator[Instruction]":
    """The instructions of a Dockerfile. What is no instruction is passed over: a build would refuse it."""
    lines = lines_of(text)
    top = directives(lines)
    continued = re.compile(rf"(?:^|(?<=[^{re.escape(top.escape)}])){re.escape(top.escape)}[ \t]*$")
    ends = _lines_alone(lines)
    at = top.last
    while at < len(lines):
        begun = at
        pieces, at = _joined(lines, at, continued)
        whole = Located.of(pieces)
        instruction = _instruction(whole, begun + 1) if whole.text.strip() else None
        if instruction is None:
            continue
        if instruction.name in _TAKING_HEREDOCS and "<<" in instruction.rest.text:
            instruction, at = _with_heredocs(instruction, lines, at, ends)
        yield instruction


def _joined(lines: list[str], at: int, continued: "re.Pattern[str]") -> "tuple[list[tuple[str, int]], int]":
    """The pieces of the instruction that begins at ``at``, and the index behind them."""
    pieces: list[tuple[str, int]] = []
    while at < len(lines):
        line, at = lines[at], at + 1
        if not line.strip() or line.lstrip().startswith("#"):
            if pieces:  # empty lines and comments do not end what is continued
                continue
            break
        end = continued.search(line)
        pieces.append((line[: end.start()] if end else line, at))
        if end is None:
            break
    return pieces, at


def _instruction(whole: Located, line: int, *, onbuild: bool = False) -> "Instruction | None":
    keyword = _KEYWORD.match(whole.text)
    if keyword is None:
        return None
    name, rest = keyword.group(1).upper(), whole.since(keyword.end())
    if name == "ONBUILD" and not onbuild:
        return _instruction(rest, rest.line_at(0), onbuild=True)
    return Instruction(name=name, rest=rest, line=line, onbuild=onbuild)


def _with_heredocs(
    instruction: Instruction, lines: list[str], at: int, ends: "dict[str, list[int]]"
) -> tuple[Instruction, int]:
    text, bodies = instruction.rest.text, []
    for marker in _HEREDOC.finditer(text):
        alone = ends.get(marker.group(2), [])
        place = bisect.bisect_left(alone, at)
        if place == len(alone):  # no here-document, or one that a build would refuse
            break
        end = alone[place]
        bodies.append(Located.of((f"{line}\n", at + index + 1) for index, line in enumerate(lines[at:end])))
        text = text[: marker.start()] + " " * len(marker.group()) + text[marker.end() :]
        at = end + 1
    rest = instruction.rest.replace(text=text)
    return instruction.replace(rest=rest, bodies=tuple(bodies)), at


def _lines_alone(lines: list[str]) -> "dict[str, list[int]]":
    """Word -> the lines that hold nothing else: a here-document may end there."""
    found: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        found.setdefault(line.lstrip("\t"), []).append(index)
    return found
