"""EG221, EG222 and EG227: what compiled files would meet in the environment as it would be.

The native facts are asked twice, of what is there and of what would be there, and what is new is said. For the second
time the unpacked wheels lie over site-packages, or the unpacked packages of conda's over the prefix, and the files of
what leaves are hidden: the same rules decide as for an installed environment, with the same care not to raise a false
alarm.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import chain

from envguard.change.planning.resulting import Result, natives
from envguard.change.wheels.incoming import Incoming, is_shared_object
from envguard.environment import interpreter, tags
from envguard.errors import UsageError
from envguard.facts import cuda_stack, linkage, numpy_abi, python_abi
from envguard.facts.ld_overlay import Overlay
from envguard.facts.natives import Natives
from envguard.model import Change, Distribution, Environment

_KINDS = {"unloadable": "breaks", "doubtful": "may-break", "incompatible": "mismatches"}
_TENSES = (
    ("is installed", "would be installed"),
    ("are installed", "would be installed"),
    ("installed instead:", "there would be instead:"),
    ("installed is ", "there would be "),
)
_FAMILY, _PAIR = "EG305", "EG304"


def changes(result: Result, unmet: "frozenset[str]" = frozenset()) -> Iterator[Change]:
    """What would not load or not fit, and does today or is not there.

    Args:
        result: The change.
        unmet: Names of distributions of which it was said that a requirement inside their family is not met.

    Raises:
        UsageError: The wheels were unpacked into several folders, or the folder is gone.
    """
    unread = [each for each in _arriving(result) if not each.read_natively]
    if not _concerned(result):
        return
    if unread:
        yield from _numpy_alone(result)
        named = ", ".join(f"{each.name} {each.version}" for each in unread)
        yield _noted(result, f"what compiled files would meet is not known: not read natively were {named}")
        return
    folder = _folder(result)
    with natives(result.live) as facts:
        before = {_key(each, facts, "", result) for each in _stated(facts)}
    with _overlaid(result, folder) as facts:
        for change in _stated(facts):
            if (
                change.kind != "noted"
                and _key(change, facts, folder, result) not in before
                and not _is_said(change, unmet)
            ):
                yield _proposed(change, folder, result)
        if facts.blind:
            yield _noted(result, *(_placed(line, folder, result) for line in facts.blind))


def _arriving(result: Result) -> Sequence[Incoming]:
    """What arrives; of conda's packages each as a whole."""
    return result.arriving if result.coming is None else [each.said for each in result.coming.packages]


def _concerned(result: Result) -> bool:
    """Something with compiled files comes or goes: all else leaves every compiled file as it is."""
    if result.coming is not None:
        arriving = _arriving(result)
        return any(not each.read_natively or "native" in each.traits for each in arriving) or _takes_natives(result)
    coming = [each.traits for each in result.arriving]
    going = [each.traits for each in result.live.distributions if each.name in result.gone]
    return any("pure" not in traits for traits in (*coming, *going))


def _takes_natives(result: Result) -> bool:
    """A package of conda's goes that has something named like a shared object."""
    with natives(result.live) as facts:
        return any(map(is_shared_object, _of_condas_gone(facts, result)))


def _of_condas_gone(facts: Natives, result: Result) -> Iterator[str]:
    """Paths that nothing but packages of conda's which go has listed in conda-meta."""
    gone = result.coming.gone if result.coming is not None else frozenset()
    for path, packages in facts.ownership.conda_packages.items():
        if gone and gone.issuperset(packages):
            yield path


def _folder(result: Result) -> str:
    if result.coming is not None:
        folders = {result.coming.root}
    else:
        folders = {each.unpacked_in for each in result.arriving if each.natives}
    if len(folders) > 1 or "" in folders:
        raise UsageError("the wheels of one change must be unpacked into one folder", remedy="read(…, unpack=FOLDER)")
    folder = next(iter(folders), "")
    if folder and not os.path.isdir(folder):
        raise UsageError("the folder that the wheels were unpacked in is gone", path=folder)
    return os.path.realpath(folder) if folder else ""


