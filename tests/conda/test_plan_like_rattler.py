"""What is said of a change of conda's packages before it is made, held against what py-rattler makes of it."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conda_place import Conda
from reading_place import PACKAGES, Change, build

import envguard
from envguard.change.planning import consequences, resulting
from envguard.facts import conda_files
from envguard.facts.ownership import read_ownership
from envguard.making import freeze
from envguard.model import Distribution, Environment

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc makes the files")]


@pytest.fixture(scope="module")
def made(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Conda:
    return build(tmp_path_factory.mktemp("read"), conda)


@pytest.fixture
def change(made: Conda, tmp_path: Path) -> Change:
    shutil.copytree(made.prefix, tmp_path / "env", symlinks=True)
    freeze(tmp_path / "envguard.lock", depth="records", python=str(tmp_path / "env" / "bin" / "python"))
    return Change(made, tmp_path / "env")


CASES = {
    "another version of Python code": (("six=1.17.0",), ()),
    "another version of compiled code": (("user=1.1", "six=1.17.0"), ()),
    "compiled code whose library is missing": (("user=2.0",), ()),
    "a library with more in it": (("libfoo=1.1",), ()),
    "a library without a symbol": (("libfoo=1.2",), ()),
    "a library with another soname": (("libfoo=2.0",), ()),
    "a library that goes": ((), ("libfoo",)),
    "a library that another takes over": (("libother=1.0",), ("libfoo",)),
    "Python code that goes": ((), ("six",)),
    "files of others": (("intruder=1.0",), ()),
    "files of no program": (("data=1.0", "tool=1.0"), ()),
}


def identity(item: Distribution) -> tuple[object, ...]:
    place = (str(Path(item.path).resolve()), str(Path(item.location).resolve()), item.kind, item.installer)
    return item.name, item.version, *place, item.record, item.tags, item.variant, item.top_level, item.requires


def broken(prefix: Path) -> set[tuple[str, str, str]]:
    """What a check at depth native says of compiled files."""
    lock = prefix.parent / "envguard.lock"
    report = envguard.check(lock, python=str(prefix / "bin" / "python"), depth="native")
    found = (
        each.change for each in report.findings if each.change.code in ("EG401", "EG402", "EG403", "EG404", "EG405")
    )
    return {(each.package, each.locked, str(Path(each.path).resolve())) for each in found}


def digests(prefix: Path) -> dict[str, str]:
    files = (path for path in prefix.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def owned(environment: Environment, *but: str) -> set[str]:
    """Files of every package that stays, byte code and metadata aside."""
    found = read_ownership(environment)
    by_conda = {path for path, names in found.conda_packages.items() if not set(names) <= set(but)}
    by_pip = {row.path for row in found.rows if row.owner not in but}
    return {path for path in by_conda | by_pip if "__pycache__" not in path and ".dist-info/" not in path}


@pytest.mark.parametrize(("specs", "without"), CASES.values(), ids=CASES.keys())
def test_the_same_before_and_after(
    change: Change, tmp_path: Path, specs: tuple[str, ...], without: tuple[str, ...]
) -> None:
    resolution = change.resolution(*specs, without=without)
    found = change.look(resolution, tmp_path / "unpack")
    assert found.unread == ()
    result = resulting.of(change.live, found.distributions, resolution.removals, coming=found.coming)
    stated = consequences.of(change.live, found.distributions, resolution.removals, coming=found.coming)
    gone = {spec.partition("=")[0] for spec in specs} | set(without)
    staying, before = owned(change.live, *gone), digests(change.prefix)
    assert broken(change.prefix) == set()

    real = change.make(*specs, without=without)

    assert sorted(map(identity, result.after.distributions)) == sorted(map(identity, real.distributions))
    records = {(each.name, each.version, each.build, each.python_name, each.digest) for each in real.conda or ()}
    assert {(p.name, p.version, p.build, p.python_name, p.digest) for p in result.after.conda or ()} == records
    native = {(each.package, each.locked, each.path) for each in stated if each.code in ("EG221", "EG222")}
    assert native == broken(change.prefix)
    after = digests(change.prefix)
    overwritten = {path for path in staying if path in before and before[path] != after.get(path)}
    told = [each for each in stated if each.code == "EG220"]
    assert sum(int(each.evidence[0].partition(": ")[2].partition(" with other")[0]) for each in told) == len(
        overwritten
    )
    assert {each.path for each in told} <= overwritten


@pytest.mark.parametrize("spec", ["six=1.17.0", "tool=1.0", "libfoo=1.1", "user=1.1", "graphviz=9.0.0"])
def test_the_files_of_a_package(change: Change, tmp_path: Path, spec: str) -> None:
    """``noarch: python``, both kinds of archive, links, entry points, and files in which the prefix is written."""
    found = change.look(change.resolution(spec), tmp_path / "unpack")
    assert found.coming is not None
    (package,) = found.coming.packages
    change.make(spec)
    name = spec.partition("=")[0]
    record = next((change.prefix / "conda-meta").glob(f"{name}-*.json"))
    listed = conda_files.of_record(json.loads(record.read_text()), found.coming.site)
    there = {
        file.path: "" if file.link else f"sha256:{file.sha256}" for file in listed if "__pycache__" not in file.path
    }
    assert {row.path: row.hash for row in package.files} == there
    for path, digest in there.items():
        data = (change.prefix / path).read_bytes()
        assert not digest or digest == f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize("leaving", ["libfoo", "libother"])
def test_what_was_put_aside_comes_back(made: Conda, tmp_path: Path, leaving: str) -> None:
    """Both bring lib/libfoo.so.1: whichever lies there goes, that of the other is put in its place."""
    made.install(tmp_path / "env", *PACKAGES, "libother=1.0")
    freeze(tmp_path / "envguard.lock", depth="records", python=str(tmp_path / "env" / "bin" / "python"))
    change = Change(made, tmp_path / "env")
    resolution = change.resolution(without=(leaving,))
    found = change.look(resolution, tmp_path / "unpack")
    assert consequences.of(change.live, (), resolution.removals, coming=found.coming) == ()
    made.install(tmp_path / "env", *(each for each in (*PACKAGES, "libother=1.0") if not each.startswith(leaving)))
    assert broken(change.prefix) == set()


def test_condas_over_pips_of_the_same_name(made: Conda, tmp_path: Path) -> None:
    """conda knows nothing of what pip installed: both metadata folders are there then."""
    made.install(tmp_path / "env", "python", "pip")
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "-q", "install", "--no-deps", "six==1.15.0"], check=True, capture_output=True)
    change = Change(made, tmp_path / "env")
    resolution = change.resolution("six=1.17.0")
    found = change.look(resolution, tmp_path / "unpack")
    (told,) = consequences.of(change.live, found.distributions, coming=found.coming)
    assert (told.code, told.kind, told.package, told.locked) == ("EG220", "overwrites", "six", "six 1.15.0")
    result = resulting.of(change.live, found.distributions, (), coming=found.coming)
    made.install(tmp_path / "env", "python", "pip", "six=1.17.0")
    real = Change(made, tmp_path / "env").live
    assert sorted(map(identity, result.after.distributions)) == sorted(map(identity, real.distributions))
    assert sum(each.name == "six" for each in real.distributions) == 2


def test_the_packages_that_are_meant(made: Conda) -> None:
    assert {path.name.rsplit("-", 2)[0] for path in (made.prefix / "conda-meta").glob("*.json")} == {
        each.partition("=")[0] for each in PACKAGES
    }
