"""Which row decides, and what a finding then says."""

from __future__ import annotations

from typing import Any

import pytest

from envguard import rules
from envguard.errors import RuleError
from envguard.model import CondaPackage, Environment
from envguard.rules.catalog import DAMAGE, KINDS


@pytest.mark.parametrize(
    ("conditions", "change", "decides"),
    [
        ({}, {}, True),
        ({"package": ("numpy",)}, {}, True),
        ({"package": ("numpy",)}, {"package": "NumPy"}, True),
        ({"package": ("num",)}, {}, False),
        ({"package": ("num*",)}, {}, True),
        ({"package": ("numpy*",)}, {}, True),
        ({"package": ("num*",)}, {"package": "nuitka"}, False),
        ({"package": ("num*",)}, {"package": "networkx"}, False),
        ({"package": ("num*",)}, {"package": "numba"}, True),
        ({"package": ("scipy", "numpy")}, {}, True),
        ({"package": ("!numpy",)}, {}, False),
        ({"package": ("!scipy",)}, {}, True),
        ({"package": ("num*", "!numpy")}, {}, False),
        ({"package": ("!numpy", "num*")}, {}, False),
        ({"package": ("num*", "!numba")}, {}, True),
        ({"package": ("!scipy",)}, {"package": ""}, False),
        ({"change": ("upgraded",)}, {}, True),
        ({"change": ("added", "upgraded")}, {}, True),
        ({"change": ("downgraded",)}, {}, False),
        ({"part": ("major",)}, {"part": "major"}, True),
        ({"part": ("major", "minor")}, {"part": "minor"}, True),
        ({"part": ("major",)}, {"part": "minor"}, False),
        ({"part": ("major",)}, {"part": ""}, False),
        ({"locked": ">=1,<2"}, {"locked": "1.5"}, True),
        ({"locked": ">=1,<2"}, {"locked": "2.0"}, False),
        ({"locked": "<2"}, {"locked": "2.0rc1"}, False),
        ({"locked": "<3"}, {"locked": "2.0rc1"}, True),
        ({"locked": "<3"}, {"locked": "2004d"}, False),
        ({"locked": "<3"}, {"locked": ""}, False),
        ({"to": ">=2.32.2,<3"}, {"installed": "2.32.2"}, True),
        ({"to": ">=2.32.2,<3"}, {"installed": "2.32.1"}, False),
        ({"to": ">=2.32.2,<3"}, {"locked": "2.32.2", "installed": "2.31"}, False),
        ({"locked": ">=2.32.2,<3"}, {"locked": "2.31", "installed": "2.32.2"}, False),
        ({"traits": ("native",)}, {"traits": ("cuda", "native")}, True),
        ({"traits": ("native", "cuda")}, {"traits": ("native",)}, False),
        ({"traits": ("!cuda",)}, {"traits": ("native",)}, True),
        ({"traits": ("!cuda",)}, {"traits": ("cuda", "native")}, False),
        ({"traits": ("native", "!cuda")}, {"traits": ("native",)}, True),
        # Nothing is known: no milder row may profit from that.
        ({"traits": ("!cuda",)}, {"traits": ()}, False),
        ({"traits": ("!cuda",), "verdict": "forbidden"}, {"traits": ()}, True),
        ({"traits": ("native",), "verdict": "forbidden"}, {"traits": ()}, False),
        ({"beside": ("scipy",)}, {}, True),
        ({"beside": ("torch", "sci*")}, {}, True),
        ({"beside": ("torch",)}, {}, False),
        ({"when": "sys_platform == 'linux'"}, {}, True),
        ({"when": "sys_platform == 'win32'"}, {}, False),
        ({"when": "python_version < '3.11'"}, {}, False),
        ({"until": "2026-06-30"}, {}, True),
        ({"until": "2026-06-29"}, {}, False),
        ({"alone": True}, {}, True),
    ],
)
def test_conditions(court: Any, conditions: dict[str, Any], change: dict[str, Any], decides: bool) -> None:
    rule = court.rule(**{"verdict": "safe", **conditions})
    environment = court.environment("numpy", "scipy")
    assert court.decides(rule, court.change(**change), environment=environment) is decides


