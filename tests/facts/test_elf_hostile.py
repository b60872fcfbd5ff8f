"""Shared objects that were made to cost: every count at its limit, tables that overlap, terabytes of nothing.

Each is read in a process of its own, which tells its processor time and its greatest memory.
"""

import itertools
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from elf_building import Definition, Need, Symbol, build, gnu_hash, whole

from envguard.facts.elf import Elf, ElfError

SECONDS, MEGABYTES = 4, 400
"""One second is the aim; a machine with other work is slower."""
ASK = """
import itertools, json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from envguard.facts.elf import Elf, ElfError, gnu_hash
began, said = time.process_time(), "answered"
def ask(question):
    global said
    try:
        return question()
    except ElfError as error:
        said = error.why
elf = ask(lambda: Elf.open(sys.argv[1]))
if elf is not None:
    ask(elf.undefined)
    ask(lambda: sum(1 for _ in elf.exported()))
    for name in (b"a", b"name", b"x" * 1000):
        elf.defines(name)
        elf.defines(name, "V", hashed=gnu_hash(name))
    ask(lambda: elf.section(".rodata"))
seconds = time.process_time() - began
with open("/proc/self/status") as status:  # ru_maxrss may be that of the process that forked this one
    peak = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))
print(json.dumps([said, seconds, peak]))
"""

DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_STRSZ = 1, 4, 5, 6, 7, 8, 10
DT_GNU_HASH, DT_VERSYM, DT_VERDEF, DT_VERNEED = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFE
Make = Callable[[Path], None]


def craft(
    path: Path, tables: dict[int, bytes], entries: list[tuple[int, int]], *, size: int = 0, headers: int = 2
) -> None:
    """A file in which an address is the offset; ``tables`` by offset, holes between them."""
    dynamic = b"".join(struct.pack("<QQ", *entry) for entry in [*entries, (0, 0)])
    size = max([size, 1 << 16, *(offset + len(table) for offset, table in tables.items())])
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    at = 64 + 56 * headers
    with path.open("wb") as file:
        file.write(b"\x7fELF\2\1\1" + bytes(9))
        file.write(struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, headers, 64, 0, 0))
        file.write(load * (headers - 1))
        file.write(struct.pack("<IIQQQQQQ", 2, 6, at, at, 0, len(dynamic), len(dynamic), 8))
        file.write(dynamic)
        assert file.tell() <= min(tables, default=1 << 62)
        for offset, table in tables.items():
            file.seek(offset)
            file.write(table)
        file.truncate(size)


MB = 1 << 20
STRINGS = 16 * MB
LONG_NAME = b"\0" + b"n" * (MB - 3) + b"\0"


def undefined_symbols(count: int) -> bytes:
    return bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 0, 0, 0, 0) * (count - 1)


def defined_symbols(count: int, name: int = 1) -> bytes:
    return bytes(24) + struct.pack("<IBBHQQ", name, 0x12, 0, 1, 1, 0) * (count - 1)


def sysv(count: int, bucket: int = 0) -> bytes:
    return struct.pack("<III", 1, count, bucket) + bytes(4 * count)


def gnu(buckets: list[int], chain: list[int], *, words: int = 1, first: int = 1) -> bytes:
    head = struct.pack("<IIII", len(buckets), first, words, 0) + b"\xff" * 8 * words
    return head + struct.pack(f"<{len(buckets)}I{len(chain)}I", *buckets, *chain)


def many_undefined(path: Path) -> None:
    count = MB
    tables = {MB: sysv(count), STRINGS: b"\0a\0", 32 * MB: undefined_symbols(count)}
    craft(path, tables, [(DT_HASH, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, 3), (DT_SYMTAB, 32 * MB)])


def as_many_undefined_as_allowed(path: Path) -> None:
    count = 1 << 18
    tables = {MB: sysv(count), STRINGS: b"\0a\0", 32 * MB: undefined_symbols(count)}
    craft(path, tables, [(DT_HASH, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, 3), (DT_SYMTAB, 32 * MB)])


