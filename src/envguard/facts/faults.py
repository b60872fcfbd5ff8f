"""What the loader would lack if it opened one compiled file after what that file may count on.

The raw answer of the loader is no alarm: one in twelve files of working environments does not load by itself, because
it relies on what others have loaded before. ``providers`` says whom it may rely on.
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

from envguard.facts import cuda_families
from envguard.facts.elf import Elf, ElfError, Reference, gnu_hash
from envguard.facts.natives import NativeFile, Natives
from envguard.facts.providers import Providers, family_of, is_public
from envguard.facts.resolution import MissingLibrary, MissingSymbol, MissingVersion


class Faults(NamedTuple):
    """What one file lacks, together with all that it loads."""

    libraries: tuple[MissingLibrary, ...]
    driver: tuple[MissingLibrary, ...]
    """Libraries that only a driver brings."""
    symbols: tuple[MissingSymbol, ...]
    """Not looked for where a library is missing: it might have them."""
    versions: tuple[MissingVersion, ...]
    linked: tuple[Elf, ...]
    """What is loaded: the file itself, then in the order of the search for symbols."""

    @property
    def broken(self) -> bool:
        """Something is missing that is not the driver's."""
        return bool(self.libraries or self.symbols or self.versions)


class Finder:
    """Finds the faults of files, each in the company of what it loads."""

    def __init__(self, natives: Natives, providers: Providers) -> None:
        self._natives = natives
        self._loader = natives.loader
        self._providers = providers
        self._provided: dict[tuple[str, str, str], Elf | None] = {}
        self._somewhere: dict[tuple[bytes, str | None], bool] = {}
        self._rivals: dict[str, tuple[str, ...]] = {}
        self._listed: dict[str, dict[str, str]] = {}

    def of_all(self, files: Sequence[NativeFile]) -> dict[str, Faults]:
        """The faults of every file by its path, and with them those of what it loads.

        A library that is looked at by itself sees fewer symbols than in the company of who loads it, so it is judged
        anew there.
        """
        found = {file.path: self._of(file) for file in files}
        suspects = {file.elf.path: file for file in files if found[file.path].symbols or found[file.path].versions}
        for path, faults in found.items() if suspects else ():
            inherited = [suspects[elf.path] for elf in faults.linked[1:] if elf.path in suspects]
            for suspect in inherited:
                faults = self._with(faults, suspect)  # noqa: PLW2901 - grows by what each of them lacks
            found[path] = faults
        return found

    def _of(self, file: NativeFile) -> Faults:
        closure = self._loader.closure(file.elf, extra=lambda name, asking: self._provide(name, asking, file.owner))
        order = list(closure.order)
        absent = [self._library(asking, name) for asking, name in closure.missing]
        known = {(each.requester, each.name) for each in absent}
        for elf in closure.order:
            if not self._providers.owner(elf):
                continue
            for name in self._only_by_version(elf, order):
                provided = self._provide(name, elf, file.owner)
                if provided is not None:
                    order.append(provided)
                elif (elf.path, name) not in known:
                    absent.append(self._library(elf, name, listed=False))
        driver = tuple(each for each in absent if cuda_families.is_driver(each.name))
        libraries = tuple(each for each in absent if not cuda_families.is_driver(each.name))
        symbols = () if absent else self._symbols(file.elf, file.owner, order)
        return Faults(libraries, driver, symbols, self._versions(file.elf, file.owner, order), tuple(order))

    def _with(self, faults: Faults, suspect: NativeFile) -> Faults:
        symbols = () if faults.libraries or faults.driver else self._symbols(suspect.elf, suspect.owner, faults.linked)
        versions = self._versions(suspect.elf, suspect.owner, faults.linked)
        return faults._replace(symbols=faults.symbols + symbols, versions=faults.versions + versions)

    def _provide(self, name: str, asking: Elf, root: str) -> Elf | None:
        key = (name, self._providers.owner(asking), root)
        if key not in self._provided:
            self._provided[key] = self._providers.provide(name, asking, root)
        return self._provided[key]

    def _only_by_version(self, elf: Elf, order: Sequence[Elf]) -> list[str]:
        """Libraries of which a version is required although DT_NEEDED does not list them.

        ONNX Runtime's wheels had their CUDA libraries taken out of it; the loader still stops where they are absent.
        """
        needs = {need.file: None for need in elf.version_needs() if not need.weak and need.file not in elf.needed}
        return [name for name in needs if self._loader.provider(name, order) is None]

    def _library(self, asking: Elf, name: str, *, listed: bool = True) -> MissingLibrary:
        owner = self._providers.owner(asking)
        return MissingLibrary(name, asking.path, owner, self._rivals_of(name), listed, self._gone(name, owner))

    def _gone(self, name: str, owner: str) -> str:
        """The path at which the owner's RECORD lists a library of that name that nobody has."""
        if owner not in self._listed:
            self._listed[owner] = {os.path.basename(row.path): row.path for row in self._natives.rows(owner)}
        path = self._listed[owner].get(name, "")
        return path if path and not os.path.exists(path) else ""

    def _rivals_of(self, name: str) -> tuple[str, ...]:
        """Other generations of a library that the environment has for everybody."""
        if name not in self._rivals:
            family = family_of(name)
            self._rivals[name] = tuple(
                sorted(
                    other
                    for other in self._providers.of_family(family)
                    if other != name and any(is_public(file, other) for file in self._providers.named(other))
                )
                if not self._providers.named(name)
                else ()
            )
        return self._rivals[name]

    def _symbols(self, elf: Elf, owner: str, order: Sequence[Elf]) -> tuple[MissingSymbol, ...]:
        try:
            unresolved = self._loader.unresolved(elf, order)
        except ElfError:  # broken tables: that is not a question of who exports what
            return ()
        return tuple(MissingSymbol(each, elf.path, owner) for each in unresolved if not self._is_somewhere(each))

    def _is_somewhere(self, wanted: Reference) -> bool:
        """True where any library of the environment defines it: who is loaded before whom cannot be known."""
        key = (wanted.name, wanted.version)
        if key not in self._somewhere:
            hashed = gnu_hash(wanted.name)
            self._somewhere[key] = any(
                file.elf.defines(wanted.name, wanted.version, hashed=hashed) for file in self._natives.files
            )
        return self._somewhere[key]

    def _versions(self, elf: Elf, owner: str, order: Sequence[Elf]) -> tuple[MissingVersion, ...]:
        missing = []
        for need in self._loader.missing_versions(elf, order):
            provider = self._loader.provider(need.file, order)
            missing.append(MissingVersion(need, provider.path if provider is not None else "", elf.path, owner))
        return tuple(missing)
