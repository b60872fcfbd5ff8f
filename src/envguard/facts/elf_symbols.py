"""Dynamic symbols of an ELF file: what it asks of others, and whether it defines a name.

Undefined symbols stand before all that the GNU hash table covers, so that their list costs a few pages of a file of a
gigabyte. Definitions are looked up as ld.so does it: Bloom filter, bucket, chain, name, version. All tables are copied
and checked once, when the file is opened; look-ups then need no checks of their own.

Sources: ``elf/dl-lookup.c`` of glibc (``do_lookup_x``, ``check_match``) for what counts as a definition; System V ABI,
chapter 5, for DT_HASH; the description of DT_GNU_HASH in the sources of binutils.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from envguard.facts.elf_image import MAX_NAME, Image
from envguard.facts.elf_source import ElfError
from envguard.facts.elf_versions import Versions

MAX_SYMBOLS = 1 << 21
"""Dynamic symbols of one file. PyTorch 2.13 has 75,000."""
MAX_REFERENCES = 1 << 18
"""Undefined symbols of one file. The most seen is 5,719."""
MAX_NAMES = 64 << 20
"""Bytes of the names of all undefined, or all exported, symbols of one file."""
MAX_CHAIN = 1024
"""Symbols in one bucket of a hash table. Linkers aim at fewer than eight."""

_DT_HASH, _DT_SYMTAB, _DT_GNU_HASH, _DT_VERSYM = 4, 6, 0x6FFFFEF5, 0x6FFFFFF0
_UNDEFINED, _ABSOLUTE = 0, 0xFFF1
_LOCAL = 0
_EXPORTING_BINDINGS = frozenset({1, 2, 10})  # global, weak, unique
_LOADED_TYPES = frozenset({0, 1, 2, 5, 6, 10})  # none, object, function, common, thread-local, indirect function
_TLS = 6
_INTERNAL, _HIDDEN = 1, 2
_VERSION_INDEX, _VERSION_HIDDEN = 0x7FFF, 0x8000
_FIRST_VERSION = 2
_WIDE_HASH_MACHINES = frozenset({22, 0x9026})  # s390x and Alpha have DT_HASH tables of 64 bit numbers


class Reference(NamedTuple):
    """An undefined symbol: what must be found elsewhere."""

    name: bytes
    version: str | None
    file: str | None
    """The library that defined the version when this file was linked."""
    weak: bool
    """Nothing fails where it is not found."""


def gnu_hash(name: bytes) -> int:
    """The hash of a name in DT_GNU_HASH: h = h * 33 + c, from 5381."""
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def sysv_hash(name: bytes) -> int:
    """The hash of a name in DT_HASH."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value


