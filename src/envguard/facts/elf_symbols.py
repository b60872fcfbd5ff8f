"""Dynamic symbols of an ELF file: what it asks of others, and whether it defines a name.

Definitions are looked up as ld.so does it: hash table, name, version. Undefined symbols are found by a scan: they all
stand before what the GNU hash table covers in shared objects, but not in executables (``__cxa_finalize``).

Source: ``elf/dl-lookup.c`` of glibc (``do_lookup_x``, ``check_match``) for what counts as a definition.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from envguard.facts.elf_hashes import MAX_SYMBOLS, GnuTable, SysvTable, gnu_hash
from envguard.facts.elf_image import Image
from envguard.facts.elf_relocations import count_symbols
from envguard.facts.elf_source import ElfError
from envguard.facts.elf_versions import Versions

MAX_REFERENCES = 1 << 18
"""Undefined symbols of one file. The most seen is 5,719."""
MAX_NAME = 1 << 20
"""Bytes of the name of one symbol."""
MAX_NAMES = 64 << 20
"""Bytes of the names of all undefined, or all exported, symbols of one file."""

_DT_HASH, _DT_SYMTAB, _DT_GNU_HASH, _DT_VERSYM = 4, 6, 0x6FFFFEF5, 0x6FFFFFF0
_UNDEFINED, _ABSOLUTE = 0, 0xFFF1
_LOCAL, _WEAK = 0, 2
_EXPORTING_BINDINGS = frozenset({1, 2, 10})  # global, weak, unique
_LOADED_TYPES = frozenset({0, 1, 2, 5, 6, 10})  # none, object, function, common, thread-local, indirect function
_TLS = 6
_INTERNAL, _HIDDEN = 1, 2
_VERSION_INDEX, _VERSION_HIDDEN = 0x7FFF, 0x8000
_FIRST_VERSION = 2


class Reference(NamedTuple):
    """An undefined symbol: what must be found elsewhere."""

    name: bytes
    version: str | None
    file: str | None
    """The library that defined the version when this file was linked."""
    weak: bool
    """Nothing fails where it is not found."""


class Symbols:
    """The dynamic symbols of one file."""

    __slots__ = ("_entries", "_gnu", "_layout", "_strings", "_sysv", "_versions", "_versym")

    def __init__(self, image: Image, versions: Versions) -> None:
        self._layout = image.layout
        self._strings = image.strings
        self._versions = versions
        self._gnu: GnuTable | None = None
        self._sysv: SysvTable | None = None
        self._entries = b""
        self._versym: Sequence[int] = ()
        place = image.table(_DT_SYMTAB)
        if place is not None:
            count = self._read_hashes(image)
            self._entries = image.source.read(place[0], count * image.layout.symbol.size)
            self._versym = _read_versym(image, count)

    def _read_hashes(self, image: Image) -> int:
        """Reads the table that ld.so would use, and counts the symbols."""
        gnu, sysv = image.table(_DT_GNU_HASH), image.table(_DT_HASH)
        if gnu is not None:
            self._gnu = GnuTable(image, gnu[0])
            if self._gnu.end > 1:
                return self._gnu.end
        if sysv is not None:
            table = SysvTable(image, sysv[0])
            self._sysv = table if gnu is None else None
            return table.end
        return min(count_symbols(image), MAX_SYMBOLS)

    def undefined(self) -> tuple[Reference, ...]:
        """Every global or weak symbol that the file does not define, in the order of its table."""
        found: list[Reference] = []
        strings, needs, versym = self._strings, self._versions.needs, self._versym
        room = MAX_NAMES
        for index, (name_at, info, _, section, _) in enumerate(self._records()):
            if section or not name_at or info >> 4 == _LOCAL:
                continue
            name = _name(strings, name_at, room)
            room -= len(name)
            if len(found) == MAX_REFERENCES:
                raise ElfError(f"more than {MAX_REFERENCES} undefined symbols")
            need = needs.get(versym[index] & _VERSION_INDEX) if versym else None
            version, file = (need.version, need.file) if need else (None, None)
            found.append(Reference(name, version, file, info >> 4 == _WEAK))
        return tuple(found)

    def exported(self) -> Iterator[bytes]:
        """The names of all definitions that others can see, with repetitions."""
        strings = self._strings
        room = MAX_NAMES
        for name_at, info, other, section, value in self._records():
            if name_at and _is_definition(info, other, section, value):
                name = _name(strings, name_at, room)
                room -= len(name)
                yield name

    def _records(self) -> Iterator[tuple[int, ...]]:
        """Name, info, other, section and value of every symbol."""
        records = self._layout.symbol.iter_unpack(self._entries)
        if self._layout.bits == 64:
            return records
        return ((name, info, other, section, value) for name, value, info, other, section in records)

    def defines(self, name: bytes, version: str | None, hashed: int | None) -> bool:
        """Whether ld.so would find a reference with this name and version here."""
        candidates: Iterable[int]
        if self._gnu is not None:
            candidates = self._gnu.candidates(gnu_hash(name) if hashed is None else hashed)
        elif self._sysv is not None:
            candidates = self._sysv.candidates(name)
        else:
            return False
        for index in candidates:  # noqa: SIM110 - there is none most often, and any() costs more than all the rest
            if self._matches(index, name, version):
                return True
        return False

    def _matches(self, index: int, name: bytes, version: str | None) -> bool:
        record = self._layout.symbol
        fields = record.unpack_from(self._entries, index * record.size)
        if self._layout.bits == 64:
            name_at, info, other, section, value = fields
        else:
            name_at, value, info, other, section = fields
        if not self._strings.startswith(name + b"\0", name_at) or not _is_definition(info, other, section, value):
            return False
        return not self._versym or self._accepts(self._versym[index], version)

    def _accepts(self, index: int, version: str | None) -> bool:
        """The rule of ``check_match`` in glibc for a definition with this entry in DT_VERSYM.

        A reference with a version gets the definition with that version, or one without any. A reference without
        a version gets the base definition, the first version of the library, or a default version.
        """
        hidden = index & _VERSION_HIDDEN
        index &= _VERSION_INDEX
        if version is None:
            return index <= _FIRST_VERSION or not hidden
        defined = self._versions.by_index.get(index)
        return defined == version or (defined is None and not hidden)


def _name(strings: bytes, start: int, room: int) -> bytes:
    end = strings.find(b"\0", start, start + MAX_NAME)
    if end < 0:
        raise ElfError(f"no name at {start} in a string table of {len(strings)} bytes")
    if end - start > room:
        raise ElfError(f"more than {MAX_NAMES} bytes of names")
    return strings[start:end]


def _read_versym(image: Image, count: int) -> Sequence[int]:
    place = image.table(_DT_VERSYM)
    if place is None:
        return ()
    return image.layout.numbers(image.source.read(place[0], count * 2), "H")


def _is_definition(info: int, other: int, section: int, value: int) -> bool:
    """Whether a symbol is one that ld.so binds references of other files to."""
    if section == _UNDEFINED or info >> 4 not in _EXPORTING_BINDINGS or info & 15 not in _LOADED_TYPES:
        return False
    if not value and section != _ABSOLUTE and info & 15 != _TLS:
        return False
    return other & 3 not in {_INTERNAL, _HIDDEN}
