"""EG402: a symbol that a compiled file needs is exported by nobody, although every library is there.

It was linked against another build of that library: who should export it, and what is exported in its place, is what
a reader needs to know.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from envguard.facts import linkage_words as words, mangled
from envguard.facts.elf import Elf, ElfError
from envguard.facts.natives import Natives
from envguard.facts.providers import Providers, required_name
from envguard.facts.resolution import Broken, MissingSymbol
from envguard.model import Change

_CODE = "EG402"
_LIKE = 12
"""Characters that the symbol of a C++ function must share with another to be taken for a relative."""
_BOUND = re.compile(r"[=<>~!]")
_EXPORTS = 400_000
"""Symbols of one library that are compared; the largest known has 84,000."""


class _Exporter(NamedTuple):
    """The library that a symbol is missed in."""

    elf: Elf
    instead: str = ""
    """What it exports under the same name with other types."""


def changes(natives: Natives, providers: Providers, broken: Sequence[Broken]) -> Iterator[Change]:
    """One change for each file that misses symbols; one note for each package and reason."""
    found: dict[str, list[Broken]] = {}
    notes: dict[tuple[str, str], list[Broken]] = {}
    for each in broken:
        for requester in dict.fromkeys(symbol.requester for symbol in _unsaid(each)):
            if each.severity == "noted":
                notes.setdefault((each.file.owner, each.why), []).append(each)
            else:
                found.setdefault(requester, []).append(each)
    for requester, users in sorted(found.items()):
        yield _change(requester, sorted(users, key=words.by_gravity), natives, providers)
    for (owner, why), files in sorted(notes.items()):
        unsaid = [each for each in files if not {symbol.requester for symbol in _unsaid(each)} <= found.keys()]
        if unsaid:
            yield _note(owner, why, unsaid, natives)


def _unsaid(broken: Broken) -> list[MissingSymbol]:
    """Missing symbols without those of a version that is missing as a whole, which EG403 says."""
    versions = {missing.need.version for missing in broken.versions}
    return [symbol for symbol in broken.symbols if symbol.reference.version not in versions]


def _change(requester: str, users: list[Broken], natives: Natives, providers: Providers) -> Change:
    first = users[0]
    symbols = [each for each in _unsaid(first) if each.requester == requester]
    names = [_text(each) for each in symbols]
    owner = symbols[0].owner or first.file.owner
    elf = natives.loader.load(requester)
    exporters = _exporters(symbols[: words.SHOWN], elf, first.linked, providers) if elf is not None else {}
    evidence = [_misses(symbol, requester, natives) for symbol in symbols[: words.SHOWN]]
    if len(symbols) > words.SHOWN:
        evidence.append(f"and {len(symbols) - words.SHOWN} more symbols")
    libraries = list(dict.fromkeys(exporter.elf.path for exporter in exporters.values()))
    them = "it" if len(symbols) == 1 else "them"
    if libraries:
        evidence.append(f"{words.listed([words.short(path, natives) for path in libraries])} should export {them}")
    elif names[0].startswith(("Py", "_Py")):
        interpreter = natives.environment.interpreter
        evidence.append(f"{interpreter.implementation} {interpreter.version} does not export {them}")
    instead = [exporter for exporter in exporters.values() if exporter.instead]
    if instead:
        spoken = f"{words.short(instead[0].elf.path, natives)} exports {words.cut(instead[0].instead)}"
        evidence.append(f"{spoken}: the same name with other arguments")
    evidence.extend(_both(owner, libraries, them, natives))
    evidence.extend(words.reached(users, natives))
    evidence.extend(words.doubts(users))
    return Change(
        code=_CODE,
        kind=words.gravest(each.severity for each in users),
        package=owner.removeprefix("conda:"),
        locked=words.cut(mangled.readable(names[0]) or names[0]),
        installed=", ".join(_versions_of(libraries, natives)),
        path=requester,
        evidence=tuple(evidence),
    )


def _misses(symbol: MissingSymbol, requester: str, natives: Natives) -> str:
    name = _text(symbol)
    told = mangled.readable(name)
    version = f"@{symbol.reference.version}" if symbol.reference.version else ""
    spoken = f"{told} ({words.cut(name)}{version})" if told else f"{words.cut(name)}{version}"
    return f"{words.short(requester, natives)} needs the symbol {spoken}"


def _both(owner: str, libraries: Sequence[str], them: str, natives: Natives) -> Iterator[str]:
    """``torchvision 0.18.0 needs it, torch 2.5.0 does not export it``, and what the metadata had asked for."""
    distribution = natives.distribution(owner)
    for other in dict.fromkeys(natives.owner_of(path) for path in libraries):
        if not other:
            continue
        if other == owner:
            yield f"that is a library of {natives.version(owner)} itself, in another version"
            continue
        yield f"{natives.version(owner)} needs {them}, {natives.version(other)} does not export {them}"
        for requirement in distribution.requires if distribution is not None else ():
            if required_name(requirement) == other and _BOUND.search(requirement):
                yield f"{natives.version(owner)} requires {words.cut(requirement)}"


def _versions_of(libraries: Sequence[str], natives: Natives) -> list[str]:
    owners = dict.fromkeys(natives.owner_of(path) for path in libraries)
    return [natives.version(owner) for owner in owners if owner]


def _exporters(
    symbols: Sequence[MissingSymbol], elf: Elf, linked: Sequence[Elf], providers: Providers
) -> dict[bytes, _Exporter]:
    """The library that each symbol is missed in: the one that its version names, or that has the nearest name."""
    needed = [each for each in linked if each is not elf and providers.owner(each)]
    direct = [each for each in needed if each.soname in elf.needed or each.path.rpartition("/")[2] in elf.needed]
    found: dict[bytes, _Exporter] = {}
    for symbol in symbols:
        named = [each for each in needed if symbol.reference.file in (each.soname, each.path.rpartition("/")[2])]
        if named:
            found[symbol.reference.name] = _Exporter(named[0])
    wanted = [symbol.reference.name for symbol in symbols if symbol.reference.name not in found]
    found.update(_nearest(wanted, direct))
    if not found and len({providers.owner(each) for each in direct}) == 1:
        found.update((name, _Exporter(direct[0])) for name in wanted)
    return found


def _nearest(wanted: Sequence[bytes], libraries: Sequence[Elf]) -> dict[bytes, _Exporter]:
    best: dict[bytes, tuple[int, Elf, bytes]] = {}
    for library in libraries:
        for count, exported in enumerate(_exported(library)):
            if count > _EXPORTS:
                break
            for name in wanted:
                if exported[:_LIKE] == name[:_LIKE]:
                    common = _common(exported, name)
                    if name not in best or common > best[name][0]:
                        best[name] = (common, library, exported)
    return {name: _Exporter(library, _other_signature(name, near)) for name, (_common, library, near) in best.items()}


def _exported(library: Elf) -> Iterator[bytes]:
    try:
        yield from library.exported()
    except ElfError:
        return


def _common(one: bytes, other: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _other_signature(wanted: bytes, near: bytes) -> str:
    """The other symbol, where it is the same function with other arguments."""
    name = mangled.readable(wanted.decode("utf-8", "replace"))
    text = near.decode("utf-8", "replace")
    return text if name and mangled.readable(text) == name else ""


def _text(symbol: MissingSymbol) -> str:
    return symbol.reference.name.decode("utf-8", "backslashreplace")


def _note(owner: str, why: str, files: list[Broken], natives: Natives) -> Change:
    paths = sorted({each.file.path for each in files})
    symbols = [_text(symbol) for each in files for symbol in _unsaid(each)]
    shown = words.listed([words.short(path, natives) for path in paths])
    return Change(
        code=_CODE,
        kind="noted",
        package=owner.removeprefix("conda:"),
        locked=words.cut(mangled.readable(symbols[0]) or symbols[0]),
        path=paths[0],
        evidence=(f"{words.files(len(paths))} with {len(symbols)} missing symbols: {shown}", why),
    )
