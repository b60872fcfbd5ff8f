"""The same facts wherever the bytes come from, and one clear error where they cannot be had or believed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import random
import shutil
import struct
import sys
import time
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest
from serving import serve

from envguard.change.wheels import incoming, wheel_files
from envguard.errors import EnvguardError, UsageError
from envguard.model import Artifact
from support import run
from wheel_making import UV, make, new_venv, the

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serving import Index

    from envguard.change.wheels.incoming import Incoming

REAL = ("requests-2.32.5*", "?illow-10*", "PyJWT-*", "fast_histogram-*")


def facts(found: Incoming) -> Incoming:
    """What must not depend on where the bytes came from."""
    return found.replace(size=None, sha256="", verified=False, origin="", how="", unpacked_in="")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- every source gives the same facts


@pytest.mark.parametrize("pattern", REAL)
@pytest.mark.parametrize("native", [False, True])
def test_file_ranges_and_download_give_the_same_facts(wheels: Path, index: Index, pattern: str, native: bool) -> None:
    wheel = the(wheels, pattern)
    read = incoming.read(wheel, native=native)
    assert read.how == "file"
    by_url = incoming.read(wheel.as_uri(), native=native)
    assert facts(by_url) == facts(read)
    remote = incoming.read(index.wheel(wheel.name), native=native)
    assert remote.how == ("download" if native else "ranges")
    index.ranges = False
    whole = incoming.read(index.wheel(wheel.name), native=native)
    assert (whole.how, whole.sha256, whole.verified) == ("download", sha256(wheel), True)
    assert facts(read) == facts(remote) == facts(whole)
    assert read.size == remote.size == whole.size == wheel.stat().st_size


@pytest.fixture(scope="module")
def new_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pip that keeps the bodies of responses in files of their own (23.3 and later)."""
    folder = tmp_path_factory.mktemp("pip")
    done = run(UV, "pip", "install", "-q", "--no-cache", "--target", folder, "pip>=24", "--python", sys.executable)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_cache_that_pip_has_filled(
    wheels: Path, index: Index, new_pip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", tmp_path / "out")
    source = ("--index-url", f"{index.url}/simple", "--trusted-host", index.host)
    names = ("requests", "pillow==10.4.0", "pyjwt")
    done = run(
        *command, *source, *names,
        PYTHONPATH=str(new_pip), PIP_CACHE_DIR=str(tmp_path / "pip-cache"), PIP_REQUIRE_VIRTUALENV="0",
        PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="", PIP_CONFIG_FILE=os.devnull, no_proxy="127.0.0.1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    index.asked.clear()
    for pattern in REAL[:3]:
        wheel = the(wheels, pattern)
        cached = incoming.read(index.wheel(wheel.name), offline=True, native=True)
        assert cached.how == "pip-cache"
        assert facts(cached) == facts(incoming.read(wheel, native=True))
        assert cached.size == wheel.stat().st_size
        secret = index.wheel(wheel.name).replace("http://", "http://user:secret@")
        assert incoming.read(secret, offline=True).how == "pip-cache"
    assert index.asked == []
    # What is not the wheel that is meant is not used, and is no error either.
    body = next(path for path in (tmp_path / "pip-cache").rglob("*.body") if path.stat().st_size > 1 << 20)
    pillow = the(wheels, REAL[1])
    body.write_bytes(the(wheels, "?illow-9*").read_bytes())
    assert incoming.read(index.wheel(pillow.name), sha256=sha256(pillow)).how == "ranges"
    body.write_bytes(pillow.read_bytes()[:-100])
    assert incoming.read(index.wheel(pillow.name)).how == "ranges"


@pytest.fixture
def filled_by_uv(index: Index, tmp_path: Path) -> Path:
    venv = new_venv(tmp_path)
    command = (UV, "pip", "install", "-q", "--no-deps", "--python", venv / "bin" / "python", "--no-config")
    names = ("requests", "pillow==10.4.0", "pyjwt", "fast-histogram")
    done = run(
        *command, "--default-index", f"{index.url}/simple", *names,
        UV_CACHE_DIR=str(tmp_path / "uv-cache"), no_proxy="127.0.0.1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    index.asked.clear()
    return venv


def test_the_cache_that_uv_has_filled(wheels: Path, index: Index, filled_by_uv: Path) -> None:
    for pattern in REAL:
        wheel = the(wheels, pattern)
        for digest in ("", sha256(wheel)):
            cached = incoming.read(index.wheel(wheel.name), offline=True, native=True, sha256=digest)
            assert (cached.how, cached.size, cached.verified) == ("uv-cache", None, False)
            assert facts(cached) == facts(incoming.read(wheel, native=True))
        with pytest.raises(EnvguardError, match="may not be asked"):
            incoming.read(index.wheel(wheel.name), offline=True, sha256="0" * 64)
        elsewhere = index.wheel(wheel.name).replace("/files/", "/other/")
        with pytest.raises(EnvguardError, match="may not be asked"):
            incoming.read(elsewhere, offline=True)
        assert incoming.read(elsewhere, offline=True, sha256=sha256(wheel)).how == "uv-cache"
    assert index.asked == []


@pytest.mark.parametrize("edited", ["?illow-10.4.0.dist-info/METADATA", "_imagingft.*.so"])
def test_what_was_edited_in_the_cache_of_uv_is_not_read(
    wheels: Path, index: Index, filled_by_uv: Path, tmp_path: Path, edited: str
) -> None:
    wheel = the(wheels, REAL[1])
    (path,) = (tmp_path / "uv-cache").rglob(edited)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)
    assert incoming.read(index.wheel(wheel.name), native=True).how == "download"
    light = incoming.read(index.wheel(wheel.name))
    assert light.how == ("ranges" if edited.endswith("METADATA") else "uv-cache")


def test_a_wheel_that_pip_built_from_source(tmp_path: Path) -> None:
    url = "https://example.org/files/thing-1.0.tar.gz"
    key = f'{{"interpreter_name":"cp","interpreter_version":"{"".join(map(str, sys.version_info[:2]))}","url":"{url}"}}'
    hashed = hashlib.sha224(key.encode()).hexdigest()
    folder = tmp_path / "pip-cache" / "wheels" / hashed[:2] / hashed[2:4] / hashed[4:6] / hashed[6:]
    made = make(folder, "thing")
    found = incoming.read(url, offline=True)
    assert (found.name, found.how, found.size) == ("thing", "pip-cache", made.stat().st_size)
    with pytest.raises(EnvguardError, match=r"source distribution.*pip wheel"):
        incoming.read("https://example.org/files/other-1.0.tar.gz")


def test_folders_come_before_the_network(wheels: Path, tmp_path: Path) -> None:
    wheel = the(wheels, "PyJWT-*")
    url = f"https://example.org/{wheel.name}"
    found = incoming.read(url, find_links=[tmp_path, wheels], offline=True)
    assert (found.how, found.origin) == ("file", url)
    artifact = Artifact(name=wheel.name, hashes=(f"sha256:{sha256(wheel)}",))
    assert incoming.read(artifact, find_links=[wheels]).verified
    other = Artifact(name=wheel.name, url=url, hashes=(f"sha256:{'0' * 64}",))
    with pytest.raises(EnvguardError, match=r"neither here.*--find-links"):
        incoming.read(other, find_links=[wheels], offline=True)


# ---- ranges


def test_ranges_read_a_fraction(wheels: Path, index: Index) -> None:
    wheel = the(wheels, "?illow-10*")
    found = incoming.read(index.wheel(wheel.name), sha256=sha256(wheel))
    assert index.sent < wheel.stat().st_size / 4
    assert (found.sha256, found.verified) == (sha256(wheel), False)
    assert all(wanted for _path, wanted in index.asked)


def test_a_server_without_ranges_from_the_end(wheels: Path, index: Index) -> None:
    index.suffixes = False
    wheel = the(wheels, "PyJWT-*")
    assert incoming.read(index.wheel(wheel.name)).how == "download"


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    files = {f"thing/{number}.py": os.urandom(1 << 17) for number in range(8)}
    wheel = make(tmp_path, "thing", files=files)
    with zipfile.ZipFile(wheel) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(wheel, "w") as archive:  # the metadata first, so that the end does not have it
        for name in sorted(members, key=lambda name: not name.endswith(("METADATA", "WHEEL", "RECORD"))):
            archive.writestr(name, members[name])
    with serve(tmp_path) as index:
        assert incoming.read(index.wheel(wheel.name)).how == "ranges"
        index.changing = True
        with pytest.raises(EnvguardError, match="changed while it was read"):
            incoming.read(index.wheel(wheel.name))


@pytest.mark.parametrize("ranges", [False, True])
def test_an_answer_that_ends_early(wheels: Path, index: Index, ranges: bool) -> None:
    index.ranges, index.short_by = ranges, 1000
    wheel = the(wheels, "?illow-10*")
    with pytest.raises(EnvguardError, match="ended after") as caught:
        incoming.read(index.wheel(wheel.name))
    assert str(caught.value).startswith(index.wheel(wheel.name))


@pytest.mark.parametrize("busy", [2, 3])
def test_a_server_that_is_busy_is_asked_again(wheels: Path, index: Index, busy: int) -> None:
    index.busy = busy
    wheel = the(wheels, "PyJWT-*")
    if busy == 2:
        assert incoming.read(index.wheel(wheel.name)).name == "pyjwt"
    else:
        with pytest.raises(EnvguardError, match="answered 503"):
            incoming.read(index.wheel(wheel.name))
    assert len(index.asked) == 3


# ---- what is refused


def test_a_digest_that_is_another(wheels: Path, index: Index) -> None:
    wheel = the(wheels, "PyJWT-*")
    wrong = "0" * 64
    for where in (wheel, wheel.as_uri() + f"#sha256={wrong}", index.wheel(wheel.name)):
        with pytest.raises(EnvguardError, match=f"its sha256 is {sha256(wheel)}, not {wrong}"):
            incoming.read(where, sha256=wrong)
    assert incoming.read(wheel.as_uri() + f"#sha256={sha256(wheel)}").verified
    with pytest.raises(UsageError, match="not a sha256"):
        incoming.read(wheel, sha256="abc")


def test_nothing_is_asked_offline(index: Index, wheels: Path) -> None:
    with pytest.raises(EnvguardError, match="the network may not be asked"):
        incoming.read(index.wheel(the(wheels, "PyJWT-*").name), offline=True)
    assert index.asked == []


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("nothing-1.0-py3-none-any.whl", "missing"),
        ("thing.txt", "not a wheel"),
        ("ftp://example.org/a-1-py3-none-any.whl", "file:, http: or https:"),
        ("http:///a-1-py3-none-any.whl", "file:, http: or https:"),
    ],
)
def test_what_is_no_wheel_is_said_in_one_line(where: str, words: str) -> None:
    with pytest.raises(EnvguardError, match=words) as caught:
        incoming.read(where)
    assert "\n" not in str(caught.value)


