"""From a request to what an installer would do. The installer decides; nothing here resolves, and nothing installs."""

import os
import tempfile

from envguard import formats
from envguard._value import Value
from envguard.change.installers import _pip, _uv, conda_asking
from envguard.change.installers.resolution import Resolution
from envguard.change.planning.moves import TOOLS
from envguard.errors import UnverifiableError, UsageError
from envguard.facts.owners import OWN_NAME
from envguard.model import Selection
from envguard.versions import normalise, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.change.installers.request import Request
    from envguard.model import Distribution, Environment, Snapshot


class Asked(Value):
    """What is put to the installer."""

    words: tuple[str, ...]
    """Arguments behind ``install`` or ``sync``, constraints aside."""
    named: tuple[str, ...]
    """Normalised names that the request itself may move."""
    held: tuple[str, ...]
    """``name==version`` of everything else that the golden file pins."""
    removes: tuple[str, ...]
    left_alone: tuple[str, ...]
    """What "everything" does not reach, and why, a sentence each."""
    installs: bool
    """Something is to be installed at all."""
    free: bool = False
    """What the golden file pins may move, too."""


def asked(
    request: "Request",
    live: "Environment",
    snapshot: "Snapshot",
    *,
    free: bool,
    find_links: "Sequence[str]",
    offline: bool,
) -> Asked:
    """The request in the words of an installer, with the golden set to hold the rest.

    Raises:
        UsageError: Something is to be removed that is not installed.
        LockError: A requirements file of the request cannot be read.
    """
    named, hashed = list(request.names), "--require-hashes" in request.options
    in_files: list[str] = []
    for file in request.files if request.installer != "conda" else ():
        if "://" not in file:
            read = formats.load(file, selection=Selection(interpreter=live.interpreter))
            in_files += [pin.name for pin in read.pins if pin.manager == "pip" and pin.name]
            hashed = hashed or any(pin.hashes for pin in read.pins)
    all_of_it, left_alone = _everything(live, snapshot) if request.everything else ((), ())
    removes = request.removes
    if request.action == "uninstall":
        removes = tuple(dict.fromkeys((*removes, *map(normalise, in_files))))
    installed = {item.name for item in live.distributions}
    for name in removes if request.installer != "conda" else ():
        if name not in installed:
            raise UsageError(f"{name} is not installed, so it cannot be removed", remedy="see envguard explain NAME")
    named += [normalise(name) for name in in_files] + list(all_of_it)
    words = [*request.installs, *all_of_it]
    words += [word for folder in request.editables for word in ("--editable", folder)]
    if request.action != "uninstall":
        option = () if request.action == "sync" else ("--requirement",)
        words += [word for file in request.files for word in (*option, file)]
    words += [word for file in request.constraints for word in ("--constraint", file)]
    words += ["--upgrade"] if request.upgrade else []
    words += request.options
    words += ["--no-index"] if offline and "--no-index" not in words else []
    words += [word for folder in find_links for word in ("--find-links", os.path.abspath(folder))]
    installs = (
        bool(request.installs or all_of_it or request.editables or request.files) and request.action != "uninstall"
    )
    without = free or hashed or request.action != "install" or not installs or request.installer == "conda"
    return Asked(
        words=tuple(words),
        named=tuple(dict.fromkeys(named)),
        held=() if without else tuple(_held(snapshot, live, {*named, *removes})),
        removes=removes,
        left_alone=left_alone,
        installs=installs,
        free=free,
    )


def resolve(
    request: "Request",
    question: Asked,
    live: "Environment",
    *,
    offline: bool,
    find_links: "Sequence[str]" = (),
    installer: str = "",
) -> Resolution:
    """What the installer would do.

    Args:
        request: What was asked for.
        question: The same in the words of the installer.
        live: The environment.
        offline: Nothing may be asked of the network.
        find_links: Folders with artifacts.
        installer: ``pip`` or ``uv``; empty is the one that the request names, else the environment's own pip.

    Raises:
        UnverifiableError: There is no such installer, it cannot be run, or its answer is not understood.
    """
    if request.installer == "conda":
        return conda_asking.ask(request, live, offline=offline, free=question.free)
    if not question.installs:
        return Resolution(installer=_name_of(installer or request.installer, live), removals=question.removes)
    with tempfile.TemporaryDirectory(prefix="envguard-plan-") as folder:
        words = [*question.words]
        if question.held:
            path = os.path.join(folder, "golden.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(question.held) + "\n")
            words += ["--constraint", path]
        answer = _ask(request, words, live, offline=offline, find_links=find_links, installer=installer)
    if answer.problem:
        return answer
    gone = (*question.removes, *(name for name in answer.removals if name not in question.removes))
    return answer.replace(removals=tuple(name for name in gone if name not in {each.name for each in answer.arrivals}))


def _ask(
    request: "Request",
    words: "Sequence[str]",
    live: "Environment",
    *,
    offline: bool,
    find_links: "Sequence[str]",
    installer: str,
) -> Resolution:
    wanted = installer or request.installer
    pip = _pip.command(live) if wanted != "uv" else None
    if pip is not None:
        found = _pip.ask(pip, words, offline=offline)
        return found.replace(installer=_name_of("pip", live)) if found.problem else found
    uv = _uv.program() if wanted in ("", "uv") else ""
    if uv:
        return _uv.ask(uv, request.action, words, live, offline=offline, find_links=find_links)
    pip = _pip.foreign_command(live) if wanted != "uv" else None
    if pip is not None:
        return _pip.ask(pip, words, offline=offline)
    missing = "uv is not found" if wanted == "uv" else "no pip of 22.2 or later is installed there, and none is here"
    raise UnverifiableError(f"{missing}, so nothing can be resolved", remedy="install it, or choose with --installer")


def _name_of(wanted: str, live: "Environment") -> str:
    own = next((item.version for item in live.distributions if item.name == "pip"), "")
    return "uv" if wanted == "uv" or not own else f"pip {own}"


def _held(snapshot: "Snapshot", live: "Environment", named: "Iterable[str]") -> "Iterable[str]":
    """The golden set as constraints, without what the request itself may move."""
    free = set(named)
    for pin in snapshot.pins:
        said = pin.manager == "pip" and pin.version and not pin.unverifiable and pin.name not in free
        if said and parse(pin.version or "") is not None:  # a legacy version can be no constraint
            yield f"{pin.name}=={pin.version}"
            free.add(pin.name)
    # What conda installed and its pins name is held too: pip would replace it as readily as anything else.
    by_conda = {pin.name for pin in snapshot.pins if pin.manager == "conda"}
    names = {package.python_name for package in live.conda or () if package.name in by_conda} - free
    for item in live.distributions:
        if item.name in names and parse(item.version) is not None:
            yield f"{item.name}=={item.version}"


def _everything(live: "Environment", snapshot: "Snapshot") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all that an index can have a newer version of, and what is left alone."""
    locked = {pin.name for pin in snapshot.pins}
    names: list[str] = []
    left: list[str] = []
    for item in sorted(live.distributions, key=lambda each: each.name):
        why = _why_left_alone(item, locked)
        if why:
            left.append(f"{item.name}: {why}")
        elif why is None:
            names.append(item.name)
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(left))


def _why_left_alone(item: "Distribution", locked: "Iterable[str]") -> "str | None":
    """None: it is asked for. Empty: it is passed over without a word."""
    if item.name == OWN_NAME or (item.name in TOOLS and item.name not in locked):
        return ""
    if item.source is not None:
        return f"it comes from {item.source.kind} {item.source.url}, and not from an index"
    if item.installer == "conda":
        return "conda installed it, and pip would overwrite that"
    return None
