"""What the pytest plugin says. Every value of unknown origin is safe to print.

PYTEST_DONT_REWRITE (it asserts nothing)
"""

import re

from envguard import languages
from envguard.languages import say
from envguard.reporters._plain import cut, facts, headline, summary, word
from envguard.reporters._words import code_name, place, plural
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
    told = [
        word(report),
        summary(report, lock),
        f"sha256:{report.lock_sha256[:12]}",
        say("depth {depth}", depth=report.depth),
    ]
    if report.skipped:
        told.append(say("{checks} not run", checks=plural(len(report.skipped), "check")))
    if report.bypass:
        told.append(say("bypassed: {why}", why=cut(report.bypass)))
    return f"envguard: {say(', ').join(told)}"


def refusal(error: "EnvguardError") -> str:
    """Why the run is refused: one line, and the findings where there are any."""
    lines = [f"envguard: {one_line(error)}"]
    if getattr(error, "report", None) is not None:
        lines += [safe(line) for line in str(error).split("\n")[1:]]
        lines.append(say("no conftest was imported and no test has run"))
    return "\n".join(lines)


def one_line(error: "EnvguardError") -> str:
    """The first line of an error."""
    return safe(str(error).partition("\n")[0])


def warned(report: "Report", lock: str) -> "Iterator[tuple[str, str, int]]":
    """Text, file and line of each warning."""
    if report.bypass:
        yield say("NOT PINNED, bypassed: {why}", why=cut(report.bypass)), lock, 0
    for finding in report.findings[:WARNINGS]:
        change = finding.change
        text = f"{languages.verdict(finding.verdict)}: {headline(finding)} ({cut(finding.rule)}: {cut(finding.reason)})"
        yield (text, cut(change.path or lock), change.line)
    left = len(report.findings) - WARNINGS
    if left > 0:
        yield say("and {findings}; `envguard check` shows all", findings=plural(left, "more finding")), lock, 0


def name(finding: "Finding") -> str:
    """What the test of a finding is called, whatever versions and language: ``EG102-version-drift[numpy]``."""
    package = _UNFIT.sub("_", cut(finding.change.package, 120)) or "environment"
    code = finding.change.code
    return f"{cut(code, 40)}-{cut(code_name(code), 60)}[{package}]"


def explained(finding: "Finding", lock: str) -> str:
    """One finding in full."""
    change = finding.change
    verdict = languages.verdict(finding.verdict)
    lines = [f"{verdict}: {headline(finding)}", say("at: {where}", where=cut(place(change, lock)))]
    lines.append(say("rule: {rule}: {reason}", rule=cut(finding.rule), reason=cut(finding.reason)))
    lines += [say("instead: {what}", what=cut(finding.instead))] if finding.instead else []
    lines += [say("seen: {fact}", fact=fact) for fact in facts(change, EVIDENCE)]
    return "\n".join(lines)
