"""Live environments to try changes of, made by pip and by uv, with real wheels."""

import shutil
import sys
from pathlib import Path

import pytest

from support import SMALL, run
from trial_box import Box, install


@pytest.fixture(scope="session")
def trial_template(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Path:
    """A venv with a few small packages, and its golden file with every file's hash."""
    folder = tmp_path_factory.mktemp("trial")
    assert run(sys.executable, "-m", "venv", "--without-pip", folder / "live").returncode == 0
    install(folder / "live", wheelhouse, *SMALL)
    (folder / "work").mkdir()
    done = Box(folder, wheelhouse)("freeze", "--python", folder / "live", "--depth", "files")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def box(trial_template: Path, wheelhouse: Path, tmp_path: Path) -> Box:
    """A live environment that equals its golden file."""
    shutil.copytree(trial_template, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Box(tmp_path, wheelhouse)
