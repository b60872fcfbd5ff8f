"""Dockerfile and Containerfile: FROM, COPY --from, RUN --mount=from, and what RUN runs.

Dockerfile reference and BuildKit: an ARG before the first FROM is known to every FROM, and inside a stage only once it
is declared there again; a stage's ENV goes on to the stages that are made from it.
"""

import json
import re

from envguard.repository.instructions import directives, instructions, lines_of
from envguard.repository.said import UNKNOWN, Command, Copied, Image, Located, Noted, Script, Setting, Stage, Word
from envguard.repository.variables import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.repository.instructions import Instruction
    from envguard.repository.said import Said

_FLAG = re.compile(r"\s*--[a-z-]+(?:=(?:\"[^\"]*\"?|[^\s\"])*)?(?=\s|$)")
_WORD = re.compile(r"\S+")
_ASSIGNED = re.compile(
    r"(?<!\S)([A-Za-z_][A-Za-z0-9_]*)(?:=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\\"']|\\.)*))?(?=\s|$)", re.ASCII
)
_SHELL = re.compile(r"\s*(?:/?(?:usr/)?(?:bin/)?(?:ba|da|z|k|a)?sh(?:\s+-[A-Za-z]+(?:\s+pipefail)?)*)?\s*")
_SETS_PATH = re.compile(r"(?:^|\s)PATH[=\s]")
_SHEBANG = re.compile(r"#![ \t]*(\S+)(?:[ \t]+(\S+))?")

LONGEST = 64 << 10
"""Characters of an instruction other than RUN."""
MOST_VARIABLES = 500
"""Variables of a stage that are kept; the others count as unknown."""


def read(text: str) -> "Iterator[Said]":
    """What a Dockerfile says, in its order."""
    top = directives(lines_of(text))
    if top.syntax:
        # It reads the file and leaves nothing in the image.
        yield Image(reference=top.syntax, line=top.syntax_line, where="# syntax", guess="the build's own front end")
    build = _Build()
    for instruction in instructions(text):
        yield from build.take(instruction)


