"""Environments with compiled wheels, what is broken in them, and what a real import says to it."""

import os
import shutil
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

from envguard.environment import scan
from envguard.environment.interpreter import markers
from envguard.environment.tags import supported
from envguard.facts.natives import Natives
from envguard.model import Change
from support import run, site_packages

SMALL = ("orjson==3.10.15", "pyzmq==26.2.1", "pillow==11.1.0", "markupsafe==3.0.2", "cffi==1.17.1", "psutil==7.0.0")
"""Compiled wheels for every supported Python: one module, private libraries, a fallback, the stable ABI."""
OTHER = "3.10" if sys.version_info[:2] != (3, 10) else "3.12"
"""A Python that does not run these tests."""
OTHER_TAG = "cp" + OTHER.replace(".", "")


def download(folder: Path, *requirements: str, options: Iterable[str] = ()) -> list[Path]:
    """Wheels from the index, without what they depend on."""
    command = ("-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder)
    done = run(sys.executable, *command, *options, *requirements, PIP_REQUIRE_VIRTUALENV="0")
    assert done.returncode == 0, done.stderr
    return sorted(folder.glob("*.whl"))


def environment_of(folder: Path, wheels: Sequence[Path] = ()) -> Path:
    """A virtual environment with some wheels."""
    venv = folder / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", venv).returncode == 0
    if wheels:
        install(venv, wheels)
    return venv


def install(venv: Path, wheels: Sequence[Path], *options: str | Path) -> None:
    """Add wheels, or put other versions in the place of what is there."""
    uv = (Path(sys.executable).parent / "uv", "pip", "install", "-q", "--python", venv / "bin" / "python")
    done = run(*uv, "--no-index", "--no-deps", *(options or ("--no-cache", "--link-mode", "copy")), *wheels)
    assert done.returncode == 0, done.stderr


def unpack(wheel: Path, venv: Path, *stale: str) -> None:
    """Put the files of a wheel into an environment that no installer would put them into; ``stale`` goes first."""
    site = site_packages(venv)
    for pattern in stale:
        for path in site.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)


def the(pattern: str, venv: Path) -> Path:
    """The one file below site-packages that matches."""
    found: list[Path] = list(site_packages(venv).glob(pattern))
    assert len(found) == 1, found
    return found[0]


def patch(path: Path, old: bytes, new: bytes) -> None:
    """Replace a name in a file by another of the same length."""
    data = path.read_bytes()
    assert data.count(b"\0" + old + b"\0") == 1
    assert len(old) == len(new)
    path.write_bytes(data.replace(b"\0" + old + b"\0", b"\0" + new + b"\0"))


def observe(venv: Path, *facts: ModuleType, library_path: str = "") -> list[Change]:
    """What facts say of an environment, without what is merely noted."""
    return [change for change in everything(venv, *facts, library_path=library_path) if change.kind != "noted"]


def everything(venv: Path, *facts: ModuleType, library_path: str = "") -> list[Change]:
    """What facts say of an environment."""
    live = scan(python=str(venv / "bin" / "python"))
    with Natives(
        live,
        markers=markers(live.interpreter),
        supported=lambda: map(str, supported(live.interpreter)),
        library_path=library_path,
        preload="",
    ) as natives:
        return [change for fact in facts for change in fact.observe(natives)]


def import_error(venv: Path, code: str) -> str:
    """The last line that a failing statement prints; empty where it succeeds. ``code`` may be a module's name."""
    code = f"import {code}" if code.replace(".", "").isidentifier() else code
    done = run(venv / "bin" / "python", "-W", "ignore", "-c", code, cwd=Path(os.path.sep))
    if done.returncode < 0:
        return f"signal {-done.returncode}"
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def relative(change: Change, venv: Path) -> str:
    """The path of a change below site-packages."""
    return os.path.relpath(change.path, site_packages(venv).resolve())
