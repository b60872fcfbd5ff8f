"""Modules for another Python (EG404), against what a real import says."""

import sys
from pathlib import Path

import pytest
from linkage_places import (
    OTHER,
    OTHER_TAG,
    download,
    environment_of,
    everything,
    import_error,
    observe,
    the,
    unpack,
)

from envguard.facts import linkage, python_abi
from envguard.facts.suffixes import bound_to, extension_suffixes, is_for_another

OWN_TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}"
NAMES = ("orjson==3.10.15", "markupsafe==3.0.2", "cffi==1.17.1", "psutil==7.0.0")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("for-another-python")
    download(folder, *NAMES, options=("--python-version", OTHER))
    return folder


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return environment_of(tmp_path)


def test_a_wheel_for_another_python(venv: Path, others: Path) -> None:
    unpack(next(others.glob("orjson*")), venv)
    (change,) = observe(venv, linkage, python_abi)
    assert (change.code, change.kind, change.package) == ("EG404", "unloadable", "orjson")
    assert (change.locked, change.installed) == (OTHER_TAG, OWN_TAG)
    module = the("orjson/orjson.*.so", venv)
    assert change.evidence[:2] == (
        f"orjson/{module.name} is there, but its suffix is for {OTHER_TAG}",
        "import orjson needs orjson.orjson",
    )
    assert import_error(venv, "orjson") == "ModuleNotFoundError: No module named 'orjson.orjson'"


def test_a_module_at_the_top(venv: Path, others: Path) -> None:
    unpack(next(others.glob("cffi*")), venv)
    (change,) = observe(venv, linkage, python_abi)
    assert (change.kind, change.package) == ("unloadable", "cffi")
    assert import_error(venv, "_cffi_backend") == "ModuleNotFoundError: No module named '_cffi_backend'"


def test_a_package_that_does_without_is_a_doubt(venv: Path, others: Path) -> None:
    unpack(next(each for each in others.glob("*") if each.name.lower().startswith("markupsafe")), venv)
    (change,) = observe(venv, linkage, python_abi)
    assert (change.kind, change.package) == ("doubtful", "markupsafe")
    assert import_error(venv, "markupsafe") == ""
    assert import_error(venv, "markupsafe._speedups").startswith("ModuleNotFoundError")


def test_the_stable_abi_is_for_all(venv: Path, others: Path) -> None:
    unpack(next(others.glob("psutil*")), venv)
    assert everything(venv, linkage, python_abi) == []
    assert import_error(venv, "psutil") == ""


def test_several_variants_in_one_package(venv: Path, others: Path, tmp_path: Path) -> None:
    (own,) = download(tmp_path / "own", "orjson==3.10.15")
    unpack(next(others.glob("orjson*")), venv, "orjson*")
    stray = the("orjson/orjson.*.so", venv)
    kept = stray.read_bytes()
    unpack(own, venv, "orjson*")
    stray.write_bytes(kept)
    assert everything(venv, linkage, python_abi) == []
    assert import_error(venv, "orjson") == ""


def test_a_wheel_for_another_machine(venv: Path, tmp_path: Path) -> None:
    (wheel,) = download(tmp_path / "arm", "psutil==7.0.0", options=("--platform", "manylinux2014_aarch64"))
    unpack(wheel, venv)
    (change,) = observe(venv, linkage, python_abi)
    assert (change.code, change.kind, change.package) == ("EG404", "doubtful", "psutil")
    assert "another machine" in change.evidence[0]
    assert "_psutil_" in import_error(venv, "psutil")


def test_a_file_that_broke_off(venv: Path, tmp_path: Path) -> None:
    (wheel,) = download(tmp_path / "own", "cffi==1.17.1")
    unpack(wheel, venv)
    module = the("_cffi_backend.*.so", venv)
    module.write_bytes(module.read_bytes()[:40])
    (change,) = observe(venv, linkage, python_abi)
    assert (change.code, change.kind, change.path) == ("EG404", "unloadable", str(module))
    assert import_error(venv, "_cffi_backend") == f"ImportError: {module}: file too short"


def test_a_tag_alone_proves_nothing(venv: Path, tmp_path: Path) -> None:
    """All files load: the wheel was meant for a newer C library, and does not need it."""
    (wheel,) = download(tmp_path / "own", "orjson==3.10.15")
    unpack(wheel, venv)
    tags = the("orjson-*/WHEEL", venv)
    lines = [line for line in tags.read_text().splitlines() if not line.startswith("Tag:")]
    tags.write_text("\n".join([*lines, f"Tag: {OWN_TAG}-{OWN_TAG}-manylinux_2_99_x86_64", ""]))
    (note,) = everything(venv, linkage, python_abi)
    assert (note.kind, note.locked) == ("noted", f"{OWN_TAG}-{OWN_TAG}-manylinux_2_99_x86_64")
    assert import_error(venv, "orjson") == ""


def test_a_plain_name_hides_whom_it_is_for(venv: Path, others: Path) -> None:
    unpack(next(others.glob("orjson*")), venv)
    module = the("orjson/orjson.*.so", venv)
    module.rename(module.with_name("orjson.so"))
    record = the("orjson-*/RECORD", venv)
    record.write_text(record.read_text().replace(module.name, "orjson.so"))
    (change,) = observe(venv, python_abi)
    assert change.kind == "doubtful"
    assert "orjson/orjson.so" in change.evidence[-1]


def test_suffixes_are_those_of_importlib() -> None:
    import sysconfig
    from importlib.machinery import EXTENSION_SUFFIXES

    soabi = str(sysconfig.get_config_var("SOABI"))
    assert extension_suffixes(soabi) == tuple(EXTENSION_SUFFIXES)


@pytest.mark.parametrize(
    ("soabi", "expected"),
    [
        ("cpython-313t-x86_64-linux-gnu", (".cpython-313t-x86_64-linux-gnu.so", ".so")),
        (
            "cpython-312d-x86_64-linux-gnu",
            (".cpython-312d-x86_64-linux-gnu.so", ".cpython-312-x86_64-linux-gnu.so", ".abi3.so", ".so"),
        ),
        ("cpython-311-x86_64-linux-musl", (".cpython-311-x86_64-linux-musl.so", ".abi3.so", ".so")),
        ("pypy310-pp73-x86_64-linux-gnu", (".pypy310-pp73-x86_64-linux-gnu.so", ".so")),
        ("", (".so",)),
    ],
)
def test_suffixes_of_other_builds(soabi: str, expected: tuple[str, ...]) -> None:
    assert extension_suffixes(soabi) == expected


def test_whom_a_name_is_for() -> None:
    assert bound_to("a/_x.cpython-310-x86_64-linux-gnu.so") == "cpython-310-x86_64-linux-gnu"
    assert bound_to("a/_x.abi3.so") == bound_to("a/_x.so") == bound_to("a/libx.so.1") == ""
    assert is_for_another("a/_x.cpython-310-x86_64-linux-gnu.so", "cpython-311-x86_64-linux-gnu")
    assert not is_for_another("a/_x.cpython-311-x86_64-linux-gnu.so", "cpython-311-x86_64-linux-gnu")
    assert not is_for_another("a/_x.abi3.so", "cpython-311-x86_64-linux-gnu")
    assert is_for_another("a/_x.abi3.so", "cpython-313t-x86_64-linux-gnu")
    assert not is_for_another("a/libx.so.1", "cpython-313t-x86_64-linux-gnu")
