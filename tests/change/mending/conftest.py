"""One environment for all, of which each test takes a copy."""

import sys
from pathlib import Path

import pytest
from yard import BY_UV, OTHERS, PINS, Yard, build, put_back

from support import run


@pytest.fixture(autouse=True)
def no_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caches of the one who runs the tests are none of a test's business."""
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.delenv("ENVGUARD_LOCK", raising=False)
    monkeypatch.delenv("ENVGUARD_LOCK_SHA256", raising=False)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels from the index."""
    folder = tmp_path_factory.mktemp("house")
    for requirements in ((*PINS, *BY_UV), OTHERS):
        command = ("-m", "pip", "download", "-q", "--no-deps", "-d", folder, *requirements)
        done = run(sys.executable, *command, PIP_REQUIRE_VIRTUALENV="0")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, house: Path) -> Path:
    folder = tmp_path_factory.mktemp("base")
    build(folder / "venv", house)
    (folder / "venv").rename(folder / "backup")
    return folder


@pytest.fixture
def yard(tmp_path: Path, base: Path, house: Path) -> Yard:
    put_back(base / "backup", base / "venv")
    return Yard(base / "venv", tmp_path, house)
