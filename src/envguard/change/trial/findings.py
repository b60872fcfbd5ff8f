"""Reports on the trial's environment, compared: does it equal golden, and what is newly broken?"""

from envguard import checks
from envguard.model import Finding, Report
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.proposal import Move

_DRIFT = frozenset({"removed", "upgraded", "downgraded", "different", "added", "variant", "source", "rebuilt"})
"""Kinds of change that a plan announces."""


def unequal(report: Report) -> tuple[Finding, ...]:
    """What keeps an environment from being the golden one: every finding of a check that asks for sameness.

    What depth native alone asks is about soundness, which the golden environment itself may lack.
    """
    sound = {code for check in checks.registered() if check.DEPTH == "native" for code in check.CODES}
    same = {code for check in checks.registered() if check.DEPTH != "native" for code in check.CODES}
    return tuple(found for found in report.findings if found.change.code not in sound - same)


def new(before: Report, after: Report, moves: "Sequence[Move]", also: "Iterable[str]" = ()) -> tuple[Finding, ...]:
    """What was found after the change, not before it, and is not the change itself.

    Args:
        before: On the golden environment.
        after: On the changed one.
        moves: The change.
        also: Further names of what moves: conda may call a package otherwise than Python does.
    """
    known = {_key(found) for found in before.findings}
    moved = {*(move.name for move in moves), *map(normalise, also)}
    # Of the same version in another artifact the manifest still speaks, file by file.
    replaced = {move.name for move in moves if move.before == move.after}
    return tuple(
        found for found in after.findings if _key(found) not in known and not _is_announced(found, moved, replaced)
    )


def _is_announced(finding: Finding, moved: set[str], replaced: set[str]) -> bool:
    name = normalise(finding.change.package)
    return (finding.change.kind in _DRIFT and name in moved) or (finding.change.code == "EG108" and name in replaced)


def new_notes(before: Report, after: Report) -> tuple[str, ...]:
    """What is worth knowing after the change and was not there before it, a line each."""
    known = set(before.notes)
    told = (note for note in after.notes if note not in known)
    return tuple(f"{note.code} {note.package or note.path}: {'; '.join(note.evidence)}" for note in told)


def _key(finding: Finding) -> tuple[object, ...]:
    change = finding.change
    # Traits are evidence for the rules; the installed version belongs to the change itself.
    return (change.code, change.kind, change.package, change.locked, change.installed, change.path, change.evidence)
