"""What a record of conda-meta says of its files: the differences between tools, the prefix, and paths that lead out."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from envguard import comparing
from envguard.environment import scan
from envguard.facts import conda_files, files, manifest
from envguard.facts.conda_files import CondaFile, of_record, place, site_packages, without_prefix
from envguard.formats import envguard_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SITE = "lib/python3.11/site-packages"
PLACEHOLDER = "/opt/build" + "_placehold" * 8


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("listed", "where"),
    [
        ("lib/libz.so", "lib/libz.so"),
        ("site-packages/six.py", f"{SITE}/six.py"),
        ("python-scripts/run", "bin/run"),
        ("Lib\\site-packages\\six.py", "Lib/site-packages/six.py"),
        ("site-packages\\six/x.py", f"{SITE}/six/x.py"),
        ("a/../b", "b"),
        ("../secret", ""),
        ("site-packages/../../../../secret", ""),
        ("/etc/passwd", ""),
        ("a\0b", ""),
        ("", ""),
        ("..", ""),
    ],
)
def test_place_of_a_path(listed: str, where: str) -> None:
    assert place(listed, SITE) == where


@pytest.mark.parametrize(
    ("python", "where"),
    [
        ({"version": "3.11.7"}, SITE),
        ({"version": "3.13.0", "python_site_packages_path": "lib/python3.13t/site-packages"},
         "lib/python3.13t/site-packages"),
        ({"version": "3.12.0", "python_site_packages_path": "Lib\\site-packages\\"}, "Lib/site-packages"),
        ({"version": "odd"}, "site-packages"),
        ({"version": 3}, "site-packages"),
        (None, "site-packages"),
    ],
)  # fmt: skip
def test_place_of_site_packages(python: dict[str, Any] | None, where: str) -> None:
    assert site_packages(python) == where


def test_rows_of_paths_data() -> None:
    rows = [
        {"_path": "a", "path_type": "hardlink", "sha256": "AA", "sha256_in_prefix": "BB"},
        {"_path": "b", "sha256": "cc"},
        {"_path": "c", "sha256": "dd", "prefix_placeholder": "/p", "file_mode": "text"},
        {"_path": "d", "sha256": "ee", "sha256_in_prefix": "ff", "prefix_placeholder": "/p", "file_mode": "binary"},
        {"_path": "e", "path_type": "softlink", "sha256": "11"},
        {"_path": "bin/f", "path_type": "unix_python_entry_point"},
        {"_path": 7},
        {"sha256": "x"},
        "odd",
    ]
    record = {"name": "x", "paths_data": {"paths": rows}, "files": ["unused"]}
    assert list(of_record(record, SITE)) == [
        CondaFile("a", "x", sha256="bb"),
        CondaFile("b", "x", sha256="cc"),
        CondaFile("c", "x", packed="dd", placeholder="/p"),
        CondaFile("d", "x", sha256="ff", placeholder="/p", binary=True),
        CondaFile("e", "x", link=True, sha256="11"),
        CondaFile("bin/f", "x"),
    ]


@pytest.mark.parametrize(
    "record",
    [{}, {"paths_data": None}, {"paths_data": {"paths": "no"}}, {"files": "no"}, {"paths_data": {"paths": []}}],
)
def test_records_without_rows(record: dict[str, Any]) -> None:
    assert list(of_record(record, SITE)) == []
    assert list(of_record({**record, "files": ["a", None]}, SITE)) == [CondaFile("a", "")]


def test_the_prefix_is_taken_out_of_a_text() -> None:
    packed = f"#!{PLACEHOLDER}/bin/python\nx = '{PLACEHOLDER}'\n".encode()
    file = CondaFile("bin/x", "x", packed=sha(packed), placeholder=PLACEHOLDER)
    installed = packed.replace(PLACEHOLDER.encode(), b"/env")
    assert without_prefix(installed, file, "/env") == sha(packed)
    assert without_prefix(installed.replace(b"x =", b"y ="), file, "/env") != sha(packed)


def test_a_first_line_that_conda_shortened_has_no_way_back() -> None:
    file = CondaFile("bin/x", "x", packed="0" * 64, placeholder=PLACEHOLDER)
    shortened = b"#!/usr/bin/env python\n"
    assert without_prefix(shortened, file, "/" + "long" * 40) == ""
    assert without_prefix(shortened, file, "/env") == sha(shortened)


@pytest.mark.parametrize("times", [1, 2])
def test_the_prefix_is_taken_out_of_a_binary(times: int) -> None:
    mark, here = PLACEHOLDER.encode(), b"/env"
    text = b":".join([mark + b"/lib"] * times)
    packed = b"\x7fELF\0" + text + b"\0\0\0after\0" + text + b"\0end"
    shorter = (len(mark) - len(here)) * times
    installed = packed.replace(text + b"\0", text.replace(mark, here) + b"\0" + b"\0" * shorter)
    assert len(installed) == len(packed)
    file = CondaFile("lib/x.so", "x", packed=sha(packed), placeholder=PLACEHOLDER, binary=True)
    assert without_prefix(installed, file, "/env") == sha(packed)
    for edited in (installed.replace(b"after", b"aftEr"), installed + b"\0", installed.replace(b"\0end", b"end")):
        assert without_prefix(edited, file, "/env") != sha(packed)


class Prefix:
    """A conda prefix by hand: one distribution, and packages whose records are written as given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / SITE
        self.site.mkdir(parents=True)
        (folder / "conda-meta").mkdir()
        self.record("python", "3.11.7", [])
        self.dist("base", "1.0", "pip")

    def dist(self, name: str, version: str, installer: str) -> list[str]:
        info = self.site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "INSTALLER").write_text(f"{installer}\n")
        (info / "RECORD").write_text(f"{info.name}/METADATA,,\n")
        return [f"{SITE}/{info.name}/{file}" for file in ("METADATA", "INSTALLER", "RECORD")]

    def record(self, name: str, version: str, listed: list[str], **more: Any) -> Path:
        file = self.folder / "conda-meta" / f"{name}-{version}-0.json"
        paths = []
        for path in listed:
            on_disk = self.folder / path.replace("\\", "/").replace(SITE, "").lstrip("/")
            on_disk = self.folder / path if (self.folder / path).exists() else on_disk
            row = {"_path": path, "path_type": "hardlink"}
            if on_disk.is_file():
                row["sha256"] = sha(on_disk.read_bytes())
            paths.append(row)
        content = {"name": name, "version": version, "build": "0", "files": listed, "paths_data": {"paths": paths}}
        file.write_text(json.dumps({**content, **more}))
        return file

    def look(self, depth: Any = "records") -> Any:
        return scan(paths=[str(self.site)], prefix=str(self.folder), depth=depth)

    def observed(self) -> list[tuple[str, str, str, str]]:
        return [(c.code, c.package, c.locked, c.installed) for c in self.look().observations]


