"""Can a row of the table ever decide, or does a row above it always decide first?

Only what shows in the two rows themselves is used, so the answer "hidden" is certain and "not hidden" is not.
"""

from envguard.rules.catalog import DAMAGE
from envguard.rules.match import lenient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Rule


def covers(above: "Rule", below: "Rule") -> bool:
    """True when ``above`` matches every change that ``below`` matches, on every day."""
    return (
        not above.until
        and not above.together
        and not below.together
        and _kinds(above, below)
        and _packages(above.package, below.package)
        and _among(above.part, below.part)
        and _traits(above, below)
        and (not above.beside or above.beside == below.beside)
        and (not above.alone or (below.alone and above.package == below.package))
        and all(getattr(above, field) in ("", getattr(below, field)) for field in ("locked", "to", "when"))
    )


def _among(above: tuple[str, ...], below: tuple[str, ...]) -> bool:
    return not above or (below != () and set(below) <= set(above))


def _packages(above: tuple[str, ...], below: tuple[str, ...]) -> bool:
    if set(above) == set(below) or not above:
        return True
    wholly_named = not any(pattern.startswith("!") for pattern in (*above, *below))
    return wholly_named and _among(above, below)


def _kinds(above: "Rule", below: "Rule") -> bool:
    if above.change:
        return _among(above.change, below.change)
    if not lenient(above):
        return True
    # A milder row that names no kind does not speak of damage.
    if below.change:
        return not set(below.change) & set(DAMAGE)
    return lenient(below)


def _traits(above: "Rule", below: "Rule") -> bool:
    if not set(above.traits) <= set(below.traits):
        return False
    negates = any(trait.startswith("!") for trait in above.traits)
    return not (negates and lenient(above) and not lenient(below))
