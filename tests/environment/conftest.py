import os
import sys
from pathlib import Path

import pytest
from building import run, uv

from support import copy_venv

WHEELS = ("six==1.17.0", "idna==3.10", "attrs==25.3.0", "packaging==24.2", "zope.interface==7.2")


def _pythons() -> list[str]:
    """Interpreters of the supported versions on this machine."""
    given = os.environ.get("ENVGUARD_PYTHONS")
    if given:
        return given.split(os.pathsep)
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [str(path) for minor in range(10, 14) for path in sorted(root.glob(f"versions/3.{minor}.*/bin/python"))]
    return found or [sys.executable]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "any_python" in metafunc.fixturenames:
        metafunc.parametrize("any_python", _pythons())


@pytest.fixture(scope="session")
def base_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment made by uv with five small real distributions; tests copy it, none changes it."""
    folder = tmp_path_factory.mktemp("base") / "venv"
    if not uv().exists():
        pytest.skip("uv is not installed beside the interpreter that runs the tests")
    run(uv(), "venv", "--quiet", "--python", sys.executable, folder)
    run(uv(), "pip", "install", "--quiet", "--link-mode=copy", "--no-deps", "--python", folder / "bin/python", *WHEELS)
    return folder


@pytest.fixture(scope="session")
def pip_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment as ``python -m venv`` makes it, with pip, and two wheels that pip installed."""
    folder = tmp_path_factory.mktemp("pip") / "venv"
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "six==1.17.0", "zope.interface==7.2")
    return folder


@pytest.fixture
def site(base_venv: Path, tmp_path: Path) -> Path:
    """A copy of real site-packages that a test may damage."""
    (source,) = base_venv.glob("lib/python3*/site-packages")
    target = tmp_path / "site-packages"
    copy_venv(source, target)
    return target


@pytest.fixture
def venv(base_venv: Path, tmp_path: Path) -> Path:
    """A copy of a whole virtual environment."""
    target = tmp_path / "venv"
    copy_venv(base_venv, target)
    return target


@pytest.fixture(autouse=True)
def _no_inherited_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another interpreter would honour them, and so see what the tests run with."""
    for name in ("PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONUSERBASE"):
        monkeypatch.delenv(name, raising=False)