@pytest.fixture
def prefix(tmp_path: Path) -> Prefix:
    return Prefix(tmp_path / "env")


@pytest.mark.parametrize("installer", ["conda", "pip", ""])
def test_what_conda_installed_is_condas_whatever_its_installer_says(prefix: Prefix, installer: str) -> None:
    listed = prefix.dist("six", "1.16.0", installer)
    info = prefix.site / "six-1.16.0.dist-info"
    (info / "direct_url.json").write_text('{"dir_info": {}, "url": "file:///build/work"}')
    prefix.record("six", "1.16.0", listed)
    live = prefix.look()
    (six,) = [item for item in live.distributions if item.name == "six"]
    assert (six.installer, six.source) == ("conda", None)
    assert live.observations == ()


def test_pip_in_place_of_conda(prefix: Prefix) -> None:
    record = prefix.record("six", "1.16.0", prefix.dist("six", "1.16.0", "conda"))
    (prefix.site / "six-1.16.0.dist-info" / "INSTALLER").write_text("pip\n")
    assert prefix.observed() == [("EG113", "six", "1.16.0", "1.16.0")]
    (change,) = prefix.look().observations
    assert (change.kind, change.path) == ("clobbered", str(record))
    assert "pip put 1.16.0" in change.evidence[1]


def test_another_version_in_place_of_condas(prefix: Prefix) -> None:
    prefix.record("six-conda", "2026.1", [f"{SITE}/six-1.16.0.dist-info/METADATA"])
    prefix.dist("six", "1.17.0", "pip")
    assert prefix.observed() == [("EG113", "six", "1.16.0", "1.17.0")]