class _Build:
    """What is known at an instruction."""

    def __init__(self) -> None:
        self.globals: dict[str, str] = {}
        self.args: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.stages: dict[str, dict[str, str]] = {}
        """Name or number of each stage -> its ENV."""
        self.count = 0

    def take(self, instruction: "Instruction") -> "Iterator[Said]":
        name = instruction.name
        if name != "RUN" and len(instruction.rest.text) > LONGEST:
            yield Noted(fact=f"{name} with more than {LONGEST} characters is not read", line=instruction.line)
            return
        if name == "FROM":
            yield from self.stage(instruction)
        elif name == "ARG":
            self.declare(instruction.rest.text)
        elif name == "ENV":
            self.set(instruction.rest.text)
            if _SETS_PATH.search(instruction.rest.text) and "PATH" in self.env:
                yield Setting(name="PATH", value=self.env["PATH"], line=instruction.line)
        elif name in ("COPY", "ADD"):
            yield from self.copied(instruction)
        elif name == "RUN":
            yield from self.run(instruction)

    @property
    def known(self) -> dict[str, str]:
        return {**self.args, **self.env}  # ENV wins over ARG

    def stage(self, instruction: "Instruction") -> "Iterator[Said]":
        words = [word for word in _WORD.finditer(instruction.rest.text) if not word.group().startswith("--")]
        if not words:
            return
        base = expand(_unquoted(words[0].group()), self.globals)
        inherited = self.stages.get(base.lower())
        if inherited is None and base.lower() != "scratch":
            yield Image(reference=base, line=instruction.rest.line_at(words[0].start()), where="FROM")
        alias = words[2].group() if len(words) == 3 and words[1].group().lower() == "as" else ""
        yield Stage(base=base, names=tuple(filter(None, (str(self.count), alias))))
        self.args, self.env = {}, dict(inherited or {})
        self.stages[str(self.count)] = self.env
        self.count += 1
        if alias:
            self.stages[alias.lower()] = self.env

    def declare(self, text: str) -> None:
        """ARG: before the first FROM for all of them, later for the stage."""
        for name, written, value in _assignments(text, self.known if self.count else self.globals):
            if not self.count:
                self.globals.pop(name, None)
                if written and len(self.globals) < MOST_VARIABLES:
                    self.globals[name] = value
            elif len(self.args) >= MOST_VARIABLES:
                self.args.pop(name, None)
            elif written:
                self.args[name] = value
            elif name in self.globals:
                self.args[name] = self.globals[name]
            else:
                self.args.pop(name, None)

    def set(self, text: str) -> None:
        """ENV, also in its old form ``ENV NAME value``."""
        first = _WORD.search(text)
        if first is not None and "=" not in first.group():
            self.keep(first.group(), expand(text[first.end() :].strip(), self.known))
            return
        known = self.known
        for name, written, value in _assignments(text, known):
            if written:
                self.keep(name, value)

    def keep(self, name: str, value: str) -> None:
        if name in self.env or len(self.env) < MOST_VARIABLES:
            self.env[name] = value

    def copied(self, instruction: "Instruction") -> "Iterator[Said]":
        for flag in _flags(instruction.rest.text):
            name, _, value = flag.group().strip().partition("=")
            if name == "--from":
                yield from self.origin(instruction, value, flag.end() - len(value), f"{instruction.name} --from")
                places = [word for word in instruction.rest.text.split() if not word.startswith("--")]
                if len(places) > 1 and not places[0].startswith("["):
                    *sources, target = (expand(_unquoted(place), self.known) for place in places)
                    origin = expand(_unquoted(value), self.known)
                    yield Copied(origin=origin, sources=tuple(sources), target=target, line=instruction.line)

    def origin(self, instruction: "Instruction", written: str, at: int, where: str) -> "Iterator[Said]":
        """The image that a stage, or nobody in this file, is named for."""
        name = expand(_unquoted(written), self.known)
        if name.lower() in self.stages or name.lower() in ("", "scratch"):
            return
        guess = ""
        if instruction.onbuild and not set(":/@") & set(name):
            guess = "it may be a stage of the build that is based on this one"
        elif name.isdigit():
            guess = "no stage has that number yet"
        yield Image(reference=name, line=instruction.rest.line_at(at), where=where, guess=guess)

    def run(self, instruction: "Instruction") -> "Iterator[Said]":
        rest, end = instruction.rest, 0
        for flag in _flags(rest.text):
            end = flag.end()
            if not flag.group().strip().startswith("--mount="):
                continue
            for part in re.finditer(r"[^,=\s\"]+=([^,\"]*)", flag.group().replace("--mount=", " " * 8, 1)):
                if part.group().startswith("from="):
                    yield from self.origin(instruction, part.group(1), flag.start() + part.start(1), "RUN --mount from")
        known = tuple(self.known.items())
        script = rest.since(end)
        if script.text.lstrip().startswith("["):
            command = _listed(script)
            if command is not None:
                yield command
                return
        yield Script(text=script, known=known)
        if instruction.bodies and _SHELL.fullmatch(script.text):
            for body in instruction.bodies:
                if _for_shell(body.text):
                    yield Script(text=body, known=known)
                else:
                    yield Noted(
                        fact="a here-document for another program than a shell is not read", line=body.line_at(0)
                    )


def _flags(text: str) -> "Iterator[re.Match[str]]":
    at = 0
    while (flag := _FLAG.match(text, at)) is not None:
        yield flag
        at = flag.end()


def _assignments(text: str, known: dict[str, str]) -> "Iterator[tuple[str, bool, str]]":
    """Name, whether a value is written, and the value of each ``NAME=value``."""
    for found in _ASSIGNED.finditer(text):
        name, value = found.group(1), found.group(2)
        if value is None:
            yield name, False, ""
        elif value.startswith("'"):
            yield name, True, value[1:-1]
        else:
            yield name, True, expand(_unquoted(value), known)


def _unquoted(text: str) -> str:
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _listed(script: Located) -> "Command | None":
    """The words of ``RUN ["pip", "install"]``, which no shell reads; None where it is no such list."""
    try:
        words = json.loads(script.text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        return None
    placed, at = [], 0
    for word in words:
        found = script.text.find(json.dumps(word)[1:-1], at)
        at = found + 1 if found >= 0 else at
        placed.append(Word(text=word.replace("$", UNKNOWN) if "$" in word else word, line=script.line_at(at)))
    return Command(words=tuple(placed))


def _for_shell(body: str) -> bool:
    shebang = _SHEBANG.match(body)
    if shebang is None:
        return True
    program, argument = shebang.group(1).rpartition("/")[2], shebang.group(2) or ""
    return (argument if program == "env" else program).endswith("sh")
