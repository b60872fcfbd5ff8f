"""Who requires whom, as pip's own metadata of a real environment says it."""

import json
from pathlib import Path

import pytest

import envguard
from envguard import reporters
from envguard.environment.interpreter import markers, running
from envguard.facts import requirers
from envguard.model import Distribution, Environment, Requirer


def installed(**requires: tuple[str, ...]) -> Environment:
    return Environment(
        prefix="/srv",
        paths=("/srv/site",),
        interpreter=running(),
        distributions=tuple(
            Distribution(name=name, version="1", path=f"/srv/site/{name}", location="/srv/site", requires=texts)
            for name, texts in requires.items()
        ),
    )


def of(environment: Environment, *packages: str) -> set[tuple[str, str, str]]:
    found = requirers.of(environment, packages, markers(environment.interpreter))
    assert list(found) == sorted(found, key=lambda edge: (edge.package, edge.by, edge.asks))
    return {(edge.package, edge.by, edge.asks) for edge in found}


def test_requirers_are_followed_upwards_and_no_further() -> None:
    chain = installed(a=(), b=("A<2",), c=("b",), d=("c",), e=("d",), f=("e",), other=("a2",))
    assert of(chain, "a") == {("a", "b", "A<2"), ("b", "c", "b"), ("c", "d", "c"), ("d", "e", "d")}


def test_markers_and_extras_that_do_not_hold_are_left_out() -> None:
    conditional = installed(
        a=(),
        b=("a; sys_platform == 'nowhere'",),
        c=("a; extra == 'gpu'",),
        d=("a>=1; python_version >= '3'",),
        e=("a >> 1",),
    )
    assert of(conditional, "a") == {("a", "d", "a>=1")}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_circle_ends(size: int) -> None:
    ring = installed(**{f"p{number}": (f"p{(number + 1) % size}",) for number in range(size)})
    assert len(of(ring, "p0")) == min(size, requirers.LEVELS)


def test_a_report_says_who_requires_what_was_found(venv: Path, tmp_path: Path) -> None:
    lock = tmp_path / "envguard.lock"
    envguard.freeze(lock, python=venv)
    assert envguard.check(lock, python=venv).requirers == ()
    site = next((venv / "lib").glob("python3.*")) / "site-packages"
    for name in ("needy", "far"):
        folder = site / f"{name}-1.dist-info"
        folder.mkdir()
        wanted = "six>=1" if name == "needy" else "needy"
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\nRequires-Dist: {wanted}\n")
        (folder / "RECORD").write_text(f"{name}-1.dist-info/METADATA,,\n{name}-1.dist-info/RECORD,,\n")
    report = envguard.check(lock, python=venv)
    assert report.requirers == (Requirer(package="needy", by="far", asks="needy"),)
    shown = json.loads(reporters.render(report, "json"))
    assert shown["requirers"] == [{"package": "needy", "by": "far", "asks": "needy"}]
