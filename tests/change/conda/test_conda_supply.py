"""Where archives of conda come from, and that nothing is taken which is not proven."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from channel_server import Server, serve
from packing import members_of, pack, pin_of

from envguard.change.conda import caches, supply
from envguard.change.placing.supply import Supply
from envguard.errors import UsageError
from envguard.model import Pin
from no_caches import no_conda_caches


@pytest.fixture(autouse=True)
def no_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_conda_caches(monkeypatch, tmp_path / "home")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "channel" / "linux-64"
    folder.mkdir(parents=True)
    return pack(folder, members_of({"lib/a": b"a"}))


def find(pin: Pin, **more: Any) -> Supply:
    return supply.find([pin], **more)["conda:libfoo"]


def test_a_folder_and_a_channel_on_disk(path: Path) -> None:
    for folder in (path.parent, path.parent.parent):
        found = find(pin_of(path), find_links=[str(folder)], offline=True)
        assert (found.path, found.why, found.proof) == (str(path), "", "SHA-256")
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    assert find(pin_of(path, hashes=(f"md5:{md5}",)), find_links=[str(path.parent)]).proof == "MD5"


def test_an_archive_of_that_name_with_other_bytes_is_refused_and_named(path: Path, tmp_path: Path) -> None:
    pin = pin_of(path)
    other = tmp_path / "other"
    other.mkdir()
    (other / path.name).write_bytes(path.read_bytes() + b"\0")
    found = find(pin, find_links=[str(other)], offline=True)
    assert found.path == ""
    other_bytes = "its SHA256 is not the one that the golden file gives"
    assert found.why == f"not the archive that the golden file means: {other / path.name}: {other_bytes}"
    assert find(pin, find_links=[str(other), str(path.parent)]).path == str(path)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"hashes": ()}, "no digest"),
        ({"build": ""}, "no exact version and build"),
        ({"build": "*cu121*"}, "no exact version and build"),
        ({"version": None, "unverifiable": "a range"}, "a range"),
    ],
)
def test_a_pin_that_no_archive_can_be_held_to(path: Path, more: dict[str, Any], why: str) -> None:
    found = find(pin_of(path, **more), find_links=[str(path.parent)])
    assert found.path == ""
    assert why in found.why


def test_a_folder_that_is_none_is_an_error(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--find-links"):
        find(pin_of(path), find_links=[str(tmp_path / "none")])


def test_the_caches_of_condas_programs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin = pin_of(path)
    root = tmp_path / "root"
    (root / "pkgs").mkdir(parents=True)
    path.rename(root / "pkgs" / path.name)
    assert find(pin, prefix=str(tmp_path / "env"), offline=True).path == ""
    found = find(pin, prefix=str(root / "envs" / "app"), offline=True)
    assert (found.path, found.origin) == (str(root / "pkgs" / path.name), "conda's cache")
    assert caches.folders(str(root)) == [str(root / "pkgs")]
    program = root / "bin" / "micromamba"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "micromamba").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert caches.folders(str(tmp_path / "env")) == [str(root / "pkgs")]
    monkeypatch.setenv("CONDA_PKGS_DIRS", f"{tmp_path / 'none'}:{tmp_path / 'channel'}")
    assert caches.folders(str(tmp_path / "env")) == [str(tmp_path / "channel"), str(root / "pkgs")]


def test_a_channel_on_disk_that_the_golden_file_names(path: Path) -> None:
    found = find(pin_of(path, url=path.as_uri()), offline=True)
    assert found.path == str(path)
    found = find(pin_of(path), urls={"libfoo": path.as_uri()}, offline=True)
    assert found.path == str(path)


@pytest.fixture
def server(path: Path) -> Iterator[Server]:
    with serve(path.parent.parent) as running:
        yield running


def test_the_url_is_asked_unless_offline(path: Path, server: Server, tmp_path: Path) -> None:
    to = tmp_path / "to"
    to.mkdir()
    url = f"http://127.0.0.1:{server.server_port}/linux-64/{path.name}"
    pin = pin_of(path, url=url)
    for more in ({"offline": True, "download_to": str(to)}, {}):
        found = find(pin, **more)
        assert found.path == ""
        assert "the network was not asked" in found.why
    assert server.asked == []
    found = find(pin, download_to=str(to))
    assert (found.path, found.origin) == (str(to / path.name), url)
    assert (to / path.name).read_bytes() == path.read_bytes()


def test_what_the_url_gives_is_proven_and_no_secret_is_told(path: Path, server: Server, tmp_path: Path) -> None:
    url = f"http://user:secret@127.0.0.1:{server.server_port}/linux-64/{path.name}"
    found = find(pin_of(path, hashes=("sha256:" + "0" * 64,), url=url), download_to=str(tmp_path))
    assert found.path == ""
    assert "its SHA256 is not the one that the golden file gives" in found.why
    gone = find(pin_of(path, url=url.replace("linux-64", "linux-32")), download_to=str(tmp_path))
    assert "404" in gone.why
    closed = find(pin_of(path, url="http://user:secret@127.0.0.1:9/x.conda"), download_to=str(tmp_path))
    assert "connection refused" in closed.why
    assert not any("secret" in each.why for each in (found, gone, closed))


def test_more_than_any_archive_has_is_not_fetched(
    path: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "ARCHIVE_LIMIT", 10)
    pin = pin_of(path, url=f"http://127.0.0.1:{server.server_port}/linux-64/{path.name}")
    assert "more than 10 bytes" in find(pin, download_to=str(tmp_path)).why
