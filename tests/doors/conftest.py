"""Environments to protect: one in a process of its own, and one in the process of the tests, for coverage."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import envguard
from envguard import latch
from envguard.doors import import_hook

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from sandbox import Sandbox, add_distribution, change_version, interpreters

HERE = sys.version.split()[0]
OTHERS = [
    pytest.param(python, id=version, marks=pytest.mark.slow)
    for version, python in interpreters().items()
    if version != HERE
]


@pytest.fixture(scope="session", params=[pytest.param(sys.executable, id=HERE), *OTHERS])
def _prepared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Sandbox:
    return Sandbox(tmp_path_factory.mktemp("sandbox"), request.param)


@pytest.fixture
def box(_prepared: Sandbox) -> Iterator[Sandbox]:
    """A frozen environment with the distribution ``mymod`` 1.0, a package."""
    before = set(os.listdir(_prepared.site))
    files = {"mymod/__init__.py": "VALUE = 1\n", "mymod/part.py": "PART = 1\n", "mymod/data.txt": "data\n"}
    add_distribution(_prepared.site, "mymod", "1.0", files)
    _prepared.freeze()
    yield _prepared
    for name in set(os.listdir(_prepared.site)) - before:
        _remove(_prepared.site / name)
    for path in _prepared.folder.iterdir():
        if path.name != "env":
            _remove(path)


@pytest.fixture
def drifted(box: Sandbox) -> Sandbox:
    """The same after ``mymod`` was upgraded to 2.0."""
    change_version(box.site, "mymod", "1.0", "2.0")
    return box


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a folder with the frozen distribution ``hostmod`` 1.0 the site-packages of this process."""
    import packaging.markers
    import packaging.specifiers  # noqa: F401 - loaded before site-packages is out of reach

    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    files = {"hostmod/__init__.py": "VALUE = 1\n", "hostmod/part.py": "PART = 1\n"}
    add_distribution(site, "hostmod", "1.0", files)
    standard = [path for path in sys.path if "site-packages" not in path and "python3" in path]
    monkeypatch.setattr(sys, "path", [*standard, str(Path(envguard.__file__).parents[1]), str(site)])
    monkeypatch.delenv(latch.EXPECT, raising=False)
    monkeypatch.setattr(import_hook._hook, "__cantrace__", True, raising=False)  # coverage sees into the audit hook
    monkeypatch.setenv("ENVGUARD_LOCK", str(tmp_path / "envguard.lock"))
    _forget()
    envguard.freeze(tmp_path / "envguard.lock")
    yield site
    _forget()


def _forget() -> None:
    import_hook._reset()
    latch.reset()
    for name in [name for name in sys.modules if name.partition(".")[0] == "hostmod"]:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
