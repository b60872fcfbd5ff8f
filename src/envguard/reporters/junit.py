"""JUnit XML, as Jenkins, GitLab and GitHub actions read it.

One test case says that a check ran, one for each finding what failed. An unverified finding is an error, any other a
failure; a check that could not run is skipped. Names hold no versions and are English in every language, so that
histories of runs stay comparable.
"""

from envguard.languages import say
from envguard.reporters._markup import markup
from envguard.reporters._plain import bypassed, cut, facts, headline, looked_at, not_run, not_seen, noted, summary, word
from envguard.reporters._words import QUICK, code_name, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Finding, Report

EVIDENCE = 50
ASCII = True
NOTES = 50


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """One ASCII document with one suite."""
    errors = sum(finding.verdict == "unverified" for finding in report.findings)
    cases = len(report.checks) + len(report.skipped) + len(report.findings)
    counts = f'tests="{cases}" failures="{len(report.findings) - errors}" errors="{errors}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="envguard" {counts}>',
        f'  <testsuite name="envguard" {counts} skipped="{len(report.skipped)}">',
        *_properties(report),
        *_cases(report),
        f"    <system-out>{markup(_told(report))}</system-out>",
        "  </testsuite>",
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _properties(report: "Report") -> "Iterator[str]":
    given = {
        "verdict": report.verdict,
        "lock": cut(report.lock),
        "lock_sha256": cut(report.lock_sha256),
        "prefix": cut(report.prefix),
        "depth": report.depth,
        "bypass": cut(report.bypass),
    }
    yield "    <properties>"
    for name, value in given.items():
        if value:
            yield f'      <property name="envguard.{name}" value="{markup(value)}"/>'
    yield "    </properties>"


def _cases(report: "Report") -> "Iterator[str]":
    for check in report.checks:
        name = "every sealed digest is the same" if report.checks == QUICK else f"{cut(check, 120)} ran"
        yield f"    {_case('envguard.checks', name)}/>"
    for why in report.skipped:
        check, _, _ = why.partition(":")
        yield f"    {_case('envguard.checks', f'{cut(check, 120)} ran')}>"
        yield f'      <skipped message="{markup(cut(why))}"/>'
        yield "    </testcase>"
    seen: dict[tuple[str, str], int] = {}
    for finding in report.findings:
        suite, name = _name(finding)
        seen[suite, name] = number = seen.get((suite, name), 0) + 1
        yield from _failed(finding, report, suite, name if number == 1 else f"{name} #{number}")


def _name(finding: "Finding") -> tuple[str, str]:
    change = finding.change
    subject = cut(change.package, 120) or "environment"
    return f"envguard.{cut(code_name(change.code), 60)}", f"{subject} ({cut(change.kind, 40)})"


def _failed(finding: "Finding", report: "Report", suite: str, name: str) -> "Iterator[str]":
    element = "error" if finding.verdict == "unverified" else "failure"
    yield f"    {_case(suite, name)}>"
    attributes = f'type="{finding.verdict}" message="{markup(headline(finding))}"'
    yield f"      <{element} {attributes}>{markup(_why(finding, report))}"
    yield f"      </{element}>"
    yield "    </testcase>"


def _case(suite: str, name: str) -> str:
    return f'<testcase classname="{markup(suite)}" name="{markup(name)}"'


def _why(finding: "Finding", report: "Report") -> str:
    lines = [cut(place(finding.change, report.lock)), f"{cut(finding.rule)}: {cut(finding.reason)}"]
    lines += [say("instead: {what}", what=cut(finding.instead))] if finding.instead else []
    return "".join(f"\n{line}" for line in (*lines, *facts(finding.change, EVIDENCE)))


def _told(report: "Report") -> str:
    lines = [f"{word(report)}: {summary(report)}", looked_at(report)]
    lines += [say("bypassed: {why}", why=bypassed(report))] if report.bypass else []
    lines += [
        *not_run(report, 50),
        *not_seen(report, 50),
        *(say("noted: {what}", what=noted(note)) for note in report.notes[:NOTES]),
    ]
    return "\n".join(lines)