def test_beside_counts_what_conda_installed_and_knows_nothing_without_an_environment(court: Any) -> None:
    rule = court.rule(beside=("libjpeg-turbo",))
    conda = (CondaPackage(name="libjpeg-turbo", version="3", build="h_0"),)
    assert court.decides(rule, court.change(), environment=court.environment("numpy", conda=conda))
    assert not court.decides(rule, court.change(), environment=court.environment("numpy"))
    assert not court.decides(rule, court.change())


@pytest.mark.parametrize(
    ("package", "others", "decides"),
    [
        (("numpy",), [], True),
        (("numpy",), [("added", "tzdata")], True),
        (("numpy",), [("upgraded", "tzdata")], False),
        (("numpy",), [("removed", "tzdata")], False),
        (("numpy",), [("interpreter", "")], False),
        (("numpy",), [("added", "a"), ("rebuilt", "b")], False),
        (("numpy",), [("edited", "numpy")], True),
        (("num*",), [("upgraded", "numba")], True),
        ((), [("upgraded", "tzdata")], False),
        ((), [], True),
        (("!scipy",), [("upgraded", "numba")], True),
        (("!scipy",), [("upgraded", "scipy")], False),
        (("!scipy",), [("interpreter", "")], False),
    ],
)
def test_alone(court: Any, package: tuple[str, ...], others: list[tuple[str, str]], decides: bool) -> None:
    rule = court.rule(package=package, alone=True, change=("added",))
    rest = [court.change(kind, name) for kind, name in others]
    assert court.decides(rule, court.change("added"), *rest) is decides


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_milder_row_reaches_damage_only_by_naming_it(court: Any, kind: str) -> None:
    change = court.change(kind)
    for verdict in ("safe", "cautious"):
        assert not court.decides(court.rule(verdict), change)
        assert court.decides(court.rule(verdict, change=(kind,), until="2026-12-31"), change)
    assert court.decides(court.rule("forbidden"), change)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(DAMAGE)))
def test_a_milder_row_without_kinds_speaks_of_all_ordinary_changes(court: Any, kind: str) -> None:
    assert court.decides(court.rule("safe"), court.change(kind))


def test_an_unverifiable_pin_is_waived_only_for_a_time(court: Any) -> None:
    change = court.change("unverifiable", code="EG111")
    for verdict in ("safe", "cautious"):
        assert not court.decides(court.rule(verdict, change=("unverifiable",)), change)
    assert court.decides(court.rule("forbidden", change=("unverifiable",)), change)
    (finding,) = court.judge(change)
    assert finding.verdict == "unverified"


@pytest.mark.parametrize("verdict", ["safe", "cautious"])
def test_no_row_makes_an_unknown_kind_milder(court: Any, verdict: str) -> None:
    change = court.change("of-a-later-version", code="EG199")
    for rule in (court.rule(verdict), court.rule(verdict, change=("of-a-later-version",))):
        assert not court.decides(rule, change)
    (finding,) = court.judge(change, rules_=(court.rule(verdict),))
    assert (finding.verdict, finding.rule) == ("cautious", "unforeseen")
    assert court.decides(court.rule("forbidden"), change)


def test_the_first_row_that_matches_decides(court: Any) -> None:
    first, second = court.rule("cautious", id="first"), court.rule("forbidden", id="second")
    (finding,) = court.judge(court.change(), rules_=(first, second))
    assert (finding.rule, finding.verdict, finding.reason) == ("first", "cautious", "because")
    (finding,) = court.judge(court.change(), rules_=(court.rule(package=("other",), id="none"), second, first))
    assert finding.rule == "second"


