"""Workflow commands: GitHub shows each finding as an annotation at the lock's line.

GitHub keeps ten errors, ten warnings and ten notices of a step and drops the rest without a word. No more than that is
written here; a notice counts and names what was left out. forbidden is an error, unverified and cautious are warnings,
safe is a notice.
"""

from envguard.languages import say
from envguard.reporters._anchor import anchor, elsewhere
from envguard.reporters._plain import (
    BYPASSED,
    cut,
    facts,
    headline,
    judged,
    looked_at,
    not_run,
    not_seen,
    summary,
    word,
)
from envguard.reporters._words import plural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.model import Finding, Report

SHOWN = 10
"""Annotations of each level that GitHub keeps for one step."""
EVIDENCE = 4
_NAMED = 40
_LEVELS = {"forbidden": "error", "unverified": "warning", "cautious": "warning", "safe": "notice"}


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """One command a line; nothing else, since a runner obeys whatever looks like a command."""
    warned = list(_warnings(report))
    # The summary is a notice itself.
    taken = {"error": 0, "warning": len(warned), "notice": 1}
    lines, left = [], []
    for finding in report.findings:
        level = _LEVELS[finding.verdict]
        if taken[level] == SHOWN:
            left.append(finding)
            continue
        taken[level] += 1
        lines.append(_annotation(level, finding, report))
    lines = [_summary(report, left), *warned, *lines]
    return "".join(f"{line}\n" for line in lines)


def command(level: str, message: str, **properties: str) -> str:
    """One workflow command, escaped as the runner unescapes it."""
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{level}{' ' if given else ''}{given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _warnings(report: "Report") -> "Iterable[str]":
    if report.bypass:
        yield command("warning", f"{cut(report.bypass)}\n{say(BYPASSED)}", title=say("envguard: bypassed"))
    skipped = not_run(report)
    if skipped:
        yield command("warning", "\n".join(skipped), title=say("envguard: not everything was checked"))


def _summary(report: "Report", left: "list[Finding]") -> str:
    lines = [summary(report), looked_at(report), *not_seen(report, 5)]
    if left:
        names = ", ".join(dict.fromkeys(cut(found.change.package or found.change.code, 60) for found in left[:_NAMED]))
        more = ", ..." if len(left) > _NAMED else ""
        count = plural(len(left), "finding")
        lines.append(say("{findings} not shown here: {names}", findings=count, names=names + more))
    return command("notice", "\n".join(dict.fromkeys(lines)), title=f"envguard: {word(report)}")


def _annotation(level: str, finding: "Finding", report: "Report") -> str:
    shown = anchor(finding.change, report)
    lines = [judged(finding)]
    if finding.instead:
        lines.append(say("instead: {what}", what=cut(finding.instead)))
    own = elsewhere(finding.change, report)
    if own:
        lines.append(say("at: {where}", where=own))
    lines += facts(finding.change, EVIDENCE)
    return command(level, "\n".join(lines), file=shown.path, line=str(shown.line), title=headline(finding, 60))
