import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.checks import missing, unlocked
from envguard.environment.interpreter import running
from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Environment, Pin, Selection

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

LINUX = running().replace(version="3.11.7", system="linux")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
METADATA = '\n[metadata]\nlock-version = "%s"\npython-versions = ">=3.8"\ncontent-hash = "x"\n'


def read(
    path: Path, extras: tuple[str, ...] = (), groups: tuple[str, ...] = (), python: str = "3.11.7"
) -> dict[str, Pin]:
    whom = LINUX.replace(version=python)
    snapshot = load(path, selection=Selection(extras=extras, groups=groups, interpreter=whom))
    assert snapshot.format == "poetry.lock"
    return {pin.name: pin for pin in snapshot.pins}


def needed(pins: dict[str, Pin]) -> set[str]:
    return {name for name, pin in pins.items() if not pin.optional}


def optional(pins: dict[str, Pin]) -> set[str]:
    return {name for name, pin in pins.items() if pin.optional}


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(packages: str, version: str = "2.1") -> Path:
        path = tmp_path / "poetry.lock"
        path.write_text(packages + METADATA % version)
        return path

    return write


Written = Callable[..., Path]
REQUESTS = {"certifi", "charset-normalizer", "idna", "requests", "urllib3"}


def test_lock_2_1(lockfiles: Path) -> None:
    lock = lockfiles / "poetry" / "poetry-2.1.lock"
    plain = read(lock)
    assert needed(plain) == REQUESTS
    assert optional(plain) == {"six", "iniconfig", "pluggy"}
    assert "colorama" not in plain  # for Windows
    assert needed(read(lock, python="3.10.4")) == REQUESTS | {"tomli"}
    everything = read(lock, extras=("YAML",), groups=("test",))
    assert needed(everything) == REQUESTS | {"six", "iniconfig", "pluggy"}
    assert not optional(everything)
    main = read(lock, groups=("main",))
    assert "iniconfig" not in main
    table = tomllib.loads(lock.read_text())
    versions = {entry["name"]: entry["version"] for entry in table["package"]}
    assert all(versions[name] == pin.version for name, pin in everything.items())
    hashes = {entry["name"]: {file["hash"] for file in entry["files"]} for entry in table["package"]}
    assert all(hashes[name] == set(pin.hashes) for name, pin in everything.items())
    lines = lock.read_text().splitlines()
    assert all(lines[pin.line] == f'name = "{name}"' for name, pin in everything.items())
    with pytest.raises(LockError, match="no group 'nope'"):
        read(lock, groups=("nope",))
    with pytest.raises(LockError, match=r"for Python >=3\.10,<4\.0, and the interpreter is 3\.9\.1"):
        read(lock, python="3.9.1")


def test_lock_2_0_does_not_say_what_is_needed(lockfiles: Path) -> None:
    lock = lockfiles / "poetry" / "poetry-2.0.lock"
    pins = read(lock)
    assert optional(pins) == set(pins) == REQUESTS | {"colorama", "six", "iniconfig"}
    snapshot = load(lock)
    environment = Environment(prefix="", paths=(), interpreter=LINUX)
    assert "does not say which" in missing.blocked(snapshot, environment)
    assert not unlocked.blocked(snapshot, environment)
    with pytest.raises(LockError, match="no group 'test'"):
        read(lock, groups=("test",))
    assert needed(read(lock, extras=("yaml",))) == {"six"}


def test_lock_1_1_by_category_and_by_who_depends_on_it(written: Written) -> None:
    def entry(name: str, category: str = "main", optional: str = "false", more: str = "") -> str:
        body = f'name = "{name}"\nversion = "1.0"\ncategory = "{category}"\noptional = {optional}\n'
        return f'[[package]]\n{body}python-versions = ">=3.6"\n{more}\n'

    lock = written(
        entry("App", more='[package.dependencies]\nlib = ">=1"\ncolorama = {version = "*", markers = '
                          '"sys_platform == \\"win32\\""}\nold = {version = "*", python = "<3.8"}\n'
                          'many = [{version = "1", markers = "python_version < \\"3\\""}, {version = "2"}]')
        + entry("lib", more='[package.dependencies]\nperhaps = {version = "*", optional = true}\n')
        + entry("colorama") + entry("old") + entry("many") + entry("perhaps", optional="true")
        + entry("pytest", "dev") + entry("direct-extra", optional="true")
        + '[extras]\nfast = ["direct-extra"]\n',
        "1.1",
    )  # fmt: skip
    pins = read(lock)
    assert needed(pins) == {"app", "lib", "many"}
    assert optional(pins) == {"colorama", "old", "perhaps", "pytest", "direct-extra"}
    assert needed(read(lock, groups=("dev",))) == {"app", "lib", "many", "pytest"}
    assert needed(read(lock, extras=("fast",))) >= {"app", "lib", "many", "direct-extra"}
    assert "pytest" not in read(lock, groups=("main",))


def test_lock_1_0_has_markers(written: Written) -> None:
    lock = written(
        '[[package]]\ncategory = "main"\nname = "a"\noptional = false\npython-versions = "*"\nversion = "1"\n'
        '[[package]]\ncategory = "main"\nmarker = "sys_platform == \\"win32\\""\nname = "b"\noptional = false\n'
        'python-versions = "*"\nversion = "1"\n',
        "1.0",
    )
    assert set(read(lock)) == {"a"}


