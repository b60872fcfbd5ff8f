"""What several tests need: scratch environments with real wheels, and processes that see nothing else."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import REQUIRED, SMALL, SOURCE, copy_venv, run, state_of_installers


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests and the tools they start leave in the folder for temporary files goes with the run."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        patched.setattr(tempfile, "tempdir", None)
        yield


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
def base_venv(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Iterator[Path]:
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
    shared = state_of_installers(venv)
    yield venv
    assert state_of_installers(venv) == shared, "a test has edited files of pip that its copy shares with others"


@pytest.fixture
def venv(tmp_path: Path, base_venv: Path) -> Path:
    """A venv of the test's own. It is a copy: its scripts belong to the original, so use ``bin/python -m``."""
    copy_venv(base_venv, tmp_path / "venv")
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