def _stated(facts: Natives) -> Iterator[Change]:
    return chain(linkage.observe(facts), python_abi.observe(facts), numpy_abi.observe(facts), cuda_stack.observe(facts))


def _numpy_alone(result: Result) -> Iterator[Change]:
    """Which NumPy the installed extensions were built for is known without reading what arrives."""
    arriving = next((each for each in result.arriving if each.name == "numpy"), None)
    if arriving is None:
        return
    with natives(result.live) as facts:
        before = {_key(each, facts, "", result) for each in numpy_abi.observe(facts)}
    with _overlaid(result, "") as facts:
        for change in numpy_abi.observe(facts):
            if change.kind != "noted" and _key(change, facts, "", result) not in before:
                yield _proposed(change, "", result)


def _overlaid(result: Result, folder: str) -> Natives:
    """The compiled files as they would be; an empty folder leaves out what arrives."""
    with natives(result.live) as facts:
        rows = facts.ownership.rows
        kept = {row.path for row in rows if row.owner not in result.gone}
        going = (row.path for row in rows if row.owner in result.gone)
        hidden = frozenset(path for path in (*going, *_of_condas_gone(facts, result)) if path not in kept)
    site = f"{folder}{result.site[len(result.place) :]}" if folder else ""
    count = len(result.arriving)
    arriving, staying = result.after.distributions[:count], result.after.distributions[count:]
    environment: Environment = result.after.replace(
        distributions=(*(_moved(each, site) for each in arriving), *staying),
        paths=(site, *result.live.paths) if site else result.live.paths,
    )
    whom = environment.interpreter
    return Natives(
        environment,
        markers=interpreter.markers(whom),
        supported=lambda: map(str, tags.supported(whom)),
        over=Overlay(result.place, folder or os.devnull, hidden),
    )


def _moved(distribution: Distribution, site: str) -> Distribution:
    if not site:
        return distribution
    return distribution.replace(location=site, path=os.path.join(site, os.path.basename(distribution.path)))


def _key(change: Change, facts: Natives, folder: str, result: Result) -> tuple[str, ...]:
    """What makes two statements the same, wherever the files lie."""
    sites = {os.path.realpath(each.location) for each in facts.environment.distributions}
    path = _placed(change.path, folder, result)
    for site in sites:
        path = path.removeprefix(f"{site}/")
    return change.code, change.package, change.kind, path, _placed(change.locked, folder, result)


def _is_said(change: Change, unmet: "frozenset[str]") -> bool:
    """True for what EG223 has said, and for two distributions of ONNX Runtime, whose common files EG220 counts."""
    return (change.code == _FAMILY and change.package in unmet) or (
        change.code == _PAIR and change.path.endswith(".dist-info")
    )


def _proposed(change: Change, folder: str, result: Result) -> Change:
    """The same in the words of a proposal, with the paths that the files would have."""
    cuda = change.code.startswith("EG3")
    kind = _KINDS[change.kind]
    if cuda:
        kind = "may-mismatch" if change.kind == "doubtful" else "mismatches"
    code = "EG227" if cuda else "EG222" if change.code == "EG405" else "EG221"
    owner = next((each for each in result.after.distributions if each.name == change.package), None)
    return change.replace(
        code=code,
        kind=kind,
        part="",
        locked=_placed(change.locked, folder, result),
        installed=_placed(change.installed, folder, result),
        path=_placed(change.path, folder, result),
        evidence=tuple(_spoken(_placed(line, folder, result)) for line in change.evidence),
        traits=owner.traits if owner is not None else ("conda",) if result.coming is not None else (),
    )


def _placed(text: str, folder: str, result: Result) -> str:
    return text.replace(folder, result.place) if folder else text


def _spoken(line: str) -> str:
    for now, then in _TENSES:
        line = line.replace(now, then)
    return line


def _noted(result: Result, *said: str) -> Change:
    """What could not be seen is said, and is no finding."""
    return Change(code="EG221", kind="noted", path=result.site, evidence=said)
