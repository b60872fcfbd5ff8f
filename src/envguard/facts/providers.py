"""Who brings a library that ld.so itself would not find: packages load one another's libraries before they are needed.

``import torch`` opens the libraries of the nvidia-* wheels by their paths, and whoever links them afterwards finds them
loaded. Three rules say who may be counted on, in this order: the same distribution, what it requires, and what its
code imports. They give a library the benefit of the doubt; what they do not find is absent.
"""

import os
import re
from collections.abc import Iterable

from envguard.facts.reading import ReadFailure, read
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.elf import Elf
    from envguard.facts.natives import NativeFile, Natives

_REQUIRED_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.ASCII)
_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_SOURCE_LIMIT = 4 << 20
"""Bytes of one source file that are searched for imports; generated ones are larger."""
_FOLDERS_OF_COPIES = (".libs", ".dylibs")
"""``auditwheel`` puts a wheel's private copies there: nobody else may count on them."""


class Providers:
    """Which library of the environment stands in for a name that ld.so does not find.

    Attributes:
        names: Every SONAME and file name of the environment's libraries.
    """

    def __init__(self, natives: "Natives") -> None:
        self._natives = natives
        self._by_name: dict[str, list[NativeFile]] = {}
        for file in natives.files:
            for name in {file.elf.soname or "", os.path.basename(file.path)} - {""}:
                self._by_name.setdefault(name, []).append(file)
        self._owners: dict[str, str] = {}
        self._required: dict[str, frozenset[str]] = {}
        self._imported: dict[str, frozenset[str]] = {}
        self._top_levels: dict[str, frozenset[str]] | None = None
        self.names = frozenset(self._by_name)
        self._families: dict[str, list[str]] = {}
        for name in self.names:
            self._families.setdefault(family_of(name), []).append(name)

    def owner(self, elf: "Elf") -> str:
        """Who owns a library; "" for the system's."""
        known = self._owners.get(elf.path)
        if known is None:
            known = self._owners[elf.path] = self._natives.owner_of(elf.path)
        return known

    def named(self, name: str) -> "list[NativeFile]":
        """The libraries of the environment with this SONAME or file name."""
        return self._by_name.get(name, [])

    def of_family(self, family: str) -> list[str]:
        """The names of all generations of a library that the environment has, for whomever."""
        return self._families.get(family, [])

    def provide(self, name: str, requester: "Elf", root: str) -> "Elf | None":
        """A library that stands in for ``name``.

        Args:
            name: What a DT_NEEDED or a version requirement asks for.
            requester: The file that asks.
            root: Owner of the file whose loading is followed.
        """
        candidates = self.named(name)
        if not candidates:
            return None
        asking = self.owner(requester)
        if asking:
            for file in candidates:
                if file.owner == asking:
                    return file.elf
        return self._from_others([file for file in candidates if is_public(file, name)], asking, root)

    def _from_others(self, candidates: "list[NativeFile]", asking: str, root: str) -> "Elf | None":
        required = self.required(asking) | self.required(root)
        for file in candidates:
            if file.owner in required:
                return file.elf
        for owner in dict.fromkeys(name for name in (asking, root) if name):
            reachable = self._reachable_by_import(owner) if candidates else frozenset()
            for file in candidates:
                if file.owner in reachable:
                    return file.elf
        return None

    def required(self, name: str) -> frozenset[str]:
        """Names of a distribution and of all that it requires, directly or not.

        Markers and extras are not looked at: what is not installed provides nothing anyway.
        """
        if not name:
            return frozenset()
        known = self._required.get(name)
        if known is None:
            known = self._required[name] = self._closure([name])
        return known

    def _closure(self, names: Iterable[str]) -> frozenset[str]:
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            distribution = self._natives.distribution(name)
            for requirement in distribution.requires if distribution is not None else ():
                waiting.append(required_name(requirement))
        return frozenset(seen)

    def _reachable_by_import(self, owner: str) -> frozenset[str]:
        """Distributions that the owner's code imports anywhere, and all that those require."""
        names = self.imported(owner)
        direct = [other for other, tops in self._all_top_levels().items() if tops & names]
        return self._closure(direct)

    def imported(self, owner: str) -> frozenset[str]:
        """Top-level names that the sources of a distribution import, at any place in them."""
        known = self._imported.get(owner)
        if known is None:
            found: set[bytes] = set()
            for row in self._natives.rows(owner):
                if row.path.endswith(".py"):
                    found.update(_imports_in(row.path))
            known = self._imported[owner] = frozenset(name.decode("ascii", "replace") for name in found)
        return known

    def _all_top_levels(self) -> dict[str, frozenset[str]]:
        if self._top_levels is None:
            self._top_levels = {
                each.name: frozenset(each.top_level) | self._folders_of(each.name, each.location)
                for each in self._natives.environment.distributions
            }
        return self._top_levels

    def _folders_of(self, name: str, location: str) -> frozenset[str]:
        """Top-level folders that hold code or libraries; wheels of libraries have no modules to speak of."""
        site = os.path.realpath(location).rstrip("/") + "/"
        found = set()
        for row in self._natives.rows(name):
            if row.path.startswith(site) and row.path.endswith((".py", ".so")):
                top = row.path[len(site) :].partition("/")[0]
                if not top.endswith((".libs", ".data", ".dist-info")):
                    found.add(top.partition(".")[0])
        return frozenset(found)


def required_name(requirement: str) -> str:
    """The normalised name in a Requires-Dist; "" where there is none."""
    found = _REQUIRED_NAME.match(requirement)
    return normalise(found.group(1)) if found is not None else ""


def family_of(name: str) -> str:
    """``libcudnn`` for ``libcudnn.so.9``."""
    return name.partition(".so")[0]


def is_public(file: "NativeFile", name: str) -> bool:
    """True for a library that others may use: it has the plain name and is no private copy of a wheel.

    ``torchvision.libs/libcudart.41118559.so.12`` has the SONAME ``libcudart.so.12`` and would hide that it is missing.
    """
    folder, base = os.path.split(file.path)
    return base == name and not folder.endswith(_FOLDERS_OF_COPIES)


def _imports_in(path: str) -> set[bytes]:
    try:
        return set(_IMPORT.findall(read(path, _SOURCE_LIMIT)))
    except ReadFailure:
        return set()
