"""The compiled files of an environment: what all native facts share, read once for each check.

Nothing is imported or run. Files are opened through one model of the loader, so that a library which is reached by
several paths is one object for everybody.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from envguard.facts.ownership import Owned, Ownership, read_ownership
from envguard.facts.tree import list_files, roots_of
from envguard.model import Distribution, Environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from envguard.facts.elf import Elf
    from envguard.facts.ld_overlay import Overlay
    from envguard.facts.ld_so import LdSo
    from envguard.facts.resolution import Resolution

_SHARED_OBJECT = re.compile(r"\.so(?:\.[\w.-]+)?$")
_SURELY_SHARED_OBJECT = re.compile(r"\.so(?:\.[\d.]+)?$", re.ASCII)
"""``libx.so.txt`` may be anything; only names like these are spoken of when they turn out to be something else."""


class NativeFile(NamedTuple):
    """One shared object of the environment."""

    path: str
    """Absolute, as its owner lists it."""
    owner: str
    """Normalised name of its distribution, ``conda:NAME`` for a package that is none, "" for nobody."""
    elf: "Elf"


class Natives:
    """Every shared object of an environment, who owns it, and the loader that would load it.

    It holds open files: use it in a ``with`` statement, or call ``close()``.

    Attributes:
        environment: What ``scan`` found.
        library_path: LD_LIBRARY_PATH of the process that is judged.
        preload: LD_PRELOAD of that process.
        markers: The PEP 508 variables of its interpreter.
        target: Another platform that is asked about too, such as ``linux_aarch64``; mostly empty.
        unseen: What could not be looked at, a sentence each; facts add to it.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        markers: "Mapping[str, str] | None" = None,
        target: str = "",
        library_path: str | None = None,
        preload: str | None = None,
        supported: "Callable[[], Iterable[str]] | None" = None,
        over: "Overlay | None" = None,
    ) -> None:
        """Nothing is read before it is asked for.

        Args:
            environment: What ``scan`` found.
            markers: The PEP 508 variables of its interpreter; None where they are not known.
            target: Another platform that is asked about too, such as ``linux_aarch64``.
            library_path: None takes LD_LIBRARY_PATH of this process.
            preload: None takes LD_PRELOAD of this process.
            supported: Gives the wheel tags of the environment's interpreter, best first; it is asked at most once.
            over: What lies over the files that are there, for an environment that would be.
        """
        self.environment = environment
        self.library_path = os.environ.get("LD_LIBRARY_PATH", "") if library_path is None else library_path
        self.preload = os.environ.get("LD_PRELOAD", "") if preload is None else preload
        self.markers: Mapping[str, str] = markers or {}
        self.target = target
        self._over = over
        self.unseen: list[str] = []
        self._ask_supported = supported
        self._supported: tuple[str, ...] | None = None
        self._accepted: frozenset[str] | None = None
        self._ownership: Ownership | None = None
        self._rows: dict[str, list[Owned]] | None = None
        self._loader: LdSo | None = None
        self._files: tuple[NativeFile, ...] | None = None
        self._foreign: tuple[tuple[str, str], ...] = ()
        self._real_owners: dict[str, str] = {}
        self._resolution: Resolution | None = None
        self._distributions: dict[str, Distribution] = {}
        for each in environment.distributions:  # the first on sys.path is the one that is imported
            self._distributions.setdefault(each.name, each)

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every file that was opened."""
        if self._loader is not None:
            self._loader.close()
        self._loader, self._files, self._resolution = None, None, None

    @property
    def supported(self) -> tuple[str, ...]:
        """The wheel tags that the interpreter accepts, best first; none where nobody can tell."""
        if self._supported is None:
            self._supported = tuple(map(str, self._ask_supported())) if self._ask_supported is not None else ()
        return self._supported

    @property
    def accepted(self) -> frozenset[str]:
        """The same as a set."""
        if self._accepted is None:
            self._accepted = frozenset(self.supported)
        return self._accepted

    @property
    def blind(self) -> tuple[str, ...]:
        """What could not be looked at, a sentence each."""
        return tuple(dict.fromkeys(self.unseen))

    @property
    def ownership(self) -> Ownership:
        """What the RECORDs and conda's records say."""
        if self._ownership is None:
            self._ownership = read_ownership(self.environment)
        return self._ownership

    @property
    def loader(self) -> "LdSo":
        """The loader of the environment's interpreter."""
        if self._loader is None:
            from envguard.facts.ld_so import LdSo

            self._loader = LdSo(
                self.environment.executable, library_path=self.library_path, preload=self.preload, over=self._over
            )
        return self._loader

    @property
    def files(self) -> tuple[NativeFile, ...]:
        """Every shared object that the interpreter could load, sorted by path; each file once, whatever links to it."""
        if self._files is None:
            self._files = self._open_all()
        return self._files

    @property
    def foreign(self) -> tuple[tuple[str, str], ...]:
        """Path and reason of each file that has the name of a shared object and is none for this machine."""
        _ = self.files
        return self._foreign

    @property
    def resolution(self) -> "Resolution":
        """What of these files would not load, found once for all who ask."""
        if self._resolution is None:
            from envguard.facts import linkage

            self._resolution = linkage.resolve(self)
        return self._resolution

    def distribution(self, name: str) -> Distribution | None:
        """The installed distribution of that normalised name."""
        return self._distributions.get(name)

    def version(self, name: str) -> str:
        """``torch 2.5.0`` for the name of an owner; the name alone where its version is not known."""
        found = self.distribution(name)
        return f"{name} {found.version}" if found is not None else name.removeprefix("conda:")

    def rows(self, name: str) -> Sequence[Owned]:
        """The rows of the distribution's RECORD, their paths absolute; none where there is no usable RECORD."""
        if self._rows is None:
            self._rows = {}
            for row in self.ownership.rows:
                self._rows.setdefault(row.owner, []).append(row)
        return self._rows.get(name, ())

    def owner_of(self, path: str) -> str:
        """Who owns a file, found by its name and by where links lead: see ``NativeFile.owner``."""
        listed = self.ownership
        owner = listed.owners.get(path) or listed.conda_owners.get(path)
        if not owner and self._files is not None:
            owner = self._real_owners.get(path)
        if not owner and (real := os.path.realpath(path)) != path:
            owner = self.owner_of(real)
        return owner or ""

    def _open_all(self) -> tuple[NativeFile, ...]:
        found: list[NativeFile] = []
        foreign: list[tuple[str, str]] = []
        for path, owner in sorted(self._listed().items()):
            elf, why = self._open(path)
            if elf is not None:
                found.append(NativeFile(path, owner, elf))
            elif _SURELY_SHARED_OBJECT.search(path):
                foreign.append((path, why))
        self._foreign = tuple(foreign)
        return tuple(found)

    def _listed(self) -> dict[str, str]:
        """Path and owner of every file that is named like a shared object; an owned name comes before others."""
        listed = self.ownership
        owned = [path for path in (*listed.owners, *listed.conda_owners) if _is_named_so(path)]
        below = list_files(roots_of(self.environment))
        lying = sorted(path for path in (*below.files, *below.links) if _is_named_so(path))
        paths: dict[str, str] = {}
        for path in (*owned, *lying):
            answering = path if self._over is None else self._over.real(path)
            if not answering:
                continue
            real = os.path.realpath(answering)
            owner = listed.owners.get(path) or listed.conda_owners.get(path) or ""
            if real in self._real_owners:
                self._real_owners[real] = self._real_owners[real] or owner
            elif os.path.isfile(real):
                self._real_owners[real] = owner
                paths[path] = owner
        return paths

    def _open(self, path: str) -> "tuple[Elf | None, str]":
        elf = self.loader.load(path)
        if elf is None:
            return None, _why_unreadable(path)
        if self.loader.machine and (elf.machine, elf.bits) != (self.loader.machine, self.loader.bits):
            return None, f"made for another machine (ELF machine {elf.machine}, {elf.bits} bits)"
        if not elf.has_dynamic:
            return None, "no dynamic section"
        return elf, ""


def _is_named_so(path: str) -> bool:
    return ".so" in path and _SHARED_OBJECT.search(path) is not None  # the first test settles it for nearly every file


def _why_unreadable(path: str) -> str:
    from envguard.facts.elf import Elf, ElfError
    from envguard.facts.reading import ReadFailure

    try:
        Elf.open(path).close()
    except (ElfError, ReadFailure) as error:
        return error.why
    return "not a shared object"