def long_undefined_names(path: Path) -> None:
    count = 1 << 18
    tables = {MB: sysv(count), STRINGS: LONG_NAME, 32 * MB: undefined_symbols(count)}
    craft(path, tables, [(DT_HASH, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, MB), (DT_SYMTAB, 32 * MB)])


def long_exported_names(path: Path) -> None:
    count = MB
    tables = {MB: sysv(count), STRINGS: LONG_NAME, 32 * MB: defined_symbols(count)}
    craft(path, tables, [(DT_HASH, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, MB), (DT_SYMTAB, 32 * MB)])


def many_exported(path: Path) -> None:
    count = MB
    tables = {MB: sysv(count), STRINGS: b"\0a\0", 32 * MB: defined_symbols(count)}
    craft(path, tables, [(DT_HASH, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, 3), (DT_SYMTAB, 32 * MB)])


def long_needed(path: Path) -> None:
    craft(path, {2 * MB: LONG_NAME}, [(DT_STRTAB, 2 * MB), (DT_STRSZ, MB), *[(DT_NEEDED, 1)] * 60_000])


def many_needed(path: Path) -> None:
    name = b"\0" + b"n" * 60_000 + b"\0"
    craft(path, {2 * MB: name}, [(DT_STRTAB, 2 * MB), (DT_STRSZ, MB), *[(DT_NEEDED, 1)] * 60_000])


def endless_dynamic(path: Path) -> None:
    craft(path, {}, [(DT_NEEDED, 1)] * (1 << 17))


def a_string_table_of_a_terabyte(path: Path) -> None:
    craft(path, {}, [(DT_STRTAB, 4096), (DT_STRSZ, 1 << 40)], size=1 << 40)


def the_longest_string_table(path: Path) -> None:
    craft(path, {}, [(DT_STRTAB, 4096), (DT_STRSZ, 128 * MB), (DT_NEEDED, 0)], size=1 << 40)


def many_program_headers(path: Path) -> None:
    entries = [(DT_STRTAB, 8 * MB), (DT_STRSZ, 16), (DT_SYMTAB, 8 * MB), (DT_HASH, 8 * MB)]
    craft(path, {}, entries, headers=65_535, size=9 * MB)


def a_cycle_in_the_hash_table(path: Path) -> None:
    table = struct.pack("<III", 1, 3, 1) + struct.pack("<III", 0, 2, 1)
    craft(path, {4096: table}, [(DT_HASH, 4096), (DT_SYMTAB, 8192), (DT_STRTAB, 4096), (DT_STRSZ, 16)], size=9000)


def buckets_that_share_a_chain(path: Path) -> None:
    count = 1000
    chain = struct.pack(f"<{count}I", 0, *range(count - 1))
    table = struct.pack("<II", MB, count) + struct.pack("<I", count - 1) * MB + chain
    craft(path, {MB: table}, [(DT_HASH, MB), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)])


def a_chain_without_end(path: Path) -> None:
    craft(
        path,
        {MB: gnu([1], [])},
        [(DT_GNU_HASH, MB), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)],
        size=1 << 40,
    )


def one_long_chain(path: Path) -> None:
    count = MB - 2
    chain = [2] * (count - 1) + [3]
    tables = {MB: gnu([1, count], chain), 32 * MB: defined_symbols(count)}
    craft(path, tables, [(DT_GNU_HASH, MB), (DT_SYMTAB, 32 * MB), (DT_STRTAB, 4096), (DT_STRSZ, 16)])


def a_full_hash_table(path: Path) -> None:
    count = MB - 2
    tables = {MB: gnu(list(range(1, count)), [1] * count, words=MB), 64 * MB: defined_symbols(count)}
    craft(path, tables, [(DT_GNU_HASH, MB), (DT_SYMTAB, 64 * MB), (DT_STRTAB, 4096), (DT_STRSZ, 16)])


