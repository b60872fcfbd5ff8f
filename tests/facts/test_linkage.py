"""Missing libraries, symbols and versions (EG401 to EG403), each as a real import meets it."""

import shutil
import sys
from pathlib import Path

import pytest
from linkage_places import (
    SMALL,
    download,
    environment_of,
    everything,
    import_error,
    install,
    observe,
    patch,
    relative,
    the,
    unpack,
)

from envguard.facts import linkage, python_abi
from support import site_packages


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return download(tmp_path_factory.mktemp("native-wheels"), *SMALL)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path]) -> Path:
    return environment_of(tmp_path_factory.mktemp("healthy"), wheels)


@pytest.fixture
def place(tmp_path: Path, healthy: Path) -> Path:
    shutil.copytree(healthy, tmp_path / "venv", symlinks=True)
    return tmp_path / "venv"


MODULES = "orjson, zmq, PIL.Image, markupsafe._speedups, _cffi_backend, psutil"


def test_nothing_is_said_of_what_loads(healthy: Path) -> None:
    assert import_error(healthy, f"import {MODULES}") == ""
    assert everything(healthy, linkage, python_abi) == []


def test_links_instead_of_copies_load_too(tmp_path: Path, wheels: list[Path]) -> None:
    venv = environment_of(tmp_path)
    install(venv, wheels, "--cache-dir", tmp_path / "cache", "--link-mode", "symlink")
    assert the("orjson/orjson.*.so", venv).is_symlink()
    assert import_error(venv, f"import {MODULES}") == ""
    assert everything(venv, linkage, python_abi) == []


def test_a_private_library_that_is_gone(place: Path) -> None:
    library = the("pyzmq.libs/libsodium*", place)
    library.unlink()
    (change,) = observe(place, linkage)
    assert (change.code, change.kind, change.package) == ("EG401", "unloadable", "pyzmq")
    assert change.locked == library.name
    assert relative(change, place).startswith("pyzmq.libs/libzmq")
    assert f"RECORD lists pyzmq.libs/{library.name}, which is not there" in change.evidence
    assert import_error(place, "zmq") == (
        f"ImportError: {change.locked}: cannot open shared object file: No such file or directory"
    )


def test_a_private_library_that_several_modules_need(place: Path) -> None:
    library = the("pillow.libs/libjpeg*", place)
    library.unlink()
    (change,) = observe(place, linkage)
    assert (change.code, change.kind, change.locked) == ("EG401", "unloadable", library.name)
    assert change.evidence[0].endswith(f"of pillow 11.1.0 needs {library.name}")
    assert change.evidence[1].startswith("so do")
    assert library.name in import_error(place, "PIL.Image")


def test_a_library_of_the_system_that_is_not_there(place: Path) -> None:
    patch(the("psutil/_psutil_posix.abi3.so", place), b"libpthread.so.0", b"libpthreax.so.0")
    (change,) = everything(place, linkage)
    assert (change.code, change.package, change.locked) == ("EG401", "psutil", "libpthreax.so.0")
    assert "libpthreax.so.0" in import_error(place, "psutil")


def test_another_version_of_a_library(place: Path, tmp_path: Path) -> None:
    old = ("--python-version", "3.6", "--abi", "cp36m", "--implementation", "cp", "--platform", "manylinux1_x86_64")
    (wheel,) = download(tmp_path / "old", "pyzmq==16.0.4", options=old)
    shutil.unpack_archive(wheel, tmp_path / "unpacked", "zip")
    (library,) = (tmp_path / "unpacked" / "zmq" / ".libs").glob("libzmq*")
    shutil.copyfile(library, the("pyzmq.libs/libzmq*", place))
    (change,) = observe(place, linkage)
    said = import_error(place, "zmq")
    assert (change.code, change.kind, change.package) == ("EG402", "doubtful", "pyzmq")
    assert said.endswith(f"undefined symbol: {change.locked}")
    assert change.path in said
    assert change.evidence[1].startswith("pyzmq.libs/libzmq")


