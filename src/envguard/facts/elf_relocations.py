"""Relocations of an ELF file, read for one number only: how many dynamic symbols they speak of.

No dynamic entry states the number of symbols. The hash tables do, unless a file exports nothing: GNU ld then writes an
empty DT_GNU_HASH that says nothing about the undefined symbols before it. What no relocation mentions, ld.so never
looks for.

Source: System V ABI, chapter 4, "Relocation"; ``elf_renumber_gnu_hash_syms`` and ``bfd_elf_size_dynsym_hash_dynstr`` in
``bfd/elflink.c`` of binutils for the empty table.
"""

from envguard.facts.elf_image import Image
from envguard.facts.elf_source import ElfError

MAX_RELOCATIONS = 1 << 22
_CHUNK = 1 << 14
_DT_PLTRELSZ, _DT_RELA, _DT_RELASZ, _DT_REL, _DT_RELSZ, _DT_PLTREL, _DT_JMPREL = 2, 7, 8, 17, 18, 20, 23


def count_symbols(image: Image) -> int:
    """One more than the highest index of a symbol in a relocation; 0 without relocations.

    Raises:
        ElfError: A table lies outside the file, or is too long.
    """
    plt_kind = image.value(_DT_PLTREL)
    return max(
        _count(image, _DT_RELA, _DT_RELASZ, addend=True),
        _count(image, _DT_REL, _DT_RELSZ, addend=False),
        _count(image, _DT_JMPREL, _DT_PLTRELSZ, addend=plt_kind == _DT_RELA),
    )


def _count(image: Image, table: int, size: int, *, addend: bool) -> int:
    place = image.table(table)
    length = image.value(size)
    if place is None or not length:
        return 0
    wide = image.layout.bits == 64
    record = image.layout.unpacker(("QQ" if wide else "II") + ("Q" if wide else "I") * addend)
    symbol = 32 if wide else 8
    count = length // record.size
    if count > MAX_RELOCATIONS:
        raise ElfError(f"{count} relocations")
    highest = 0
    for start in range(0, count, _CHUNK):
        data = image.source.read(place[0] + start * record.size, min(_CHUNK, count - start) * record.size)
        highest = max(highest, *(fields[1] >> symbol for fields in record.iter_unpack(data)))
    return highest + 1
