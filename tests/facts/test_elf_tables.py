"""The ELF reader on files put together by hand: classes, byte orders, tables that no compiler here writes."""

import shutil
from pathlib import Path

import pytest
from elf_building import Symbol, build, whole
from elf_oracles import check_against_readelf

from envguard.facts.elf import Elf, Reference, VersionNeed

CLASSES = [(32, True), (32, False), (64, True), (64, False)]
HASHES = [("gnu",), ("sysv",), ("gnu", "sysv")]


@pytest.mark.parametrize("hashes", HASHES)
@pytest.mark.parametrize(("bits", "little"), CLASSES)
def test_every_class_and_byte_order_reads_alike(bits: int, little: bool, hashes: tuple[str, ...]) -> None:
    elf = Elf.of(whole(bits, little, *hashes), "liba.so")
    assert (elf.bits, elf.little, elf.kind, elf.has_dynamic) == (bits, little, 3, True)
    assert (elf.needed, elf.soname) == (("libc.so.6", "libm.so.6"), "liba.so")
    assert set(elf.undefined()) == {
        Reference(b"puts", "LIBC_2", "libc.so.6", False),
        Reference(b"maybe", None, None, True),
        Reference(b"plain", None, None, False),
    }
    assert elf.version_needs() == (VersionNeed("libc.so.6", "LIBC_2", False), VersionNeed("libm.so.6", "LIBM_1", True))
    assert elf.version_definitions() == {"liba.so", "A_1", "A_2"}
    assert sorted(set(elf.exported())) == [b"base", b"guarded", b"hidden", b"old", b"soft", b"unique"]
    assert all(elf.defines(name) for name in (b"old", b"base", b"soft", b"unique", b"guarded"))
    assert elf.defines(b"old", "A_1")
    assert elf.defines(b"old", "A_2")
    assert not elf.defines(b"old", "A_3")
    assert not elf.defines(b"hidden")
    assert elf.defines(b"hidden", "A_2")
    assert elf.defines(b"base", "A_1"), "a definition without a version serves every version"
    assert not elf.defines(b"base_", "A_1")
    assert not elf.defines(b"bas", "A_1")
    assert not any(elf.defines(name) for name in (b"puts", b"maybe", b"private", b"inner", b"local", b"", b"nobody"))
    assert len(elf.segments()) == 1
    assert elf.section(".text") is None


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is the oracle")
@pytest.mark.parametrize("hashes", HASHES)
@pytest.mark.parametrize(("bits", "little"), CLASSES)
def test_readelf_sees_the_same_in_these_files(bits: int, little: bool, hashes: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "liba.so"
    path.write_bytes(whole(bits, little, *hashes))
    assert check_against_readelf(path, "-D", "-s") == (3, 7)


@pytest.mark.parametrize("hashes", [("gnu",), ("sysv",), ("gnu", "sysv"), ()])
def test_a_file_that_exports_nothing_still_tells_what_it_needs(hashes: tuple[str, ...]) -> None:
    """GNU ld writes an empty hash table that claims to begin with symbol 1."""
    wanted = [Symbol(b"one"), Symbol(b"two")]
    data = bytearray(build(symbols=wanted, hashes=hashes, relocated=2))
    if "gnu" in hashes:
        at = data.index((3).to_bytes(4, "little") + (3).to_bytes(4, "little") + (2).to_bytes(4, "little"))
        data[at + 4] = 1
    elf = Elf.of(bytes(data), "a.so")
    assert [reference.name for reference in elf.undefined()] == [b"one", b"two"]
    assert not elf.defines(b"one")


def test_no_versions_at_all_serve_every_version() -> None:
    elf = Elf.of(build(symbols=[Symbol(b"name", defined=True)]), "a.so")
    assert elf.defines(b"name")
    assert elf.defines(b"name", "ANY_1")
    assert elf.version_definitions() == frozenset()
    assert elf.version_needs() == ()


def test_the_dynamic_entries_that_steer_the_search() -> None:
    plain = Elf.of(build(), "a.so")
    assert (plain.rpath, plain.runpath, plain.soname, plain.flags_1, plain.symbolic) == (None, None, None, 0, False)
    text = b"$ORIGIN/../lib:/x"
    names = build(needed=(text,))
    at = 1  # the first string
    searched = Elf.of(build(needed=(text,), extra=((15, at), (29, at), (0x6FFFFFFB, 0x801))), "a.so")
    assert searched.needed == (text.decode(),)
    assert (searched.rpath, searched.runpath) == (text.decode(), text.decode())
    assert searched.flags_1 == 0x801
    assert Elf.of(build(extra=((16, 0),)), "a.so").symbolic
    assert Elf.of(build(extra=((30, 2),)), "a.so").symbolic
    assert not Elf.of(build(extra=((30, 8),)), "a.so").symbolic
    assert not Elf.of(names, "a.so").symbolic


def test_names_that_are_no_text_survive() -> None:
    elf = Elf.of(build(needed=(b"lib\xff\n.so",), symbols=[Symbol(b"\xfe\x01"), Symbol(b"\xfd", defined=True)]), "a.so")
    assert elf.needed[0].encode("utf-8", "surrogateescape") == b"lib\xff\n.so"
    assert [reference.name for reference in elf.undefined()] == [b"\xfe\x01"]
    assert elf.defines(b"\xfd")


def test_thread_local_and_absolute_symbols_may_lie_at_zero_and_others_may_not() -> None:
    kinds = [Symbol(b"thread", defined=True, kind=6), Symbol(b"function", defined=True)]
    data = build(symbols=kinds, hashes=("sysv",))
    at_zero = data.replace((0x1234).to_bytes(8, "little"), bytes(8))
    elf = Elf.of(at_zero, "a.so")
    assert elf.defines(b"thread")
    assert not elf.defines(b"function")
    absolute = at_zero.replace(b"\x12\0\x07\0" + bytes(8), b"\x12\0\xf1\xff" + bytes(8))
    assert Elf.of(absolute, "a.so").defines(b"function")


def test_s390x_has_a_hash_table_of_wide_numbers() -> None:
    data = build(64, False, symbols=[Symbol(b"name", defined=True)], hashes=("sysv",), machine=22)
    narrow = b"".join(number.to_bytes(4, "big") for number in (3, 2))
    at = data.index(narrow)
    numbers = [int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "big") for i in range(7)]
    wide = b"".join(number.to_bytes(8, "big") for number in numbers)
    moved = data + bytes(-len(data) % 16)
    address = 0x10000 + len(moved)
    moved += wide
    entry = (4).to_bytes(8, "big") + (0x10000 + at).to_bytes(8, "big")
    moved = moved.replace(entry, (4).to_bytes(8, "big") + address.to_bytes(8, "big"))
    size = len(data).to_bytes(8, "big")
    moved = moved.replace(size * 2, len(moved).to_bytes(8, "big") * 2, 1)
    elf = Elf.of(moved, "a.so")
    assert elf.defines(b"name")
    assert not elf.defines(b"nam")
