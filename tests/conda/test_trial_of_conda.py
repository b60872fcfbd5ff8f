"""A change tried in a conda environment: built anew by py-rattler, with its pip layer, and proven to equal golden."""

import os
import subprocess
from pathlib import Path

import pytest
from conda_place import Place

pytestmark = pytest.mark.slow
SOURCE = Path(__file__).parents[2] / "src"


def envguard(place: Place, work: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run envguard on the interpreter that has py-rattler, apart from the environment."""
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_INDEX", "PIP_EXTRA", "PIP_CERT"))
    }
    environ = {
        **kept,
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(SOURCE),
        "ENVGUARD_CACHE": "off",
        "RATTLER_CACHE_DIR": str(work / "cache"),
        "HOME": str(work),
    }
    words = (str(place.conda.tools), "-m", "envguard", *words)
    return subprocess.run(
        [str(word) for word in words], cwd=work, env=environ, capture_output=True, text=True, check=False
    )


@pytest.fixture
def work(place: Place, tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    place.pip("install", "--no-deps", "packaging>=25")
    tools = subprocess.run(
        [str(place.conda.tools), "-m", "pip", "-q", "install", "packaging>=25"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tools.returncode == 0, tools.stderr
    done = envguard(place, folder, "freeze", "--python", place.prefix, "--depth", "files")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_change_of_the_pip_layer(place: Place, work: Path) -> None:
    wheels = work / "wheels"
    done = subprocess.run(
        [str(place.conda.tools), "-m", "pip", "-q", "download", "--no-deps", "-d", str(wheels), "idna==3.10"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    test = "python -c 'import six, markupsafe, idna; print(idna.__version__)'"
    words = (
        "try",
        "idna==3.10",
        "--test",
        test,
        "--python",
        place.prefix,
        "--yes",
        "--offline",
        "--find-links",
        wheels,
    )
    tried = envguard(place, work, *words)
    assert tried.returncode == 0, tried.stderr
    assert envguard(place, work, "check", "--python", place.prefix, "--depth", "files").returncode == 0
    accepted = envguard(place, work, "accept", "--apply", "--yes", "--offline")
    assert accepted.returncode == 0, accepted.stderr
    assert envguard(place, work, "check", "--python", place.prefix, "--depth", "files").returncode == 0
    assert (place.site / "idna-3.10.dist-info").is_dir()
