"""The cache helps, or does nothing: it never fails, and believes nobody else."""

import json
import multiprocessing
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from envguard.facts import cache

RECORD = "sha256:" + "a" * 64
FACTS = {"files": [{"path": "x.so"}]}
ENTRY = {"format": cache.FORMAT, "record": RECORD, **FACTS}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENVGUARD_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "cache" / "envguard" / "evidence-1"


def entry_in(folder: Path) -> Path:
    return folder / ("a" * 64 + ".json")


def test_what_was_stored_is_there_again(folder: Path) -> None:
    assert cache.load(RECORD) is None
    assert not folder.parent.parent.exists()  # looking makes nothing
    cache.store(RECORD, FACTS)
    assert cache.load(RECORD) == ENTRY
    assert [path.name for path in folder.iterdir()] == [entry_in(folder).name]
    assert stat.S_IMODE(entry_in(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    cache.store(RECORD, {"files": []})
    assert cache.load(RECORD) == {**ENTRY, "files": []}
    assert cache.load("sha256:" + "b" * 64) is None


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says the specification
    cache.store(RECORD, FACTS)
    assert entry_in(tmp_path / "home" / ".cache" / "envguard" / "evidence-1").exists()
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.load(RECORD) == ENTRY


@pytest.mark.parametrize("off", [{"ENVGUARD_CACHE": "off"}, {"HOME": ""}, {"HOME": "relative"}, {"HOME": "/proc/none"}])
def test_without_a_place_there_is_no_cache(
    off: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "HOME" in off:
        monkeypatch.delenv("XDG_CACHE_HOME")
    for name, value in off.items():
        monkeypatch.setenv(name, value)
    cache.store(RECORD, FACTS)
    assert cache.load(RECORD) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "record", ["", "sha256:", "sha256:../../x", "sha512:" + "a" * 64, "sha256:" + "A" * 64, "a" * 64]
)
def test_what_is_no_record_digest_has_no_entry(record: str, tmp_path: Path) -> None:
    cache.store(record, FACTS)
    assert cache.load(record) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        json.dumps(ENTRY).encode()[:-3],
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        json.dumps({**ENTRY, "format": 0}).encode(),
        json.dumps({**ENTRY, "record": "sha256:" + "b" * 64}).encode(),
        json.dumps(FACTS).encode(),
        b" " * (cache.SIZE_LIMIT + 1) + json.dumps(ENTRY).encode(),
    ],
)
def test_damaged_entries_are_as_good_as_none(data: bytes, folder: Path) -> None:
    cache.store(RECORD, FACTS)
    entry_in(folder).write_bytes(data)
    assert cache.load(RECORD) is None
    cache.store(RECORD, FACTS)
    assert cache.load(RECORD) == ENTRY


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_may_write_is_not_believed(mode: int, folder: Path) -> None:
    cache.store(RECORD, FACTS)
    entry_in(folder).chmod(mode)
    assert cache.load(RECORD) is None
    entry_in(folder).chmod(0o644)
    assert cache.load(RECORD) == ENTRY
    for each in (folder, folder.parent):
        each.chmod(mode | 0o100)
        assert cache.load(RECORD) is None
        each.chmod(0o755)
    assert cache.load(RECORD) == ENTRY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_another_user_is_not_believed(folder: Path) -> None:
    cache.store(RECORD, FACTS)
    for path in (entry_in(folder), folder, folder.parent):
        os.chown(path, 12345, 12345)
        assert cache.load(RECORD) is None
        if path.is_dir():
            cache.store(RECORD, {"files": ["new"]})
        os.chown(path, 0, 0)
    assert cache.load(RECORD) == ENTRY  # nothing was written into the others' folders


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    cache.store(RECORD, FACTS)
    entry = entry_in(folder)
    entry.rename(tmp_path / "elsewhere.json")
    entry.symlink_to(tmp_path / "elsewhere.json")
    assert cache.load(RECORD) is None
    cache.store(RECORD, {"files": []})
    assert not entry.is_symlink()
    assert json.loads((tmp_path / "elsewhere.json").read_text()) == ENTRY
    for each in (folder, folder.parent):
        moved = tmp_path / f"moved-{each.name}"
        each.rename(moved)
        each.symlink_to(moved)
        assert cache.load(RECORD) is None
        cache.store(RECORD, FACTS)
        each.unlink()
        moved.rename(each)
    assert cache.load(RECORD) == {**ENTRY, "files": []}


def test_the_cache_folder_of_a_user_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "scratch")
    cache.store(RECORD, FACTS)
    assert cache.load(RECORD) == ENTRY


def test_what_is_no_file_or_no_folder(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    os.mkfifo(entry_in(folder), 0o600)
    assert cache.load(RECORD) is None
    cache.store(RECORD, FACTS)
    assert cache.load(RECORD) == ENTRY
    entry_in(folder).unlink()
    entry_in(folder).mkdir(mode=0o700)
    cache.store(RECORD, FACTS)
    assert cache.load(RECORD) is None
    assert [path.name for path in folder.iterdir()] == [entry_in(folder).name]  # no temporary file stays behind
    entry_in(folder).rmdir()
    folder.rmdir()
    folder.write_text("")
    cache.store(RECORD, FACTS)
    assert cache.load(RECORD) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to be one that may not write")
def test_a_home_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    child = os.fork()
    if not child:
        status = 2
        try:
            os.setegid(12345)
            os.seteuid(12345)
            cache.store(RECORD, FACTS)
            status = 0 if cache.load(RECORD) is None else 1
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_entry_that_is_too_large_is_not_kept(folder: Path) -> None:
    cache.store(RECORD, {"files": "x" * cache.SIZE_LIMIT})
    assert cache.load(RECORD) is None
    assert not folder.exists()


def _write_often(number: int, stop: Any) -> None:
    facts = {"files": [number] * 20_000}
    while not stop.is_set():
        cache.store(RECORD, facts)


def test_two_processes_may_write_at_once(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    writers = [context.Process(target=_write_often, args=(number, stop)) for number in (1, 2)]
    cache.store(RECORD, {"files": [1] * 20_000})
    for writer in writers:
        writer.start()
    seen: set[int] = set()
    try:
        end = time.monotonic() + 60
        while len(seen) < 2 and time.monotonic() < end:
            entry = cache.load(RECORD)
            assert entry is not None
            assert len(entry["files"]) == 20_000
            [number] = set(entry["files"])
            seen.add(number)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert seen == {1, 2}
    assert [path.name for path in folder.iterdir()] == [entry_in(folder).name]


def test_bytes_are_kept_beside_facts(folder: Path) -> None:
    data = bytes(range(256)) * 100
    assert cache.load_bytes(RECORD) == b""
    cache.store_bytes(RECORD, data)
    cache.store(RECORD, FACTS)
    assert cache.load_bytes(RECORD) == data
    assert cache.load(RECORD) == ENTRY
    (folder / ("a" * 64 + ".bytes")).chmod(0o620)
    assert cache.load_bytes(RECORD) == b""
    assert cache.load_bytes("md5:" + "a" * 32) == b""


def test_bytes_beyond_the_limit_are_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store_bytes(RECORD, b"0123456789")
    monkeypatch.setattr(cache, "BYTES_LIMIT", 9)
    assert cache.load_bytes(RECORD) == b""
    cache.store_bytes("sha256:" + "b" * 64, b"0123456789")
    assert len(list(folder.iterdir())) == 1
