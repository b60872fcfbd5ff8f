"""From what a file says to neutral changes: floating images (EG501) and open requirements (EG502)."""

import os

from envguard.formats import _text
from envguard.model import Change
from envguard.repository import images, installs, shell
from envguard.repository.said import UNKNOWN, Command, Image, Noted, Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envguard.repository.said import Said

_SHELLS_IN_SHELLS = 5


def changes(said: "Iterable[Said]", path: str) -> "Iterator[Change]":
    """A change for each thing that is not fixed, and a note for each that cannot be told."""
    for each in said:
        if isinstance(each, Image):
            yield from _of_image(each, path)
        elif isinstance(each, Noted):
            yield _noted("EG501", path, each.line, each.fact)
        elif isinstance(each, Command):
            yield from _of_command(each, path, {}, 0)
        else:
            yield from _of_script(each, path, 0)


def _of_image(image: Image, path: str) -> "Iterator[Change]":
    judged = images.judge(image.reference.strip())
    name, tag = _shown(judged.name), _shown(judged.tag)
    if judged.state == "digest":
        return
    if image.guess or judged.state in ("unknown", "version"):
        why = image.guess if image.guess and judged.state != "version" else judged.why
        yield _noted("EG501", path, image.line, f"{image.where} {_shown(image.reference)}: {why}", name)
        return
    part = "newest" if judged.state == "newest" else "tag"
    yield Change(
        code="EG501",
        kind="floating",
        part=part,
        package=name,
        installed=tag or "no tag",
        path=path,
        line=image.line,
        evidence=(f"{image.where} {_shown(image.reference)}: {judged.why}",),
    )


def _of_script(script: Script, path: str, depth: int) -> "Iterator[Change]":
    known = dict(script.known)
    for command in shell.commands(script.text, known):
        yield from _of_command(command, path, known, depth)


def _of_command(command: Command, path: str, known: "dict[str, str]", depth: int) -> "Iterator[Change]":
    inner = installs.inner_script(command)
    if inner is not None and depth < _SHELLS_IN_SHELLS:
        yield from _of_script(Script(text=inner.located, known=tuple(known.items())), path, depth + 1)
    for asked in installs.asked(command, known):
        shown = _shown(asked.text)
        if asked.state == "unknown":
            yield _noted("EG502", path, asked.line, f"{shown}: {asked.why}", asked.name)
            continue
        yield Change(
            code="EG502",
            kind="unpinned",
            package=asked.name,
            installed="no version" if shown == asked.name else shown,
            path=path,
            line=asked.line,
            evidence=(f"{shown}: {asked.why}",),
        )


def _noted(code: str, path: str, line: int, fact: str, package: str = "") -> Change:
    where = f"{os.path.relpath(path)}:{line}"
    return Change(code=code, kind="noted", package=package, path=path, line=line, evidence=(f"{where}: {fact}",))


def _shown(text: str) -> str:
    return _text.redact(text).replace(UNKNOWN, "${...}")
