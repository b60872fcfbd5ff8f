"""What several tests need: scratch environments with real wheels, and processes that see nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import REQUIRED, SMALL, SOURCE, run


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests leave nothing in the user's cache."""
    monkeypatch.setenv("ENVGUARD_CACHE", "off")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that say nothing of a language read English, whatever the locale."""
    monkeypatch.setenv("ENVGUARD_LANG", "en")


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real wheels from the index, downloaded once."""
    folder = tmp_path_factory.mktemp("wheels")
    for requirements in ((*SMALL, *REQUIRED), ("six==1.17.0", "idna==3.10")):
        command = ("-m", "pip", "download", "-q", "--no-deps", "-d", folder, *requirements)
        done = run(sys.executable, *command, PIP_REQUIRE_VIRTUALENV="0")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def base_venv(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Path:
    """A venv with a few small distributions, installed by pip; tests take copies."""
    venv = tmp_path_factory.mktemp("base") / "venv"
    assert run(sys.executable, "-m", "venv", venv).returncode == 0
    command = (
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        "-f",
        wheelhouse,
        *SMALL,
        *REQUIRED,
    )
    done = run(venv / "bin" / "python", *command)
    assert done.returncode == 0, done.stderr
    return venv


@pytest.fixture
def venv(tmp_path: Path, base_venv: Path) -> Path:
    """A venv of the test's own. It is a copy: its scripts belong to the original, so use ``bin/python -m``."""
    shutil.copytree(base_venv, tmp_path / "venv", symlinks=True)
    return tmp_path / "venv"


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
