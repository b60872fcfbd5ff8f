"""What the loader sees of an ELF file: its segments, and the entries of the dynamic section.

Section headers play no part, for ld.so does not read them and ``strip`` may remove them. Addresses are turned into
places in the file by way of the PT_LOAD segments.

Source: System V ABI, chapters 4 and 5 (gABI), and elf(5).
"""

from typing import NamedTuple

from envguard.facts.elf_source import LAYOUTS, ElfError, Layout, Source

HEAD = 16
"""Bytes of ``e_ident``."""
MAX_DYNAMIC = 1 << 16
"""Entries of a dynamic section. The largest seen in 3,000 shared objects has a few hundred."""
MAX_STRINGS = 128 << 20
"""Bytes of a dynamic string table. PyTorch 2.13 has 5 MB."""
MAX_TEXT = 1 << 16
"""Bytes of the name of a library or a version, or of a search path."""
MAX_TEXTS = 4 << 20
"""Bytes of all of them in one file."""
_MAX_INTERP = 4096
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_STRTAB, _DT_STRSZ = 0, 5, 10


class Segment(NamedTuple):
    """A part of the file that is mapped into memory."""

    vaddr: int
    offset: int
    filesz: int
    flags: int


class Image:
    """Header, segments, dynamic entries and dynamic strings of one file, all checked.

    Attributes:
        source: The bytes.
        layout: How numbers are written.
        kind: ``e_type``: 2 an executable, 3 a shared object.
        machine: ``e_machine``.
        sections: Offset, entry size, count and index of the name section of the section headers; not checked.
        segments: The PT_LOAD segments.
        interp: The loader that an executable asks for.
        has_dynamic: There is a dynamic section.
        strings: The dynamic string table.
    """

    __slots__ = (
        "_dynamic",
        "_room",
        "has_dynamic",
        "interp",
        "kind",
        "layout",
        "machine",
        "sections",
        "segments",
        "source",
        "strings",
    )

    def __init__(self, source: Source) -> None:
        self.source = source
        self.layout: Layout = _layout(source)
        header = source.unpack(self.layout.header, HEAD)
        self.kind, self.machine, _, _, headers_at, sections_at, _, _, entry_size, count, *sections = header
        self.sections = (sections_at, *sections)
        self.segments: tuple[Segment, ...] = ()
        self.interp: str | None = None
        self._dynamic: dict[int, list[int]] = {}
        self._room = MAX_TEXTS
        self.has_dynamic = False
        if count:
            if entry_size != self.layout.segment.size:
                raise ElfError(f"program headers of {entry_size} bytes")
            self._read_segments(source.read(headers_at, count * entry_size))
        self.strings = self._read_strings()

    def _read_segments(self, headers: bytes) -> None:
        loads = []
        dynamic = None
        for fields in self.layout.segment.iter_unpack(headers):
            if self.layout.bits == 64:
                kind, flags, offset, vaddr, _, filesz, _, _ = fields
            else:
                kind, offset, vaddr, _, filesz, _, flags, _ = fields
            if kind == _PT_LOAD:
                self._check_within(offset, filesz)
                loads.append(Segment(vaddr, offset, filesz, flags))
            elif kind == _PT_DYNAMIC:
                dynamic = Segment(vaddr, offset, filesz, flags)
            elif kind == _PT_INTERP:
                raw = self.source.read(offset, min(filesz, _MAX_INTERP))
                self.interp = raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        self.segments = tuple(loads)
        if dynamic is not None:
            self.has_dynamic = True
            self._read_dynamic(dynamic)

    def _check_within(self, offset: int, length: int) -> None:
        """A file that was cut off still has its tables, most often; loading it would end in SIGBUS."""
        if offset + length > self.source.size:
            raise ElfError(f"cut off: {length} bytes at {offset} should be loaded from {self.source.size} bytes")

    def _read_dynamic(self, where: Segment) -> None:
        place = self.find(where.vaddr)
        offset = place[0] if place else where.offset
        record = self.layout.dynamic
        count = where.filesz // record.size
        if count > MAX_DYNAMIC:
            raise ElfError(f"{count} entries in the dynamic section")
        for tag, value in record.iter_unpack(self.source.read(offset, count * record.size)):
            if tag == _DT_NULL:
                break
            self._dynamic.setdefault(tag, []).append(value)

    def _read_strings(self) -> bytes:
        place = self.table(_DT_STRTAB)
        if place is None:
            return b""
        offset, room = place
        length = min(self.value(_DT_STRSZ) or room, room)
        if length > MAX_STRINGS:
            raise ElfError(f"a string table of {length} bytes")
        return self.source.read(offset, length)

    def find(self, address: int) -> tuple[int, int] | None:
        """The offset of an address in the file, and how many bytes of its segment follow."""
        for vaddr, offset, filesz, _ in self.segments:
            if vaddr <= address < vaddr + filesz:
                return offset + address - vaddr, filesz - (address - vaddr)
        return None

    def values(self, tag: int) -> list[int]:
        """Every value of a dynamic entry."""
        return self._dynamic.get(tag, [])

    def value(self, tag: int) -> int | None:
        """The value of a dynamic entry; the last one where it stands twice, as in ld.so."""
        found = self._dynamic.get(tag)
        return found[-1] if found else None

    def table(self, tag: int) -> tuple[int, int] | None:
        """Where the table that a dynamic entry points to begins, and how many bytes there can be.

        Raises:
            ElfError: The address lies in no segment.
        """
        address = self.value(tag)
        if address is None:
            return None
        place = self.find(address)
        if place is None:
            raise ElfError(f"the table of dynamic entry {tag:#x} lies in no segment")
        return place

    def text(self, index: int) -> str:
        """The name of a library or a version, or a search path, with bytes that are not UTF-8 as surrogates.

        Raises:
            ElfError: It does not end, is longer than ``MAX_TEXT``, or all are longer than ``MAX_TEXTS`` bytes.
        """
        end = self.strings.find(b"\0", index, index + MAX_TEXT)
        if end < 0:
            raise ElfError(f"no text at {index} in a string table of {len(self.strings)} bytes")
        self._room -= end - index
        if self._room < 0:
            raise ElfError(f"more than {MAX_TEXTS} bytes of text")
        return self.strings[index:end].decode("utf-8", "surrogateescape")

    def forget_strings(self) -> None:
        """Give the memory back: no text is found any more."""
        self.strings = b""


def _layout(source: Source) -> Layout:
    if source.size < HEAD:
        raise ElfError("shorter than the head of an ELF file")
    head = source.read(0, HEAD)
    if head[:4] != b"\x7fELF":
        raise ElfError("not an ELF file")
    layout = LAYOUTS.get((head[4], head[5]))
    if layout is None:
        raise ElfError(f"ELF class {head[4]} with data encoding {head[5]}")
    return layout