def a_bucket_before_the_first_symbol(path: Path) -> None:
    entries = [(DT_GNU_HASH, MB), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)]
    craft(path, {MB: gnu([2, 5], [1] * 9, first=5)}, entries)


def a_bucket_behind_the_last_symbol(path: Path) -> None:
    entries = [(DT_GNU_HASH, MB), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)]
    craft(path, {MB: gnu([2**32 - 1, 5], [1] * 9)}, entries)


def no_words_in_the_filter(path: Path) -> None:
    craft(path, {MB: gnu([1], [1], words=0)}, [(DT_GNU_HASH, MB), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)])


def a_hash_table_of_everything(path: Path) -> None:
    table = struct.pack("<IIII", 2**32 - 1, 0, 2**32 - 1, 0)
    craft(path, {MB: table}, [(DT_GNU_HASH, MB), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)], size=1 << 42)


def many_relocations(path: Path) -> None:
    entries = [(DT_RELA, MB), (DT_RELASZ, 24 << 22), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)]
    craft(path, {}, entries, size=1 << 40)


def too_many_relocations(path: Path) -> None:
    entries = [(DT_RELA, MB), (DT_RELASZ, 1 << 60), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)]
    craft(path, {}, entries, size=1 << 40)


def a_relocation_of_the_last_symbol(path: Path) -> None:
    record = struct.pack("<QQQ", 0, 0xFFFFFFFF << 32, 0)
    entries = [(DT_RELA, MB), (DT_RELASZ, 24), (DT_SYMTAB, 4096), (DT_STRTAB, 4096), (DT_STRSZ, 16)]
    craft(path, {MB: record}, entries, size=1 << 42)


def versions_that_overlap(path: Path) -> None:
    """Each record has as many details as there may be, and they are the records and details of others."""
    table = struct.pack("<HHIII", 1, 0xFFFF, 0, 16, 16) * 200_000
    craft(path, {MB: table, STRINGS: bytes(MB)}, [(DT_VERNEED, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, MB)])


def many_versions(path: Path) -> None:
    detail = struct.pack("<IHHII", 0, 0, 2, 1, 16)
    table = struct.pack("<HHIII", 1, 0xFFFF, 1, 16, 0) + detail * 65_535
    craft(path, {MB: table, STRINGS: b"\0v\0"}, [(DT_VERNEED, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, 3)])


def long_versions(path: Path) -> None:
    record = struct.pack("<HHHHIII", 1, 0, 2, 1, 0, 20, 28) + struct.pack("<II", 1, 0)
    craft(path, {MB: record * 16_000, STRINGS: LONG_NAME}, [(DT_VERDEF, MB), (DT_STRTAB, STRINGS), (DT_STRSZ, MB)])


CASES: list[tuple[Make, str]] = [
    (many_undefined, "more than 262144 undefined symbols"),
    (as_many_undefined_as_allowed, "answered"),
    (long_undefined_names, "bytes of names"),
    (long_exported_names, "bytes of names"),
    (many_exported, "answered"),
    (long_needed, "no text"),
    (many_needed, "bytes of text"),
    (endless_dynamic, "entries in the dynamic section"),
    (a_string_table_of_a_terabyte, "a string table of"),
    (the_longest_string_table, "answered"),
    (many_program_headers, "answered"),
    (a_cycle_in_the_hash_table, "does not end"),
    (buckets_that_share_a_chain, "overlap"),
    (a_chain_without_end, "symbols in one bucket"),
    (one_long_chain, "symbols in one bucket"),
    (a_full_hash_table, "answered"),
    (a_bucket_before_the_first_symbol, "begins before symbol 5"),
    (a_bucket_behind_the_last_symbol, "begins with symbol 4294967295"),
    (no_words_in_the_filter, "a hash table of"),
    (a_hash_table_of_everything, "a hash table of"),
    (many_relocations, "answered"),
    (too_many_relocations, "relocations"),
    (a_relocation_of_the_last_symbol, "answered"),
    (versions_that_overlap, "symbol versions"),
    (many_versions, "more than 16384 symbol versions"),
    (long_versions, "no text"),
]