def test_a_record_whose_metadata_is_gone(prefix: Prefix) -> None:
    prefix.record("pyyaml", "6.0", [f"{SITE}/PyYAML-6.0.dist-info\\METADATA"], build_string="0")
    assert prefix.observed() == [("EG114", "pyyaml", "6.0", "")]
    # Metadata that is there and cannot be read is broken, and not gone.
    (prefix.site / "PyYAML-6.0.dist-info").mkdir()
    assert [code for code, *_rest in prefix.observed()] == ["EG109"]


def test_egg_info_of_conda(prefix: Prefix) -> None:
    (prefix.site / "old-1.0-py3.11.egg-info").write_text("Metadata-Version: 1.1\nName: old\nVersion: 1.0\n")
    prefix.record("old", "1.0", [f"{SITE}/old-1.0-py3.11.egg-info"])
    assert prefix.observed() == []
    (prefix.site / "old-1.0-py3.11.egg-info").unlink()
    assert prefix.observed() == [("EG114", "old", "1.0", "")]


def test_of_a_folder_that_is_not_on_the_path_nothing_is_said(prefix: Prefix) -> None:
    prefix.record("six", "1.16.0", ["lib/python2.7/site-packages/six-1.16.0.dist-info/METADATA"])
    assert prefix.observed() == []


def test_paths_that_are_not_resolved(prefix: Prefix) -> None:
    """conda leaves ``site-packages/`` in packages for any Python."""
    prefix.record("six", "1.16.0", ["site-packages/six-1.16.0.dist-info/METADATA"])
    assert prefix.observed() == [("EG114", "six", "1.16.0", "")]
    (prefix.site / "six.py").write_text("x = 1\n")
    paths = {"paths": [{"_path": "site-packages/six.py", "sha256": sha(b"x = 2\n")}]}
    prefix.dist("six", "1.16.0", "conda")
    prefix.record("six", "1.16.0", ["site-packages/six-1.16.0.dist-info/METADATA"], paths_data=paths)
    (change,) = files.compare(prefix.look(), None, ())[0]
    assert (change.kind, change.package) == ("edited", "six")


def test_a_module_that_a_conda_package_owns_shadows_nothing(prefix: Prefix, tmp_path: Path) -> None:
    """conda packages own modules that no RECORD lists, such as the __init__ of a namespace."""
    info = prefix.site / "google_thing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: google-thing\nVersion: 1.0\n")
    (info / "RECORD").write_text("google/thing.py,,\n")
    (prefix.site / "google").mkdir()
    (prefix.site / "google" / "thing.py").write_text("")
    first = tmp_path / "env" / "lib" / "python3.11" / "first" / "site-packages"
    (first / "google").mkdir(parents=True)
    (first / "google" / "__init__.py").write_text("")

    def shadowed() -> list[str]:
        live = scan(paths=[str(first), str(prefix.site)], prefix=str(prefix.folder))
        return [change.package for change in live.observations if change.code == "EG112"]

    assert shadowed() == ["google-thing"]
    prefix.record("googleapis", "1", ["lib/python3.11/first/site-packages/google/__init__.py"])
    assert shadowed() == []


def test_files_outside_site_packages_are_compared_and_sealed(prefix: Prefix) -> None:
    lib = prefix.folder / "lib" / "libz.so.1"
    lib.write_bytes(b"zlib")
    (prefix.folder / "lib" / "libz.so").symlink_to("libz.so.1")
    record = prefix.record("_zlib", "1.3", ["lib/libz.so.1"])
    content = json.loads(record.read_text())
    content["paths_data"]["paths"] += [
        {"_path": "lib/libz.so", "path_type": "softlink", "sha256": "0" * 64},
        {"_path": "bin/entry", "path_type": "unix_python_entry_point"},
        {"_path": f"{SITE}/__pycache__/z.cpython-311.pyc", "path_type": "pyc_file"},
    ]
    record.write_text(json.dumps(content))
    (prefix.folder / "bin").mkdir()
    (prefix.folder / "bin" / "entry").write_text("#!python\n")
    changes, blind = files.compare(prefix.look(), None, ())
    assert changes == ()
    assert "1 files that conda lists without a digest" in blind
    sealed = manifest.collect(prefix.look())
    assert manifest.read(manifest.write(sealed), "m") == sealed
    owners = {entry.path: entry.owner for entry in sealed}
    assert owners["{prefix}/lib/libz.so.1"] == owners["{prefix}/lib/libz.so"] == "conda:_zlib"
    assert files.compare(prefix.look(), sealed, ())[0] == ()
    lib.unlink()
    lib.write_bytes(b"evil")
    (prefix.folder / "lib" / "libcuda.so.1").write_bytes(b"new")
    for entries in (None, sealed):
        said = {(c.kind, c.package, c.traits) for c in files.compare(prefix.look(), entries, ())[0]}
        assert ("edited", "_zlib", ("conda",)) in said
        assert ("added-file", "", ()) in said


