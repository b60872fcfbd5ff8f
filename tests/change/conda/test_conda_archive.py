"""Archives of conda: proven before they are read, never unpacked, and refused where they are hostile."""

import bz2
import io
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packing import Member, members_of, pack, pack_new, pin_of, tar

from envguard.change.conda import archive
from envguard.change.placing.artifact import ArtifactError

FILES = {"lib/a.txt": b"a\n", "bin/run": b"#!/bin/sh\n"}
Pack = Callable[[Path, list[Member]], Path]


@pytest.fixture(params=[pack, pack_new], ids=["tar.bz2", "conda"])
def make(request: pytest.FixtureRequest) -> Pack:
    return request.param  # type: ignore[no-any-return]


def refusal(path: Path, scratch: Path) -> str:
    """Why an archive with the right digest is refused all the same."""
    with pytest.raises(ArtifactError) as caught:
        read_all(path, scratch)
    return caught.value.why


def read_all(path: Path, scratch: Path) -> None:
    with archive.opened(str(path), pin_of(path).hashes, str(scratch)) as contents:
        for name in contents.names:
            contents.read(name)


def test_what_is_in_it(make: Pack, tmp_path: Path) -> None:
    path = make(tmp_path, members_of(FILES, links={"lib/l": "a.txt"}))
    with archive.opened(str(path), pin_of(path).hashes, str(tmp_path)) as contents:
        assert set(contents.names) == {"info/index.json", "info/paths.json", "lib/a.txt", "bin/run", "lib/l"}
        assert contents.read("lib/a.txt") == b"a\n"
        assert (contents.mode("bin/run"), contents.mode("lib/a.txt")) == (0o755, 0o644)
        assert contents.link("lib/l") == "a.txt"
        assert contents.link("lib/a.txt") == ""
        assert contents.time("lib/a.txt") == 1_700_000_000
        assert contents.about("info/index.json")["name"] == "libfoo"
        assert contents.about("info/nothing.json") == {}
        assert contents.size == path.stat().st_size
    assert os.listdir(tmp_path) == [path.name]


def test_a_hard_link_in_the_tar_file_is_the_file_that_it_means(tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as written:
        file = tarfile.TarInfo("lib/a")
        file.size = 1
        written.addfile(file, io.BytesIO(b"a"))
        link = tarfile.TarInfo("lib/b")
        link.type, link.linkname = tarfile.LNKTYPE, "lib/a"
        written.addfile(link)
        itself = tarfile.TarInfo("lib/itself")
        itself.type, itself.linkname = tarfile.LNKTYPE, "lib/itself"
        written.addfile(itself)
    path = tmp_path / "libfoo-1.0-h1_0.tar.bz2"
    path.write_bytes(bz2.compress(made.getvalue()))
    with archive.opened(str(path), pin_of(path).hashes, str(tmp_path)) as contents:
        assert contents.read("lib/b") == b"a"
        with pytest.raises(ArtifactError, match="is a link"):
            contents.read("lib/itself")


def test_the_digest_comes_first(make: Pack, tmp_path: Path) -> None:
    path = make(tmp_path, members_of(FILES))
    pin = pin_of(path)
    with path.open("ab") as file:
        file.write(b"\0")
    with (
        pytest.raises(ArtifactError, match="its SHA256 is not the one that the golden file gives"),
        archive.opened(str(path), pin.hashes, str(tmp_path)),
    ):
        pass


@pytest.mark.parametrize(
    ("hashes", "why"),
    [
        (("md5:MD5",), ""),
        (("md5:" + "0" * 32,), "its MD5 is not the one that the golden file gives"),
        (("md5:" + "0" * 32, "sha256:SHA256"), ""),
        (("md5:MD5", "sha256:" + "0" * 64), "its SHA256 is not the one that the golden file gives"),
        (("sha256:SHA256", "sha256:" + "0" * 64), ""),
        ((), "the golden file gives no digest of its archive"),
        (("blake2b:00",), "the golden file gives no digest of its archive"),
    ],
)
def test_which_digest_counts(hashes: tuple[str, ...], why: str) -> None:
    found = archive.digests(io.BytesIO(b"an archive").read)
    hashes = tuple(each.replace("MD5", found["md5"]).replace("SHA256", found["sha256"].upper()) for each in hashes)
    assert archive.unlike(found, hashes) == why


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "lib/../../evil", "lib\\evil"])
def test_a_member_that_leads_out_is_refused(make: Pack, tmp_path: Path, name: str) -> None:
    path = make(tmp_path, [*members_of(FILES), (name, b"x", 0o644)])
    assert "is no path that a package may hold" in refusal(path, tmp_path)


def test_a_member_that_stands_in_it_twice_is_refused(make: Pack, tmp_path: Path) -> None:
    path = make(tmp_path, [*members_of(FILES), ("lib/a.txt", b"other", 0o644)])
    assert "stands in it twice" in refusal(path, tmp_path)


def test_a_device_is_refused(tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as written:
        device = tarfile.TarInfo("dev/null")
        device.type = tarfile.CHRTYPE
        written.addfile(device)
    path = tmp_path / "libfoo-1.0-h1_0.tar.bz2"
    path.write_bytes(bz2.compress(made.getvalue()))
    assert "neither file nor link" in refusal(path, tmp_path)


def test_what_unpacks_to_more_than_anything_is_refused(
    make: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes that would fill a disk."""
    path = make(tmp_path, members_of({"lib/zeros": bytes(64 << 20)}))
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(archive, "UNPACKED_LIMIT", 32 << 20)
    assert "more than 33554432 bytes when it is unpacked" in refusal(path, tmp_path)


def test_more_members_than_anything_has_are_refused(
    make: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 3)
    path = make(tmp_path, members_of({f"lib/{number}": b"" for number in range(5)}))
    assert "more than 3 members" in refusal(path, tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BZh9",
        b"nothing",
        bz2.compress(b"no tar file" * 100),
        bz2.compress(tar(members_of(FILES)))[:-20],
        b"PK\x05\x06" + b"\0" * 18,
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "libfoo-1.0-h1_0.tar.bz2"
    path.write_bytes(data)
    assert refusal(path, tmp_path)


def test_broken_parts_of_the_new_format_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "libfoo-1.0-h1_0.conda"
    for content in (b"", b"no zstandard", b"\x28\xb5\x2f\xfd\x00"):
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("info-x.tar.zst", content)
            made.writestr("pkg-x.tar.zst", content)
        assert refusal(path, tmp_path)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("info-x.tar.zst", b"")
    assert "one info- and one pkg-" in refusal(path, tmp_path)


def test_json_that_is_none_is_refused(make: Pack, tmp_path: Path) -> None:
    for text in (b"{", b"[]", b"[" * 100_000, b"\xff"):
        path = make(tmp_path, [("info/index.json", text, 0o644)])
        with archive.opened(str(path), pin_of(path).hashes, str(tmp_path)) as contents, pytest.raises(ArtifactError):
            contents.about("info/index.json")


def test_without_the_extra_the_new_format_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = pack_new(tmp_path, members_of(FILES)), pack(tmp_path, members_of(FILES))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert "envguard-lock[conda]" in refusal(new, tmp_path)
    assert "envguard-lock[conda]" in archive.unreadable(str(new))
    assert archive.unreadable(str(old)) == ""
    with archive.opened(str(old), pin_of(old).hashes, str(tmp_path)) as contents:
        assert contents.read("lib/a.txt") == b"a\n"