def test_credentials_are_used_and_never_shown(wheels: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    name = the(wheels, "PyJWT-*").name
    index.password = "Basic " + base64.b64encode(b"user:pass word").decode()
    secret = index.wheel(name).replace("http://", "http://user:pass%20word@") + "?token=hidden"
    found = incoming.read(secret)
    assert found.origin == index.wheel(name)
    assert "pass" not in repr(found)
    assert "hidden" not in repr(found)
    with pytest.raises(EnvguardError, match="answered 401") as caught:
        incoming.read(secret.replace("word@", "wrong@"))
    assert "pass" not in str(caught.value)
    assert "hidden" not in repr(caught.value.__dict__)
    # The report of an installer has no credentials: they are those of the index on that host.
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://user:pass%20word@{index.host}/simple")
    assert incoming.read(index.wheel(name)).name == "pyjwt"
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL")
    with serve(wheels) as other:
        other.password = index.password
        index.redirect_to, index.password = other.url, ""
        with pytest.raises(EnvguardError, match="answered 401"):
            incoming.read(secret)
        assert set(other.authorizations) == {""}


def test_no_answer_at_all(wheels: Path, index: Index) -> None:
    index.ranges = True
    with pytest.raises(EnvguardError, match="answered 404"):
        incoming.read(index.wheel("nothing-1.0-py3-none-any.whl"))
    with pytest.raises(EnvguardError, match=r"cannot be read: connection refused.*--find-links"):
        incoming.read("http://127.0.0.1:9/a-1.0-py3-none-any.whl")


# ---- hostile files


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return make(tmp_path, "thing")


def refused(wheel: Path, words: str) -> None:
    with pytest.raises(EnvguardError, match=words) as caught:
        incoming.read(wheel, native=True)
    assert str(caught.value).startswith(str(wheel))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../out.py", "a/../../out.py", "/etc/out", "C:/out.py", "a\\..\\b.py", "a\x01.py", "a//b"]
)
def test_names_that_lead_elsewhere(plain: Path, name: str) -> None:
    with zipfile.ZipFile(plain, "a") as archive:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        archive.writestr(info, b"x")
    refused(plain, "a name that leads elsewhere")


