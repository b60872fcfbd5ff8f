"""The rule table: what is said about a change, and by which row.

User rows stand above the built-in rows, and the first row that matches decides. ``judge`` is pure: the same changes,
rows and day give the same findings, in the same order.
"""

from envguard.model import GRAVITY, Change, Finding, Rule
from envguard.rules.builtin import ROWS
from envguard.rules.fill import fill
from envguard.rules.match import matches, may_speak

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envguard.model import Environment


def judge(
    changes: "Iterable[Change]",
    rules: "Sequence[Rule]",
    *,
    environment: "Environment | None" = None,
    today: str,
    markers: "Mapping[str, str] | None" = None,
) -> tuple[Finding, ...]:
    """Judge every change: exactly one finding each, and one for every ended row that would have decided.

    Args:
        changes: What differs, in any order.
        rules: The user's rows, which stand above the built-in ones.
        environment: What is installed; needed by rows with ``beside`` or ``when``.
        today: ISO date; a row whose ``until`` lies before it has ended.
        markers: PEP 508 environment for ``when``; None: that of ``environment``, else of the running interpreter.

    Returns:
        Findings, gravest first, then by code and package. A row that has ended decides nothing, and adds an EG903
        finding of its own where it would have decided.

    Raises:
        RuleError: A row's specifier or marker is not valid.
    """
    told = tuple(changes)
    if markers is None:
        markers = _markers(environment) if any(rule.when for rule in rules) else {}
    findings = []
    ended: dict[str, Rule] = {}
    for change in told:
        speaking = [rule for rule in rules if may_speak(rule, change)]
        for rule in (*speaking, *ROWS):
            if not matches(rule, change, changes=told, environment=environment, markers=markers):
                continue
            if rule.until and rule.until < today:
                ended[rule.id] = rule
                continue
            findings.append(_finding(change, rule))
            break
    for rule in ended.values():
        why = f"rule {rule.id} of {rule.origin}: it ended on {rule.until} and would have decided here"
        findings.append(_finding(Change(code="EG903", kind="stale-rule", evidence=(why,)), _STALE_ROW))
    return in_order(findings)


def in_order(findings: "Iterable[Finding]") -> tuple[Finding, ...]:
    """Findings, gravest first, then by code and package."""
    return tuple(sorted(findings, key=_order))


def unmatched(
    rules: "Iterable[Rule]",
    changes: "Iterable[Change]",
    *,
    environment: "Environment | None" = None,
    markers: "Mapping[str, str] | None" = None,
    today: str = "",
) -> tuple[Change, ...]:
    """A note on the user's rows that matched none of ``changes``: for a reader, never a reason to refuse.

    In a pinned environment no row matches anything, so this alone must not fail a check.

    Args:
        rules: The user's rows.
        changes: What differs.
        environment: As for ``judge``.
        markers: As for ``judge``.
        today: ISO date; a row that has ended is said to have, in the note. Empty: not looked at.

    Returns:
        One EG903 change that names the rows, or nothing.

    Raises:
        RuleError: A row's specifier or marker is not valid.
    """
    table = tuple(rules)
    told = tuple(changes)
    if markers is None:
        markers = _markers(environment) if any(rule.when for rule in table) else {}
    idle = []
    for rule in table:
        if rule.together or any(
            may_speak(rule, change) and matches(rule, change, changes=told, environment=environment, markers=markers)
            for change in told
        ):
            continue
        over = f", ended on {rule.until}" if rule.until and rule.until < today else ""
        idle.append(f"{rule.id} ({rule.origin}{over})")
    if not idle:
        return ()
    return (Change(code="EG903", kind="stale-rule", evidence=(f"rules that match nothing here: {'; '.join(idle)}",)),)


def _finding(change: Change, rule: Rule) -> Finding:
    return Finding(
        change=change,
        verdict=rule.verdict,
        rule=rule.id,
        reason=rule.reason,
        instead=fill(rule.instead, change),
        zh=rule.zh,
        zh_instead=fill(rule.zh_instead, change),
    )


def _order(finding: Finding) -> tuple[object, ...]:
    change = finding.change
    return (
        -GRAVITY.index(finding.verdict),
        change.code,
        change.package,
        change.kind,
        change.part,
        change.locked,
        change.installed,
        change.path,
        change.line,
        change.evidence,
        change.traits,
    )


def _markers(environment: "Environment | None") -> "Mapping[str, str]":
    if environment is None:
        from packaging.markers import default_environment

        return {key: str(value) for key, value in default_environment().items()}
    from envguard.environment.interpreter import markers

    return markers(environment.interpreter)


_STALE_ROW = next(row for row in ROWS if row.id == "stale-rule")
