"""Sections of an ELF file by name: for data that no dynamic entry points to."""

from envguard.facts.elf_image import Image
from envguard.facts.elf_source import ElfError, Source

_NOBITS = 8
_MAX_NAMES = 1 << 20


def find(image: Image, source: Source, name: str) -> tuple[int, int] | None:
    """Offset and bytes of a section in the file; None where there is none, or the section headers were stripped.

    Args:
        image: What is known of the file.
        source: Its bytes, opened anew.
        name: Such as ``.rodata``.

    Raises:
        ElfError: The section headers, or the section, do not lie in the file.
    """
    offset, size, count, names_index = image.sections
    if not offset or not count:
        return None
    record = image.layout.section
    if size != record.size:
        raise ElfError(f"section headers of {size} bytes")
    sections = list(record.iter_unpack(source.read(offset, count * size)))
    if names_index >= count:
        return None
    names = source.read(sections[names_index][4], min(sections[names_index][5], _MAX_NAMES))
    wanted = name.encode() + b"\0"
    for at, kind, _, _, start, length, *_ in sections:
        if kind != _NOBITS and names.startswith(wanted, at):
            if start + length > source.size:
                raise ElfError(f"section of {length} bytes at {start} lies outside the file")
            return start, length
    return None