class GnuTable:
    """DT_GNU_HASH.

    Attributes:
        first: Index of the first symbol that the table covers.
        end: Index after the last one; ``first`` where the table is empty.
    """

    __slots__ = ("_bits", "_bloom", "_buckets", "_chain", "_shift", "end", "first")

    def __init__(self, image: Image, offset: int) -> None:
        read, numbers = image.source.read, image.layout.numbers
        record = image.layout.unpacker("IIII")
        buckets, self.first, words, self._shift = image.source.unpack(record, offset)
        if not words or words > MAX_SYMBOLS or buckets > MAX_SYMBOLS or self.first > MAX_SYMBOLS:
            raise ElfError(f"a hash table of {buckets} buckets and {words} words from symbol {self.first} on")
        self._bits = image.layout.bits
        bytes_of_word = self._bits // 8
        bloom_at = offset + record.size
        buckets_at = bloom_at + words * bytes_of_word
        chain_at = buckets_at + buckets * 4
        self._bloom = numbers(read(bloom_at, words * bytes_of_word), "Q" if self._bits == 64 else "I")
        self._buckets = numbers(read(buckets_at, buckets * 4), "I")
        self.end = self._find_end(image, chain_at)
        self._chain = numbers(read(chain_at, (self.end - self.first) * 4), "I")
        self._check_chains()

    def _find_end(self, image: Image, chain_at: int) -> int:
        """The chain of the last bucket ends the table: its last entry has the lowest bit set."""
        last = max(self._buckets, default=0)
        if not last:
            return self.first
        if last < self.first or last >= MAX_SYMBOLS:
            raise ElfError(f"a bucket that begins with symbol {last}")
        record = image.layout.unpacker("I")
        for index in range(last, last + MAX_CHAIN):
            if image.source.unpack(record, chain_at + (index - self.first) * 4)[0] & 1:
                return index + 1
        raise ElfError(f"more than {MAX_CHAIN} symbols in one bucket")

    def _check_chains(self) -> None:
        length = 0
        for value in self._chain:
            length += 1
            if value & 1:
                length = 0
            elif length == MAX_CHAIN:
                raise ElfError(f"more than {MAX_CHAIN} symbols in one bucket")
        first = self.first
        if any(0 < bucket < first for bucket in self._buckets):
            raise ElfError(f"a bucket that begins before symbol {first}")

    def candidates(self, hashed: int) -> Iterable[int]:
        """Indices of the symbols with this hash."""
        bits = self._bits
        bloom = self._bloom
        word = bloom[hashed // bits % len(bloom)]
        if not (word >> hashed % bits) & (word >> (hashed >> self._shift) % bits) & 1:
            return ()
        buckets = self._buckets
        position = buckets[hashed % len(buckets)] if buckets else 0
        if not position:
            return ()
        first, chain, wanted = self.first, self._chain, hashed | 1
        found: list[int] = []
        position -= first
        while True:
            value = chain[position]
            if value | 1 == wanted:
                found.append(position + first)
            if value & 1:
                return found
            position += 1


class SysvTable:
    """DT_HASH. Linkers stopped writing it by default; libnvrtc and libnvJitLink of CUDA 12 have nothing else.

    Attributes:
        end: Count of all dynamic symbols.
    """

    __slots__ = ("_buckets", "_chain", "end")

    def __init__(self, image: Image, offset: int) -> None:
        wide = image.layout.bits == 64 and image.machine in _WIDE_HASH_MACHINES
        code, size = ("Q", 8) if wide else ("I", 4)
        buckets, self.end = image.source.unpack(image.layout.unpacker(code * 2), offset)
        if buckets > MAX_SYMBOLS or self.end > MAX_SYMBOLS:
            raise ElfError(f"a hash table of {buckets} buckets and {self.end} symbols")
        buckets_at = offset + size * 2
        read, numbers = image.source.read, image.layout.numbers
        self._buckets = numbers(read(buckets_at, buckets * size), code)
        self._chain = numbers(read(buckets_at + buckets * size, self.end * size), code)
        self._check_chains()

    def _check_chains(self) -> None:
        steps = 0
        for bucket in self._buckets:
            position, length = bucket, 0
            while position:
                length += 1
                if position >= self.end or length > MAX_CHAIN:
                    raise ElfError("a chain of the hash table that does not end")
                position = self._chain[position]
            steps += length
            if steps > self.end:
                raise ElfError("chains of the hash table that overlap")

    def candidates(self, name: bytes) -> Iterator[int]:
        """Indices of the symbols in the bucket of this name."""
        buckets, chain = self._buckets, self._chain
        position = buckets[sysv_hash(name) % len(buckets)] if buckets else 0
        while position:
            yield position
            position = chain[position]


class Symbols:
    """The dynamic symbols of one file."""

    __slots__ = ("_count", "_entries", "_gnu", "_image", "_strings", "_sysv", "_undefined_end", "_versions", "_versym")

    def __init__(self, image: Image, versions: Versions) -> None:
        self._versions = versions
        self._strings = image.strings
        self._image = image
        place = image.table(_DT_SYMTAB)
        gnu, sysv = image.table(_DT_GNU_HASH), image.table(_DT_HASH)
        self._gnu = GnuTable(image, gnu[0]) if gnu and place else None
        self._sysv = SysvTable(image, sysv[0]) if sysv and place else None
        self._count = self._gnu.end if self._gnu else self._sysv.end if self._sysv else 0
        self._undefined_end = self._gnu.first if self._gnu else self._count
        self._entries = image.source.read(place[0], self._count * image.layout.symbol.size) if place else b""
        self._versym: Sequence[int] | None = None
        versym = image.table(_DT_VERSYM)
        if versym:
            self._versym = image.layout.numbers(image.source.read(versym[0], self._count * 2), "H")

    def undefined(self) -> tuple[Reference, ...]:
        """Every global or weak symbol that the file does not define, in the order of its table."""
        found: list[Reference] = []
        strings, needs, versym = self._strings, self._versions.needs, self._versym
        room = MAX_NAMES
        for index, (name_at, info, _, section, _, _) in enumerate(self._records(self._undefined_end)):
            if section or not name_at or info >> 4 == _LOCAL:
                continue
            end = strings.find(b"\0", name_at, name_at + MAX_NAME)
            room -= end - name_at
            if end < 0 or room < 0 or len(found) == MAX_REFERENCES:
                raise ElfError(f"undefined symbol {index} has no sane name")
            need = needs.get(versym[index] & _VERSION_INDEX) if versym else None
            version, file = (need.version, need.file) if need else (None, None)
            found.append(Reference(strings[name_at:end], version, file, info >> 4 == 2))
        return tuple(found)

    def exported(self) -> Iterator[bytes]:
        """The names of all definitions that others can see, with repetitions."""
        room = MAX_NAMES
        for name_at, info, other, section, value, _ in self._records(self._count):
            if name_at and _is_definition(info, other, section, value):
                name = self._image.string(name_at)
                room -= len(name)
                if room < 0:
                    raise ElfError(f"more than {MAX_NAMES} bytes of names")
                yield name

    def _records(self, end: int) -> Iterator[tuple[int, ...]]:
        """Name, info, other, section, value and size of the symbols before an index."""
        record = self._image.layout.symbol
        records = record.iter_unpack(self._entries[: end * record.size])
        if self._image.layout.bits == 64:
            return records
        return ((name, info, other, section, value, size) for name, value, size, info, other, section in records)

    def defines(self, name: bytes, version: str | None, hashed: int | None) -> bool:
        """Whether ld.so would find a reference with this name and version here."""
        candidates: Iterable[int]
        if self._gnu is not None:
            candidates = self._gnu.candidates(gnu_hash(name) if hashed is None else hashed)
        elif self._sysv is not None:
            candidates = self._sysv.candidates(name)
        else:
            return False
        return any(self._matches(index, name, version) for index in candidates)

    def _matches(self, index: int, name: bytes, version: str | None) -> bool:
        layout = self._image.layout
        fields = layout.symbol.unpack_from(self._entries, index * layout.symbol.size)
        if layout.bits == 64:
            name_at, info, other, section, value, _ = fields
        else:
            name_at, value, _, info, other, section = fields
        if not self._strings.startswith(name + b"\0", name_at) or not _is_definition(info, other, section, value):
            return False
        return self._versym is None or self._accepts(self._versym[index], version)

    def _accepts(self, index: int, version: str | None) -> bool:
        """The rule of ``check_match`` in glibc for a definition with this entry in DT_VERSYM.

        A reference with a version gets the definition with that version, or one without any. A reference without
        a version gets the base definition, the first version of the library, or a default version.
        """
        hidden = index & _VERSION_HIDDEN
        index &= _VERSION_INDEX
        if version is None:
            return index <= _FIRST_VERSION or not hidden
        defined = self._versions.definitions.get(index)
        return defined == version or (defined is None and not hidden)


def _is_definition(info: int, other: int, section: int, value: int) -> bool:
    """Whether a symbol is one that ld.so binds references of other files to."""
    if section == _UNDEFINED or info >> 4 not in _EXPORTING_BINDINGS or info & 15 not in _LOADED_TYPES:
        return False
    if not value and section != _ABSOLUTE and info & 15 != _TLS:
        return False
    return other & 3 not in {_INTERNAL, _HIDDEN}
