"""Wheels from the index, and wheels written by hand."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from support import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UV = Path(sys.executable).parent / "uv"
NATIVE_TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}-cp{sys.version_info[0]}{sys.version_info[1]}-linux_x86_64"


def download(folder: Path, *requirements: str) -> None:
    """Wheels from the index, without what they depend on."""
    command = ("-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder)
    done = run(sys.executable, *command, *requirements, PIP_REQUIRE_VIRTUALENV="0")
    assert done.returncode == 0, done.stderr


def new_venv(folder: Path, *wheels: Path) -> Path:
    """A virtual environment without pip, with some wheels."""
    venv = folder / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", venv).returncode == 0
    if wheels:
        install(venv, *wheels)
    return venv


def install(venv: Path, *wheels: Path) -> None:
    """Put wheels into an environment, whatever is there."""
    command = (UV, "pip", "install", "-q", "--no-index", "--no-deps", "--no-cache", "--link-mode", "copy")
    done = run(*command, "--python", venv / "bin" / "python", *wheels)
    assert done.returncode == 0, done.stderr


def the(folder: Path, pattern: str) -> Path:
    """The one file that matches."""
    (found,) = folder.glob(pattern)
    return Path(found)


def make(
    folder: Path,
    name: str,
    version: str = "1.0",
    files: Mapping[str, bytes | str] | None = None,
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    headers: str = "",
) -> Path:
    """A wheel with these files."""
    info = f"{name}-{version}.dist-info"
    required = "".join(f"Requires-Dist: {text}\n" for text in requires)
    contents = {
        **{path: _bytes(content) for path, content in (files or {f"{name}.py": "VALUE = 1\n"}).items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}{headers}".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    rows = [f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in contents.items()]
    contents[f"{info}/RECORD"] = ("".join(rows) + f"{info}/RECORD,,\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
    return wheel


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
