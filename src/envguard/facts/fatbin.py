"""For which GPUs a library was compiled: the architectures in its ``.nv_fatbin``.

nvcc packs device code into fat binaries: a header, then one entry for each architecture, either machine code (SASS)
or PTX, which the driver compiles when it is loaded. Only headers are read: a few pages of a library of 900 MB.

Layout, as nvcc 11 to 13 write it (little-endian):
    header: u32 magic 0xBA55ED50, u16 version, u16 size of this header, u64 size of all entries
    entry:  u16 kind (1 PTX, 2 SASS), u16 version, u32 size of this header, u64 size of the payload, ... u32 at +28
            architecture (90 is sm_90)
"""

import struct
import time

from envguard._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.facts.elf import Elf

SECTIONS = (".nv_fatbin", "__nv_relfatbin")
"""Where host compilers put them; the second one for relocatable device code."""
MAGIC = 0xBA55ED50
ENTRIES = 200_000
"""Entries that are read of one file; libtorch_cuda.so of 2.5.0 has 2,720."""
SECONDS = 0.8
"""Processor time that one file may take, whatever it claims to hold; waiting for a disk is not counted."""
GAP = 1 << 16
"""Bytes between two fat binaries that are searched for the next one: linkers pad to some alignment."""

_HEADER = struct.Struct("<IHHQ")
_ENTRY = struct.Struct("<HHIQ")
_ARCHITECTURE = struct.Struct("<I")
_ARCHITECTURE_AT = 28
_SMALLEST_ENTRY = 32
_PTX, _SASS = 1, 2
_PLAUSIBLE = range(10, 1000)


class Architectures(Value):
    """The GPU architectures that device code exists for."""

    sass: frozenset[int] = frozenset()
    """Machine code: 90 is sm_90, for compute capability 9.0."""
    ptx: frozenset[int] = frozenset()
    """PTX of that virtual architecture."""
    complete: bool = True
    """False where a limit was reached or a part could not be understood: there may be more."""

    def __bool__(self) -> bool:
        return bool(self.sass or self.ptx)

    def joined(self, other: "Architectures") -> "Architectures":
        """What two libraries have together."""
        return Architectures(
            sass=self.sass | other.sass, ptx=self.ptx | other.ptx, complete=self.complete and other.complete
        )


def of(elf: "Elf") -> "Architectures | None":
    """The architectures of a library, None where it holds no device code or its sections are not named any more."""
    sections = [section for name in SECTIONS if (section := elf.section(name)) is not None]
    if not sections:
        return None
    return of_sections(sections)


def of_sections(sections: "Iterable[memoryview | bytes]") -> Architectures:
    """The architectures in the bytes of such sections."""
    walk = _Walk()
    for section in sections:
        walk.section(section)
    return Architectures(sass=frozenset(walk.sass), ptx=frozenset(walk.ptx), complete=walk.complete)


class _Walk:
    """What was seen so far, and how much more may be looked at."""

    def __init__(self) -> None:
        self.sass: set[int] = set()
        self.ptx: set[int] = set()
        self.complete = True
        self._left = ENTRIES
        self._deadline = time.thread_time() + SECONDS

    def section(self, section: "memoryview | bytes") -> None:
        """All fat binaries of one section, one behind the other."""
        at, size = 0, len(section)
        while at + _HEADER.size <= size and self._may_go_on():
            magic, _version, header, length = _HEADER.unpack_from(section, at)
            if magic != MAGIC:
                at = _next(section, at)
                if at < 0:
                    self.complete = False
                    return
                continue
            end = at + header + length
            if header < _HEADER.size or end > size:
                self.complete = False
                return
            self._entries(section, at + header, end)
            at = (end + 7) & ~7

    def _entries(self, section: "memoryview | bytes", at: int, end: int) -> None:
        while at + _SMALLEST_ENTRY <= end and self._may_go_on():
            kind, _version, header, payload = _ENTRY.unpack_from(section, at)
            (architecture,) = _ARCHITECTURE.unpack_from(section, at + _ARCHITECTURE_AT)
            if header < _SMALLEST_ENTRY or at + header + payload > end:
                self.complete = False
                return
            if kind in (_PTX, _SASS) and architecture in _PLAUSIBLE:
                (self.ptx if kind == _PTX else self.sass).add(architecture)
            at += header + payload

    def _may_go_on(self) -> bool:
        self._left -= 1
        if self._left < 0 or (self._left % 256 == 0 and time.thread_time() > self._deadline):
            self.complete = False
        return self.complete


def _next(section: "memoryview | bytes", at: int) -> int:
    """Where the next fat binary begins; the end of the section where only padding follows, -1 where it is lost."""
    gap = bytes(section[at : at + GAP])
    found = gap.find(MAGIC.to_bytes(4, "little"))
    if found >= 0:
        return at + found
    return len(section) if at + GAP >= len(section) and not gap.strip(b"\0") else -1
