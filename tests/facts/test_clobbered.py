"""EG406: two distributions that own one file, made by real installers."""

import csv
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from native_places import add, import_error, look, new_venv, opened

from envguard.facts import clobbered
from envguard.model import Change
from support import run, site_packages

BuildWheel = Callable[..., Path]
STUB = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
OTHER_STUB = """\
# Licence text.
try:
    __import__("pkg_resources").declare_namespace(__name__)
except ImportError:
    from pkgutil import extend_path
    __path__ = extend_path(__path__, __name__)
"""


def told(venv: Path) -> list[Change]:
    with opened(look(venv)) as natives:
        changes = list(clobbered.observe(natives))
    assert {change.code for change in changes} <= {"EG406"}
    return changes


@pytest.fixture
def pair(tmp_path: Path, build_wheel: BuildWheel) -> Callable[[dict[str, str], dict[str, str]], Path]:
    """A virtual environment in which alpha was installed first, then beta, each with some files."""

    def install(alpha: dict[str, str], beta: dict[str, str]) -> Path:
        wheels = [build_wheel(tmp_path, name, files) for name, files in (("alpha", alpha), ("beta", beta))]
        venv = new_venv(tmp_path)
        for wheel in wheels:
            add(venv, wheel)
        return venv

    return install


Pair = Callable[[dict[str, str], dict[str, str]], Path]


@pytest.mark.slow
def test_two_distributions_of_one_package(tmp_path: Path) -> None:
    venv = new_venv(tmp_path, "jwt==1.3.1")
    add(venv, "PyJWT==2.8.0")
    [change] = told(venv)
    assert (change.kind, change.package) == ("overwritten", "jwt")
    assert (change.locked, change.installed) == ("jwt 1.3.1", "pyjwt 2.8.0")
    assert change.path == str(site_packages(venv).resolve() / "jwt" / "__init__.py")
    assert change.evidence[:2] == (
        "4 paths are in the RECORD of jwt 1.3.1 and in that of pyjwt 2.8.0; the content of 3 differs",
        "of those, 0 are as jwt 1.3.1 lists them, 3 as pyjwt 2.8.0 does, 0 as neither",
    )
    assert "jwt/__init__.py: the file of pyjwt lies there" in change.evidence
    assert import_error(venv, "jwt, jwt.jwk") != ""  # a module of jwt that relied on what was overwritten


@pytest.mark.slow
def test_the_order_of_installation_decides_who_lost(tmp_path: Path) -> None:
    venv = new_venv(tmp_path, "PyJWT==2.8.0")
    add(venv, "jwt==1.3.1")
    assert [(change.package, change.installed) for change in told(venv)] == [("pyjwt", "jwt 1.3.1")]


def test_equal_content_is_no_finding(pair: Pair) -> None:
    assert told(pair({"shared/a.py": "A = 1\n"}, {"shared/a.py": "A = 1\n", "beta.py": ""})) == []


@pytest.mark.parametrize("stubs", [(STUB, OTHER_STUB), ("", STUB), (OTHER_STUB, "# empty\n"), ("'''Docs.'''\n", "")])
def test_stubs_of_a_namespace_are_only_noted(pair: Pair, stubs: tuple[str, str]) -> None:
    venv = pair({"ns/__init__.py": stubs[0], "ns/a.py": ""}, {"ns/__init__.py": stubs[1], "ns/b.py": ""})
    assert {change.kind for change in told(venv)} == {"noted"}


def test_real_code_in_an_init_is_a_finding(pair: Pair) -> None:
    code = "import os\n" + "VALUE = 1\n" * 300
    assert [each.kind for each in told(pair({"ns/__init__.py": code}, {"ns/__init__.py": STUB}))] == ["overwritten"]


@pytest.mark.parametrize(
    "path", ["tests/__init__.py", "tests/test_it.py", "LICENSE", "docs/conf.py", "setup.py", "shared/notes.txt"]
)
def test_what_no_program_imports_is_only_noted(pair: Pair, path: str) -> None:
    assert {change.kind for change in told(pair({path: "one = 1\n"}, {path: "two = 2\n"}))} == {"noted"}


