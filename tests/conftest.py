"""What several tests need: scratch environments with real wheels, and processes that see nothing else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import SMALL, SOURCE, run


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real wheels from the index, downloaded once."""
    folder = tmp_path_factory.mktemp("wheels")
    for requirements in (SMALL, ("six==1.17.0", "idna==3.10")):
        command = ("-m", "pip", "download", "-q", "--no-deps", "-d", folder, *requirements)
        done = run(sys.executable, *command, PIP_REQUIRE_VIRTUALENV="0")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def make_venv(tmp_path: Path, wheelhouse: Path) -> Callable[..., Path]:
    """Makes a venv with the given requirements from the wheelhouse, and this project on its path."""

    def make(name: str = "venv", *requirements: str) -> Path:
        venv = tmp_path / name
        assert run(sys.executable, "-m", "venv", venv).returncode == 0
        done = run(
            venv / "bin" / "python", "-m", "pip", "install", "-q", "--no-index", "--no-deps", "-f", wheelhouse,
            *(requirements or SMALL),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return venv

    return make


@pytest.fixture
def venv(make_venv: Callable[..., Path]) -> Path:
    """A venv with a few small distributions, installed by pip."""
    return make_venv()


@pytest.fixture
def pinned_site(tmp_path: Path) -> Path:
    """A folder with a distribution, on which PYTHONPATH can point, and a lock of what a bare start sees there."""
    folder = tmp_path / "pinned"
    folder.mkdir()
    code = "import envguard; envguard.freeze('envguard.lock')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder
