"""One name, one file: where the loader looks for a library, and in which order."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from envguard.facts.elf import Elf
from envguard.facts.ld_files import Files
from envguard.facts.ld_folders import Folders, expand, split
from envguard.facts.ld_processor import Processor, subfolders
from envguard.facts.ld_program import LoaderProgram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.ld_overlay import Overlay

_NODEFLIB = 0x800
"""DF_1_NODEFLIB of DT_FLAGS_1: nothing from the loader's own folders."""
_SHARED = 3
"""e_type ET_DYN."""


class Found(NamedTuple):
    """The file that a name leads to."""

    elf: Elf
    how: str
    """``path``, ``rpath``, ``LD_LIBRARY_PATH``, ``runpath``, ``cache`` or ``default``."""


class Search:
    """How the loader of one program finds libraries. Every answer is remembered."""

    def __init__(
        self,
        program: Elf,
        *,
        system: LoaderProgram,
        files: Files,
        processor: Processor,
        cache: Mapping[str, tuple[str, ...]],
        library_path: str,
        beside: "Search | None" = None,
        over: "Overlay | None" = None,
    ) -> None:
        """Nothing is looked for before it is asked for.

        Args:
            program: The interpreter.
            system: Its loader.
            files: Where files are opened.
            processor: The processor that the program runs on.
            cache: What ``ld_cache.parse`` gives.
            library_path: LD_LIBRARY_PATH.
            beside: Another search of the same program, whose listings of folders are shared.
            over: What lies over some folders.
        """
        self._program = program
        self._system = system
        self._files = files
        self._processor = processor
        below = subfolders(processor, hwcaps=system.hwcaps, legacy=system.legacy)
        self._folders: Folders = Folders(below, over) if beside is None else beside._folders
        self._cache = cache
        self._found: dict[tuple[object, ...], Found | None] = {}
        self._paths: dict[tuple[str, str], tuple[str, ...]] = {}
        # It may hold tokens as well; $ORIGIN is then the program's folder.
        self._library_path = self._expanded(library_path, program, ":;")

    def find(self, name: str, requester: Elf, chain: Sequence[Elf]) -> Found | None:
        """The file that the loader would open for a name that is not loaded yet.

        Args:
            name: What ``spelled`` makes of DT_NEEDED.
            requester: The file that asks.
            chain: The file that asks, who loaded that, and so on; the program need not be among them.
        """
        if "/" in name:
            elf, _ = self._opened(os.path.join(os.getcwd(), name))
            return None if elf is None else Found(elf, "path")
        with_rpath: tuple[Elf, ...] = ()
        if requester.runpath is None:
            with_rpath = tuple(each for each in chain if each.rpath and each.runpath is None)
        own = requester if requester.runpath is not None or requester.flags_1 & _NODEFLIB else None
        key = (name, own, *with_rpath)
        if key not in self._found:
            self._found[key] = self._search(name, requester, with_rpath)
        return self._found[key]

    def folders(self) -> tuple[str, ...]:
        """Every folder that was looked into, and the loader's cache."""
        return (*self._folders.asked(), self._system.cache)

    def spelled(self, name: str, requester: Elf) -> str:
        """A name of DT_NEEDED, which may hold tokens as well."""
        return self._expand(name, requester) if "$" in name else name

    def _search(self, name: str, requester: Elf, with_rpath: tuple[Elf, ...]) -> Found | None:
        for how, path in self._places(name, requester, with_rpath):
            elf, go_on = self._opened(path)
            if elf is not None:
                return Found(elf, how)
            if not go_on:
                return None
        return None

    def _opened(self, path: str) -> "tuple[Elf | None, bool]":
        """The library at a path, and whether the loader would look further where it is none.

        It passes over files of another machine or class, and over what it may not open; it gives up at a file that is
        no ELF file at all (``open_verify`` in elf/dl-load.c).
        """
        program = self._program
        elf = self._files.open(path)
        if elf is None:
            return None, not self._files.stops(path, program.machine, program.bits)
        if (elf.machine, elf.bits) != (program.machine, program.bits):
            return None, True
        return (elf, True) if elf.has_dynamic and elf.kind == _SHARED else (None, False)

    def _places(self, name: str, requester: Elf, with_rpath: tuple[Elf, ...]) -> Iterator[tuple[str, str]]:
        """How and where the loader looks, in its order; only paths at which something may lie."""
        program = self._program
        if requester.runpath is None:
            for each in with_rpath:
                yield from self._below("rpath", self._expanded(each.rpath, each), name)
            if program not in with_rpath and program.runpath is None:
                yield from self._below("rpath", self._expanded(program.rpath, program), name)
        yield from self._below("LD_LIBRARY_PATH", self._library_path, name)
        yield from self._below("runpath", self._expanded(requester.runpath, requester), name)
        without_system = bool(requester.flags_1 & _NODEFLIB)
        for path in self._cached(name):
            if not (without_system and self._is_system(path)):
                yield "cache", path
        if not without_system:
            yield from self._below("default", self._system.folders, name)

    def _below(self, how: str, folders: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
        for folder in folders:
            for path in self._folders.candidates(folder, name):
                yield how, path

    def _cached(self, name: str) -> list[str]:
        """Of the cache's paths those that suit this processor, the best first."""
        ranked = []
        for path in self._cache.get(name, ()):
            _, found, after = path.rpartition("/glibc-hwcaps/")
            level = after.partition("/")[0]
            if not found:
                ranked.append((len(self._processor.levels), path))
            elif level in self._processor.levels:
                ranked.append((self._processor.levels.index(level), path))
        return [path for _, path in sorted(ranked, key=lambda each: each[0])]

    def _is_system(self, path: str) -> bool:
        return any(path.startswith(f"{folder}/") for folder in self._system.folders)

    def _expanded(self, text: str | None, elf: Elf, separators: str = ":") -> tuple[str, ...]:
        """The folders of a search path that ``elf`` brings."""
        if not text:
            return ()
        key = (text, os.path.dirname(elf.path))
        if key not in self._paths:
            self._paths[key] = tuple(self._expand(part, elf) for part in split(text, separators))
        return self._paths[key]

    def _expand(self, text: str, elf: Elf) -> str:
        origin = os.path.dirname(elf.path)
        return expand(text, origin=origin, lib=self._system.lib, platform=self._processor.platform)
