import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envguard.errors import LockError
from envguard.formats import load
from envguard.guard import check
from envguard.model import Snapshot

Golden = Callable[..., Snapshot]


def report(*installed: Any, **more: Any) -> str:
    return json.dumps({"version": "1", "pip_version": "24.0", "installed": list(installed), **more}, indent=2)


@pytest.mark.slow
def test_what_pip_prints_of_a_real_environment(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    minimal = {"PATH": os.defpath, "PIP_REQUIRE_VIRTUALENV": "1", "HOME": str(tmp_path)}
    printed = subprocess.run(
        [python, "-m", "pip", "inspect", "--local"], check=True, capture_output=True, env=minimal
    ).stdout  # fmt: skip
    path = tmp_path / "inspect.json"
    path.write_bytes(printed)
    found = load(path)
    said = {
        entry["metadata"]["name"].lower(): entry["metadata"]["version"] for entry in json.loads(printed)["installed"]
    }
    assert {pin.name: pin.version for pin in found.pins} == said
    assert "pip" in said
    lines = printed.decode().splitlines()
    assert all(f'"name": "{pin.name}"' in lines[pin.line - 1] for pin in found.pins)
    assert found.interpreter is not None
    assert found.interpreter.version == sys.version.split()[0]
    assert (found.format, found.complete) == ("pip-inspect", True)
    assert check(str(path), python=python).findings == ()
    path.write_bytes(printed.replace(said["pip"].encode(), b"0.1"))
    assert [finding.change.code for finding in check(str(path), python=python).findings] == ["EG102"]


def test_sources(golden: Golden) -> None:
    archive = {"url": "https://u:secret@h/a.whl", "archive_info": {"hashes": {"sha256": "00"}}}
    built = {"url": "file:///home/x/feedstock_root/work", "dir_info": {}}
    found = golden(
        report(
            {"metadata": {"name": "A_b", "version": "1"}, "direct_url": archive, "installer": "pip"},
            {"metadata": {"name": "c", "version": "2"}, "direct_url": built, "installer": "conda"},
            {"metadata": {"name": "d", "version": ""}},
        )
    )
    first, second, third = found.pins
    assert first.source is not None
    assert (first.name, first.source.url, first.hashes) == ("a-b", "https://h/a.whl", ("sha256:00",))
    assert second.source is None
    assert third.unverifiable
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (report().replace('"1"', '"2"'), "version '2'"),
        (report(1), "no object"),
        (report({}), "metadata is no object"),
        (report({"metadata": {"name": "a/b", "version": "1"}}), "not a name"),
        (report({"metadata": {"name": "a", "version": "1\n2"}}), "not a version"),
        (report({"metadata": {"name": "a", "version": "1"}, "direct_url": {"url": "x"}}), "direct_url"),
        (report(environment=1), "environment is no object"),
    ],
)
def test_what_is_refused(golden: Golden, text: str, why: str) -> None:
    with pytest.raises(LockError, match=why):
        golden(text, format="pip-inspect")
