"""Symbol versions of an ELF file: what it needs of others, and what it defines.

Source: "Symbol Versioning" of the Linux Standard Base, and ``elf/dl-version.c`` of glibc, which follows the offset to
the next record until it is 0 and ignores the counts of the dynamic section.
"""

from typing import NamedTuple

from envguard.facts.elf_image import Image
from envguard.facts.elf_source import ElfError

MAX_RECORDS = 1 << 14
"""Records of either table. glibc defines about forty versions; a library that needs all of them has as many."""
_DT_VERDEF, _DT_VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
_INDEX = 0x7FFF
_BASE, _WEAK = 1, 2


class VersionNeed(NamedTuple):
    """A version that another library must define."""

    file: str
    version: str
    weak: bool


class Versions(NamedTuple):
    """Both tables of one file, by the index that its symbols refer to."""

    needs: dict[int, VersionNeed]
    all_needs: tuple[VersionNeed, ...]
    by_index: dict[int, str]
    """Names that a definition may carry: all of both tables (an executable defines copies of other libraries'
    variables with their versions) but the base definition, which stands for no version."""
    names: frozenset[str]
    """Names of all definitions."""


def read(image: Image) -> Versions:
    """The versions of a file.

    Raises:
        ElfError: A record lies outside the file, there are too many, or they are of an unknown kind.
    """
    needs = _read_needs(image)
    definitions = _read_definitions(image)
    return Versions(
        needs={index: need for index, need in needs if index > 1},
        all_needs=tuple(need for _, need in needs),
        by_index={index: need.version for index, need in needs}
        | {index: name for index, name, base in definitions if not base},
        names=frozenset(name for _, name, _ in definitions),
    )


def _read_needs(image: Image) -> list[tuple[int, VersionNeed]]:
    place = image.table(_DT_VERNEED)
    if place is None:
        return []
    record, detail = image.layout.unpacker("HHIII"), image.layout.unpacker("IHHII")
    unpack = image.source.unpack
    found: list[tuple[int, VersionNeed]] = []
    at, following, records = place[0], 1, 0
    while following:
        revision, count, file, details, following = unpack(record, at)
        records = _checked(revision, records)
        name = image.text(file)
        detail_at = at + details
        for _ in range(count):
            records = _checked(revision, records)
            _, flags, index, version, next_detail = unpack(detail, detail_at)
            found.append((index & _INDEX, VersionNeed(name, image.text(version), bool(flags & _WEAK))))
            if not next_detail:
                break
            detail_at += next_detail
        at += following
    return found


def _read_definitions(image: Image) -> list[tuple[int, str, bool]]:
    place = image.table(_DT_VERDEF)
    if place is None:
        return []
    record, detail = image.layout.unpacker("HHHHIII"), image.layout.unpacker("II")
    unpack = image.source.unpack
    found: list[tuple[int, str, bool]] = []
    at, following, records = place[0], 1, 0
    while following:
        revision, flags, index, _, _, details, following = unpack(record, at)
        records = _checked(revision, records)
        name, _ = unpack(detail, at + details)
        found.append((index & _INDEX, image.text(name), bool(flags & _BASE)))
        at += following
    return found


def _checked(revision: int, records: int) -> int:
    """Counts one more record."""
    if revision != 1:
        raise ElfError(f"revision {revision} of symbol versions")
    if records >= MAX_RECORDS:
        raise ElfError(f"more than {MAX_RECORDS} symbol versions")
    return records + 1
