"""conda's own log of an environment, ``conda-meta/history``, from which ``conda list --revisions`` tells.

conda and mamba add a revision with each change: a head, comments, ``-`` and ``+`` before what went and came, and the
specs that people asked for. Each brings the state that the log ends with to what is installed, and so does ours.
rattler and pixi only make the file, empty, so that conda takes the folder for an environment: where it is missing or
empty nobody keeps it, and it stays as it is.

Source: ``conda/history.py`` of conda 26.7. A revision without ``-`` or ``+`` empties the state there, and none is
written. What conda's version was is not known, since it is not run; that line is left out.
"""

import os
import re
import stat
import time
from ast import literal_eval

from envguard._value import Value
from envguard.environment import conda as records
from envguard.facts.reading import ReadFailure, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envguard.change.placing.staging_files import Ground
    from envguard.model import CondaPackage

_HEAD = re.compile(r"==>\s*(.+?)\s*<==")
_SPECS = re.compile(r"#\s*(\w+)\s*specs:\s*(.+)?")
_NAME = re.compile(r"(?:.*::)?\s*([A-Za-z0-9_.-]+)\s*(.*)", re.DOTALL)
_ALIAS = "https://conda.anaconda.org/"
_DEFAULTS = re.compile(r"https://repo\.anaconda\.com/pkgs/(?:main|r)", re.ASCII)
_LIMIT = 64 << 20


class Log(Value):
    """What a log comes to."""

    state: frozenset[str]
    """``channel/subdir::name-version-build`` of everything that it says is there."""
    requested: "Mapping[str, str]"
    """Name to the spec by which somebody asked for it last."""


def stage(ground: "Ground", purpose: str) -> None:
    """Stages the log with one more revision, where records come or go and somebody keeps it.

    Args:
        ground: The environment, with all that will be done to it.
        purpose: What is done, such as ``restore``.
    """
    path = f"{ground.prefix}/conda-meta/history"
    before = ground.seen.live.conda or ()
    after = _after(ground, before)
    if {_triple(each) for each in before} == {_triple(each) for each in after} or not _is_kept(path):
        return
    try:
        data = read(path, _LIMIT)
        made = with_revision(data, before, after, f"envguard {purpose}")
    except (ReadFailure, ValueError):
        ground.cannot.append(f"{path} is not as conda writes it: it stays as it is, without a revision for this change")
        return
    if made:
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        ground.first.append(ground.stage(path, made, executable=bool(mode & 0o111), mode=mode))


def _is_kept(path: str) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _after(ground: "Ground", before: "Iterable[CondaPackage]") -> "list[CondaPackage]":
    """The packages that will be recorded once all is done."""
    folder = f"{ground.prefix}/conda-meta"
    found = {os.path.basename(each.path): each for each in before}
    for operation in (*ground.first, *ground.last):
        parent, name = os.path.split(operation.path)
        if parent != folder or not name.endswith(".json"):
            continue
        if operation.kind == "put":
            package = records.package(os.path.join(ground.folder, operation.staged))
            if package is not None:
                found[name] = package
        elif operation.kind == "unlink" and operation.path not in ground.targets:
            found.pop(name, None)
    return list(found.values())


def with_revision(
    data: bytes, before: "Iterable[CondaPackage]", after: "Iterable[CondaPackage]", command: str
) -> bytes:
    """A log with one more revision; empty where it already ends with what will be there.

    Args:
        data: The log.
        before: What is recorded now.
        after: What will be.
        command: What does it; conda keeps the command line.

    Raises:
        ValueError: It is not as conda writes it.
    """
    text = data.decode("utf-8")
    log = parse(text)
    known = {_bare(line): line for line in log.state}
    spelled = _channels(before, known)
    there = {_triple(each): each for each in after}
    gone = sorted(line for bare, line in known.items() if bare not in there)
    come = sorted(_dist(each, spelled) for triple, each in there.items() if triple not in known)
    if not gone and not come:
        return b""
    lines = [f"==> {time.strftime('%Y-%m-%d %H:%M:%S')} <==", f"# cmd: {command}"]
    lines += [f"-{line}" for line in gone] + [f"+{line}" for line in come]
    lines += _specs(log, [each for triple, each in there.items() if triple not in known], gone)
    begin = text if text.endswith("\n") else text + "\n"
    return (begin + "".join(f"{line}\n" for line in lines)).encode("utf-8")


