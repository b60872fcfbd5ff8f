"""From what a file says to neutral changes: EG501 floating images, EG502 open requirements, EG503 another Python."""

import os

from envguard.formats import _text
from envguard.model import Change
from envguard.repository import images, installs, interpreters, shell
from envguard.repository.interpreters import Watch
from envguard.repository.said import UNKNOWN, Command, Copied, Image, Noted, Script, Setting, Stage, Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envguard.repository.said import Said

_SHELLS_IN_SHELLS = 5


def changes(said: "Iterable[Said]", path: str) -> "Iterator[Change]":
    """A change for each thing that is not fixed, and a note for each that cannot be told."""
    watch = Watch()
    for each in said:
        if isinstance(each, Image):
            yield from _of_image(each, path)
        elif isinstance(each, Noted):
            yield _noted("EG501", path, each.line, each.fact)
        elif isinstance(each, Command):
            yield from _of_command(each, path, {}, 0, watch)
        elif isinstance(each, (Stage, Setting, Copied, Uses)):
            yield from _replaced(watch.look(each), path)
        else:
            yield from _of_script(each, path, 0, watch)


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


def _of_script(script: Script, path: str, depth: int, watch: Watch) -> "Iterator[Change]":
    known = dict(script.known)
    for command in shell.commands(script.text, known):
        yield from _of_command(command, path, known, depth, watch)


def _of_command(command: Command, path: str, known: "dict[str, str]", depth: int, watch: Watch) -> "Iterator[Change]":
    yield from _replaced(watch.run(command), path)
    inner = installs.inner_script(command)
    if inner is not None and depth < _SHELLS_IN_SHELLS:
        yield from _of_script(Script(text=inner.located, known=tuple(known.items())), path, depth + 1, watch)
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


def _replaced(found: "Iterable[interpreters.Replaced]", path: str) -> "Iterator[Change]":
    for each in found:
        yield Change(
            code="EG503",
            kind="replaced",
            part="certain" if each.certain else "",
            package=_shown(each.image),
            installed=_shown(each.python),
            path=path,
            line=each.line,
            evidence=(_shown(each.why),),
        )


def _noted(code: str, path: str, line: int, fact: str, package: str = "") -> Change:
    where = f"{os.path.relpath(path)}:{line}"
    return Change(code=code, kind="noted", package=package, path=path, line=line, evidence=(f"{where}: {fact}",))


def _shown(text: str) -> str:
    return _text.redact(text).replace(UNKNOWN, "${...}")