def test_one_name_twice(plain: Path) -> None:
    with zipfile.ZipFile(plain, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("thing-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: thing\nVersion: 2.0\n")
    refused(plain, "two files with one name")


@pytest.mark.parametrize("cut", [1, 30, 200, 10_000_000])
def test_a_file_that_was_cut(plain: Path, cut: int) -> None:
    plain.write_bytes(plain.read_bytes()[:-cut])
    refused(plain, "not a readable wheel")


def test_every_cut_and_every_flipped_byte_is_an_error_or_a_wheel(plain: Path) -> None:
    data = plain.read_bytes()
    for place in range(0, len(data), 3):
        for changed in (data[:place], data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]):
            plain.write_bytes(changed)
            with contextlib.suppress(EnvguardError):
                assert incoming.read(plain).name


@pytest.mark.parametrize("inputs", [300, pytest.param(50_000, marks=pytest.mark.fuzz)])
def test_random_damage_is_one_error(wheels: Path, plain: Path, inputs: int) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")
    choose = random.Random(seed)
    wide = io.BytesIO()
    with zipfile.ZipFile(wide, "w") as archive, archive.open(zipfile.ZipInfo("a.py"), "w", force_zip64=True) as member:
        member.write(b"x" * 100)
    bases = [the(wheels, "PyJWT-*").read_bytes(), plain.read_bytes(), wide.getvalue()]
    for _ in range(inputs):
        data = bytearray(choose.choice(bases))
        reach = choose.choice([60, 400, 3000, len(data)])
        for _ in range(choose.choice([1, 2, 5])):
            place = len(data) - choose.randrange(1, min(reach, len(data)))
            many = choose.choice([b"\xff" * 8, b"\xff" * 7 + b"\x7f", bytes(8)]) if choose.random() < 0.3 else b""
            data[place : place + max(1, len(many))] = many or bytes([choose.randrange(256)])
        with contextlib.suppress(EnvguardError):
            files = wheel_files.Zipped(io.BytesIO(data), "a wheel")
            for name in list(files.sizes)[:20]:
                with contextlib.suppress(EnvguardError):
                    assert len(files.read(name)) == files.sizes[name]


