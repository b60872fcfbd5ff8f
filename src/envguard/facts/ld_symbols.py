"""Whether what a file refers to is defined by the files that are loaded: symbols and their versions."""

import os
from collections.abc import Sequence

from envguard.facts.elf import Elf, Reference, VersionNeed, gnu_hash


class Symbols:
    """Look-ups that begin in the files of the interpreter, whose answers are the same for every file and remembered."""

    def __init__(self, first: Sequence[Elf]) -> None:
        """Nothing is looked up before it is asked for.

        Args:
            first: What the interpreter itself has loaded, in order.
        """
        self._first = tuple(first)
        self._first_set = frozenset(first)
        self._in_first: dict[tuple[bytes, str | None], bool] = {}
        self._hashes: dict[bytes, int] = {}
        self._versions: dict[Elf, frozenset[str]] = {}

    def unresolved(self, elf: Elf, scope: Sequence[Elf]) -> tuple[Reference, ...]:
        """The references of ``elf`` that are not weak and that nothing in scope defines, each once."""
        others = [each for each in scope if each not in self._first_set]
        by_name = _named(others)
        found = []
        for wanted in elf.undefined():
            if wanted.weak or self._is_in_first(wanted):
                continue
            likely = by_name.get(wanted.file) if wanted.file is not None else None
            if likely is not None and self._defines(likely, wanted):
                continue
            if not any(self._defines(each, wanted) for each in others):
                found.append(wanted)
        return tuple(dict.fromkeys(found))

    def missing_versions(self, elf: Elf, scope: Sequence[Elf]) -> tuple[VersionNeed, ...]:
        """The version requirements of ``elf`` that are not weak and that the file which they name does not meet.

        A file without any versions meets them all: the loader warns and goes on (elf/dl-version.c).
        """
        missing = []
        by_name: dict[str, Elf] | None = None
        for need in elf.version_needs():
            if need.weak:
                continue
            if by_name is None:
                by_name = _named((*self._first, *scope))
            provider = by_name.get(need.file)
            if provider is None:
                continue  # not loaded at all: that is said of the library
            versions = self._versions_of(provider)
            if versions and need.version not in versions:
                missing.append(need)
        return tuple(missing)

    def provider(self, file: str, scope: Sequence[Elf]) -> Elf | None:
        """The loaded file that answers to a name."""
        return _named((*self._first, *scope)).get(file)

    def _is_in_first(self, wanted: Reference) -> bool:
        key = (wanted.name, wanted.version)
        known = self._in_first.get(key)
        if known is None:
            known = any(self._defines(each, wanted) for each in self._first)
            self._in_first[key] = known
        return known

    def _defines(self, elf: Elf, wanted: Reference) -> bool:
        hashed = self._hashes.get(wanted.name)
        if hashed is None:
            hashed = self._hashes[wanted.name] = gnu_hash(wanted.name)
        return elf.defines(wanted.name, wanted.version, hashed=hashed)

    def _versions_of(self, elf: Elf) -> frozenset[str]:
        if elf not in self._versions:
            self._versions[elf] = elf.version_definitions()
        return self._versions[elf]


def _named(files: Sequence[Elf]) -> dict[str, Elf]:
    names: dict[str, Elf] = {}
    for each in files:
        if each.soname:
            names.setdefault(each.soname, each)
        names.setdefault(os.path.basename(each.path), each)
    return names
