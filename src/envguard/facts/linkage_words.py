"""How compiled files and their owners are called in what the facts of linkage say."""

import os
from collections.abc import Iterable, Iterator, Sequence

from envguard.facts.natives import Natives
from envguard.facts.resolution import Broken
from envguard.facts.tree import is_below

SHOWN = 5
"""Files, symbols or names of one kind that are named; counts are exact."""
_LONGEST = 400
"""Characters of a name from a file; templates make symbols of thousands."""

_ORDER = {"unloadable": 0, "doubtful": 1, "noted": 2}


def gravest(kinds: Iterable[str]) -> str:
    """The gravest of some severities."""
    return min(kinds, key=_ORDER.__getitem__)


def by_gravity(broken: Broken) -> tuple[int, str]:
    """A sort key: the gravest first, then by path."""
    return _ORDER[broken.severity], broken.file.path


def short(path: str, natives: Natives) -> str:
    """A path relative to its site-packages: ``torch/lib/libtorch_cuda.so``; absolute where it lies elsewhere."""
    sites = {os.path.realpath(each.location) for each in natives.environment.distributions}
    holders = [site for site in sites if is_below(path, site)]
    return path[len(max(holders, key=len)) + 1 :] if holders else path


def of(path: str, natives: Natives) -> str:
    """``torch/lib/libtorch_cuda.so of torch 2.5.0``."""
    owner = natives.owner_of(path)
    return f"{short(path, natives)} of {natives.version(owner)}" if owner else short(path, natives)


def listed(names: Sequence[str]) -> str:
    """The first few names and how many more there are."""
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def so_do(paths: Sequence[str], natives: Natives) -> Iterator[str]:
    """``so does torch/lib/libtorch.so``, for all paths but the first."""
    others = [short(path, natives) for path in paths[1:]]
    if others:
        yield f"so {'does' if len(others) == 1 else 'do'} {listed(others)}"


def files(count: int) -> str:
    """``1 file``, ``12 files``."""
    return "1 file" if count == 1 else f"{count} files"


def cut(text: str) -> str:
    """A name of bearable length."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def reached(found: Iterable[Broken], natives: Natives) -> Iterable[str]:
    """Sentences that say which imports meet it."""
    ways: dict[str, list[Broken]] = {}
    for each in found:
        if each.way is not None:
            ways.setdefault(each.way.top, []).append(each)
    for top, files in ways.items():
        paths = list(dict.fromkeys(short(each.file.path, natives) for each in files))
        yield f"import {cut(top)} loads {listed(paths)}"


def doubts(found: Iterable[Broken]) -> Iterator[str]:
    """Why it is not certain that anybody meets it; nothing where it is."""
    whys = {each.severity: each.why for each in found}
    if "unloadable" not in whys and "doubtful" in whys:
        yield whys["doubtful"]
