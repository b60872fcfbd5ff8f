"""Shared objects as the dynamic loader sees them, read without loading anything.

What a file needs, which symbols it wants and which it has, with their versions, is copied from its dynamic tables when
it is opened: 45 KB for a file on average, 8 MB for the 430 MB of libtorch_cpu.so. No descriptor and no mapping stays
behind. A process may have 1,024 descriptors, an environment has more shared objects than that; and whoever touches a
mapped page of a file that was truncated meanwhile is killed by SIGBUS.

Why not a library: pyelftools was measured 9 times slower at its best and does not match versions, LIEF reads whole
files (940 MB of memory).

No file can make this module do more than its size limits allow, raise anything but ``ElfError`` and ``ReadFailure``,
or loop. Names are bytes, and text may hold surrogates: make it safe before printing.
"""

import os
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap

from envguard.facts import elf_sections, elf_versions
from envguard.facts.elf_hashes import gnu_hash
from envguard.facts.elf_image import Image, Segment
from envguard.facts.elf_source import ElfError, Source
from envguard.facts.elf_symbols import Reference, Symbols
from envguard.facts.elf_versions import VersionNeed
from envguard.facts.reading import ReadFailure, opened

__all__ = ["Elf", "ElfError", "Reference", "Segment", "VersionNeed", "gnu_hash"]

MAP_BYTES = 16 << 20
"""From this size on ``Elf.section`` maps the file, below it copies the section."""

_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_SYMBOLIC, _DT_RUNPATH, _DT_FLAGS, _DT_FLAGS_1 = 1, 14, 15, 16, 29, 30, 0x6FFFFFFB
_DF_SYMBOLIC = 2


class Elf:
    """One ELF file.

    Attributes:
        path: Where it lies.
        size: Bytes.
        machine: ``e_machine``: 62 x86-64, 183 AArch64.
        bits: 32 or 64.
        little: Numbers are little-endian.
        kind: ``e_type``: 2 an executable, 3 a shared object (or an executable that can lie anywhere).
        interp: The loader that an executable asks for.
        has_dynamic: There is a dynamic section; False for static executables and object files.
        needed: DT_NEEDED, in order.
        soname: DT_SONAME.
        rpath: DT_RPATH.
        runpath: DT_RUNPATH.
        flags_1: DT_FLAGS_1.
        symbolic: References are looked up in the file itself first.
    """

    __slots__ = (
        "_image",
        "_origin",
        "_symbols",
        "_versions",
        "bits",
        "flags_1",
        "has_dynamic",
        "interp",
        "kind",
        "little",
        "machine",
        "needed",
        "path",
        "rpath",
        "runpath",
        "size",
        "soname",
        "symbolic",
    )

    def __init__(self, image: Image, path: str, origin: "bytes | mmap | os.stat_result") -> None:
        """Use ``open`` or ``of``."""
        self.path = path
        self.size = image.source.size
        self.machine = image.machine
        self.bits = image.layout.bits
        self.little = image.layout.little
        self.kind = image.kind
        self.interp = image.interp
        self.has_dynamic = image.has_dynamic
        self.needed = tuple(image.text(value) for value in image.values(_DT_NEEDED))
        self.soname = _text(image, _DT_SONAME)
        self.rpath = _text(image, _DT_RPATH)
        self.runpath = _text(image, _DT_RUNPATH)
        self.flags_1 = image.value(_DT_FLAGS_1) or 0
        self.symbolic = bool(image.values(_DT_SYMBOLIC)) or bool((image.value(_DT_FLAGS) or 0) & _DF_SYMBOLIC)
        self._image = image
        self._origin = origin
        self._versions = elf_versions.read(image)
        self._symbols: Symbols | None = Symbols(image, self._versions)

    @classmethod
    def open(cls, path: str) -> "Elf":
        """Read a file, following links.

        Raises:
            ElfError: It is no ELF file, or a broken one.
            ReadFailure: It cannot be read, or is not a regular file.
        """
        with opened(path) as (descriptor, status):
            return cls(Image(Source(status.st_size, descriptor=descriptor)), path, status)

    @classmethod
    def of(cls, data: bytes | mmap, path: str) -> "Elf":
        """Read a file whose bytes are at hand, such as a member of a wheel.

        Raises:
            ElfError: It is no ELF file, or a broken one.
        """
        return cls(Image(Source(len(data), data=data)), path, data)

    def undefined(self) -> tuple[Reference, ...]:
        """Every symbol that must be found elsewhere; read anew at each call.

        Raises:
            ElfError: A name lies outside the string table, or there are too many.
        """
        return self._open_symbols().undefined()

    def defines(self, name: bytes, version: str | None = None, *, hashed: int | None = None) -> bool:
        """Whether ld.so would bind a reference to this file.

        Args:
            name: The symbol.
            version: The version that the reference asks for.
            hashed: ``gnu_hash(name)`` where it is known: it costs more than the look-up.
        """
        return (self._symbols or self._open_symbols()).defines(name, version, hashed)

    def exported(self) -> Iterator[bytes]:
        """The names of all definitions that others can see: a scan of everything, for messages.

        Raises:
            ElfError: A name lies outside the string table, or there are too many.
        """
        return self._open_symbols().exported()

    def version_needs(self) -> tuple[VersionNeed, ...]:
        """The versions that other libraries must define."""
        return self._versions.all_needs

    def version_definitions(self) -> frozenset[str]:
        """The names of the versions that this file defines, its base version included."""
        return self._versions.names

    def segments(self) -> tuple[Segment, ...]:
        """What is mapped into memory: address, offset in the file, bytes in the file, flags."""
        return self._image.segments

    def section(self, name: str) -> memoryview | None:
        """The bytes of a section, such as ``.rodata``; None where there is none, or section headers were stripped.

        Sections of large files are mapped: release the view soon, and know that a file that is truncated meanwhile
        ends the process (installers write new files instead).

        Raises:
            ElfError: The section does not lie in the file.
            ReadFailure: The file cannot be read any more, or is not the one that was opened.
        """
        if not isinstance(self._origin, os.stat_result):
            place = elf_sections.find(self._image, self._image.source, name)
            return memoryview(self._origin)[place[0] : sum(place)] if place else None
        with opened(self.path) as (descriptor, status):
            if _identity(status) != _identity(self._origin):
                raise ReadFailure(self.path, "changed while it was read")
            source = Source(status.st_size, descriptor=descriptor)
            place = elf_sections.find(self._image, source, name)
            return _copied_or_mapped(source, descriptor, *place) if place else None

    def close(self) -> None:
        """Give the memory of symbols and strings back; later questions about them are errors."""
        self._symbols = None
        self._image.forget_strings()

    def _open_symbols(self) -> Symbols:
        if self._symbols is None:
            raise ElfError("closed")
        return self._symbols


def _copied_or_mapped(source: Source, descriptor: int, start: int, length: int) -> memoryview:
    if source.size < MAP_BYTES:
        return memoryview(source.read(start, length))
    try:
        mapped = mmap(descriptor, source.size, access=ACCESS_READ)
    except ValueError as error:  # shorter by now
        raise ElfError(str(error)) from error
    return memoryview(mapped)[start : start + length]


def _text(image: Image, tag: int) -> str | None:
    value = image.value(tag)
    return None if value is None else image.text(value)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
