"""Wheels and virtual environments for the tests of facts."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., None]
BuildWheel = Callable[..., Path]


@pytest.fixture(scope="session")
def run_tool() -> Run:
    """Run a command with a bare environment and show what it said if it fails."""

    def run(*command: str | Path) -> None:
        kept = {key: os.environ[key] for key in ("HOME", "PIP_INDEX_URL", "PIP_CONFIG_FILE") if key in os.environ}
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        done = subprocess.run(
            [str(part) for part in command],
            env={**kept, "PATH": path, "PIP_REQUIRE_VIRTUALENV": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    return run


@pytest.fixture(scope="session")
def build_wheel() -> BuildWheel:
    """Write a wheel from a table of file names and contents, without any build tool."""

    def build(
        folder: Path,
        name: str,
        files: Mapping[str, str],
        *,
        version: str = "1.0",
        unlisted: Mapping[str, str] | None = None,
        entry_points: str = "",
    ) -> Path:
        info = f"{name}-{version}.dist-info"
        everything = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        if entry_points:
            everything[f"{info}/entry_points.txt"] = entry_points
        rows = [f"{_quoted(path)},{_hash(content)},{len(content.encode())}\n" for path, content in everything.items()]
        everything.update(unlisted or {})
        everything[f"{info}/RECORD"] = "".join(rows) + f"{info}/RECORD,,\n"
        folder.mkdir(parents=True, exist_ok=True)
        wheel = folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, content in everything.items():
                archive.writestr(path, content)
        return wheel

    return build


def _quoted(path: str) -> str:
    return '"' + path.replace('"', '""') + '"' if "," in path or '"' in path else path


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def pristine_place(tmp_path_factory: pytest.TempPathFactory, build_wheel: BuildWheel, run_tool: Run) -> Path:
    """A virtual environment with two distributions, one of them with a console script; not to be changed."""
    folder = tmp_path_factory.mktemp("pristine")
    wheels = [
        build_wheel(
            folder,
            "alpha",
            {
                "alpha/__init__.py": "from alpha.core import run\n",
                "alpha/core.py": "def run():\n    return 'alpha' in {'alpha', 'beta'}\n",
                "alpha/data.json": "{}\n",
                "alpha/native.abi3.so": "\x7fELF" + "x" * 3000,
            },
            entry_points="[console_scripts]\nalpha-run = alpha.core:run\n",
        ),
        build_wheel(folder, "beta", {"beta.py": "VALUE = 1\n"}),
    ]
    venv = folder / "venv"
    run_tool(sys.executable, "-m", "venv", "--without-pip", venv)
    uv = Path(sys.executable).parent / "uv"
    cache = ("--cache-dir", folder / "cache", "--link-mode", "copy")
    run_tool(
        uv, "pip", "install", "-q", "--no-index", "--no-deps", *cache, "--python", venv / "bin" / "python", *wheels
    )
    return venv


@pytest.fixture
def place(pristine_place: Path, tmp_path: Path) -> Path:
    """A copy of that environment, to do anything with."""
    folder = tmp_path / "place"
    shutil.copytree(pristine_place, folder, symlinks=True)
    return folder
