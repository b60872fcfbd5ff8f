"""The report as plain data, the form of ``schemas/report.json``."""

from envguard.reporters._words import code_name, verdict_counts
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change, Finding, Report
    from envguard.proposal import Move, Proposal

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
        **({"proposal": proposal(report.proposal)} if report.proposal is not None else {}),
        "ran": True,
    }


def proposal(planned: "Proposal") -> dict[str, object]:
    """What a planned change would do."""
    return {
        "request": safe(planned.request),
        "installer": safe(planned.installer),
        "command": _or_none(planned.command),
        "trial": _or_none(planned.trial),
        "held": planned.held,
        "download": planned.download,
        "unsized": planned.unsized,
        "moves": [_move(move) for move in planned.moves],
    }


def _move(move: "Move") -> dict[str, object]:
    return {
        "name": safe(move.name),
        "kind": move.kind,
        "before": _or_none(move.before),
        "after": _or_none(move.after),
        "requested": move.requested,
        "chain": [safe(name) for name in move.chain],
        "asks": _or_none(move.asks),
        "url": _or_none(move.url),
        "path": _or_none(move.path),
        "hashes": [safe(digest) for digest in move.hashes],
        "size": move.size,
        "unpacked": move.unpacked,
        "yanked": _or_none(move.yanked),
        "traits_before": list(move.traits_before),
        "traits_after": list(move.traits_after),
        "cuda_added": [safe(text) for text in move.cuda_added],
        "build_before": _or_none(move.build_before),
        "build_after": _or_none(move.build_after),
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
