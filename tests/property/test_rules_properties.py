"""What holds for judging whatever changes and rows there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings, strategies as st

from envguard import rules
from envguard.model import GRAVITY, Change, Rule
from envguard.rules import compiled
from envguard.rules.catalog import DAMAGE, KINDS, PARTS, TRAITS
from envguard.rules.hidden import covers
from envguard.rules.match import matches, may_speak
from envguard.rules.validate import VERDICTS, problems

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("numpy", "numba", "scipy", "torch", "six")
VERSIONS = ("", "1.0", "1.2.3", "2.0rc1", "2.5.0+cu124", "2004d")
SPECIFIERS = ("", "", "<2", ">=1.2", "==2.5.0")
DAYS = ("", "", "2026-01-01", "2026-06-30", "2027-01-01")
TODAY = "2026-06-30"

words = st.sampled_from
unhurried = settings(deadline=None)  # a slow machine is no failure


def tuples(values: Any, size: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(words(sorted(values)), max_size=size, unique=True).map(tuple)


changes = st.builds(
    Change,
    code=words(["EG101", "EG102", "EG103", "EG107"]),
    kind=words([*sorted(KINDS), "of-a-later-version"]),
    package=words(["", *NAMES]),
    part=words(["", *sorted(PARTS)]),
    locked=words(VERSIONS),
    installed=words(VERSIONS),
    line=st.integers(0, 3),
    traits=tuples(TRAITS, 3),
)
patterns = tuples([*NAMES, "num*", "!numba", "!s*"])


def rows(package: st.SearchStrategy[tuple[str, ...]] = patterns) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        id=st.integers(0, 10**6).map("row-{}".format),
        verdict=words(VERDICTS),
        reason=st.just("because"),
        package=package,
        change=tuples(KINDS, 3),
        part=tuples(PARTS),
        locked=words(SPECIFIERS),
        to=words(SPECIFIERS),
        traits=tuples([*TRAITS, *(f"!{trait}" for trait in TRAITS)], 1),
        alone=st.booleans(),
        until=words(DAYS),
    )


several_changes = st.lists(changes, max_size=6, unique=True)
several_rows = st.lists(rows(), max_size=5, unique_by=lambda rule: rule.id)


@unhurried
@given(several_changes, several_rows)
def test_every_change_gets_exactly_one_verdict(told: list[Change], table: list[Rule]) -> None:
    findings = rules.judge(told, table, today=TODAY)
    given_ids = {rule.id for rule in table}
    own = [f for f in findings if f.change in told]
    assert sorted(map(repr, (f.change for f in own))) == sorted(map(repr, told))
    assert {f.change.kind for f in findings if f.change not in told} <= {"stale-rule"}
    for finding in findings:
        assert finding.verdict in GRAVITY[1:]
        assert finding.reason
        if finding.rule in given_ids:
            deciding = next(rule for rule in table if rule.id == finding.rule)
            assert not deciding.until or deciding.until >= TODAY


@unhurried
@given(several_changes, several_rows, st.randoms(use_true_random=False))
def test_the_order_of_changes_is_irrelevant(told: list[Change], table: list[Rule], random: Any) -> None:
    other = list(told)
    random.shuffle(other)
    assert rules.judge(told, table, today=TODAY) == rules.judge(other, table, today=TODAY)


@unhurried
@given(several_changes, several_rows, st.integers(0, 5), words(NAMES).flatmap(lambda name: rows(st.just((name,)))))
def test_a_row_for_one_package_never_alters_the_verdict_of_another(
    told: list[Change], table: list[Rule], place: int, row: Rule
) -> None:
    row = row.replace(id="the-row")
    (name,) = row.package
    with_row = [*table[:place], row, *table[place:]]

    def of_others(findings: tuple[Any, ...]) -> list[Any]:
        return [f for f in findings if f.change.package != name and "the-row" not in str(f.change.evidence)]

    before, after = (of_others(rules.judge(told, rows_, today=TODAY)) for rows_ in (table, with_row))
    assert before == after


@unhurried
@given(several_changes, several_rows)
def test_no_table_makes_damage_or_the_unknown_pass_unnamed(told: list[Change], table: list[Rule]) -> None:
    for finding in rules.judge(told, table, today=TODAY):
        if finding.change.kind not in KINDS:
            assert finding.verdict in ("cautious", "forbidden")
        by_user = next((rule for rule in table if rule.id == finding.rule), None)
        if by_user is None or by_user.verdict == "forbidden":
            continue
        if finding.change.kind in DAMAGE:
            assert finding.change.kind in by_user.change
        if finding.change.kind == "unverifiable":
            assert by_user.until >= TODAY


@unhurried
@given(several_changes, several_rows)
def test_an_ended_row_changes_nothing_but_what_is_said_of_it(told: list[Change], table: list[Rule]) -> None:
    alive = [rule for rule in table if not rule.until or rule.until >= TODAY]
    with_all = rules.judge(told, table, today=TODAY)
    assert [f for f in with_all if f.change in told] == list(rules.judge(told, alive, today=TODAY))
    assert all(f.verdict == "cautious" for f in with_all if f.change not in told)


@unhurried
@given(several_rows)
def test_a_pinned_environment_stays_pinned_whatever_the_table(table: list[Rule]) -> None:
    assert rules.judge((), table, today=TODAY) == ()
    assert unmatched(table, ()) == [rule.id for rule in table]


def unmatched(table: list[Rule], told: Sequence[Change]) -> list[str]:
    """The ids that the note names."""
    listed = [text for note in rules.unmatched(table, told) for text in note.evidence]
    return [each.partition(" (")[0] for text in listed for each in text.partition(": ")[2].split("; ")]


@unhurried
@given(several_changes, several_rows)
def test_a_row_is_noted_as_unused_exactly_when_it_could_decide_nothing(told: list[Change], table: list[Rule]) -> None:
    noted = set(unmatched(table, told))
    used = {f.rule for f in rules.judge(told, table, today=TODAY)} & {rule.id for rule in table}
    assert not noted & used


@unhurried
@given(rows(), rows(), several_changes)
def test_a_row_called_hidden_never_decides(above: Rule, below: Rule, told: list[Change]) -> None:
    if not covers(above, below):
        return
    for change in told:
        if may_speak(below, change) and matches(below, change, changes=told, environment=None, markers={}):
            assert may_speak(above, change)
            assert matches(above, change, changes=told, environment=None, markers={})


@unhurried
@given(rows(), rows(), several_changes)
def test_narrowing_a_row_hides_it(row: Rule, other: Rule, told: list[Change]) -> None:
    narrower = row.replace(to=row.to or other.to, locked=row.locked or other.locked, id="narrower")
    assert covers(row.replace(until=""), narrower)


text = st.text(max_size=30)


@settings(max_examples=50, deadline=None)
@given(rows(), text, text)
def test_a_row_comes_back_from_a_lock_as_it_went(row: Rule, reason: str, instead: str) -> None:
    rule = row.replace(reason="x" + reason, instead=instead, origin="y" + instead)
    line = compiled.dump(rule)
    assert line.isascii()
    assert line.isprintable()
    if not list(problems(rule)):
        assert compiled.parse(line) == rule
