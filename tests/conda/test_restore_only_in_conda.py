"""``restore --only`` of packages of conda's, on a real environment: the same steps, and nothing of the others."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conda_place import Conda
from restore_place import State, Yard, build
from test_restore_in_conda import DAMAGES, by_conda, deleted, edited, pip_over_conda, record_removed, without

from envguard import making
from envguard.change.mending import restoring
from envguard.change.mending.damage import Step
from envguard.errors import UsageError

pytestmark = pytest.mark.slow

BRINGS = {"pytorch": "torch"}
"""The distribution that a package brings, where it has another name."""
NAMES = ("python", "pip", "six", "pytorch", "graphviz", "tool", "toolz", "markupsafe")


@pytest.fixture(scope="module")
def built(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Yard:
    return build(tmp_path_factory.mktemp("named"), conda)


@pytest.fixture
def yard(built: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Yard]:
    built.put_back()
    with built.alone(monkeypatch, tmp_path):
        yield built


def plan(yard: Yard, *only: str) -> tuple[Step, ...]:
    return restoring.plan_restore(str(yard.lock), yard.options(prune=True, only=only)).steps


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_steps_are_those_of_a_look_at_everything(yard: Yard, damage: str) -> None:
    DAMAGES[damage](yard)
    everything = plan(yard)
    for name in NAMES:
        wanted = [step for step in everything if step.package in (name, BRINGS.get(name))]
        try:
            told = plan(yard, name)
        except UsageError:
            told = ()
        assert list(told) == wanted, name


def changed(before: State, after: State) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def test_only_what_was_named_is_mended(yard: Yard) -> None:
    edited("lib/libgvc.so.6", b"after", b"aftEr")(yard)
    deleted("lib/graphviz/config6", "SITE/six.py")(yard)
    before = yard.state()
    outcome = yard.restore(only=("graphviz",))
    assert outcome.complete, outcome.left
    assert [step.package for step in outcome.done] == ["graphviz"]
    assert outcome.looked is not None
    assert outcome.looked.words.startswith("only graphviz looked at, ")
    assert changed(before, yard.state()) == {"lib/libgvc.so.6", "lib/graphviz/config6"}
    assert yard.check().startswith("1 ")
    assert yard.restore().complete
    assert yard.state() == yard.golden


@pytest.mark.parametrize("name", ["torch", "pytorch", "PyTorch"])
def test_a_package_and_the_distribution_that_it_brings_are_one(yard: Yard, name: str) -> None:
    by_conda(*without("pytorch", "six"), "pytorch=2.5.0=*cpu*", "six=1.17.0")(yard)
    outcome = yard.restore(only=(name,))
    assert outcome.complete, outcome.left
    assert [step.package for step in outcome.done] == ["pytorch"]
    assert outcome.looked is not None
    assert outcome.looked.only == ("pytorch", "torch")
    assert {each.name for each in (yard.prefix / "conda-meta").glob("six-*.json")} == {
        path.name for path in (yard.prefix / "conda-meta").glob("six-1.17.0-*.json")
    }
    assert yard.restore().complete
    assert yard.state() == yard.golden


def test_a_package_that_is_gone_and_one_that_pip_wrote_over(yard: Yard) -> None:
    by_conda(*without("tool"))(yard)
    pip_over_conda(yard)
    for name in ("tool", "six"):
        outcome = yard.restore(only=(name,))
        assert outcome.complete, outcome.left
    assert yard.state() == yard.golden


def test_without_a_record_it_is_made_anew(yard: Yard) -> None:
    record_removed("graphviz", "tool")(yard)
    assert yard.restore(only=("graphviz",)).complete
    assert not list((yard.prefix / "conda-meta").glob("tool-*.json"))
    assert yard.restore(only=("tool",)).complete
    assert yard.state() == yard.golden


def test_an_extra_package_goes_by_name(yard: Yard) -> None:
    by_conda(*without("six"), "markupsafe", "six=1.17.0")(yard)
    assert [step.action for step in yard.restore(only=("markupsafe",)).left] == ["leave"]
    outcome = yard.restore(only=("markupsafe",), prune=True)
    assert outcome.complete, outcome.left
    assert not (yard.site / "markupsafe").exists()
    assert list((yard.prefix / "conda-meta").glob("six-1.17.0-*.json"))
    assert yard.restore().complete
    shutil.rmtree(yard.prefix / ".envguard", ignore_errors=True)
    assert yard.state() == yard.golden


def test_without_a_manifest_too(yard: Yard, tmp_path: Path) -> None:
    lock = tmp_path / "envguard.lock"
    making.freeze(lock, python=yard.python)
    edited("bin/dot", b"print", b"pront")(yard)
    deleted("SITE/six.py")(yard)
    (yard.prefix / "lib" / "graphviz" / "extra.so").write_bytes(b"\x7fELF")
    (yard.prefix / "lib" / "extra.so").write_bytes(b"\x7fELF")
    outcome = restoring.restore(str(lock), yard.options(only=("graphviz",)))
    assert outcome.complete, outcome.left
    assert changed(yard.golden, yard.state()) == {str((yard.site / "six.py").relative_to(yard.prefix)), "lib/extra.so"}
