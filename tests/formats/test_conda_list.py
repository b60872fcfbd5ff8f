from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Selection, Snapshot

Golden = Callable[..., Snapshot]
LINUX = Selection(platform="linux-64")
HEAD = "# packages in environment at /x:\n#\n# Name                    Version                   Build  Channel\n"


def test_the_table(lockfiles: Path) -> None:
    found = load(lockfiles / "conda_list" / "table.txt")
    assert (found.format, found.complete) == ("conda-list", True)
    assert [(pin.manager, pin.name, pin.version, pin.build, pin.channel, pin.line) for pin in found.pins] == [
        ("conda", "numpy", "1.26.4", "py311_0", "conda-forge", 4),
        ("pip", "six", "1.16.0", "", "", 5),
        ("conda", "python", "3.11.7", "h_0", "", 6),
        ("pip", "mine", "0.1", "", "", 7),
    ]
    assert [pin.name for pin in found.pins if pin.unverifiable] == ["mine"]


def test_the_table_of_mamba(lockfiles: Path) -> None:
    found = load(lockfiles / "conda_list" / "mamba-table.txt")
    assert [(pin.manager, pin.name, pin.version) for pin in found.pins] == [
        ("conda", "numpy", "1.26.4"),
        ("pip", "six", "1.16.0"),
    ]


def test_json(lockfiles: Path) -> None:
    path = lockfiles / "conda_list" / "list.json"
    (pin,) = load(path).pins
    assert (pin.name, pin.version, pin.build, pin.channel) == ("numpy", "1.26.4", "py311_0", "conda-forge")
    assert '"name": "numpy"' in path.read_text().splitlines()[pin.line - 1]


def test_export_and_requirements(lockfiles: Path) -> None:
    exported = load(lockfiles / "conda_list" / "export.txt", selection=LINUX)
    assert [(pin.manager, pin.name, pin.version, pin.build) for pin in exported.pins] == [
        ("pip", "certifi", "2024.2.2", ""),
        ("conda", "numpy", "1.26.4", "py311_0"),
    ]
    (pin,) = load(lockfiles / "conda_list" / "requirements.txt").pins
    assert (pin.name, pin.version, pin.build, pin.channel) == ("numpy", "1.26.4", "py311_0", "conda-forge")
    with pytest.raises(LockError, match="written for 'linux-64'"):
        load(lockfiles / "conda_list" / "export.txt", selection=Selection(platform="osx-64"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + "numpy 1.26.4\n", "not a row"),
        (HEAD + "numpy 1.26.4 a b c\n", "not a row"),
        (HEAD + "numpy 1.26.4 py-0 conda-forge\n", "not a package of conda"),
        (HEAD + "num/py 1.26.4 pypi_0 pypi\n", "not a name"),
        ('[{"name": "a", "version": 1, "build_string": "0"}]', "version is no text"),
        ('[{"name": "a", "build_string": "0"}]', "not a package of conda"),
        ('[{"base_url": "x"}, 1]', "not a package of conda"),
        ("a=1=0\n=b\n", "not a conda dependency"),
    ],
)
def test_what_is_refused(golden: Golden, text: str, why: str) -> None:
    with pytest.raises(LockError, match=why):
        golden(text, "list.txt")


def test_two_names_that_are_equal_only_to_pip_stay_two(golden: Golden) -> None:
    found = golden(HEAD + "ninja 1.13 h_0 conda-forge\nninja 1.11.1 pypi_0 pypi\n", "list.txt")
    assert [(pin.manager, pin.version, pin.unverifiable) for pin in found.pins] == [
        ("conda", "1.13", ""),
        ("pip", "1.11.1", ""),
    ]


def test_all_forms_of_one_environment_agree(corpus: Path) -> None:
    folder = corpus / "generated"
    exported = load(folder / "conda-list_--export.txt", selection=LINUX)
    explicit = load(folder / "conda-list_--explicit_--sha256.txt", selection=LINUX)
    said = {(pin.name, pin.version, pin.build) for pin in exported.pins if pin.manager == "conda"}
    assert said == {(pin.name, pin.version, pin.build) for pin in explicit.pins}
    assert len(said) == 8
    assert [(pin.name, pin.version) for pin in exported.pins if pin.manager == "pip"] == [("certifi", "2024.2.2")]
    three = load(folder / "conda-env3.requirements")
    assert {(pin.name, pin.version, pin.build) for pin in three.pins} < said
