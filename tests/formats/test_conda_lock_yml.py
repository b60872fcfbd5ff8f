from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.errors import LockError, UsageError
from envguard.formats import load
from envguard.model import Interpreter, Pin, Selection, Snapshot

Golden = Callable[..., Snapshot]
LINUX = Selection(platform="linux-64")
HEAD = "version: 1\nmetadata:\n  content_hash: {}\n  platforms: [linux-64]\npackage:\n"
CONDA = """\
- name: numpy
  version: 1.26.4
  manager: conda
  platform: linux-64
  url: https://u:secret@example.org/t/secret/conda-forge/linux-64/numpy-1.26.4-py311_0.conda
  hash: {md5: 0123456789abcdef0123456789abcdef}
"""


def test_the_fixture(lockfiles: Path) -> None:
    path = lockfiles / "conda_lock_yml" / "conda-lock.yml"
    main, everything = load(path, selection=LINUX), load(path, selection=LINUX.replace(categories=("dev",)))
    numpy = main.pins[0]
    assert [pin.name for pin in main.pins] == ["numpy"]
    assert (numpy.manager, numpy.version, numpy.build, numpy.channel) == ("conda", "1.26.4", "py311_0", "conda-forge")
    assert [digest.partition(":")[0] for digest in numpy.hashes] == ["md5", "sha256"]
    assert path.read_text().splitlines()[numpy.line - 1] == "- name: numpy"
    six = everything.pins[1]
    assert (six.manager, six.name, six.version, len(six.hashes), six.source) == ("pip", "six", "1.16.0", 1, None)
    assert main.complete


def test_the_preliminary_version_2_has_several_categories(lockfiles: Path) -> None:
    (pin,) = load(lockfiles / "conda_lock_yml" / "version-2.yml", selection=LINUX).pins
    assert pin.source is not None
    assert (pin.source.kind, pin.source.revision, pin.hashes) == ("vcs", "0123456789abcdef0123456789abcdef01234567", ())


def test_the_platform_is_that_of_the_interpreter(golden: Golden) -> None:
    other = CONDA.replace("linux-64", "osx-arm64").replace("1.26.4", "2.0")
    mac = Interpreter(implementation="cpython", version="3.11.7", soabi="", system="darwin", machine="arm64")
    text = HEAD + CONDA + other
    assert [pin.version for pin in golden(text, "a.yml", selection=Selection(interpreter=mac)).pins] == ["2.0"]
    assert [pin.version for pin in golden(text, "a.yml", selection=LINUX).pins] == ["1.26.4"]
    with pytest.raises(LockError, match="win-64 is not locked here") as caught:
        golden(text, "a.yml", selection=Selection(platform="win-64"))
    assert "'linux-64', 'osx-arm64'" in caught.value.remedy


def test_credentials_go(golden: Golden) -> None:
    found = golden(HEAD + CONDA, "a.yml", selection=LINUX)
    assert found.pins[0].channel == "conda-forge"
    assert "secret" not in repr(found)


def test_an_unknown_category(golden: Golden) -> None:
    with pytest.raises(UsageError, match="docs"):
        golden(HEAD + CONDA, "a.yml", selection=LINUX.replace(categories=("docs",)))


def test_a_url_of_something_else_is_not_trusted(golden: Golden) -> None:
    for field, value in (("name: numpy", "name: scipy"), ("version: 1.26.4", "version: 1.26.5")):
        (pin,) = golden(HEAD + CONDA.replace(field, value), "a.yml", selection=LINUX).pins
        assert "its URL is of" in pin.unverifiable
    wheel = CONDA.replace("manager: conda", "manager: pip").replace("py311_0.conda", "py3-none-any.whl")
    (pin,) = golden(HEAD + wheel.replace("version: 1.26.4", "version: 1.26.5"), "a.yml", selection=LINUX).pins
    assert "its file is that of version 1.26.4" in pin.unverifiable


def test_the_same_package_twice(golden: Golden) -> None:
    assert len(golden(HEAD + CONDA + CONDA, "a.yml", selection=LINUX).pins) == 1
    pins = golden(HEAD + CONDA + CONDA.replace("py311_0", "py311_1"), "a.yml", selection=LINUX).pins
    assert [bool(pin.unverifiable) for pin in pins] == [True, True]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD.replace("version: 1", "version: 3") + CONDA, "version"),
        (HEAD.replace("metadata:", "meta:") + CONDA, "no metadata"),
        (HEAD + CONDA.replace("manager: conda", "manager: brew"), "unknown manager"),
        (HEAD + CONDA.replace("  manager: conda\n", ""), "without manager"),
        (HEAD + CONDA.replace("py311_0.conda", "py311_0.zip"), "not a conda package"),
        (HEAD + CONDA.replace("abcdef}", "abcde}"), "md5 is no digest"),
        (HEAD + CONDA.replace("name: numpy", "name: [numpy]").replace("conda\n", "pip\n", 1), "without name"),
        (HEAD + "- numpy\n", "no mapping"),
        (HEAD.replace("package:", "package: numpy"), "no list"),
        (HEAD + CONDA + "<<<<<<< ours\n" + CONDA, "merge conflict"),
    ],
)
def test_what_is_refused(golden: Golden, text: str, why: str) -> None:
    with pytest.raises(LockError, match=why) as caught:
        golden(text, "a.yml", selection=LINUX, format="conda-lock.yml")
    assert caught.value.line


def conda_lock_pins(path: Path, platform: str) -> set[tuple[object, ...]]:
    lockfile = pytest.importorskip("conda_lock.lockfile")
    found = lockfile.parse_conda_lock_file(path).package
    return {
        (
            package.manager,
            package.name if package.manager == "conda" else package.name.lower().replace("_", "-").replace(".", "-"),
            package.version,
        )
        for package in found
        if package.platform == platform
    }


def said(pin: Pin) -> tuple[object, ...]:
    return pin.manager, pin.name, pin.version


@pytest.mark.slow
def test_conda_lock_itself_reads_the_same(corpus: Path) -> None:
    pytest.importorskip("conda_lock.lockfile")
    compared = 0
    files = [*(corpus / "conda-lock").glob("[!c][!l][!f]*"), corpus / "generated" / "conda-conda-lock.yml"]
    files += [path for path in (corpus / "conda-lock").glob("cl*") if "invalid" not in path.name]
    for path in files:
        for platform in ("linux-64", "osx-arm64", "win-64"):
            expected = conda_lock_pins(path, platform)
            if expected:
                everything = tuple(
                    {"dev", "test"} & {word for word in ("dev", "test") if f"category: {word}" in path.read_text()}
                )
                found = load(path, selection=Selection(platform=platform, categories=everything))
                assert {said(pin) for pin in found.pins} == expected
                assert not [pin for pin in found.pins if pin.unverifiable]
                compared += 1
    assert compared >= 8


def test_an_incomplete_file_of_the_corpus_is_refused(corpus: Path) -> None:
    with pytest.raises(LockError, match="no metadata"):
        load(corpus / "conda-lock" / "clf-invalid-missing-meta.yml")
