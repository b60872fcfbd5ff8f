"""ld.so.cache, held against what ldconfig prints of it, and any bytes at all."""

import contextlib
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from envguard.facts import ld_cache

LDCONFIG = shutil.which("ldconfig", path="/usr/sbin:/sbin:/usr/bin:/bin")
NEW = b"glibc-ld.so.cache1.1"


def cache(*entries: tuple[bytes, bytes], old: bytes = b"", order: str = "<") -> bytes:
    """A cache file as ldconfig writes it."""
    texts = 48 + 24 * len(entries)
    strings = b""
    rows = b""
    for name, path in entries:
        rows += struct.pack(f"{order}iIIIQ", 0x303, texts + len(strings), texts + len(strings) + len(name) + 1, 0, 0)
        strings += name + b"\0" + path + b"\0"
    flags = 3 if order == ">" else 2
    head = NEW + struct.pack(f"{order}II", len(entries), len(strings)) + bytes([flags, 0, 0, 0]) + bytes(16)
    return old + head + rows + strings


def old(count: int, order: str = "<") -> bytes:
    """The format of before, with nothing in its entries."""
    head = b"ld.so-1.7.0\0" + struct.pack(f"{order}I", count) + bytes(12 * count)
    return head.ljust((len(head) + 7) & ~7, b"\0")


@pytest.mark.skipif(LDCONFIG is None or not Path("/etc/ld.so.cache").exists(), reason="no ldconfig, or no cache")
def test_this_machine_s_cache_says_what_ldconfig_prints() -> None:
    assert LDCONFIG is not None
    said = subprocess.run([LDCONFIG, "-p"], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}).stdout
    wanted: dict[str, list[str]] = {}
    for name, path in re.findall(r"^\t(\S+) \(.*\) => (.*)$", said, re.MULTILINE):
        wanted.setdefault(name, []).append(path)
    assert wanted
    assert {name: list(paths) for name, paths in ld_cache.read().items()} == wanted


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_both_byte_orders_and_what_older_programs_read_before_it(order: str, before: int) -> None:
    data = cache((b"liba.so", b"/x/liba.so"), (b"liba.so", b"/y/liba.so"), order=order)
    assert ld_cache.parse(data) == {"liba.so": ("/x/liba.so", "/y/liba.so")}
    assert ld_cache.parse(old(before, order) + data) == ld_cache.parse(data)


def test_names_that_are_no_text_are_kept() -> None:
    assert ld_cache.parse(cache((b"lib\xff.so", b"/x/\xfe"))) == {"lib\udcff.so": ("/x/\udcfe",)}


GOOD = cache((b"liba.so", b"/x/liba.so"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no cache"),
        (b"ld.so-1.7.0", "no cache"),
        (old(3), "glibc 2.1"),
        (old(0)[:12] + b"\xff\xff\xff\xff", "glibc 2.1"),
        (NEW, "header"),
        (GOOD[:47], "header"),
        (GOOD[:60], "room for 0"),
        (GOOD[:20] + b"\xff\xff\xff\xff" + GOOD[24:], "4294967295 entries"),
        (GOOD[:52] + b"\xff\xff\xff\xff" + GOOD[56:], "outside"),
        (GOOD[:-1], "does not end"),
        (cache((b"a" * 5000, b"/x")), "does not end"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, why: str) -> None:
    with pytest.raises(ld_cache.CacheError, match=why):
        ld_cache.parse(data)


def test_a_small_file_cannot_name_gigabytes() -> None:
    entries = 250_000
    rows = struct.pack("<iIIIQ", 0, 48 + 24 * entries, 48 + 24 * entries, 0, 0) * entries
    data = NEW + struct.pack("<II", entries, 0) + bytes(20) + rows + b"a" * 4000 + b"\0"
    started = time.thread_time()
    with pytest.raises(ld_cache.CacheError, match="bytes of paths"):
        ld_cache.parse(data)
    assert time.thread_time() - started < 5


@settings(max_examples=500)
@given(st.binary(max_size=200), st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_any_bytes_give_a_cache_or_its_error(noise: bytes, start: int, stop: int) -> None:
    for data in (noise, GOOD[:start] + noise + GOOD[stop:], old(2) + GOOD[:start] + noise):
        with contextlib.suppress(ld_cache.CacheError):
            assert all(isinstance(path, str) for paths in ld_cache.parse(data).values() for path in paths)


def test_where_there_is_none_nothing_is_listed_and_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    assert ld_cache.read(str(tmp_path / "absent")) == {}
    with pytest.raises(ld_cache.CacheError, match="not a regular file"):
        ld_cache.read(str(tmp_path))
