"""GitLab's code quality report: a JSON array, one issue for each finding.

forbidden is a blocker, unverified critical, cautious major, safe minor. GitLab drops issues with an equal fingerprint,
and links a path only if it is relative to the repository, so envguard is best run in the repository's root.
"""

import hashlib
from json import dumps

from envguard import languages
from envguard.languages import say
from envguard.reporters._anchor import anchor, at, elsewhere, fingerprints
from envguard.reporters._plain import bypassed, cut, facts, headline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Finding, Report

EVIDENCE = 20
ASCII = True
_SEVERITIES = {"forbidden": "blocker", "unverified": "critical", "cautious": "major", "safe": "minor"}


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """One ASCII document; an empty array where everything is pinned and every check ran."""
    known = fingerprints(report)
    issues = [_issue(finding, report, print_) for finding, print_ in zip(report.findings, known, strict=True)]
    if report.bypass:
        issues.append(_aside("bypassed", say("bypassed: {why}", why=bypassed(report)), report.bypass, report))
    issues += [
        _aside("not-checked", say("not checked: {why}", why=cut(why)), why.partition(":")[0], report)
        for why in dict.fromkeys(report.skipped)
    ]
    return dumps(issues, ensure_ascii=True, indent=2) + "\n"


def _issue(finding: "Finding", report: "Report", fingerprint: str) -> dict[str, object]:
    shown = anchor(finding.change, report)
    return {
        "description": f"{headline(finding)}. {cut(finding.reason)}",
        "check_name": f"envguard/{cut(finding.change.code, 40)}",
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.verdict],
        "categories": ["Compatibility"],
        "location": {"path": shown.path, "lines": {"begin": shown.line}},
        "content": {"body": "\n".join(_body(finding, report))},
    }


def _body(finding: "Finding", report: "Report") -> list[str]:
    verdict = languages.verdict(finding.verdict)
    lines = [say("{verdict} by rule {rule}", verdict=verdict, rule=cut(finding.rule))]
    lines += [say("instead: {what}", what=cut(finding.instead))] if finding.instead else []
    own = elsewhere(finding.change, report)
    return [*lines, *([say("at: {where}", where=own)] if own else []), *facts(finding.change, EVIDENCE)]


def _aside(name: str, text: str, identity: str, report: "Report") -> dict[str, object]:
    """What must not be silent although it is no finding; ``identity`` is the same in every language."""
    shown = at(report.lock or report.prefix or ".")
    return {
        "description": text,
        "check_name": f"envguard/{name}",
        "fingerprint": hashlib.sha256(f"{name}\0{cut(identity)}".encode()).hexdigest(),
        "severity": "critical",
        "categories": ["Compatibility"],
        "location": {"path": shown.path, "lines": {"begin": shown.line}},
    }