def test_a_bomb_in_the_metadata_takes_no_memory(tmp_path: Path) -> None:
    wheel = make(tmp_path, "thing", headers="X: " + "0" * (40 << 20))
    assert wheel.stat().st_size < 1 << 20
    tracemalloc.start()
    try:
        refused(wheel, "METADATA: .* bytes, more than the .* that are read")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def patched(wheel: Path, member: str, field: int, value: int) -> None:
    """Another 32-bit number in the directory entry of a member."""
    data = bytearray(wheel.read_bytes())
    at = data.rindex(member.encode()) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + field : at + field + 4] = struct.pack("<I", value)
    wheel.write_bytes(data)


SIZE, OFFSET, FLAGS = 24, 42, 8


@pytest.mark.parametrize("size", [10, 900_000])
def test_sizes_that_lie(plain: Path, size: int) -> None:
    patched(plain, "thing-1.0.dist-info/METADATA", SIZE, size)
    refused(plain, "METADATA")


def test_members_that_share_their_bytes(tmp_path: Path) -> None:
    wheel = make(tmp_path, "thing", files={"a.py": "0" * 100_000, "b.py": "0" * 100_000})
    patched(wheel, "b.py", OFFSET, 0)
    refused(wheel, "overlaps with another file")


def test_promises_that_no_wheel_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = make(tmp_path, "thing", files={f"f{number}.py": "" for number in range(40)})
    monkeypatch.setattr(wheel_files, "MEMBERS", 30)
    refused(wheel, "43 files, more than the 30")
    monkeypatch.undo()
    for number in range(32):
        patched(wheel, f"f{number}.py", SIZE, 0xFFFFFFFE)
    refused(wheel, "promises to unpack to")
    monkeypatch.setattr(wheel_files, "DIRECTORY_BYTES", 1000)
    refused(wheel, "a directory of .* bytes")


def test_encrypted_and_oddly_packed_members(plain: Path, tmp_path: Path) -> None:
    patched(plain, "thing-1.0.dist-info/METADATA", FLAGS, 1 | 8 << 16)
    refused(plain, "encrypted")
    other = make(tmp_path / "b", "thing")
    with zipfile.ZipFile(other) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(other, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    refused(other, "packed in a way that no wheel is")


def test_special_files_do_not_hang(tmp_path: Path) -> None:
    fifo = tmp_path / "a-1.0-py3-none-any.whl"
    os.mkfifo(fifo)
    refused(fifo, "not a regular file")
    fifo.unlink()
    fifo.mkdir()
    refused(fifo, "not a regular file")


@pytest.fixture
def few_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_nothing_is_left_behind(wheels: Path, index: Index, few_temporary_files: Path) -> None:
    index.ranges = False
    assert incoming.read(index.wheel(the(wheels, "fast_histogram-*").name), native=True).natives
    index.short_by = 100
    with pytest.raises(EnvguardError, match="ended after"):
        incoming.read(index.wheel(the(wheels, "fast_histogram-*").name), native=True)


def test_a_disk_that_is_too_small(wheels: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.ranges = False
    nothing = os.statvfs_result((4096, 4096, 10, 0, 0, 10, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: nothing)
    with pytest.raises(EnvguardError, match=r"more than there is room for.*TMPDIR"):
        incoming.read(index.wheel(the(wheels, "PyJWT-*").name))


def test_a_copy_of_the_wheelhouse_is_not_needed(wheels: Path, tmp_path: Path) -> None:
    """A link to a wheel is the wheel."""
    wheel = the(wheels, "PyJWT-*")
    (tmp_path / wheel.name).symlink_to(wheel)
    assert incoming.read(tmp_path / wheel.name).name == "pyjwt"
    shutil.rmtree(tmp_path / "pip-cache", ignore_errors=True)
