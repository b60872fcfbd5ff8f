import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.errors import LockError, UsageError
from envguard.formats import load
from envguard.model import Interpreter, Pin, Selection, Snapshot
from envguard.versions import normalise

Golden = Callable[..., Snapshot]
PYTHON = Interpreter(implementation="cpython", version="3.11.7", soabi="", system="linux", machine="x86_64")
LINUX = Selection(platform="linux-64")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def pins(path: Path, platform: str = "linux-64", environment: str = "") -> dict[str, Pin]:
    found = load(path, selection=Selection(platform=platform, environment=environment))
    assert (found.format, found.complete) == ("pixi.lock", True)
    return {pin.name: pin for pin in found.pins}


def test_version_6_takes_names_from_urls(lockfiles: Path) -> None:
    path = lockfiles / "pixi_lock" / "version-6.lock"
    found = pins(path)
    numpy = found["numpy"]
    assert (numpy.manager, numpy.version, numpy.build, numpy.channel) == ("conda", "1.26.4", "py311_0", "conda-forge")
    assert len(numpy.hashes) == 1
    assert path.read_text().splitlines()[numpy.line - 1].startswith("- conda: ")
    assert (found["six"].manager, found["six"].version, found["six"].tags) == (
        "pip",
        "1.16.0",
        ("py2-none-any", "py3-none-any"),
    )
    assert "folder" in found["x"].unverifiable


def test_version_7_names_platforms_as_it_likes(lockfiles: Path) -> None:
    path = lockfiles / "pixi_lock" / "version-7.lock"
    assert pins(path).keys() == pins(path, platform="gpu").keys() == {"mine", "a"}
    source = pins(path)["a"].source
    assert source is not None
    assert (source.kind, source.url, source.revision) == ("vcs", "https://h/a.git", COMMIT)
    assert "built from source" in pins(path)["mine"].unverifiable
    with pytest.raises(LockError, match="'osx-64' is not locked"):
        pins(path, platform="osx-64")


def test_two_platforms_that_are_one_to_conda_are_not_chosen_from(lockfiles: Path, golden: Golden) -> None:
    text = (lockfiles / "pixi_lock" / "version-7.lock").read_text()
    text = text.replace("platforms:\n", "platforms:\n- name: linux-64\n").replace(
        "      gpu:\n", "      linux-64: []\n      gpu:\n"
    )
    with pytest.raises(LockError, match="several platforms are linux-64") as caught:
        golden(text, "pixi.lock", selection=Selection(interpreter=PYTHON))
    assert "'linux-64', 'gpu'" in caught.value.remedy
    assert golden(text, "pixi.lock", selection=LINUX).pins == ()


def test_versions_4_and_1(lockfiles: Path) -> None:
    (pin,) = pins(lockfiles / "pixi_lock" / "version-4.lock").values()
    assert (pin.name, pin.version, pin.build, pin.hashes) == ("a", "1", "0", ())
    found = pins(lockfiles / "pixi_lock" / "version-1.lock")
    assert {(pin.name, pin.manager) for pin in found.values()} == {("numpy", "conda")}


def test_environments(lockfiles: Path, golden: Golden) -> None:
    path = lockfiles / "pixi_lock" / "version-6.lock"
    assert pins(path, environment="default") == pins(path)
    with pytest.raises(UsageError, match="no environment 'gpu'") as caught:
        pins(path, environment="gpu")
    assert "'default'" in caught.value.remedy
    text = path.read_text().replace("  default:\n", "  other:\n    packages: {}\n  third:\n")
    with pytest.raises(LockError, match="no environment is called default") as refused:
        golden(text, "pixi.lock", selection=LINUX)
    assert "'other', 'third'" in refused.value.remedy
    assert len(golden(text, "pixi.lock", selection=LINUX.replace(environment="third")).pins) == 3
    with pytest.raises(UsageError):
        pins(lockfiles / "pixi_lock" / "version-1.lock", environment="gpu")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("version: 6", "version: 8", "version '8' of pixi.lock is not known"),
        ("version: 6", "version: 1000", "version '1000'"),
        ("      - pypi: ./x", "      - pypi: ./y", "does not describe './y'"),
        ("      - pypi: ./x", "      - nix: ./x", "unknown kind"),
        ("  name: six", "  title: six", "without name"),
        ("  sha256: 0", "  sha256: x", "sha256 is no digest"),
        ("environments:", "environments: 1\nothers:", "no mapping"),
        ("packages:\n- conda", "packages:\n- a\n- conda", "no mapping"),
    ],
)
def test_what_is_refused(lockfiles: Path, golden: Golden, old: str, new: str, why: str) -> None:
    text = (lockfiles / "pixi_lock" / "version-6.lock").read_text()
    assert old in text
    with pytest.raises(LockError, match=why):
        golden(text.replace(old, new), "pixi.lock", selection=LINUX, format="pixi.lock")


def test_two_descriptions_that_disagree(lockfiles: Path, golden: Golden) -> None:
    text = (lockfiles / "pixi_lock" / "version-6.lock").read_text()
    more = "- conda: https://h/conda-forge/linux-64/numpy-1.26.4-py311_0.conda\n  sha256: " + "f" * 64 + "\n"
    found = golden(text + more, "pixi.lock", selection=LINUX)
    assert [pin.name for pin in found.pins if "other digests" in pin.unverifiable] == ["numpy"]


def rattler_says(path: Path, environment: str, platform: str) -> set[tuple[str, str, str]]:
    rattler = importlib.import_module("rattler")
    found = dict(rattler.LockFile.from_path(path).environments())[environment]
    target = next(each for each in found.platforms() if each.name == platform)
    said = set()
    for package in found.packages(target):
        is_pip = type(package).__name__.startswith("Pypi")
        name = normalise(str(package.name)) if is_pip else str(package.name)
        said.add(("pip" if is_pip else "conda", name, str(package.version)))
    return said


def as_rattler_shows(pin: Pin) -> str:
    """It shows the segments of a conda version as numbers: ``3.000`` as ``3.0``, and no version of a folder."""
    if pin.version is None or (pin.source is not None and pin.source.kind == "directory"):
        return "<dynamic>"
    rattler = importlib.import_module("rattler")
    return str(rattler.Version(pin.version)) if pin.manager == "conda" else pin.version


@pytest.mark.parametrize("environment", ["default", "test-py312"])
def test_rattler_reads_the_same(corpus: Path, environment: str) -> None:
    pytest.importorskip("rattler")
    compared = 0
    for path in [*(corpus / "pixi").iterdir(), corpus / "generated" / "conda-rattler-written.lock"]:
        if environment == "default" or "esmvalcore" in path.name:
            platform = "win-64" if path.name.startswith("v2") else "linux-64"
            expected = rattler_says(path, environment, platform)
            found = load(path, selection=Selection(platform=platform, environment=environment)).pins
            assert {(pin.manager, pin.name, as_rattler_shows(pin)) for pin in found} == expected
            compared += 1
    assert compared >= (9 if environment == "default" else 1)


def test_every_pin_of_the_corpus_is_exact_but_local_folders(corpus: Path) -> None:
    for path in (corpus / "pixi").iterdir():
        platform = "win-64" if path.name.startswith("v2") else "linux-64"
        for pin in load(path, selection=Selection(platform=platform)).pins:
            assert not pin.unverifiable or pin.source is not None, pin
            assert pin.hashes or pin.source, pin
