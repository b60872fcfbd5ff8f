"""Temporary repositories, and pre-commit and prek in them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hooked import Repository

from support import SMALL, run, scrubbed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """An empty repository, and nothing of the user's settings."""
    return Repository.make(tmp_path / "repo", tmp_path / "home")


@pytest.fixture(params=["prek", pytest.param("pre-commit", marks=pytest.mark.slow)])
def tool(request: pytest.FixtureRequest) -> str:
    """Each hook manager."""
    name = str(request.param)
    if not (Path(sys.executable).parent / name).exists():
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture(scope="session")
def our_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a repository of hooks, as a user's configuration names it."""
    folder = tmp_path_factory.mktemp("clone") / "envguard"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "action.yml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-q", "-m", "all of it")):
        subprocess.run(["git", *words], cwd=folder, env=scrubbed(HOME=str(folder.parent)), check=True)
    return folder


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Path:
    """An environment with a few distributions, whose golden file envguard can make."""
    folder = tmp_path_factory.mktemp("sealed")
    venv = folder / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", venv).returncode == 0
    (site,) = (venv / "lib").glob("python3.*/site-packages")
    install = ("install", "-q", "--no-index", "--no-deps", "-f", wheelhouse, "--target", site, *SMALL)
    done = run(sys.executable, "-m", "pip", *install, PIP_REQUIRE_VIRTUALENV="0")
    assert done.returncode == 0, done.stderr
    return venv
