"""Scratch environments with real wheels, for facts about compiled files and who owns them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from envguard.environment import scan
from envguard.environment.interpreter import markers
from envguard.facts.natives import Natives
from envguard.model import Environment
from support import run

NUMPY_2 = "numpy==2.2.6"
"""The last release that has wheels for Python 3.10 to 3.13."""

UV = Path(sys.executable).parent / "uv"


def new_venv(folder: Path, *requirements: str | Path, name: str = "venv") -> Path:
    """A virtual environment with wheels from the index, or from files, without what they depend on."""
    venv = folder / name
    done = run(UV, "venv", "-q", "--no-config", "--python", sys.executable, venv)
    assert done.returncode == 0, done.stderr
    add(venv, *requirements)
    return venv


def add(venv: Path, *requirements: str | Path, target: Path | None = None) -> None:
    """Install into a virtual environment, or into a folder for its Python."""
    if not requirements:
        return
    where = ("--target", target) if target is not None else ()
    if target is None and all(isinstance(each, Path) for each in requirements):
        uv = (UV, "pip", "install", "-q", "--no-config", "--python", venv / "bin" / "python")
        done = run(*uv, "--no-index", "--no-deps", "--no-cache", "--link-mode", "copy", *requirements)
        assert done.returncode == 0, done.stderr
        return
    pip = (sys.executable, "-m", "pip", "--python", venv / "bin" / "python")
    options = ("install", "-q", "--no-deps", "--only-binary", ":all:", "--no-compile", *where)
    done = run(*pip, *options, *requirements)
    assert done.returncode == 0, done.stderr


def look(venv: Path, *before: Path) -> Environment:
    """What is installed, with some folders before it on sys.path."""
    python = str(venv / "bin" / "python")
    live = scan(python=python)
    return scan(python=python, paths=[*map(str, before), *live.paths]) if before else live


@contextmanager
def opened(environment: Environment) -> Iterator[Natives]:
    """The compiled files of an environment, for a process without search paths of its own."""
    with Natives(environment, markers=markers(environment.interpreter), library_path="", preload="") as natives:
        yield natives


def import_error(venv: Path, module: str, paths: Sequence[Path] = ()) -> str:
    """The last line that a failing import prints; empty where it succeeds."""
    path = ":".join(map(str, paths))
    done = run(venv / "bin" / "python", "-c", f"import {module}", PYTHONPATH=path)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""