def parse(text: str) -> Log:
    """What conda reads in a log.

    Raises:
        ValueError: It is not as conda writes it.
    """
    revisions: list[tuple[set[str], list[str]]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if _HEAD.match(line):
            revisions.append((set(), []))
        elif revisions:
            content, comments = revisions[-1]
            if line.startswith("#"):
                comments.append(line)
            else:
                content.add(line)
    state: set[str] = set()
    requested: dict[str, str] = {}
    for content, comments in revisions:
        state = _changed(state, content)
        for comment in comments:
            _ask(requested, comment)
    return Log(state=frozenset(state), requested=requested)


def _changed(state: set[str], content: set[str]) -> set[str]:
    if not any(line.startswith(("-", "+")) for line in content):
        return content
    if any(not line.startswith(("-", "+")) for line in content):
        raise ValueError(content)
    gone = {line[1:] for line in content if line.startswith("-")}
    return (state - gone) | {line[1:] for line in content if line.startswith("+")}


def _ask(requested: dict[str, str], comment: str) -> None:
    match = _SPECS.match(comment)
    if match is None:
        return
    action, told = match[1], match[2] or ""
    try:
        specs = literal_eval(told) if told.startswith("[") else told.split(",")
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(comment) from error
    for spec in filter(None, map(str, specs)):
        named = _NAME.fullmatch(spec.strip())
        if named is None:
            continue
        if action in ("remove", "uninstall"):
            requested.pop(named[1].lower(), None)
        elif action in ("update", "install", "create", "neutered"):
            requested[named[1].lower()] = named[2]


def _specs(log: Log, come: "Iterable[CondaPackage]", gone: "Iterable[str]") -> "Iterator[str]":
    """What people asked for last is no longer so: conda's solver would go back to it with its next change."""
    asked = sorted(f"{each.name}=={each.version}={each.build}" for each in come if log.requested.get(each.name.lower()))
    came = {each.name.lower() for each in come}
    names = {_bare(line)[0].lower() for line in gone} - came
    left = sorted(name for name in names if name in log.requested)
    if left:
        yield f"# remove specs: {left}"
    if asked:
        yield f"# update specs: {asked}"


def _triple(package: "CondaPackage") -> tuple[str, str, str]:
    return package.name, package.version, package.build


def _bare(line: str) -> tuple[str, str, str]:
    """Name, version and build in a line.

    Raises:
        ValueError: It has none.
    """
    name, version, build = line.rpartition("::")[2].removesuffix(".tar.bz2").removesuffix(".conda").rsplit("-", 2)
    return name, version, build


def _dist(package: "CondaPackage", spelled: "Mapping[str, str]") -> str:
    """A package as conda calls it here."""
    channel = _channel_url(package)
    name = spelled.get(channel) or _canonical(channel) or package.channel
    below = f"/{package.subdir}" if package.subdir else ""
    return f"{name}{below}::{package.name}-{package.version}-{package.build}"


def _channels(before: "Iterable[CondaPackage]", known: "Mapping[tuple[str, str, str], str]") -> dict[str, str]:
    """URL of a channel to what the log calls it: conda's settings and mamba have other names than conda alone."""
    found = {}
    for each in before:
        line = known.get(_triple(each), "")
        channel = line.partition("::")[0].removesuffix(f"/{each.subdir}") if "::" in line else ""
        if channel and _channel_url(each):
            found[_channel_url(each)] = channel
    return found


def _channel_url(package: "CondaPackage") -> str:
    return package.url.rpartition("/")[0].removesuffix(f"/{package.subdir}") if package.url else ""


def _canonical(channel: str) -> str:
    """What conda, as it is installed, calls the channel of a URL."""
    if _DEFAULTS.fullmatch(channel):
        return "defaults"
    return channel.removeprefix(_ALIAS)
