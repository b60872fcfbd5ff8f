"""pylock.toml from the files that a lock lists: valid, the same selection, and installable."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from envguard import formats
from envguard.errors import EnvguardError
from envguard.exporting import Exported, export
from envguard.model import Artifact, Pin, Selection, Snapshot
from support import LINUX, run

toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
DIGEST = "sha256:" + "a1" * 32
WHEEL = Artifact(
    name="six-1.16.0-py3-none-any.whl",
    url="https://example.org/six-1.16.0-py3-none-any.whl",
    hashes=(DIGEST, "md5:" + "0" * 32),
    size=7,
)
SDIST = Artifact(name="six-1.16.0.tar.gz", url="https://example.org/six-1.16.0.tar.gz", hashes=(DIGEST,))
SIX = Pin(name="six", version="1.16.0", text="six==1.16.0", artifacts=(SDIST, WHEEL))


def snapshot(*pins: Pin) -> Snapshot:
    return Snapshot(path="/srv/uv.lock", format="uv.lock", sha256="0" * 64, pins=pins)


def pylock(made: Exported) -> Pylock:
    return Pylock.from_dict(toml.loads(made.text))


def test_the_files_of_a_lock_are_written() -> None:
    made = export(snapshot(SIX), "pylock")
    assert made.remarks == ()
    (package,) = pylock(made).packages
    assert package.sdist is not None
    assert (package.sdist.filename, package.sdist.url, package.sdist.size) == (SDIST.name, SDIST.url, None)
    (wheel,) = package.wheels or ()
    assert (wheel.url, wheel.size) == (WHEEL.url, 7)
    assert wheel.hashes == {"sha256": "a1" * 32, "md5": "0" * 32}


def test_wheels_that_are_shown_come_before_those_that_are_listed(wheelhouse: Path) -> None:
    (package,) = pylock(export(snapshot(SIX.replace(hashes=())), "pylock", wheels=str(wheelhouse))).packages
    assert package.sdist is None
    assert [wheel.url for wheel in package.wheels or ()] == [None]


def test_what_cannot_be_installed_is_left_out_and_counted() -> None:
    others = [
        WHEEL.replace(name="six-1.16.0-py2.7.egg"),
        WHEEL.replace(name="six-1.16.0.zip"),
        WHEEL.replace(name="six-1.15.0-py3-none-any.whl"),
        WHEEL.replace(name="idna-1.16.0-py3-none-any.whl"),
        WHEEL.replace(name="six-1.16.0-py2-none-any.whl\n[tool.x]"),
        WHEEL.replace(name="six-1.16.0-cp311-none-any.whl", url="https://example.org/a b"),
        WHEEL.replace(name="six-1.16.0-cp312-none-any.whl", hashes=("a b:00",)),
        WHEEL.replace(name="six-1.16.0-cp313-none-any.whl", hashes=()),
    ]
    made = export(snapshot(SIX.replace(artifacts=(*others, *SIX.artifacts))), "pylock")
    assert made.text == export(snapshot(SIX), "pylock").text
    (remark,) = made.remarks
    assert remark.startswith(f"{len(others)} files that the lock lists are left out")


@pytest.mark.parametrize("without", [WHEEL.replace(url=""), WHEEL.replace(hashes=()), WHEEL.replace(name="six.exe")])
def test_names_without_place_or_hash_are_refused(without: Artifact) -> None:
    with pytest.raises(EnvguardError, match=r"cannot name six: the lock does not say where .* \(--wheels FOLDER"):
        export(snapshot(SIX.replace(artifacts=(without,))), "pylock")


def test_for_whom_the_pins_were_chosen_is_said() -> None:
    lock = pylock(export(snapshot(SIX), "pylock", selected_for=LINUX))
    assert str(lock.requires_python) == "==3.11.*"
    assert lock.environments is not None
    assert "sys_platform" in str(lock.environments[0])
    # A bill of materials says what is locked, and a lock of several environments locks no interpreter.
    assert export(snapshot(SIX), "cyclonedx", selected_for=LINUX) == export(snapshot(SIX), "cyclonedx")


@pytest.mark.parametrize("path", ["uv/nanochat-uv.lock", "pylock/oyez-pylock.toml"])
def test_a_real_lock_is_valid_and_read_back_as_it_was(corpus: Path, tmp_path: Path, path: str) -> None:
    selection = Selection(interpreter=LINUX)
    before = formats.load(corpus / path, selection=selection)
    made = export(before, "pylock", selected_for=selection.interpreter)
    assert len(pylock(made).packages) == len(before.pins)
    (tmp_path / "pylock.toml").write_text(made.text)
    after = formats.load(tmp_path / "pylock.toml", selection=selection)
    assert {(p.name, p.version, p.tags) for p in after.pins} == {(p.name, p.version, p.tags) for p in before.pins}
    for old, new in zip(sorted(before.pins, key=str), sorted(after.pins, key=str), strict=True):
        assert {file for file in old.artifacts if file.name.endswith(".whl")} <= set(new.artifacts), old.name


@pytest.mark.slow
@pytest.mark.skipif(UV is None, reason="no uv")
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_lock_of_uv_is_installed_by_way_of_pylock(tmp_path: Path, installer: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.10"\n'
        'dependencies = ["six==1.16.0", "markupsafe==2.1.5", "colorama==0.4.6; sys_platform == \'win32\'"]\n'
        "[tool.uv]\npackage = false\n"
    )
    cache = ("--cache-dir", tmp_path / "cache")
    done = run(UV, "lock", "-q", *cache, "--python", sys.executable, cwd=project)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "envguard", "export", "uv.lock", "--to", "pylock", "-o", "pylock.toml"]
    told = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    python = tmp_path / "venv" / "bin" / "python"
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").returncode == 0
    if installer == "pip":
        done = run(python, "-m", "pip", "install", "-q", "--upgrade", "pip>=26.1")
        assert done.returncode == 0, done.stderr
        done = run(python, "-m", "pip", "install", "-r", project / "pylock.toml")
    else:
        done = run(UV, "pip", "install", "--python", python, *cache, "-r", project / "pylock.toml")
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "envguard", "check", "uv.lock", "--python", str(python)]
    told = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    listed = run(python, "-m", "pip", "freeze").stdout.lower().split()
    assert listed == ["markupsafe==2.1.5", "six==1.16.0"]
