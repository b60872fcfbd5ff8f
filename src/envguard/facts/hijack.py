"""Whose library wins: LD_LIBRARY_PATH and LD_PRELOAD put files in the place of those that an environment has.

Everything that the environment's compiled files need is looked up twice, with the variables of the process and without
them. What then differs is a hijack only where a file from outside takes the place of another one. An environment's own
folder on the path, the driver that containers put there, and libraries that are found nowhere else are normal.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from envguard.facts.cuda_families import is_driver
from envguard.facts.elf import Elf
from envguard.facts.ld_so import LdSo
from envguard.facts.linkage_words import SHOWN, cut, listed, of, short
from envguard.facts.natives import Natives
from envguard.facts.providers import is_public
from envguard.facts.tree import is_below, roots_of
from envguard.model import Change

CODE = "EG408"
_SYSTEM_PREFIXES = frozenset({"/", "/usr", "/usr/local"})
"""Prefixes of an interpreter below which lies more than the interpreter."""
_CHUNK = 1 << 20


class _Swap(NamedTuple):
    """One file in the place of another."""

    winner: Elf
    loser: Elf
    found: bool
    """The loader would find the loser by itself; else only if something has loaded it before."""
    names: set[str]
    """What they are asked for by."""
    requesters: dict[str, None]
    """Paths of the files that ask, in order."""


def observe(natives: Natives) -> Iterator[Change]:
    """EG408: the libraries that the variables of this process replace.

    Yields ``hijacked`` for a file from outside the environment, or of another distribution than the one that it
    replaces; ``noted`` for what is the same bytes, for the environment's own files, and for preloaded files that
    replace nothing.
    """
    loader = natives.loader
    if loader.unmodelled:
        if natives.library_path or natives.preload:
            natives.unseen.append(f"what LD_LIBRARY_PATH and LD_PRELOAD replace: {loader.unmodelled}")
        return
    swaps: list[_Swap] = []
    if natives.library_path or natives.preload:
        with LdSo(natives.environment.executable, beside=loader) as plain:
            swaps = _swaps(natives, plain)
        yield from (_state(natives, swap) for swap in swaps)
    yield from _preloaded(natives, swaps)


def _swaps(natives: Natives, plain: LdSo) -> list[_Swap]:
    """Every pair of a file that is found and another that would be found without the variables."""
    loader = natives.loader
    named = ((os.path.basename(file.path), file) for file in natives.files)
    own = {name: file.elf for name, file in named if is_public(file, name)}
    found: dict[tuple[Elf, Elf], _Swap] = {}
    for root in (*loader.scope[:1], *(file.elf for file in natives.files)):
        for name, (winner, requesters) in _needs(loader, root).items():
            usual = _needs(plain, root).get(name)
            loser = usual[0] if usual is not None else own.get(name)
            if loser is None or loader.same(winner, loser) or is_driver(name):
                continue
            swap = found.setdefault((winner, loser), _Swap(winner, loser, usual is not None, set(), {}))
            swap.names.add(name)
            swap.requesters.update(requesters)
    return sorted(found.values(), key=lambda swap: (min(swap.names), swap.winner.path, swap.loser.path))


def _needs(loader: LdSo, root: Elf) -> dict[str, tuple[Elf, dict[str, None]]]:
    """Every name that is asked for when ``root`` is loaded, the file that it leads to, and who asks."""
    program = root in loader.scope[:1]
    order = loader.scope if program else loader.closure(root).order
    names: Mapping[str, Elf] = {} if program else loader.closure(root).names
    needs: dict[str, tuple[Elf, dict[str, None]]] = {}
    for elf in order:
        for name in elf.needed:
            found = loader.names.get(name) or names.get(name)
            if found is not None:
                needs.setdefault(name, (found, {}))[1][elf.path] = None
    return needs


def _state(natives: Natives, swap: _Swap) -> Change:
    name = cut(swap.loser.soname or min(swap.names))
    lost = of(swap.loser.path, natives)
    evidence = [f"with {_variable(natives, swap.winner)} {name} is {of(swap.winner.path, natives)}"]
    evidence.append(f"without it {name} is {lost}" if swap.found else f"{lost} is used if it was loaded before")
    requesters = sorted(swap.requesters, key=lambda path: not natives.owner_of(path))  # the environment's first
    shown = [short(path, natives) for path in requesters[:SHOWN]]
    evidence.append(f"needed by {listed([*shown, *requesters[SHOWN:]])}")
    kind = "hijacked" if swap.found and _is_foreign(natives, swap) else "noted"
    if _same_bytes(swap.winner, swap.loser):
        kind = "noted"
        evidence.append("their bytes are the same")
    return Change(
        code=CODE,
        kind=kind,
        package=_concerned(natives, swap.loser.path, requesters),
        locked=swap.loser.path,
        installed=swap.winner.path,
        path=swap.winner.path,
        evidence=tuple(evidence),
    )


def _variable(natives: Natives, winner: Elf) -> str:
    preloaded = any(elf is winner for _, elf in natives.loader.preloaded)
    if natives.preload and (preloaded or not natives.library_path):
        return "LD_PRELOAD"
    return "LD_LIBRARY_PATH"


def _concerned(natives: Natives, loser: str, requesters: Iterable[str]) -> str:
    """Whose library is replaced, or else the one distribution that needs it; "" for several."""
    owner = natives.owner_of(loser)
    if owner:
        return owner
    owners = {natives.owner_of(path) for path in requesters} - {""}
    return owners.pop() if len(owners) == 1 else ""


def _is_foreign(natives: Natives, swap: _Swap) -> bool:
    winner, loser = natives.owner_of(swap.winner.path), natives.owner_of(swap.loser.path)
    if winner:
        return bool(loser) and loser != winner
    return not _is_inside(swap.winner.path, natives)


def _is_inside(path: str, natives: Natives) -> bool:
    """A file of the environment, owned or not: conda has libraries that no distribution lists."""
    roots = set(roots_of(natives.environment).values())
    real_program = os.path.dirname(os.path.dirname(os.path.realpath(natives.environment.executable)))
    folders = (roots | {real_program}) - _SYSTEM_PREFIXES
    return any(is_below(each, folder) for each in (path, os.path.realpath(path)) for folder in folders)


def _same_bytes(one: Elf, other: Elf) -> bool:
    if one.size != other.size:
        return False
    try:
        with open(one.path, "rb") as first, open(other.path, "rb") as second:
            while chunk := first.read(_CHUNK):
                if chunk != second.read(_CHUNK):
                    return False
    except OSError:  # gone meanwhile: nobody can say that they were the same
        return False
    return True


def _preloaded(natives: Natives, swaps: Iterable[_Swap]) -> Iterator[Change]:
    """Files that come before all others and are not said already."""
    said = {swap.winner for swap in swaps}
    for entry, elf in natives.loader.preloaded:
        if elf is None:
            evidence = (f"{cut(entry)} is to be preloaded and cannot be loaded: the loader goes on without it",)
        elif elf in said:
            continue
        else:
            evidence = (f"{of(elf.path, natives)} is preloaded and replaces no library of the environment",)
        yield Change(
            code=CODE,
            kind="noted",
            package=natives.owner_of(elf.path) if elf is not None else "",
            installed=elf.path if elf is not None else cut(entry),
            path=elf.path if elf is not None else "",
            evidence=evidence,
        )
