"""Where artifacts come from, and that nothing is taken which is not proven."""

import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from yard import UV

from envguard.change.placing import _download, supply
from envguard.errors import UsageError
from envguard.facts import records
from envguard.model import Pin, Source
from support import run


def pin_of(wheel: Path, **more: object) -> Pin:
    folder, rows = records.rows_from_wheel(str(wheel))
    name, _dash, version = folder.removesuffix(".dist-info").partition("-")
    digest = records.portable_digest(rows, folder)
    given: dict[str, object] = {"name": name.lower(), "version": version, "record": digest, **more}
    return Pin(**given)  # type: ignore[arg-type]


@pytest.fixture
def six(house: Path) -> Path:
    return next(house.glob("six-1.16*.whl"))


def test_a_folder_of_wheels(house: Path, six: Path) -> None:
    found = supply.find([pin_of(six)], find_links=(str(house),), offline=True)["six"]
    assert (found.path, found.origin, found.why) == (str(six), str(house), "")
    assert found.proof == "record digest"


def test_the_hash_is_asked_for_where_the_lock_gives_one(house: Path, six: Path) -> None:
    import hashlib

    right = f"sha256:{hashlib.sha256(six.read_bytes()).hexdigest()}"
    for hashes, there in (((right,), True), (("sha256:" + "0" * 64,), False)):
        found = supply.find([pin_of(six, record="", hashes=hashes)], find_links=(str(house),), offline=True)["six"]
        assert bool(found.path) is there
        assert there or "none of the hashes" in found.why


def test_another_wheel_of_that_version_is_refused_and_named(house: Path, six: Path) -> None:
    found = supply.find([pin_of(six, record="sha256:" + "0" * 64)], find_links=(str(house),), offline=True)["six"]
    assert found.path == ""
    assert "record digest is not the one" in found.why
    assert six.name in found.why


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no wheel at all", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_wheel_is_refused(tmp_path: Path, six: Path, data: bytes) -> None:
    (tmp_path / six.name).write_bytes(data)
    found = supply.find([pin_of(six)], find_links=(str(tmp_path),), offline=True)["six"]
    assert found.path == ""
    assert "not the golden artifact" in found.why


def test_a_folder_that_is_none_is_an_error(six: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--find-links"):
        supply.find([pin_of(six)], find_links=(str(tmp_path / "none"),), offline=True)


def test_what_no_index_has_is_named(six: Path) -> None:
    pins = [
        pin_of(six, name="a", source=Source(kind="vcs", url="https://host/a")),
        pin_of(six, name="b", source=Source(kind="directory", url="file:///b", editable=True)),
        pin_of(six, name="c", manager="conda"),
        pin_of(six, name="d", version=None, unverifiable="a range"),
    ]
    found = supply.find(pins, offline=True)
    assert all(not each.path and each.why for each in found.values())
    assert "editable" in found["b"].why
    assert found["d"].why == "a range"


def test_uv_keeps_unpacked_wheels_and_an_edited_one_is_refused(
    tmp_path: Path, house: Path, six: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    command = (UV, "pip", "install", "-q", "--no-index", "--find-links", house, "--no-deps", "--python", sys.executable)
    done = run(*command, "--target", tmp_path / "target", "six==1.16.0", UV_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    found = supply.find([pin_of(six)], offline=True)["six"]
    assert found.origin == "uv's cache"
    assert Path(found.path).is_dir()
    module = Path(found.path) / "six.py"
    module.write_bytes(module.read_bytes() + b"# edited\n")
    found = supply.find([pin_of(six)], offline=True)["six"]
    assert found.path == ""
    assert "edited" in found.why


def test_pips_caches(tmp_path: Path, six: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path))
    body = tmp_path / "http-v2" / "a" / "b" / "c.body"
    body.parent.mkdir(parents=True)
    shutil.copy(six, body)
    found = supply.find([pin_of(six)], offline=True)["six"]
    assert (found.path, found.origin) == (str(body), "pip's cache")
    body.unlink()
    built = tmp_path / "wheels" / "1" / six.name
    built.parent.mkdir(parents=True)
    shutil.copy(six, built)
    assert supply.find([pin_of(six)], offline=True)["six"].path == str(built)


@pytest.mark.slow
def test_the_index_gives_what_is_proven_too(tmp_path: Path, six: Path) -> None:
    found = supply.find([pin_of(six)], download_to=str(tmp_path), judged=sys.prefix)["six"]
    assert found.origin == "the index"
    assert Path(found.path).parent == tmp_path


def test_a_pip_outside_the_environment_is_found() -> None:
    inside = _download.command(sys.prefix)
    assert inside
    assert "-S" in inside or not inside[0].startswith(sys.prefix)
    assert _download.command("/elsewhere")[:2] == [sys.executable, "-I"]


def test_a_wheel_whose_files_would_leave_it_is_refused(tmp_path: Path, six: Path) -> None:
    from envguard.change.placing import artifact, layout

    path = tmp_path / six.name
    with zipfile.ZipFile(six) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("../../evil.py", b"x")
    site = "/e/lib/python3.11/site-packages"
    place = layout.Place(prefix="/e", site=site, version="3.11", shebangs=(b"#!/e/bin/python\n",))
    with artifact.opened(str(path)) as contents, pytest.raises(artifact.ArtifactError, match="no path that a wheel"):
        layout.lay_out(contents, place, {}, whole=False)


def test_a_file_that_record_does_not_list_is_left_out(tmp_path: Path, six: Path) -> None:
    from envguard.change.placing import artifact, layout

    path = tmp_path / six.name
    with zipfile.ZipFile(six) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("evil.pth", b"import os\n")
    assert supply.find([pin_of(six)], find_links=(str(tmp_path),), offline=True)["six"].path == str(path)
    site = "/e/lib/python3.11/site-packages"
    place = layout.Place(prefix="/e", site=site, version="3.11", shebangs=(b"#!/e/bin/python\n",))
    with artifact.opened(str(path)) as contents:
        laid = layout.lay_out(contents, place, {}, whole=False)
    assert not any(each.endswith("evil.pth") for each in laid.files)
    assert any("evil.pth" in why for why in laid.cannot)
