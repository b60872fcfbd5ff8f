"""EG407 says what ``pip check`` says."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from native_places import add, look, new_venv, opened

from envguard.environment.interpreter import markers, running
from envguard.facts import requirements
from envguard.facts.natives import Natives
from envguard.model import Change, Distribution, Environment
from envguard.versions import normalise
from support import run

BuildWheel = Callable[..., Path]


def told(environment: Environment) -> list[Change]:
    with opened(environment) as natives:
        changes = list(requirements.observe(natives))
    assert {change.code for change in changes} <= {"EG407"}
    return changes


def an_environment(*installed: tuple[str, str, tuple[str, ...]]) -> Environment:
    return Environment(
        prefix="/nowhere",
        paths=("/nowhere",),
        interpreter=running(),
        distributions=tuple(
            Distribution(name=name, version=version, path=f"/nowhere/{name}", location="/nowhere", requires=requires)
            for name, version, requires in installed
        ),
    )


def unmet(*installed: tuple[str, str, tuple[str, ...]]) -> list[tuple[str, str, str, str]]:
    changes = told(an_environment(*installed))
    return [(change.kind, change.package, change.locked, change.installed) for change in changes]


def by_pip(venv: Path) -> set[tuple[str, str, str]]:
    """Who requires what, and what is there, as ``pip check`` prints it."""
    done = run(sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "check")
    missing = re.findall(r"^(\S+) \S+ requires (\S+), which is not installed\.$", done.stdout, re.MULTILINE)
    other = re.findall(r"^(\S+) \S+ has requirement ([\w.-]+).*, but you have \S+ (\S+)\.$", done.stdout, re.MULTILINE)
    found = {(normalise(name), normalise(wanted), "") for name, wanted in missing}
    return found | {(normalise(name), normalise(wanted), version) for name, wanted, version in other}


def as_pip(changes: list[Change]) -> set[tuple[str, str, str]]:
    names = [re.match(r"[\w.-]*\w", change.locked) for change in changes]
    return {
        (change.package, name.group(), change.installed)
        for change, name in zip(changes, names, strict=True)
        if name is not None and change.kind == "unmet"
    }


@pytest.mark.slow
def test_a_real_environment_as_pip_check_sees_it(tmp_path: Path) -> None:
    wanted = ("requests==2.32.3", "urllib3==1.20", "idna==3.10", "jinja2==3.1.4", "markupsafe==1.1.1", "flask==3.0.3")
    available = tuple(each for each in wanted if not each.startswith("markupsafe"))
    venv = new_venv(tmp_path, *available)
    found = told(look(venv))
    assert as_pip(found) == by_pip(venv)
    assert ("requests", "urllib3", "1.20") in as_pip(found)
    assert ("jinja2", "markupsafe", "") in as_pip(found)
    add(venv, "urllib3==2.2.3", "charset-normalizer==3.3.2", "certifi")
    assert {each.package for each in told(look(venv))} == {"jinja2", "flask"}
    assert as_pip(told(look(venv))) == by_pip(venv)


def test_what_is_said() -> None:
    [change] = told(an_environment(("a", "1.0", ("B_b [x] >= 2 ; python_version > '3'",)), ("b-b", "1.5", ())))
    assert change.kind == "unmet"
    assert (change.package, change.locked, change.installed, change.path) == ("a", "b-b>=2", "1.5", "/nowhere/a")
    assert change.evidence == (
        "a 1.0 has Requires-Dist: B_b [x] >= 2 ; python_version > '3'",
        "b-b 1.5 is installed in /nowhere",
    )


@pytest.mark.parametrize(
    ("requirement", "version", "met"),
    [
        ("b", "1.0", True),
        ("b>=1", "1.0", True),
        ("b>=2", "1.0", False),
        ("b>=2", "2.0rc1", False),
        ("b>=1.9", "2.0rc1", True),  # a pre-release that is installed counts, as in pip
        ("b==1.0", "1.0+cpu", True),
        ("b==1.0+cpu", "1.0", False),
        ("b @ https://example.org/b.whl", "1.0", True),
        ("b", "no version", True),
        ("b>=2; extra == 'more'", "1.0", True),
        ("b>=2; python_version < '3'", "1.0", True),
        ("b>=2; sys_platform == 'linux'", "1.0", False),
    ],
)
def test_when_a_requirement_is_met(requirement: str, version: str, met: bool) -> None:
    assert unmet(("a", "1.0", (requirement,)), ("b", version, ())) == (
        [] if met else [("unmet", "a", requirement.partition(";")[0], version)]
    )


def test_markers_are_those_of_the_judged_interpreter() -> None:
    environment = an_environment(("a", "1.0", ("b; python_version < '3'", "c; python_version >= '3'")))
    other = environment.replace(interpreter=environment.interpreter.replace(version="2.7.18"))
    with Natives(other, markers=markers(other.interpreter)) as natives:
        assert [change.locked for change in requirements.observe(natives)] == ["b"]
    assert [change.locked for change in told(environment)] == ["c"]


def test_the_first_of_two_copies_counts() -> None:
    twice = (("a", "1.0", ("b>=2",)), ("b", "2.0", ()), ("b", "1.0", ("c",)))
    assert unmet(*twice) == []


def test_the_torch_family_is_left_to_eg305() -> None:
    installed = (("torchvision", "0.18.0", ("torch==2.3.0", "numpy")), ("torch", "2.5.0", ()))
    assert unmet(*installed) == [("unmet", "torchvision", "numpy", "")]
    assert unmet(("other", "1", ("torch==2.3.0",)), ("torch", "2.5.0", ())) == [
        ("unmet", "other", "torch==2.3.0", "2.5.0")
    ]


@pytest.mark.parametrize(
    "requirement",
    ["", "b >", "b; what == 'x'", "b; " + "(" * 5000, "\udcff", "b" * (1 << 20) + "!", "b; python_version > 'x' and ("],
)
def test_what_cannot_be_read_is_noted(requirement: str) -> None:
    [change] = told(an_environment(("a", "1.0", (requirement,))))
    assert change.kind == "noted"
    assert all(len(text) < 500 for text in change.evidence)


def test_a_version_without_an_order_is_noted() -> None:
    assert unmet(("a", "1.0", ("b>=1",)), ("b", "0.1-final-2", ())) == [("noted", "a", "b>=1", "0.1-final-2")]


def test_a_requirement_is_told_once() -> None:
    assert unmet(("a", "1.0", ("b", "b"))) == [("unmet", "a", "b", "")]