def test_a_row_that_ended_decides_nothing_and_is_a_finding_of_its_own(court: Any) -> None:
    waiver = court.rule("safe", id="waiver", until="2026-06-29", origin="envguard.toml rules[0]")
    findings = court.judge(court.change(part="major"), court.change("added", "b"), rules_=(waiver,))
    assert [(finding.change.code, finding.verdict) for finding in findings] == [
        ("EG102", "forbidden"),
        ("EG102", "cautious"),
        ("EG903", "cautious"),
    ]
    stale = findings[2]
    assert stale.change.kind == "stale-rule"
    assert stale.change.evidence == (
        "rule waiver of envguard.toml rules[0]: it ended on 2026-06-29 and would have decided here",
    )


def test_a_row_that_ended_is_no_finding_where_another_row_above_decides(court: Any) -> None:
    over = court.rule("safe", id="over", until="2026-01-01")
    (finding,) = court.judge(court.change(), rules_=(court.rule("cautious", id="above"), over))
    assert finding.rule == "above"


def test_a_row_that_ended_and_matches_nothing_leaves_a_pinned_environment_pinned(court: Any) -> None:
    assert court.judge(rules_=(court.rule(until="2020-01-01"),)) == ()


def test_a_note_names_the_rows_that_matched_nothing(court: Any) -> None:
    used, unused = court.rule(id="used", package=("numpy",)), court.rule(id="unused", package=("scipy",))
    over = court.rule(id="over", package=("scipy",), until="2026-01-01", origin="x.toml")
    (note,) = rules.unmatched((used, unused, over), [court.change()], today=court.today)
    assert (note.code, note.kind) == ("EG903", "stale-rule")
    assert note.evidence == ("rules that match nothing here: unused (built-in); over (x.toml, ended on 2026-01-01)",)
    (note,) = rules.unmatched((used, unused), [])
    assert note.evidence == ("rules that match nothing here: used (built-in); unused (built-in)",)
    assert rules.unmatched((used,), [court.change()]) == ()
    when = court.rule(when="sys_platform == 'win32'")
    assert len(rules.unmatched((when,), [court.change()], environment=court.environment())) == 1
    assert rules.unmatched((when,), [court.change()], markers={"sys_platform": "win32"}) == ()


def test_markers_come_from_the_argument_else_from_the_environment_else_from_this_interpreter(court: Any) -> None:
    rule = court.rule(when="python_version == '3.11' and sys_platform == 'win32'")
    markers = {"python_version": "3.11", "sys_platform": "win32"}
    assert court.decides(rule, court.change(), markers=markers)
    assert not court.decides(rule, court.change(), environment=court.environment())
    later = court.environment()
    later = later.replace(interpreter=later.interpreter.replace(version="3.99.0"))
    assert court.decides(court.rule(when="python_version == '3.99'"), court.change(), environment=later)
    assert court.decides(court.rule(when="python_version >= '3.10'"), court.change())


@pytest.mark.parametrize(
    "conditions",
    [
        {"locked": "not a specifier"},
        {"to": "=>1"},
        {"when": "nonsense"},
        {"when": "(" * 5000},
    ],
)
def test_a_broken_condition_is_an_error_and_never_a_row_that_does_not_match(
    court: Any, conditions: dict[str, Any]
) -> None:
    rule = court.rule(**conditions, origin="x.toml")
    with pytest.raises(RuleError, match="rule 'row'") as error:
        court.judge(court.change(locked="1", installed="2"), rules_=(rule,))
    assert error.value.path == "x.toml"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"locked": "1.26.4", "installed": "2.0"}, "pip install numpy==1.26.4 # not 2.0"),
        ({"locked": "1!2.0+cu.1", "installed": ""}, "pip install numpy==1!2.0+cu.1 # not <installed>"),
        ({"locked": "1; rm -rf /", "installed": "2"}, "pip install numpy==<locked> # not 2"),
        ({"locked": "$(x)", "installed": "a\nb"}, "pip install numpy==<locked> # not <installed>"),
        ({"locked": "-r", "installed": "2\n"}, "pip install numpy==<locked> # not <installed>"),
        ({"locked": "{installed}", "installed": "{package}"}, "pip install numpy==<locked> # not <installed>"),
        ({"locked": "\u0661", "installed": "1"}, "pip install numpy==<locked> # not 1"),
    ],
)
def test_what_is_filled_into_a_command_is_harmless(court: Any, fields: dict[str, str], expected: str) -> None:
    rule = court.rule(instead="pip install {package}=={locked} # not {installed}")
    (finding,) = court.judge(court.change(**fields), rules_=(rule,))
    assert finding.instead == expected


