"""Reports on the trial's environment, compared: does it equal golden, and what is newly broken?"""

from envguard import checks
from envguard.model import Finding, Report
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_DRIFT = frozenset({"removed", "upgraded", "downgraded", "different", "added", "variant", "source", "rebuilt"})
"""Kinds of change that a plan announces."""


def unequal(report: Report) -> tuple[Finding, ...]:
    """What keeps an environment from being the golden one: every finding of a check that asks for sameness.

    What depth native alone asks is about soundness, which the golden environment itself may lack.
    """
    sound = {code for check in checks.registered() if check.DEPTH == "native" for code in check.CODES}
    same = {code for check in checks.registered() if check.DEPTH != "native" for code in check.CODES}
    return tuple(found for found in report.findings if found.change.code not in sound - same)


def announced(finding: Finding, moved: "Iterable[str]") -> bool:
    """True for the drift that the change itself is."""
    return finding.change.kind in _DRIFT and normalise(finding.change.package) in moved


def new(before: Report, after: Report, moved: "Iterable[str]") -> tuple[Finding, ...]:
    """What was found after the change, not before it, and is not the change itself."""
    known = {_key(found) for found in before.findings}
    names = frozenset(moved)
    return tuple(found for found in after.findings if _key(found) not in known and not announced(found, names))


def new_notes(before: Report, after: Report) -> tuple[str, ...]:
    """What is worth knowing after the change and was not there before it, a line each."""
    known = set(before.notes)
    told = (note for note in after.notes if note not in known)
    return tuple(f"{note.code} {note.package or note.path}: {'; '.join(note.evidence)}" for note in told)


def _key(finding: Finding) -> tuple[object, ...]:
    change = finding.change
    # Traits are evidence for the rules; the installed version belongs to the change itself.
    return (change.code, change.kind, change.package, change.locked, change.installed, change.path, change.evidence)