def test_byte_code_and_metadata_are_passed_over(pair: Pair) -> None:
    venv = pair({"a.py": "", "ns/__pycache__/x.cpython-311.pyc": "one"}, {"ns/__pycache__/x.cpython-311.pyc": "two"})
    assert told(venv) == []


def test_what_lies_there_may_be_neither_or_missing(pair: Pair) -> None:
    files = ({"shared/a.py": "A = 1\n", "shared/b.py": "A = 1\n"}, {"shared/a.py": "B = 1\n", "shared/b.py": "B = 1\n"})
    venv = pair(*files)
    (site_packages(venv) / "shared" / "a.py").write_text("edited = 1\n")
    (site_packages(venv) / "shared" / "b.py").unlink()
    [change] = told(venv)
    assert "of those, 0 are as alpha 1.0 lists them, 0 as beta 1.0 does, 2 as neither" in change.evidence
    assert "shared/a.py: what lies there is in neither RECORD" in change.evidence
    assert "shared/b.py: missing, or not readable" in change.evidence


def test_one_finding_for_each_pair(tmp_path: Path, build_wheel: BuildWheel) -> None:
    names = ("alpha", "beta", "gamma")
    wheels = [build_wheel(tmp_path, name, {"shared/a.py": f"{name} = 1\n"}) for name in names]
    venv = new_venv(tmp_path)
    for wheel in wheels:
        add(venv, wheel)
    assert [(change.package, change.installed) for change in told(venv)] == [
        ("alpha", "beta 1.0"),
        ("alpha", "gamma 1.0"),
        ("beta", "gamma 1.0"),
    ]


def test_a_row_without_a_hash_decides_nothing(pair: Pair) -> None:
    venv = pair({"shared/a.py": "A = 1\n"}, {"shared/a.py": "B = 1\n"})
    [record] = site_packages(venv).glob("alpha-*.dist-info/RECORD")
    lines = record.read_text().splitlines()
    record.write_text("".join("shared/a.py,,\n" if line.startswith("shared/") else line + "\n" for line in lines))
    assert told(venv) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (STUB, True),
        (OTHER_STUB, True),
        ("", True),
        ("from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)", True),
        ("import os", False),
        ("__path__ = []\n__version__ = '1'", True),
        ("__path__ = []\n__version__ = version()", False),
        ("VALUE = 1", False),
        ("try:\n    import pkgutil\nexcept ImportError:\n    import os", False),
        ("run()", False),
        ("def broken(", False),
        ("(" * 100_000, False),
        ("\0", False),
    ],
)
def test_what_opens_a_namespace(source: str, expected: bool) -> None:
    assert clobbered.opens_namespace(source.encode()) is expected


@pytest.mark.wheels
def test_opencv_over_its_headless_build(tmp_path: Path) -> None:
    venv = new_venv(tmp_path, "opencv-python-headless==4.10.0.84")
    add(venv, "opencv-python==4.10.0.84")
    [change] = told(venv)
    assert (change.kind, change.package) == ("overwritten", "opencv-python-headless")
    assert change.installed == "opencv-python 4.10.0.84"
    rows = [
        {tuple(row[:2]) for row in csv.reader(record.read_text().splitlines()) if ".dist-info/" not in row[0]}
        for record in sorted(site_packages(venv).glob("opencv_*.dist-info/RECORD"))
    ]
    shared = {path for path, _hash in rows[0]} & {path for path, _hash in rows[1]}
    differing = shared - {path for path, _hash in rows[0] & rows[1]}
    assert change.evidence[0].startswith(f"{len(shared)} paths are in the RECORD of opencv-python 4.10.0.84 and in")
    assert change.evidence[0].endswith(f"the content of {len(differing)} differs")
    assert 0 < len(differing) < len(shared)
    assert os.path.exists(change.path)
    gone = run(
        sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "uninstall", "-q", "-y", "opencv-python"
    )
    assert gone.returncode == 0, gone.stderr
    assert not os.path.exists(change.path)  # a file of opencv-python-headless, which is still installed
    assert told(venv) == []
