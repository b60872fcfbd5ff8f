"""EG405 against what really happens when the module is imported."""

import shutil
import sys
from pathlib import Path

import pytest
from native_places import NUMPY_2, add, import_error, look, new_venv, opened

from envguard.facts import numpy_abi
from envguard.model import Change, Environment
from support import site_packages

OLD = "fast-histogram==0.12"
"""For the stable ABI, so one wheel of 57 KB serves every Python; built with NumPy 1."""
NEW = "fast-histogram==0.14"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVGUARD_CACHE", "off")


@pytest.fixture(scope="module")
def numpy_2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_venv(tmp_path_factory.mktemp("numpy2"), NUMPY_2)


@pytest.fixture(scope="module")
def old(numpy_2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    add(numpy_2, OLD, target=folder)
    return folder


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """A folder before site-packages, for what a test adds."""
    return tmp_path / "overlay"


@pytest.fixture
def overlay_of_old(old: Path, overlay: Path) -> Path:
    shutil.copytree(old, overlay)
    return overlay


def told(environment: Environment) -> list[Change]:
    with opened(environment) as natives:
        changes = list(numpy_abi.observe(natives))
        assert natives.blind == ()
    assert {change.code for change in changes} <= {"EG405"}
    return changes


def with_numpy(environment: Environment, version: str) -> Environment:
    installed = (each.replace(version=version) if each.name == "numpy" else each for each in environment.distributions)
    return environment.replace(distributions=tuple(installed))


def test_a_module_of_numpy_1_cannot_be_imported_under_numpy_2(numpy_2: Path, overlay_of_old: Path) -> None:
    [change] = told(look(numpy_2, overlay_of_old))
    assert (change.kind, change.package) == ("unloadable", "fast-histogram")
    assert (change.locked, change.installed) == ("numpy<2", "2.2.6")
    assert change.path == str(overlay_of_old.resolve() / "fast_histogram" / "_histogram_core.abi3.so")
    assert change.evidence[0] == "1 file: fast_histogram/_histogram_core.abi3.so"
    assert (
        import_error(numpy_2, "fast_histogram", [overlay_of_old])
        == "ImportError: numpy.core.multiarray failed to import"
    )


def test_under_numpy_1_or_without_numpy_nothing_is_said(numpy_2: Path, overlay_of_old: Path) -> None:
    environment = look(numpy_2, overlay_of_old)
    assert told(with_numpy(environment, "1.26.4")) == []
    assert told(with_numpy(environment, "no version")) == []
    bare = tuple(each for each in environment.distributions if each.name != "numpy")
    assert told(environment.replace(distributions=bare)) == []


def test_a_module_that_is_ready_for_numpy_2_is_no_finding(numpy_2: Path, overlay: Path) -> None:
    add(numpy_2, NEW, target=overlay)
    environment = look(numpy_2, overlay)
    assert told(environment) == []
    assert told(with_numpy(environment, "1.26.4")) == []
    assert import_error(numpy_2, "fast_histogram", [overlay]) == ""


def test_numpy_is_not_held_against_itself(numpy_2: Path) -> None:
    assert told(look(numpy_2)) == []
    assert told(with_numpy(look(numpy_2), "1.21.0")) == []


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="contourpy 1.2.0 has no wheel for it")
def test_a_module_that_looks_numpy_up_lazily_is_noted(numpy_2: Path, overlay: Path) -> None:
    add(numpy_2, "contourpy==1.2.0", target=overlay)
    [change] = told(look(numpy_2, overlay))
    assert (change.kind, change.package) == ("noted", "contourpy")
    assert import_error(numpy_2, "contourpy", [overlay]) == ""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="numpy-quaddtype has no wheel for it")
def test_a_module_for_a_newer_numpy_than_the_installed_one(numpy_2: Path, overlay: Path) -> None:
    add(numpy_2, "numpy-quaddtype==1.0.0", target=overlay)
    environment = look(numpy_2, overlay)
    [change] = told(environment)
    assert (change.kind, change.package) == ("unloadable", "numpy-quaddtype")
    assert (change.locked, change.installed) == ("numpy>=2.4", "2.2.6")
    assert "failed to import" in import_error(numpy_2, "numpy_quaddtype", [overlay])
    assert told(with_numpy(environment, "2.4.0rc1")) == []
    # Without the requirement in its metadata, its sources still show that its import loads the module.
    silent = tuple(each.replace(requires=()) for each in environment.distributions)
    assert [each.kind for each in told(environment.replace(distributions=silent))] == ["unloadable"]
    unreached = tuple(each.replace(requires=(), top_level=("numpy",)) for each in environment.distributions)
    assert [each.kind for each in told(environment.replace(distributions=unreached))] == ["noted"]


def test_a_library_that_is_no_module_is_doubtful(numpy_2: Path, overlay_of_old: Path) -> None:
    module = overlay_of_old / "fast_histogram" / "_histogram_core.abi3.so"
    (overlay_of_old / "fast_histogram" / "libhistogram.so").write_bytes(module.read_bytes())
    module.unlink()
    [change] = told(look(numpy_2, overlay_of_old))
    assert (change.kind, change.package) == ("doubtful", "")  # in no RECORD, so it belongs to nobody


def test_a_module_for_another_python_is_left_to_eg404(numpy_2: Path, overlay_of_old: Path) -> None:
    module = overlay_of_old / "fast_histogram" / "_histogram_core.abi3.so"
    module.rename(module.with_name("_histogram_core.cpython-36m-x86_64-linux-gnu.so"))
    assert told(look(numpy_2, overlay_of_old)) == []


def test_the_second_time_the_cache_answers(
    numpy_2: Path, overlay_of_old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENVGUARD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = told(look(numpy_2, overlay_of_old))
    [entry] = [
        path for path in (tmp_path / "cache").rglob("*.json") if "fast_histogram/_histogram_core" in path.read_text()
    ]
    assert told(look(numpy_2, overlay_of_old)) == first
    entry.write_text(entry.read_text().replace("np1-eager", "np2-ready"))
    assert told(look(numpy_2, overlay_of_old)) == []  # so it was read from there
    module = overlay_of_old / "fast_histogram" / "_histogram_core.abi3.so"
    module.write_bytes(module.read_bytes() + b"\0")
    assert [each.kind for each in told(look(numpy_2, overlay_of_old))] == ["unloadable"]  # another size: read again


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="NumPy 1 has no wheel for it")
def test_a_module_for_those_who_have_numpy_2_is_noted_under_numpy_1(tmp_path: Path) -> None:
    venv = new_venv(tmp_path, "numpy==1.26.4", "h5py==3.14.0")
    [change] = told(look(venv))
    assert (change.kind, change.package, change.locked) == ("noted", "h5py", "numpy>=2.0")
    assert import_error(venv, "h5py") == ""
    assert "failed to import" in import_error(venv, "h5py, h5py._npystrings")


@pytest.mark.wheels
def test_opencv_of_numpy_1_under_numpy_2(numpy_2: Path, overlay: Path) -> None:
    add(numpy_2, "opencv-python-headless==4.8.1.78", target=overlay)
    [change] = told(look(numpy_2, overlay))
    assert (change.kind, change.package) == ("unloadable", "opencv-python-headless")
    assert "numpy.core.multiarray failed to import" in import_error(numpy_2, "cv2", [overlay])
    assert site_packages(numpy_2).is_dir()
