"""How sure it is that somebody meets a file which does not load.

Files that do not load by themselves are normal: variants for other CUDA versions, plugins for programs that are not
installed. The rules, in this order, were held against 3,000 compiled files of working environments without one false
alarm: a module that an import surely loads; numbered variants of which one loads; symbols that nobody exports; torch
without a GPU; another generation of the same library.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from envguard.facts.elf import Elf
from envguard.facts.entrances import does_without, entrance, ways
from envguard.facts.faults import Faults
from envguard.facts.natives import NativeFile, Natives
from envguard.facts.providers import Providers
from envguard.facts.reach import Way

_TORCH_GPU = frozenset(
    {"libc10_cuda.so", "libtorch_cuda.so", "libtorch_cuda_linalg.so", "libc10_hip.so", "libtorch_hip.so"}
)
_NUMBER = re.compile(r"\d+", re.ASCII)


class Verdict(NamedTuple):
    """What is said of a file with faults."""

    severity: str
    """``unloadable``, ``doubtful`` or ``noted``."""
    why: str
    kind: str
    siblings: tuple[str, ...]
    torchless: tuple[str, ...]
    way: Way | None


class Scale:
    """Weighs the faults of files against one another."""

    def __init__(self, natives: Natives, providers: Providers, faults: Mapping[str, Faults]) -> None:
        self._natives = natives
        self._providers = providers
        self._faults = faults
        self._ways: dict[str, dict[str, Way]] = {}
        self._linked = {elf.path for each in faults.values() for elf in each.linked[1:]}
        self._variants: dict[tuple[str, str], list[str]] = {}
        for path in faults:
            self._variants.setdefault(_unnumbered(path), []).append(path)

    def weigh(self, file: NativeFile) -> Verdict:
        """How sure it is that somebody meets the faults of ``file``."""
        faults = self._faults[file.path]
        siblings = tuple(path for path in self._variants[_unnumbered(file.path)] if path != file.path)
        extension = is_extension(file)
        kind = "ext" if extension else "linked" if file.elf.path in self._linked else "plugin"
        torchless = self._torchless(faults)
        way = self._way(file) if extension else None
        severity, why = self._judge(file, faults, siblings, torchless, way)
        return Verdict(severity, why, kind, siblings, torchless, way)

    def _judge(
        self, file: NativeFile, faults: Faults, siblings: tuple[str, ...], torchless: tuple[str, ...], way: Way | None
    ) -> tuple[str, str]:
        extension = is_extension(file)
        if way is not None and (way.importer or not siblings):
            return "unloadable", _as_imported(way)
        if any(not self._faults[path].broken for path in siblings):
            return "noted", "another variant of it loads"
        if way is not None:
            return "unloadable", _as_imported(way)
        gone = any(library.gone for library in faults.libraries)
        if extension and (gone or faults.versions):
            why = "a library of its own package is gone" if gone else "the loader refuses it"
            without = does_without(file.path, file.owner, self._natives)
            return ("doubtful", f"{why}; its package does without it") if without else ("unloadable", why)
        crossing = self._crosses(file, faults.linked)
        if faults.symbols and not faults.libraries and crossing:
            return ("noted", "no variant of it loads") if siblings else ("unloadable", "linked against another package")
        if faults.versions and crossing:
            return "unloadable", "the loader refuses it"
        if siblings and not extension:
            return "noted", "no variant of it loads"
        if torchless:
            return ("doubtful" if extension else "unloadable"), "built for a torch with GPU support"
        if any(library.rivals for library in faults.libraries):
            return "doubtful", "another generation of the library is installed"
        if extension and faults.symbols and not faults.libraries:
            return "doubtful", "whether anything imports it is not known"
        return "noted", "no import is known to load it"

    def _is_broken(self, path: str) -> bool:
        return path in self._faults and self._faults[path].broken

    def _torchless(self, faults: Faults) -> tuple[str, ...]:
        if not self._providers.named("libtorch_cpu.so"):
            return ()
        return tuple(sorted({each.name for each in faults.libraries} & _TORCH_GPU))

    def _crosses(self, file: NativeFile, linked: Iterable[Elf]) -> bool:
        """True where it loads a library of another distribution."""
        return any(self._providers.owner(elf) not in ("", file.owner) for elf in linked)

    def _way(self, file: NativeFile) -> Way | None:
        """How an import of its distribution surely loads an extension module."""
        if file.owner not in self._ways:
            mine = [each for each in self._natives.files if each.owner == file.owner]
            broken = [each.path for each in mine if self._is_broken(each.path) and is_extension(each)]
            self._ways[file.owner] = ways(file.owner, broken, self._natives)
        return self._ways[file.owner].get(file.path) or entrance(file.path, file.owner, self._natives)


def is_extension(file: NativeFile) -> bool:
    """True for a module that Python can import: it has the initialiser that goes with its name (PEP 3121, PEP 489)."""
    name = os.path.basename(file.path)
    stem = name.partition(".")[0]
    return name.endswith(".so") and file.elf.defines(_initialiser(stem))


def _initialiser(stem: str) -> bytes:
    if stem.isascii():
        return b"PyInit_" + stem.encode()
    return b"PyInitU_" + stem.encode("punycode", "replace").replace(b"-", b"_")


def _as_imported(way: Way) -> str:
    return f"import {way.top} loads it" if way.top == way.module else f"import {way.top} loads it as {way.module}"


def _unnumbered(path: str) -> tuple[str, str]:
    folder, name = os.path.split(path)
    return folder, _NUMBER.sub("#", name)