def test_a_symbol_that_python_does_not_export(place: Path) -> None:
    module = the("orjson/orjson.*.so", place)
    patch(module, b"PyUnicode_New", b"PyUnicode_Nix")
    (change,) = observe(place, linkage)
    assert (change.code, change.kind, change.package, change.locked) == (
        "EG402", "unloadable", "orjson", "PyUnicode_Nix",
    )  # fmt: skip
    assert change.evidence[-1] == f"import orjson loads orjson/{module.name}"
    assert import_error(place, "orjson") == f"ImportError: {module}: undefined symbol: PyUnicode_Nix"


def test_a_version_that_the_c_library_does_not_define(place: Path) -> None:
    module = the("PIL/_imagingmath.*.so", place)
    patch(module, b"GLIBC_2.2.5", b"GLIBC_2.9.5")
    changes = observe(place, linkage)
    assert {(each.code, each.kind, each.package, each.locked) for each in changes} == {
        ("EG403", "unloadable", "pillow", "GLIBC_2.9.5")
    }
    end = f": version `GLIBC_2.9.5' not found (required by {module})"
    assert import_error(place, "PIL._imagingmath") in {f"ImportError: {each.installed}{end}" for each in changes}


def test_a_module_that_its_package_does_without(place: Path) -> None:
    module = the("markupsafe/_speedups.*.so", place)
    patch(module, b"GLIBC_2.2.5", b"GLIBC_2.9.5")
    (change,) = observe(place, linkage)
    assert (change.code, change.kind, change.package) == ("EG403", "doubtful", "markupsafe")
    assert import_error(place, "markupsafe") == ""
    assert "GLIBC_2.9.5" in import_error(place, "markupsafe._speedups")


@pytest.mark.slow
def test_a_module_made_for_a_later_python(place: Path, tmp_path: Path) -> None:
    """Its suffix is changed, so that it is found: what is missing then is what that Python has and this one has not."""
    version = ("--python-version", "3.13")
    (wheel,) = download(tmp_path / "later", "lxml==5.3.1", options=version)
    unpack(wheel, place)
    found = set()
    for path in sorted(site_packages(place).glob("lxml/*.cpython-313-x86_64-linux-gnu.so")):
        path.rename(path.with_name(path.name.partition(".")[0] + ".so"))
        stem = path.name.partition(".")[0]
        if "undefined symbol" in import_error(place, f"lxml.{stem}"):
            found.add(f"lxml/{stem}.so")
    said = {relative(change, place) for change in observe(place, linkage) if change.code == "EG402"}
    assert said == found
    assert found or sys.version_info >= (3, 13)


def test_a_reinstalled_package_is_right_again(place: Path, wheels: list[Path]) -> None:
    the("pyzmq.libs/libsodium*", place).unlink()
    assert observe(place, linkage)
    shutil.rmtree(site_packages(place) / "zmq")
    for each in (*site_packages(place).glob("pyzmq-*"), *site_packages(place).glob("pyzmq.libs")):
        shutil.rmtree(each)
    install(place, [wheel for wheel in wheels if wheel.name.startswith("pyzmq")])
    assert observe(place, linkage) == []


def test_what_another_folder_brings_is_found(place: Path, tmp_path: Path) -> None:
    library = the("pyzmq.libs/libsodium*", place)
    (tmp_path / "elsewhere").mkdir()
    library.rename(tmp_path / "elsewhere" / library.name)
    assert observe(place, linkage)
    assert observe(place, linkage, library_path=str(tmp_path / "elsewhere")) == []


def test_an_unreadable_interpreter_is_said(place: Path) -> None:
    from envguard.environment import scan
    from envguard.facts.natives import Natives

    live = scan(python=str(place / "bin" / "python")).replace(executable="")
    with Natives(live) as natives:
        assert list(linkage.observe(natives)) == []
        assert natives.blind
