"""Was a move asked for? One that nobody asked for counts one class graver.

Asked for is what the project requires itself, and what a package that moved too needs in another version than before.
Where it is not known who requires whom, nothing is raised, and that is said.
"""

from envguard import rules
from envguard.diffing import edges
from envguard.errors import EnvguardError
from envguard.facts.reading import ReadFailure
from envguard.formats._toml import ShapeError
from envguard.model import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.diffing.edges import Edges
    from envguard.diffing.sides import Side
    from envguard.model import Change, Report, Verdict

_OF_A_PACKAGE = ("upgraded", "downgraded", "different", "added", "removed")
_GRAVER: "dict[str, Verdict]" = {"safe": "cautious", "cautious": "forbidden"}
UNASKED = "neither the project nor a package that moved asked for it, so it counts one class graver"


def weigh(report: "Report", before: "Side", after: "Side") -> "Report":
    """The report with every move that nobody asked for judged one class graver, and what is not known said."""
    moved = {found.change.package: found.change.kind for found in report.findings if found.change.kind in _OF_A_PACKAGE}
    if not moved:
        return report
    old, new = _known(before), _known(after)
    if new is None and before.live is None:
        told = after.snapshot.format or "this side"
        return report.replace(blind=(*report.blind, f"who asked for what moved: {told} does not say who requires whom"))
    weighed = tuple(_weighed(found, moved, old, new or old) for found in report.findings)
    blind = report.blind
    if any(_is_unknown(found.change, moved, old, new or old) for found in report.findings):
        blind += ("whether all that moved was asked for: nothing here says what the project itself requires",)
    return report.replace(findings=rules.in_order(weighed), blind=blind)


def _is_unknown(change: "Change", moved: "dict[str, str]", old: "Edges | None", new: "Edges | None") -> bool:
    if change.kind not in _OF_A_PACKAGE or not change.package or new is None:
        return False
    return _asked(change, moved, old, new) == (None, "")


def _known(side: "Side") -> "Edges | None":
    try:
        return edges.known(side)
    except (EnvguardError, ReadFailure, ShapeError):
        return None  # the reader of the format said what is wrong, or this part of the file has another shape


def _weighed(found: Finding, moved: "dict[str, str]", old: "Edges | None", new: "Edges | None") -> Finding:
    change = found.change
    if change.kind not in _OF_A_PACKAGE or not change.package or new is None:
        return found
    asked, why = _asked(change, moved, old, new)
    if why:
        change = change.replace(evidence=(*change.evidence, why))
    if asked is not False:
        return found.replace(change=change)
    return found.replace(
        change=change, verdict=_GRAVER.get(found.verdict, found.verdict), reason=f"{found.reason}; {UNASKED}"
    )


def _asked(change: "Change", moved: "dict[str, str]", old: "Edges | None", new: "Edges") -> "tuple[bool | None, str]":
    """Whether a move was asked for, None where it is not known; and what says so."""
    name = change.package
    if new.direct is not None and name in new.direct:
        return True, ""
    requirers = new.of.get(name, ())
    if change.kind == "removed":
        staying = [edge.by for edge in requirers if moved.get(edge.by) != "removed"]
        if staying:
            return False, f"{staying[0]} still requires it"
        return (True, "") if old is not None and old.of.get(name) else (None, "")
    if new.spoken_of is not None and name not in new.spoken_of:
        return None, ""
    if change.kind == "added" and requirers:
        return True, f"required by {', '.join(sorted({edge.by for edge in requirers})[:4])}"
    loose = ""
    for edge in requirers:
        if edge.by not in moved:
            continue
        if not edge.bounded:
            loose = f"{edge.by} moved and requires it; whether it needed another version is not known"
        elif not edge.accepts(change.locked):
            return True, f"{edge.by} moved and requires {edge.asks if name in edge.asks else f'{name} {edge.asks}'}"
    if loose:
        return None, loose
    return (False, "") if new.direct is not None else (None, "")
