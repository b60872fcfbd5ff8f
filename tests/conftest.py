"""What several tests need: scratch environments with real wheels, and processes that see nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

SMALL = ("six==1.16.0", "idna==3.7", "attrs==24.2.0", "packaging==24.2")
"""A few small real distributions, pinned so that tests have something to drift from."""


def scrubbed(**extra: str) -> dict[str, str]:
    """Environment variables for a process that must not touch this interpreter or read its settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_CERT", "PIP_FIND", "PIP_INDEX", "PIP_EXTRA", "UV_INDEX", "SSL_", "REQUESTS_CA"))
        or name in {"HOME", "http_proxy", "https_proxy", "no_proxy", "LANG"}
    }
    return {
        **kept,
        "PATH": "/usr/bin:/bin",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **extra,
    }


def run(*command: str | Path, cwd: Path | None = None, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a scrubbed environment; never raises for its exit status."""
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=scrubbed(**extra), capture_output=True, text=True, check=False
    )


def site_packages(venv: Path) -> Path:
    """The one site-packages folder of a venv."""
    return next((venv / "lib").glob("python3.*")) / "site-packages"


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real wheels from the index, downloaded once."""
    folder = tmp_path_factory.mktemp("wheels")
    done = run(
        sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, *SMALL, "six==1.17.0", "idna==3.10",
        PIP_REQUIRE_VIRTUALENV="0",
    )  # fmt: skip
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
def pinned_site(tmp_path: Path) -> Iterator[Path]:
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
    yield folder
