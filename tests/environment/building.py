"""Installed distributions made by hand, for states that no installer leaves behind on purpose."""

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from envguard import environment
from envguard.model import Change, Distribution, Environment

QUIET = {
    name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "COVERAGE"))
} | {"PIP_REQUIRE_VIRTUALENV": "1", "PATH": os.defpath}
"""Variables for a process that installs or answers as an oracle."""


def run(*command: str | Path, cwd: Path | None = None, **more: str) -> str:
    """What a program prints; it must succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=QUIET | more,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,  # the assertion below shows what it printed
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


def dist_info(
    site: Path, name: str, version: str, *, folder: str = "", files: Mapping[str, bytes] | None = None
) -> Path:
    """A small distribution as an installer would leave it: one module, METADATA, WHEEL, INSTALLER and RECORD.

    Args:
        folder: Of the metadata, where it is not the usual one.
        files: Replace or add to the files of the metadata folder, after RECORD was made.
    """
    made = site / (folder or f"{name.replace('-', '_')}-{version}.dist-info")
    made.mkdir(parents=True)
    module = site / f"{name.replace('-', '_').replace('.', '_').lower()}.py"
    module.write_bytes(b"x = 1\n")
    (made / "METADATA").write_bytes(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\ntext\n".encode())
    (made / "WHEEL").write_bytes(b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (made / "INSTALLER").write_bytes(b"pip\n")
    (made / "RECORD").write_bytes(record(site, [module, made / "METADATA", made / "WHEEL", made / "INSTALLER"]))
    for file, data in (files or {}).items():
        (made / file).write_bytes(data)
    return made


def record(site: Path, files: Iterable[Path]) -> bytes:
    """RECORD for some files below ``site``."""
    rows = []
    for file in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
        rows.append(f"{file.relative_to(site)},sha256={digest},{file.stat().st_size}\n")
    return "".join(rows).encode()


def scan(*paths: Path | str) -> Environment:
    return environment.scan(paths=[str(path) for path in paths])


def named(live: Environment, name: str) -> list[Distribution]:
    return [each for each in live.distributions if each.name == name]


def broken(live: Environment) -> list[Change]:
    return [each for each in live.observations if each.code == "EG109"]


def only_broken(live: Environment) -> Change:
    """The single observation of a scan, which must be of broken metadata."""
    assert [each.code for each in live.observations] == ["EG109"], live.observations
    assert live.observations[0].kind == "broken"
    return live.observations[0]


def installed(live: Environment) -> set[tuple[str, str]]:
    return {(each.name, each.version) for each in live.distributions}


def uv() -> Path:
    return Path(sys.executable).with_name("uv")


def base_python() -> Path:
    """The interpreter below the virtual environment that runs the tests."""
    return Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