def test_where_packages_come_from(written: Written, tmp_path: Path) -> None:
    def entry(name: str, source: str) -> str:
        return (f'[[package]]\nname = "{name}"\nversion = "1"\noptional = false\npython-versions = "*"\n'
                f'groups = ["main"]\nfiles = []\n{source}\n')  # fmt: skip

    lock = written(
        entry("repo", f'develop = true\n[package.source]\ntype = "git"\nurl = "https://u:p@h/r.git"\n'
                      f'resolved_reference = "{COMMIT}"\nsubdirectory = "s"')
        + entry("web", '[package.source]\ntype = "url"\nurl = "https://h/w-1.zip?sig=x"')
        + entry("file", '[package.source]\ntype = "file"\nurl = "dist/f-1.zip"')
        + entry("folder", 'develop = true\n[package.source]\ntype = "directory"\nurl = "libs/f"')
        + entry("private", '[package.source]\ntype = "legacy"\nurl = "https://h/simple"\nreference = "x"')
    )  # fmt: skip
    sources = {name: pin.source for name, pin in read(lock).items()}
    assert sources["private"] is None
    found = {name: (s.kind, s.url, s.revision, s.subdirectory, s.editable) for name, s in sources.items() if s}
    assert found == {
        "repo": ("vcs", "https://h/r.git", COMMIT, "s", True),
        "web": ("archive", "https://h/w-1.zip", "", "", False),
        "file": ("archive", f"file://{tmp_path}/dist/f-1.zip", "", "", False),
        "folder": ("directory", f"file://{tmp_path}/libs/f", "", "", True),
    }


def test_several_versions_and_markers_by_group(written: Written) -> None:
    def entry(name: str, version: str, more: str) -> str:
        return f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\npython-versions = "*"\n{more}\n'

    by_python = (("1.0", 'python_version < \\"3.11\\"'), ("2.0", 'python_version >= \\"3.11\\"'))
    packages = "".join(entry("numpy", v, f'groups = ["main"]\nmarkers = "{m}"') for v, m in by_python)
    packages += entry("a", "1", 'groups = ["main", "dev"]\nmarkers = {main = "sys_platform == \\"win32\\"", dev = ""}')
    packages += entry("both", "1", 'groups = ["main"]') + entry("both", "2", 'groups = ["main"]')
    pins = read(written(packages))
    assert pins["numpy"].version == "2.0"
    assert pins["a"].optional
    assert pins["both"].version is None
    assert "both==1, both==2" in pins["both"].unverifiable
    assert read(written(packages), groups=("dev",))["a"].optional is False


@pytest.mark.parametrize(
    ("version", "packages", "why"),
    [
        ("9.9", "", "lock-version '9.9' of poetry.lock is not read"),
        ("2.1", '[[package]]\nname = "a"\n', "poetry.lock:1: a has no version"),
        ("2.1", '[[package]]\nname = "a"\nversion = "1"\ngroups = ["main"]\nmarkers = "x y"\n', "not a marker"),
        ("2.1", '[[package]]\nname = "a"\nversion = "1"\ngroups = 3\n', "groups is no list of texts"),
        (
            "2.1",
            '[[package]]\nname = "a"\nversion = "1"\ngroups = []\n[package.source]\ntype = "x"\n',
            "unknown type 'x'",
        ),
        ("2.1", '[[package]]\nname = "a"\nversion = "1"\n[package.source]\ntype = "git"\n', "without its commit"),
    ],
)
def test_what_cannot_be_read(written: Written, version: str, packages: str, why: str) -> None:
    with pytest.raises(LockError, match=why):
        load(written(packages, version))


@pytest.mark.parametrize(
    "constraint", ["^3.8", "~3.11", "*", "^2.7 || ^3.6", ">=3.6, <4", ">= 3.6 <4.0", "~=3.6", "odd"]
)
def test_poetrys_own_constraints(written: Written, constraint: str) -> None:
    lock = written("")
    lock.write_text(lock.read_text().replace(">=3.8", constraint))
    assert read(lock) == {}
    if constraint in ("~3.11", "^3.8"):
        with pytest.raises(LockError, match="this lock is for Python"):
            read(lock, python="4.0.0")


def test_real_locks(corpus: Path) -> None:
    assert needed(read(corpus / "poetry" / "import-linter-1.0.lock")) == {"click", "grimp", "networkx", "decorator"}
    rasa = read(corpus / "poetry" / "rasa-sdk-poetry.lock")
    assert {"sanic", "uvloop", "pydantic"} <= needed(rasa)
    assert "pytest" in optional(rasa)
    deptry = read(corpus / "poetry" / "deptry-1.1.lock", python="3.9.6")
    assert {"click", "isort", "toml", "zipp"} <= needed(deptry)
    assert {"appnope", "colorama", "pywin32", "pytest"} <= optional(deptry)
    with pytest.raises(LockError, match=r">=3\.8,<3\.11"):
        read(corpus / "poetry" / "deptry-1.1.lock")