def test_what_two_packages_brought_has_no_known_content(prefix: Prefix) -> None:
    (prefix.folder / "share").mkdir()
    (prefix.folder / "share" / "x").write_text("one")
    prefix.record("one", "1", ["share/x"])
    (prefix.folder / "share" / "x").write_text("two")
    prefix.record("two", "1", ["share/x"])
    changes, blind = files.compare(prefix.look(), None, ())
    assert changes == ()
    assert "1 files that conda lists without a digest" in blind


def test_a_record_that_leads_outside_is_never_followed(prefix: Prefix) -> None:
    (prefix.folder.parent / "secret").write_text("secret")
    prefix.record("evil", "1", ["../secret", "/etc/passwd", "lib/../../secret"])
    assert files.compare(prefix.look(), None, ())[0] == ()
    assert b"secret" not in manifest.write(manifest.collect(prefix.look()))


def test_the_conda_folders_leave_out_what_programs_and_people_write(prefix: Prefix) -> None:
    from envguard.facts.ownership import conda_folders

    root = str(prefix.folder)
    listed = [f"{root}/LICENSE", f"{root}/var/cache/x", f"{root}/lib/a", f"{root}/lib/__pycache__/a.pyc",
              f"{root}/{SITE}/x.py", f"{root}/conda-meta/history", "/elsewhere/x"]  # fmt: skip
    assert conda_folders(listed, root) == [os.path.join(root, "lib")]


def test_the_mark_of_condas_names() -> None:
    assert conda_files.CONDA == "conda:"


def _edited(**fields: Any) -> Callable[[Prefix, Path], None]:
    def edit(_prefix: Prefix, record: Path) -> None:
        record.write_text(json.dumps({**json.loads(record.read_text()), **fields}))

    return edit


def _both_edited(prefix: Prefix, record: Path) -> None:
    (prefix.folder / "lib" / "libz.so.1").write_bytes(b"evil")
    _edited(paths_data={"paths": [{"_path": "lib/libz.so.1", "sha256": sha(b"evil")}]})(prefix, record)


def _state_added(prefix: Prefix, _record: Path) -> None:
    (prefix.folder / "conda-meta" / "state").write_text('{"env_vars": {"PYTHONPATH": "/x"}}')


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _prefix, record: record.unlink(), {"EG101"}),
        (lambda prefix, _record: prefix.record("libfoo", "1", []), {"EG103"}),
        (lambda _prefix, record: record.write_text("{"), {"EG101", "EG109"}),
        (_edited(build="9"), {"EG107"}),
        (_edited(sha256="cd" * 32), {"EG107"}),
        (_edited(channel="other"), {"EG105"}),
        # What docs/formats.md names as not sealed.
        (_edited(depends=[]), set()),
        (_state_added, set()),
        (_both_edited, {"manifest": {"EG108"}}),
    ],
)
def test_what_is_sealed_of_condas_records(prefix: Prefix, damage: Any, said: Any, sealed: bool) -> None:
    (prefix.folder / "lib" / "libz.so.1").write_bytes(b"zlib")
    more = {"channel": "conda-forge", "subdir": "linux-64", "sha256": "ab" * 32, "depends": ["x"]}
    record = prefix.record("_zlib", "1.3", ["lib/libz.so.1"], **more)
    live = prefix.look("files")
    data = envguard_lock.write(interpreter=live.interpreter, distributions=live.distributions, conda=live.conda)
    lock = envguard_lock.parse(data, path=str(prefix.folder / "envguard.lock"))
    entries = manifest.collect(live) if sealed else None
    damage(prefix, record)
    live = prefix.look("files")
    observations, _blind = files.compare(live, entries, lock.pins)
    report = comparing.judge(lock, live.replace(observations=live.observations + observations), "files", ())
    expected = said if isinstance(said, set) else said["manifest"] if sealed else set()
    assert {finding.change.code for finding in report.findings} == expected
