"""The hash tables in which ld.so looks for a symbol, DT_GNU_HASH and DT_HASH.

Both are copied and checked once: every chain ends, within the table. Look-ups then need no checks of their own.

Sources: System V ABI, chapter 5, for DT_HASH; for DT_GNU_HASH ``elf/dl-lookup.c`` (``do_lookup_x``) and
``elf/dl-setup_hash.c`` of glibc.
"""

from collections.abc import Iterator, Sequence

from envguard.facts.elf_image import Image
from envguard.facts.elf_source import ElfError

MAX_SYMBOLS = 1 << 20
"""Dynamic symbols of one file. PyTorch 2.13 has 75,000."""
MAX_CHAIN = 1024
"""Symbols in one bucket of a hash table. Linkers aim at fewer than eight."""

_WIDE_MACHINES = frozenset({22, 0x9026})
"""s390x and Alpha write DT_HASH in numbers of 64 bits."""


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
    """DT_GNU_HASH: a Bloom filter, buckets, and for each symbol its hash, whose lowest bit ends a bucket.

    Attributes:
        first: Index of the first symbol that the table covers. What a file does not define stands before.
        end: Index after the last one; ``first`` where the table is empty.
    """

    __slots__ = ("_bits", "_bloom", "_buckets", "_chain", "_shift", "end", "first")

    def __init__(self, image: Image, offset: int) -> None:
        read, numbers = image.source.read, image.layout.numbers
        head = image.layout.unpacker("IIII")
        buckets, self.first, words, self._shift = image.source.unpack(head, offset)
        if not words or max(words, buckets, self.first) > MAX_SYMBOLS:
            raise ElfError(f"a hash table of {buckets} buckets and {words} words, from symbol {self.first} on")
        self._bits = image.layout.bits
        word_size, word_code = (8, "Q") if self._bits == 64 else (4, "I")
        bloom_at = offset + head.size
        buckets_at = bloom_at + words * word_size
        chain_at = buckets_at + buckets * 4
        self._bloom = numbers(read(bloom_at, words * word_size), word_code)
        self._buckets = numbers(read(buckets_at, buckets * 4), "I")
        self.end = self._find_end(image, chain_at)
        self._chain = numbers(read(chain_at, (self.end - self.first) * 4), "I")
        self._check()

    def _find_end(self, image: Image, chain_at: int) -> int:
        """The symbols of the last bucket are the last in the table."""
        last = max(self._buckets, default=0)
        if not last:
            return self.first
        if not self.first <= last < MAX_SYMBOLS:
            raise ElfError(f"a bucket that begins with symbol {last}")
        record = image.layout.unpacker("I")
        for index in range(last, last + MAX_CHAIN):
            if image.source.unpack(record, chain_at + (index - self.first) * 4)[0] & 1:
                return index + 1
        raise ElfError(f"more than {MAX_CHAIN} symbols in one bucket")

    def _check(self) -> None:
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

    def candidates(self, hashed: int) -> Sequence[int]:
        """Indices of the symbols with this hash."""
        bits, bloom = self._bits, self._bloom
        word = bloom[hashed // bits % len(bloom)]
        if not (word >> hashed % bits) & (word >> (hashed >> self._shift) % bits) & 1:
            return ()
        return self._in_bucket(hashed)

    def _in_bucket(self, hashed: int) -> list[int]:
        buckets, chain, first, wanted = self._buckets, self._chain, self.first, hashed | 1
        found: list[int] = []
        index = buckets[hashed % len(buckets)] if buckets else 0
        if not index:
            return found
        while True:
            value = chain[index - first]
            if value | 1 == wanted:
                found.append(index)
            if value & 1:
                return found
            index += 1


class SysvTable:
    """DT_HASH. Few files have nothing else any more; libnvrtc and libnvJitLink of CUDA 12 do.

    Attributes:
        end: Count of all dynamic symbols.
    """

    __slots__ = ("_buckets", "_chain", "end")

    def __init__(self, image: Image, offset: int) -> None:
        wide = image.layout.bits == 64 and image.machine in _WIDE_MACHINES
        size, code = (8, "Q") if wide else (4, "I")
        buckets, self.end = image.source.unpack(image.layout.unpacker(code * 2), offset)
        if max(buckets, self.end) > MAX_SYMBOLS:
            raise ElfError(f"a hash table of {buckets} buckets and {self.end} symbols")
        buckets_at = offset + 2 * size
        read, numbers = image.source.read, image.layout.numbers
        self._buckets = numbers(read(buckets_at, buckets * size), code)
        self._chain = numbers(read(buckets_at + buckets * size, self.end * size), code)
        self._check()

    def _check(self) -> None:
        end, chain = self.end, self._chain
        room = end
        for index in self._buckets:
            length = 0
            while index:
                length += 1
                if index >= end or length > MAX_CHAIN:
                    raise ElfError("a chain of the hash table that does not end")
                index = chain[index]  # noqa: PLW2901 - the walk begins at the bucket
            room -= length
            if room < 0:
                raise ElfError("chains of the hash table that overlap")

    def candidates(self, name: bytes) -> Iterator[int]:
        """Indices of the symbols in the bucket of this name."""
        buckets, chain = self._buckets, self._chain
        index = buckets[sysv_hash(name) % len(buckets)] if buckets else 0
        while index:
            yield index
            index = chain[index]