def test_other_braces_stay_as_they_are(court: Any) -> None:
    (finding,) = court.judge(court.change(), rules_=(court.rule(instead="{x} {0} {package.__class__} {{package}}"),))
    assert finding.instead == "{x} {0} {package.__class__} {numpy}"


def test_findings_come_gravest_first_then_by_code_and_package(court: Any) -> None:
    changes = [
        court.change("added", "b", code="EG103", traits=("pure",)),
        court.change("removed", "z", code="EG101"),
        court.change("unverifiable", "a", code="EG111"),
        court.change("removed", "y", code="EG101"),
        court.change("source", "a", code="EG105"),
    ]
    findings = court.judge(*changes)
    assert [(finding.verdict, finding.change.package) for finding in findings] == [
        ("forbidden", "y"),
        ("forbidden", "z"),
        ("unverified", "a"),
        ("cautious", "a"),
        ("safe", "b"),
    ]


def test_an_environment_is_not_asked_for_markers_that_no_row_needs(court: Any) -> None:
    # An interpreter without a version would make an error of it.
    broken = Environment(prefix="", paths=(), interpreter=None)  # type: ignore[arg-type] # what must not be touched
    assert len(court.judge(court.change(), environment=broken)) == 1


def test_notes_ask_all_that_judging_asks(court: Any) -> None:
    change, other = court.change("added"), court.change("upgraded", "scipy")
    alone = court.rule(alone=True, package=("numpy",), change=("added",))
    assert rules.unmatched((alone,), [change]) == ()
    assert len(rules.unmatched((alone,), [change, other])) == 1
    beside = court.rule(beside=("torch",))
    assert rules.unmatched((beside,), [change], environment=court.environment("torch")) == ()
    assert len(rules.unmatched((beside,), [change], environment=court.environment("numpy"))) == 1
    damage = court.rule(package=("numpy",))
    assert len(rules.unmatched((damage,), [court.change("edited")])) == 1
    when = court.rule(when="sys_platform == 'linux' and python_version == '3.11'")
    assert rules.unmatched((when,), [change], environment=court.environment()) == ()
    elsewhere = court.environment()
    elsewhere = elsewhere.replace(interpreter=elsewhere.interpreter.replace(version="3.99.0"))
    assert len(rules.unmatched((when,), [change], environment=elsewhere)) == 1


@pytest.mark.parametrize(("today", "over"), [("", False), ("2026-06-30", False), ("2026-07-01", True)])
def test_a_note_says_of_an_ended_row_that_it_ended(court: Any, today: str, over: bool) -> None:
    (note,) = rules.unmatched((court.rule(until="2026-06-30"),), (), today=today)
    assert ("ended on 2026-06-30" in note.evidence[0]) is over
    (note,) = rules.unmatched((court.rule(until="2026-06-30"),), ())
    assert "ended" not in note.evidence[0]


def test_notes_do_not_ask_an_environment_that_no_row_needs(court: Any) -> None:
    broken = Environment(prefix="", paths=(), interpreter=None)  # type: ignore[arg-type] # what must not be touched
    assert len(rules.unmatched((court.rule(package=("scipy",)),), [court.change()], environment=broken)) == 1
