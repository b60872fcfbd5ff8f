"""The evidence of a trial as plain data: what ``trial.json`` holds and ``--output-format json`` prints."""

from envguard.change.trial.running import Ran
from envguard.change.trial.tolerance import Compared
from envguard.model import Report
from envguard.reporters import _data
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from envguard.model import Finding


def of_findings(findings: "Iterable[Finding]") -> "list[dict[str, object]]":
    """Findings in the form of ``schemas/report.json``."""
    return [_data.finding(found) for found in findings]


def of_report(report: Report) -> "dict[str, Any]":
    """What a report says, without its findings."""
    told = _data.summary(report)
    return {name: told[name] for name in ("verdict", "depth", "counts", "checks", "skipped", "blind")}


def of_run(ran: Ran) -> "dict[str, Any]":
    """How a test ended and what it used."""
    return {
        "outcome": ran.outcome,
        "passed": ran.passed,
        "code": ran.code,
        "timed_out": ran.timed_out,
        "seconds": round(ran.seconds, 3),
        "peak_kib": ran.peak_kib,
        "log": ran.log,
        "command": [safe(word) for word in ran.command],
    }


def of_comparison(compared: Compared) -> "dict[str, Any]":
    """What a comparison of outputs found."""
    return {
        "same": compared.same,
        "kind": compared.kind,
        "values": compared.values,
        "differing": compared.differing,
        "worst": compared.worst,
        "problems": [safe(problem) for problem in compared.problems],
    }
