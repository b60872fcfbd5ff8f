"""The report as plain data, the form of ``schemas/report.json``."""

from envguard.reporters._words import code_name, verdict_counts
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change, Finding, Report

SCHEMA = {"name": "envguard-report", "version": 1}
"""The number grows when a field is removed or changes its meaning; a new field does not change it."""


def summary(report: "Report") -> dict[str, object]:
    """Everything but the findings."""
    interpreter = report.interpreter
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "lock": {
            "path": safe(report.lock),
            "format": safe(report.format),
            "sha256": report.lock_sha256,
            "packages": report.packages,
        },
        "environment": {
            "prefix": safe(report.prefix),
            "python": safe(interpreter.version) if interpreter is not None else None,
            "platform": safe(f"{interpreter.system}-{interpreter.machine}") if interpreter is not None else None,
            "installed": report.installed,
        },
        "counts": {
            **verdict_counts(report),
            **({"files": report.files} if report.files else {}),
            "checks_run": len(report.checks),
            "checks_asked": len(report.checks) + len(report.skipped),
        },
        "depth": report.depth,
        "checks": [safe(name) for name in report.checks],
        "skipped": [safe(why) for why in report.skipped],
        "notes": [note(seen) for seen in report.notes],
        "toolchain": [{field: safe(getattr(fact, field)) for field in fact._fields} for fact in report.toolchain],
        "requirers": [{field: safe(getattr(each, field)) for field in each._fields} for each in report.requirers],
        "blind": [safe(why) for why in report.blind],
        "bypass": _or_none(report.bypass),
        "ran": True,
    }


def finding(found: "Finding") -> dict[str, object]:
    """One finding."""
    change = found.change
    return {
        "code": change.code,
        "name": code_name(change.code),
        "kind": change.kind,
        "part": _or_none(change.part),
        "package": _or_none(change.package),
        "verdict": found.verdict,
        "rule": safe(found.rule),
        "reason": safe(found.reason),
        "instead": _or_none(found.instead),
        "locked": _or_none(change.locked),
        "installed": _or_none(change.installed),
        "path": _or_none(change.path),
        "line": change.line or None,
        "evidence": [safe(fact) for fact in change.evidence],
    }


def note(seen: "Change") -> dict[str, object]:
    """One thing that was seen and is no finding."""
    return {
        "code": seen.code,
        "name": code_name(seen.code),
        "package": _or_none(seen.package),
        "path": _or_none(seen.path),
        "evidence": [safe(fact) for fact in seen.evidence],
    }


def _or_none(text: str) -> "str | None":
    return safe(text) if text else None
