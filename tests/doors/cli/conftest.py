"""A scratch environment without any extra, a golden file of it, and the real command line."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from box import Box, Done

from support import SMALL, SOURCE, run, site_packages


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Path:
    """The environment that every test gets a copy of."""
    folder = tmp_path_factory.mktemp("template")
    venv = folder / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", venv).returncode == 0
    install = ("install", "-q", "--no-index", "--no-deps", "-f", wheelhouse, "--target", site_packages(venv), *SMALL)
    done = run(sys.executable, "-m", "pip", *install, PIP_REQUIRE_VIRTUALENV="0")
    assert done.returncode == 0, done.stderr
    (folder / "work").mkdir()
    done = Box(folder, wheelhouse)("freeze")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def eg(template: Path, wheelhouse: Path, tmp_path: Path) -> Box:
    """The command line in an environment that is as it was frozen."""
    shutil.copytree(template, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Box(tmp_path, wheelhouse)


@pytest.fixture
def drifted(eg: Box) -> Box:
    """The command line in an environment that is no longer as it was frozen."""
    eg.drift()
    return eg


@pytest.fixture
def rich_eg() -> Callable[..., Done]:
    """The command line with all extras, in the environment that runs the tests."""

    def call(*argv: str | Path, cwd: Path, **environ: str) -> Done:
        return run(sys.executable, "-m", "envguard", *argv, cwd=cwd, PYTHONPATH=str(SOURCE), **environ)

    return call
