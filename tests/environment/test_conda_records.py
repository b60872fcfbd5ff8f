"""conda-meta, as conda, mamba and rattler write it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from building import dist_info

from envguard.environment import conda, scan
from envguard.errors import UnverifiableError
from envguard.model import CondaPackage

RECORD: dict[str, Any] = {
    "name": "pytorch",
    "version": "2.5.0",
    "build": "py311_cu124_1",
    "channel": "https://example.org/conda-forge/linux-64",
    "subdir": "linux-64",
    "sha256": "AB" * 32,
    "md5": "cd" * 16,
    "files": ["lib/libtorch.so", "lib/python3.11/site-packages/torch-2.5.0.dist-info/METADATA"],
}


def _write(prefix: Path, content: object, name: str = "pytorch-2.5.0-py311_cu124_1.json") -> Path:
    (prefix / "conda-meta").mkdir(exist_ok=True)
    file = prefix / "conda-meta" / name
    file.write_text(json.dumps(content) if not isinstance(content, str) else content)
    return file


def _one(prefix: Path, **changed: object) -> CondaPackage:
    record = {key: value for key, value in {**RECORD, **changed}.items() if value is not None}
    _write(prefix, record)
    found, changes = conda.packages(str(prefix))
    assert changes == ()
    assert found is not None
    (package,) = found
    return package


def test_record_of_a_package(tmp_path: Path) -> None:
    assert _one(tmp_path) == CondaPackage(
        name="pytorch",
        version="2.5.0",
        build="py311_cu124_1",
        channel="conda-forge",
        subdir="linux-64",
        digest="sha256:" + "ab" * 32,
        path=str(tmp_path / "conda-meta" / "pytorch-2.5.0-py311_cu124_1.json"),
        python_name="torch",
    )


def test_prefix_without_records(tmp_path: Path) -> None:
    assert conda.packages(str(tmp_path)) == (None, ())
    (tmp_path / "conda-meta").mkdir()
    assert conda.packages(str(tmp_path)) == ((), ())


def test_differences_between_the_tools(tmp_path: Path) -> None:
    assert _one(tmp_path, build=None, build_string="h1_0").build == "h1_0"
    assert _one(tmp_path, sha256=None).digest == "md5:" + "cd" * 16
    assert _one(tmp_path, sha256=None, md5=None).digest == ""
    assert _one(tmp_path, subdir=None).subdir == "linux-64"
    assert _one(tmp_path, channel=None, url="https://example.org/conda-forge/linux-64/x.conda").channel == "conda-forge"
    assert _one(tmp_path, files=None).python_name == ""


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("conda-forge", "conda-forge"),
        ("https://example.org/conda-forge/", "conda-forge"),
        ("https://example.org/conda-forge/noarch", "conda-forge"),
        ("https://user:pass@example.org/t/to-ken/private/linux-64", "private"),
        ("https://example.org/api/conda/conda-forge/osx-arm64?x=y#z", "conda-forge"),
        ("https://example.org/pkgs/main/linux-64", "pkgs/main"),
        ("https://example.org/conda-forge/label/dev/noarch", "conda-forge/label/dev"),
        ("file:///srv/channel/noarch", "channel"),
        ("pkgs/main", "pkgs/main"),
        ("", ""),
    ],
)
def test_channel(url: str, name: str) -> None:
    assert conda.channel(url) == name


@pytest.mark.parametrize(
    ("name", "files", "python_name"),
    [
        ("pyyaml", ["lib/python3.11/site-packages/PyYAML-6.0.1.dist-info/METADATA"], "pyyaml"),
        ("pip", ["lib/python3.11/site-packages/pip-23.0-py3.11.egg-info/PKG-INFO"], "pip"),
        ("old", ["lib/python3.11/site-packages/Old_Name-1.0.egg-info"], "old-name"),
        ("win", ["Lib\\site-packages\\Win-1.0.dist-info\\METADATA"], "win"),
        ("noarch", ["site-packages/noarch-1.0.dist-info/METADATA"], "noarch"),
        ("setuptools", ["lib/python3.11/site-packages/setuptools/_vendor/zipp-3.19.dist-info/METADATA"], ""),
        ("two", ["site-packages/one-1.dist-info/METADATA", "site-packages/two-1.dist-info/METADATA"], "two"),
        ("graphviz", ["bin/dot"], ""),
        ("odd", [1, None, {"a": "b"}], ""),
        ("odd", "site-packages/odd-1.dist-info/METADATA", ""),
    ],
)
def test_name_of_the_python_distribution(tmp_path: Path, name: str, files: object, python_name: str) -> None:
    assert _one(tmp_path, name=name, files=files).python_name == python_name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ("\0" * 100, "is not JSON"),
        ("[]", "is not a JSON object"),
        ("null", "is not a JSON object"),
        ({}, "has no name and no version and no build"),
        ({**RECORD, "version": 2.5}, "has no version"),
        ({**RECORD, "name": None}, "has no name"),
    ],
)
def test_broken_record(tmp_path: Path, content: object, words: str) -> None:
    file = _write(tmp_path, content)
    found, changes = conda.packages(str(tmp_path))
    assert found == ()
    (change,) = changes
    assert (change.code, change.kind, change.package, change.path) == ("EG109", "broken", "pytorch", str(file))
    assert words in change.evidence[0]


@pytest.mark.parametrize("kind", ["fifo", "folder", "link"])
def test_record_that_is_no_file(tmp_path: Path, kind: str) -> None:
    file = _write(tmp_path, RECORD)
    file.unlink()
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("nowhere")
    found, changes = conda.packages(str(tmp_path))
    assert found == ()
    assert "cannot be read" in changes[0].evidence[0]


def test_record_that_is_not_utf_8(tmp_path: Path) -> None:
    _write(tmp_path, RECORD).write_bytes(b'{"name": "\xff"}')
    assert "is not JSON" in conda.packages(str(tmp_path))[1][0].evidence[0]


def test_other_files_beside_the_records(tmp_path: Path) -> None:
    _write(tmp_path, RECORD)
    _write(tmp_path, "no json", "._pytorch-2.5.0-py311_cu124_1.json")
    _write(tmp_path, "no json", "history")
    found, changes = conda.packages(str(tmp_path))
    assert found is not None
    assert (len(found), changes) == (1, ())


def test_records_that_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").symlink_to("conda-meta")
    with pytest.raises(UnverifiableError, match="conda-meta: cannot be listed"):
        conda.packages(str(tmp_path))


def test_the_scan_reads_the_records_of_the_prefix(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    dist_info(site, "torch", "2.5.0", files={"INSTALLER": b"conda\n"})
    _write(tmp_path, RECORD)
    _write(tmp_path, "{", "broken-1-0.json")
    live = scan(paths=[str(site)], prefix=str(tmp_path))
    assert live.prefix == str(tmp_path)
    assert live.conda is not None
    assert [each.name for each in live.conda] == ["pytorch"]
    assert [each.package for each in live.observations if each.code == "EG109"] == ["broken"]
