"""What the bytes of a distribution's shared objects prove about it: traits for the rules, and for NumPy's C-API.

Its name and its metadata may say nothing of all this. Read are the dynamic section and, in modules that can reach
NumPy, the constants. Facts of a wheel are the same in every environment, so they are cached by record digest; an entry
counts for a file only where its size is the one that was read. A file that was edited without changing its size is
found by depth files, not here.

That extension modules keep to Python's stable ABI (``abi3``) is for tags and suffixes to say: bytes do not show it, as
a module may use nothing else by chance.
"""

import os
import re
from collections.abc import Callable, Iterable

from envguard._value import Value
from envguard.facts import cache, cuda_families, numpy_sign
from envguard.facts.elf import Elf, ElfError
from envguard.facts.ownership import Owned
from envguard.facts.reading import ReadFailure
from envguard.model import Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ONLY_BYTES_PROVE = ("torch-linked", "python-linked", "numpy-1", "numpy-2")
"""Traits that no metadata shows; native and cuda are shown by either."""

_SHARED_OBJECT = re.compile(r"\.so(?:\.[\w.-]+)?$")
_TORCH = re.compile(r"lib(?:torch|c10)(?:_\w+)?\.so(?:\.[\d.]+)?", re.ASCII)
_CUDA_DRIVER = re.compile(r"libcuda\.so(?:\.\d+)?", re.ASCII)
_PYTHON = re.compile(r"libpython3[\w.]*\.so(?:\.[\d.]+)?", re.ASCII)

Opener = Callable[[str], Elf]
"""Gives the open file for a path; raises ElfError or ReadFailure."""


class FileFacts(Value):
    """What one shared object shows."""

    path: str
    """Relative to the folder that its distribution is installed in."""
    size: int
    """Bytes."""
    needed: tuple[str, ...] = ()
    """Libraries in DT_NEEDED, and those that symbol versions are asked of."""
    soname: str = ""
    extension: bool = False
    """It defines ``PyInit_`` of its name, so Python can import it."""
    numpy: str = ""
    """``np2-ready``, ``np1-eager``, ``np1-lazy``, or empty for no sign: see ``numpy_sign``."""
    floor: str = ""
    """The oldest NumPy that it can run with, where it says so."""


class Evidence(Value):
    """What the shared objects of one distribution show."""

    name: str
    """Normalised."""
    files: tuple[FileFacts, ...] = ()
    """Sorted by path; a file that is no readable ELF file is left out."""

    @property
    def families(self) -> tuple[str, ...]:
        """Libraries of the CUDA toolkit that it links or ships, with their generation: ``cudart.12``, ``cudnn.9``."""
        named = {name for file in self.files for name in (*file.needed, file.soname)}
        found = {(cuda_families.family(name), cuda_families.generation(name)) for name in named}
        return tuple(sorted(f"{family.removeprefix('lib')}.{number}" for family, number in found if family and number))

    @property
    def traits(self) -> tuple[str, ...]:
        """What is proven, sorted; ``wheel.TRAITS`` says what each means."""
        own = {file.soname for file in self.files} | {os.path.basename(file.path) for file in self.files}
        needed = {name for file in self.files for name in file.needed}
        found = {
            "native": bool(self.files),
            "cuda": bool(self.families) or any(map(_CUDA_DRIVER.fullmatch, needed)),
            "torch-linked": any(map(_TORCH.fullmatch, needed - own)),
            "python-linked": any(map(_PYTHON.fullmatch, needed - own)),
            "numpy-1": self._has_numpy(numpy_sign.NP1_EAGER, numpy_sign.NP1_LAZY),
            "numpy-2": self._has_numpy(numpy_sign.NP2_READY),
        }
        return tuple(sorted(trait for trait, proven in found.items() if proven))

    def _has_numpy(self, *generations: str) -> bool:
        return self.name != "numpy" and any(file.numpy in generations for file in self.files)


def of(distribution: Distribution, rows: Iterable[Owned], opener: Opener = Elf.open) -> Evidence:
    """What the files of one distribution prove. Files are read only where the cache does not know them.

    Args:
        distribution: The distribution.
        rows: The rows of its RECORD.
        opener: Gives files that are open already; what it gives is not closed here if it is not ``Elf.open``.
    """
    site = os.path.realpath(distribution.location)
    known = {file.path: file for file in _cached(distribution.record)}
    files: list[FileFacts] = []
    for path in sorted({row.path for row in rows if _SHARED_OBJECT.search(row.path)}):
        relative = os.path.relpath(path, site)
        size = _size(path)
        cached = known.get(relative)
        facts = cached if cached is not None and cached.size == size else _read(path, relative, opener)
        if facts is not None:
            files.append(facts)
    if files and known != {file.path: file for file in files}:
        _keep(distribution.record, files)
    return Evidence(name=distribution.name, files=tuple(files))


def traits(distribution: Distribution, rows: Iterable[Owned]) -> tuple[str, ...]:
    """The traits of a distribution: what its metadata says, and what its own files prove."""
    return tuple(sorted({*distribution.traits, *of(distribution, rows).traits}))


def facts_of(elf: Elf, path: str) -> FileFacts:
    """What one shared object shows.

    Args:
        elf: The file.
        path: How the facts name it.

    Raises:
        ElfError: It is broken.
        ReadFailure: It cannot be read any more.
    """
    sign = numpy_sign.of(elf) if numpy_sign.may_use_numpy(elf.undefined()) else None
    return FileFacts(
        path=path,
        size=elf.size,
        needed=tuple(sorted({*elf.needed, *(need.file for need in elf.version_needs())})),
        soname=elf.soname or "",
        extension=elf.defines(b"PyInit_" + os.fsencode(_module(elf.path))),
        numpy=sign.generation if sign is not None else "",
        floor=sign.floor if sign is not None else "",
    )


def _module(path: str) -> str:
    folder, name = os.path.split(path)
    stem = name.partition(".")[0]
    return os.path.basename(folder) if stem == "__init__" else stem


def _read(path: str, relative: str, opener: Opener) -> FileFacts | None:
    try:
        elf = opener(path)
        try:
            return facts_of(elf, relative)
        finally:
            if opener == Elf.open:
                elf.close()
    except (ElfError, ReadFailure):
        return None


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _cached(record: str) -> list[FileFacts]:
    """The files of a cache entry; none of them where any is malformed."""
    entry = cache.load(record)
    listed = entry.get("files") if entry is not None else None
    if not isinstance(listed, list):
        return []
    try:
        return [_from_json(each) for each in listed]
    except (TypeError, KeyError):
        return []


def _from_json(said: "Any") -> FileFacts:
    """One file of an entry.

    Raises:
        TypeError: A field is of another type.
        KeyError: A field is not there.
    """
    facts = FileFacts(**{**said, "needed": tuple(said["needed"])})
    texts = (facts.path, facts.soname, facts.numpy, facts.floor, *facts.needed)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    if type(facts.size) is not int or type(facts.extension) is not bool:
        raise TypeError
    return facts


def _keep(record: str, files: list[FileFacts]) -> None:
    fields = ("path", "size", "needed", "soname", "extension", "numpy", "floor")
    cache.store(record, {"files": [{field: getattr(file, field) for field in fields} for file in files]})
