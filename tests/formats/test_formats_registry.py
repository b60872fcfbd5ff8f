import hashlib
import importlib
import os
import pkgutil
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard import formats
from envguard.errors import LockError, UsageError
from envguard.formats import load, names
from envguard.model import Snapshot

Golden = Callable[..., Snapshot]


def test_every_public_module_of_the_folder_is_a_format() -> None:
    modules = [entry.name for entry in pkgutil.iter_modules(formats.__path__) if not entry.name.startswith("_")]
    assert {"requirements_txt", "conda_environment_yml"} <= set(modules)
    found = [importlib.import_module(f"envguard.formats.{name}") for name in modules]
    assert sorted(module.NAME for module in found) == list(names())
    assert all(module.__doc__ and callable(module.recognises) and callable(module.parse) for module in found)


def test_content_decides_before_the_name(golden: Golden) -> None:
    assert golden("six==1.0\n", "environment.yml").format == "requirements.txt"
    assert golden("dependencies: [a]\n", "requirements.txt").format == "environment.yml"
    assert golden("# empty\n", "requirements-prod.txt").format == "requirements.txt"
    assert golden("six==1.0\r\n".encode("utf-16"), "frozen").format == "requirements.txt"
    assert golden("", "constraints.in").format == "requirements.txt"


def test_a_format_can_be_named(golden: Golden) -> None:
    assert golden("", "anything", format="requirements.txt").pins == ()
    with pytest.raises(UsageError, match=r"requirements\.txt"):
        golden("six==1.0\n", format="requirements")


def test_sha256_is_compared_before_anything_is_parsed(golden: Golden) -> None:
    content = b"six==1.0\n"
    digest = hashlib.sha256(content).hexdigest()
    assert golden(content, sha256=digest.upper()).sha256 == digest
    assert golden(content, sha256=f"sha256:{digest}").pins
    with pytest.raises(LockError, match=digest):
        golden(b"\0 nothing that could be parsed", sha256=digest)
    for odd in ("abc", digest[:-1] + "g", digest + "\n"):
        with pytest.raises(UsageError):
            golden(content, sha256=odd)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("[build-system]\nrequires = []\n", "pyproject"),
        ("Package Version\n------- -------\nsix     1.0\n", "pip list"),
        ('[{"name": "six", "version": "1.0"}]', "JSON"),
        ("services:\n  web:\n", "YAML"),
        ("<!DOCTYPE html>\n<html>", "HTML"),
        (b"PK\x03\x04" + b"\0" * 90, "archive"),
    ],
)
def test_formats_that_are_not_read_yet_are_named(golden: Golden, content: str | bytes, what: str) -> None:
    for name in ("golden.lock", "requirements.txt", "environment.yml"):
        with pytest.raises(LockError, match=what) as caught:
            golden(content, name)
        assert caught.value.remedy


def test_an_unknown_file(golden: Golden) -> None:
    with pytest.raises(LockError, match="no golden file of a known format"):
        golden("once upon a time\n", "tale")


def test_paths_that_are_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(50 << 20)
    for name in ("fifo", "loop", "zero", "huge", ".", "gone", "gone/deeper", "nul\0", "x" * 300):
        path = str(tmp_path / name)
        with pytest.raises(LockError) as caught:
            load(path)
        assert caught.value.path == path
        assert caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("six==1.0\n")
    path.chmod(0)
    with pytest.raises(LockError, match="permission"):
        load(path)
