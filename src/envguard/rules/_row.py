"""How a built-in row is written."""

from envguard.model import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Verdict


def row(
    name: str,
    verdict: "Verdict",
    reason: str,
    *,
    change: str = "",
    part: str = "",
    traits: str = "",
    instead: str = "",
) -> Rule:
    """One row; conditions of several words are separated by spaces."""
    return Rule(
        id=name,
        verdict=verdict,
        reason=reason,
        change=tuple(change.split()),
        part=tuple(part.split()),
        traits=tuple(traits.split()),
        instead=instead,
    )
