"""What no single pin can show: strangers, twins, the interpreter, and what the scan observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envguard import checks
from envguard.model import DEPTHS, Change
from envguard.rules.catalog import CODES, KINDS

if TYPE_CHECKING:
    from envguard.model import Depth


def test_a_stranger_is_stated_with_where_it_lies(bench: Any) -> None:
    dist = bench.dist("b", "2.0", traits=("native",))
    (change,) = bench.changes(bench.snapshot(bench.pin("a", "1")), bench.environment(bench.dist("a", "1"), dist))
    assert (change.code, change.kind, change.package, change.installed) == ("EG103", "added", "b", "2.0")
    assert (change.path, change.traits) == (dist.path, ("native",))


@pytest.mark.parametrize(
    ("name", "lock_format", "stated"),
    [
        ("envguard-lock", "envguard.lock", False),
        ("envguard-lock", "requirements", False),
        ("pip", "requirements", False),
        ("setuptools", "requirements", False),
        ("wheel", "requirements", False),
        ("distribute", "requirements", False),
        ("pip", "envguard.lock", True),
        ("uv", "requirements", True),
        ("envguard", "envguard.lock", True),
    ],
)
def test_who_is_a_stranger(bench: Any, name: str, lock_format: str, stated: bool) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1"), format=lock_format)
    said = bench.said(snapshot, bench.environment(bench.dist("a", "1"), bench.dist(name, "1")))
    assert said == ([("EG103", "added", "", name)] if stated else [])


def test_the_guard_itself_drifts_where_the_lock_pins_it(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("envguard-lock", "1.0"))
    said = bench.said(snapshot, bench.environment(bench.dist("envguard-lock", "2.0")))
    assert said == [("EG102", "upgraded", "major", "envguard-lock")]


def test_a_file_that_names_only_a_part_knows_no_strangers_and_says_so(bench: Any) -> None:
    snapshot = bench.snapshot(bench.pin("a", "1"), complete=False, incomplete_why="it holds constraints")
    environment = bench.environment(bench.dist("a", "1"), bench.dist("b", "1"))
    changes, ran, skipped = checks.run(snapshot, environment, "records")
    assert changes == ()
    assert "unlocked" not in ran
    assert "unlocked: it holds constraints" in skipped


def twin(bench: Any, version: str) -> Any:
    return bench.dist("a", version, path=f"/env/site/A-{version}.dist-info")


def test_twins_in_one_place_are_stated_with_all_their_folders(bench: Any) -> None:
    one, other = twin(bench, "1.0"), twin(bench, "2.0")
    (change,) = bench.changes(bench.snapshot(bench.pin("a", "1.0")), bench.environment(one, other))
    assert (change.code, change.kind, change.package) == ("EG106", "duplicate", "a")
    assert (change.locked, change.installed, change.path) == ("1.0", "1.0, 2.0", other.path)
    assert change.evidence == (
        f"1.0 in {one.path}",
        f"2.0 in {other.path}",
        "which one answers depends on the order of the file system",
    )


def test_twins_of_which_the_wrong_one_answers_have_drifted_too(bench: Any) -> None:
    said = bench.said(bench.snapshot(bench.pin("a", "1.0")), bench.environment(twin(bench, "2.0"), twin(bench, "1.0")))
    assert said == [("EG102", "upgraded", "major", "a"), ("EG106", "duplicate", "", "a")]


def test_of_copies_in_two_places_the_first_on_the_path_is_compared(bench: Any) -> None:
    near, far = bench.dist("a", "1.0", location="/env/site"), bench.dist("a", "2.0", location="/usr/site")
    for order in ((near, far), (far, near)):
        environment = bench.environment(*order)
        assert bench.said(bench.snapshot(bench.pin("a", "1.0")), environment) == []
        assert bench.said(bench.snapshot(bench.pin("a", "2.0")), environment) == [("EG102", "downgraded", "major", "a")]
        assert [c.installed for c in bench.changes(bench.snapshot(), environment)] == ["1.0"]


def test_one_folder_seen_twice_is_no_twin(bench: Any) -> None:
    dist = bench.dist("a", "1.0")
    assert bench.said(bench.snapshot(bench.pin("a", "1.0")), bench.environment(dist, dist)) == []


def test_twins_of_installers_are_no_matter_of_a_foreign_lock(bench: Any) -> None:
    twins = (bench.dist("pip", "24.0"), bench.dist("pip", "23.0"))
    assert bench.said(bench.snapshot(), bench.environment(*twins)) == []
    assert ("EG106", "duplicate", "", "pip") in bench.said(
        bench.snapshot(format="envguard.lock"), bench.environment(*twins)
    )
    assert ("EG106", "duplicate", "", "pip") in bench.said(
        bench.snapshot(bench.pin("pip", "24.0")), bench.environment(*twins)
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, []),
        ({"version": "3.11.9"}, [("micro", ("newer",))]),
        ({"version": "3.11.2"}, [("micro", ("older",))]),
        ({"version": "3.11.7rc1"}, [("pre", ("older",))]),
        ({"version": "3.12.1", "soabi": "cpython-312-x86_64-linux-gnu"}, [("minor", ("newer",))]),
        ({"version": "3.11.7+"}, [("other", ())]),
        ({"implementation": "pypy", "version": "3.10.0", "soabi": "pypy310-pp73"}, [("implementation", ())]),
        ({"soabi": "cpython-311d-x86_64-linux-gnu"}, [("abi", ())]),
        ({"soabi": ""}, [("abi", ())]),
        ({"version": "3.11.8", "soabi": "cpython-311d-x86_64-linux-gnu"}, [("abi", ()), ("micro", ("newer",))]),
        ({"machine": "aarch64", "soabi": "cpython-311-aarch64-linux-gnu"}, [("platform", ())]),
        ({"system": "darwin", "libc": ""}, [("platform", ())]),
        ({"libc": "glibc 2.39"}, [("libc", ("newer",))]),
        ({"libc": "glibc 2.4"}, [("libc", ("older",))]),
        ({"libc": "musl 1.2.4"}, [("libc", ())]),
        ({"libc": ""}, [("libc", ())]),
    ],
)
def test_interpreters(bench: Any, found: dict[str, str], expected: list[tuple[str, tuple[str, ...]]]) -> None:
    snapshot = bench.snapshot(interpreter=bench.python)
    environment = bench.environment(interpreter=bench.python.replace(**found))
    changes = bench.changes(snapshot, environment)
    assert [(change.part, change.traits) for change in changes] == expected
    assert {(change.code, change.kind, change.package) for change in changes} <= {("EG110", "interpreter", "")}


def test_what_the_lock_does_not_know_of_the_platform_is_not_compared(bench: Any) -> None:
    snapshot = bench.snapshot(interpreter=bench.python.replace(libc="", soabi=""))
    assert bench.said(snapshot, bench.environment()) == []


def test_an_interpreter_that_cannot_be_named_is_called_unknown(bench: Any) -> None:
    environment = bench.environment(interpreter=bench.python.replace(libc=""))
    (change,) = bench.changes(bench.snapshot(interpreter=bench.python), environment)
    assert (change.locked, change.installed) == ("glibc 2.36", "unknown")


OBSERVED = (
    Change(code="EG108", kind="edited", package="a"),
    Change(code="EG109", kind="broken", package="a"),
    Change(code="EG112", kind="shadowed", package="a"),
    Change(code="EG904", kind="second-owner"),
    Change(code="EG111", kind="unverifiable", package="a"),
    Change(code="EG199", kind="of-a-later-version", package="zzz"),
)


@pytest.mark.parametrize("depth", DEPTHS)
def test_nothing_that_the_scan_observed_is_lost_at_any_depth(bench: Any, depth: Any) -> None:
    environment = bench.environment(bench.dist("a", "1"), observations=OBSERVED)
    assert set(bench.changes(bench.snapshot(bench.pin("a", "1")), environment, depth)) == set(OBSERVED)


def test_what_shadows_a_package_that_the_file_does_not_name_is_no_matter_of_it(bench: Any) -> None:
    stranger = Change(code="EG112", kind="shadowed", package="b")
    environment = bench.environment(bench.dist("a", "1"), bench.dist("b", "1"), observations=(stranger, OBSERVED[2]))
    snapshot = bench.snapshot(bench.pin("a", "1"), complete=False)
    assert bench.said(snapshot, environment) == [("EG112", "shadowed", "", "a")]


def test_what_the_reader_noted_is_stated(bench: Any) -> None:
    note = Change(code="EG111", kind="unverifiable", package="a", evidence=("pinned twice",))
    assert bench.changes(bench.snapshot(notes=(note,)), bench.environment()) == [note]


def test_every_check_is_complete_and_its_codes_are_in_the_catalogue() -> None:
    for check in checks.registered():
        assert check.__doc__, check.NAME
        assert check.DEPTH in DEPTHS
        assert check.CODES
        assert set(check.CODES) <= set(CODES), check.NAME
    names = [check.NAME for check in checks.registered()]
    assert names == sorted(set(names))
    stated = {code for check in checks.registered() for code in check.CODES}
    # EG2xx are about changes that are only proposed, EG5xx about files of a repository: no environment shows them.
    assert stated == {code for code in CODES if code not in ("EG901", "EG902", "EG903") and code[2] not in "25"}
    for kinds in checks.EXPLAINED_BY.values():
        assert set(kinds) <= set(KINDS)


def test_names_are_those_that_run(bench: Any) -> None:
    pin = bench.pin("a", "1", record="sha256:" + "a" * 64)
    snapshot = bench.snapshot(pin, interpreter=bench.python)
    depths: tuple[Depth, ...] = ("versions", "records", "files")
    for depth in depths:
        changes, ran, skipped = checks.run(snapshot, bench.environment(bench.dist("a", "1", record=pin.record)), depth)
        assert (changes, skipped) == ((), ())
        assert ran == checks.names(depth)
    assert set(checks.names("versions")) < set(checks.names("records")) < set(checks.names("files"))
    assert "files" not in checks.names("records")


def test_a_check_that_the_scan_was_too_shallow_for_is_skipped_and_says_so(bench: Any) -> None:
    environment = bench.environment(bench.dist("a", "1"), depth="versions")
    _changes, ran, skipped = checks.run(bench.snapshot(bench.pin("a", "1")), environment, "records")
    assert "source" not in ran
    assert "source: the environment was read at depth versions only" in skipped
