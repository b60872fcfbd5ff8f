"""What the pytest plugin says. Every value of unknown origin is safe to print.

PYTEST_DONT_REWRITE (it asserts nothing)
"""

import re

from envguard.reporters._plain import cut, facts, headline, label, summary, word
from envguard.reporters._words import place, plural
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.errors import EnvguardError
    from envguard.model import Finding, Report

WARNINGS = 50
"""Findings that get a warning of their own."""
EVIDENCE = 20
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")


def header(report: "Report", lock: str) -> str:
    """The line below pytest's own header."""
    told = f"envguard: {word(report)}, {summary(report, lock)}, sha256:{report.lock_sha256[:12]}, depth {report.depth}"
    if report.skipped:
        told += f", {plural(len(report.skipped), 'check')} not run"
    return f"{told}, bypassed: {cut(report.bypass)}" if report.bypass else told


def refusal(error: "EnvguardError") -> str:
    """Why the run is refused: one line, and the findings where there are any."""
    lines = [f"envguard: {one_line(error)}"]
    if getattr(error, "report", None) is not None:
        lines += [safe(line) for line in str(error).split("\n")[1:]]
        lines.append("no conftest was imported and no test has run")
    return "\n".join(lines)


def one_line(error: "EnvguardError") -> str:
    """The first line of an error."""
    return safe(str(error).partition("\n")[0])


def warned(report: "Report", lock: str) -> "Iterator[tuple[str, str, int]]":
    """Text, file and line of each warning."""
    if report.bypass:
        yield f"NOT PINNED, bypassed: {cut(report.bypass)}", lock, 0
    for finding in report.findings[:WARNINGS]:
        change = finding.change
        text = f"{finding.verdict}: {headline(finding)} ({cut(finding.rule)}: {cut(finding.reason)})"
        yield (text, cut(change.path or lock), change.line)
    left = len(report.findings) - WARNINGS
    if left > 0:
        yield f"and {plural(left, 'more finding')}; `envguard check` shows all", lock, 0


def name(finding: "Finding") -> str:
    """What the test of a finding is called: ``EG102-version-drift[numpy]``, the same whatever the versions are."""
    package = _UNFIT.sub("_", cut(finding.change.package, 120)) or "environment"
    return f"{label(finding.change).replace(' ', '-')}[{package}]"


def explained(finding: "Finding", lock: str) -> str:
    """One finding in full."""
    change = finding.change
    lines = [f"{finding.verdict}: {headline(finding)}", f"at: {cut(place(change, lock))}"]
    lines.append(f"rule: {cut(finding.rule)}: {cut(finding.reason)}")
    lines += [f"instead: {cut(finding.instead)}"] if finding.instead else []
    lines += [f"seen: {fact}" for fact in facts(change, EVIDENCE)]
    return "\n".join(lines)