@pytest.mark.parametrize(("make", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.slow
def test_no_file_costs_more_than_a_second_or_much_memory(make: Make, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "a.so"
    make(path)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # which counts lines
    command = [sys.executable, "-c", ASK, str(path)]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, seconds, megabytes = json.loads(done.stdout)
    assert expected in said
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


def answers(data: bytes) -> bool:
    """Whether the reader answers everything; False where it says what is wrong."""
    try:
        elf = Elf.of(data, "a.so")
        for name in (*(reference.name for reference in elf.undefined()), *elf.exported()):
            elf.defines(name)
    except ElfError:
        return False
    return True


def test_every_truncation_answers_or_says_what_is_missing() -> None:
    data = whole(64, True, "gnu", "sysv")
    refused = sum(not answers(data[:length]) for length in range(len(data)))
    assert refused == len(data), "what is loaded ends where the file ends"
    assert answers(data)


def test_every_byte_changed_answers_or_says_what_is_wrong() -> None:
    data = bytearray(whole(32, False, "gnu"))
    refused = 0
    for at, value in itertools.product(range(len(data)), (0, 0xFF)):
        before, data[at] = data[at], value
        refused += not answers(bytes(data))
        data[at] = before
    assert 50 < refused < len(data)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ((DT_STRTAB, 1 << 50), "lies in no segment"),
        ((DT_SYMTAB, 1 << 50), "lies in no segment"),
        ((DT_GNU_HASH, 1 << 50), "lies in no segment"),
        ((DT_VERNEED, 1 << 50), "lies in no segment"),
        ((DT_NEEDED, 1 << 50), "no text at"),
        ((14, 1 << 50), "no text at"),
    ],
)
def test_an_entry_that_points_nowhere_is_named(entry: tuple[int, int], why: str) -> None:
    with pytest.raises(ElfError, match=why):
        Elf.of(build(symbols=[Symbol(b"name", defined=True)], extra=(entry,)), "a.so")


def test_versions_of_an_unknown_revision_are_refused() -> None:
    for options in ({"needs": (Need(2, b"l", b"V"),)}, {"definitions": (Definition(2, b"V"),)}):
        data = build(**options)
        mark = struct.pack("<HHI", 1, 1, 0)[:4] if "needs" in options else struct.pack("<HHHH", 1, 0, 2, 1)
        at = data.rindex(mark)
        with pytest.raises(ElfError, match="revision 9"):
            Elf.of(data[:at] + b"\x09" + data[at + 1 :], "a.so")


def test_what_an_error_says_quotes_no_text_of_the_file() -> None:
    """Messages reach terminals."""
    data = build(needed=(b"\x1b[31mred",), extra=((DT_NEEDED, 1 << 40),))
    with pytest.raises(ElfError) as caught:
        Elf.of(data, "\x1b[31mred")
    assert caught.value.why.isprintable()
    assert "red" not in str(caught.value)


def test_a_name_that_only_shares_its_hash_is_not_found() -> None:
    """The first two names have one hash."""
    assert gnu_hash(b"aB") == gnu_hash(b"b!")
    elf = Elf.of(build(symbols=[Symbol(b"aB", defined=True)]), "a.so")
    assert elf.defines(b"aB")
    assert not elf.defines(b"b!")


def test_a_file_that_shrinks_while_it_is_read_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(whole())
    script = (
        "import os, sys\nfrom envguard.facts.elf import Elf, ElfError\nreal = os.pread\n"
        "def pread(descriptor, size, offset):\n"
        "    os.truncate(sys.argv[1], 300)\n    return real(descriptor, size, offset)\n"
        "os.pread = pread\ntry:\n    Elf.open(sys.argv[1])\nexcept ElfError as error:\n    print(error.why)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert "while it was read" in done.stdout
    assert os.path.getsize(path) == 300
