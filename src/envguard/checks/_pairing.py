"""Which distribution answers for which pin, and how a change about the two is written down.

Shared by the checks, and no check itself: names with a leading underscore are not registered.
"""

from envguard import versions
from envguard.facts import owners, wheel
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Distribution, Environment, Pin, Snapshot

OWN = owners.OWN_NAME
"""The guard's own distribution, never drift unless the lock pins it."""
TOOLS = frozenset({"pip", "setuptools", "wheel", "distribute"})
"""Left out by ``pip freeze`` and by most lock writers: a foreign lock that does not name them says nothing of them."""


def installed(environment: "Environment") -> "dict[str, list[Distribution]]":
    """Distributions by normalised name; of several the first is the one that importlib.metadata answers with."""
    found: dict[str, list[Distribution]] = {}
    seen: set[str] = set()
    for distribution in environment.distributions:
        if distribution.path in seen:
            continue
        seen.add(distribution.path)
        found.setdefault(distribution.name, []).append(distribution)
    rank = {path: index for index, path in reversed(list(enumerate(environment.paths)))}
    for same_name in found.values():
        same_name.sort(key=lambda distribution: rank.get(distribution.location, len(rank)))
    return found


def pip_pins(snapshot: "Snapshot") -> "Iterator[Pin]":
    """The pins of Python distributions that name one."""
    return (pin for pin in snapshot.pins if pin.manager == "pip" and pin.name)


def unspoken(name: str, snapshot: "Snapshot") -> bool:
    """True for a distribution of which a golden file without a pin for it says nothing."""
    return name == OWN or (not snapshot.sealed and name in TOOLS)


def pairs(snapshot: "Snapshot", environment: "Environment") -> "Iterator[tuple[Pin, Distribution]]":
    """Every pin that can be compared, with the distribution that answers for it.

    Left out are pins that are unverifiable and pins for which nothing is installed; other checks speak of those.
    """
    found = installed(environment)
    for pin in pip_pins(snapshot):
        if not pin.unverifiable and pin.name in found:
            yield pin, found[pin.name][0]


def same_version(pin: "Pin", distribution: "Distribution") -> bool:
    """True when the public versions agree, or the pin gives none: only then do artifacts compare."""
    if pin.version is None:
        return True
    return distribution.version != "" and versions.relation(pin.version, distribution.version) in ("equal", "local")


def traits(pin: "Pin | None", distribution: "Distribution | None") -> tuple[str, ...]:
    """The traits of what is installed and of what was locked together, sorted.

    What was native or CUDA on either side moves like native or CUDA code; ``pure`` must hold on both.
    """
    found: set[str] = set()
    if distribution is not None:
        found.update(distribution.traits)
        found.update(_of_variant(distribution.variant))
    if pin is not None:
        found.update(wheel.traits(pin.name, pin.version or "", pin.tags))
        found.update(_of_variant(pin.variant))
    if "native" in found:
        found.discard("pure")
    return tuple(sorted(found))


def about(
    pin: "Pin",
    distribution: "Distribution | None",
    *,
    code: str,
    kind: str,
    locked: str,
    installed: str,
    part: str = "",
    evidence: tuple[str, ...] = (),
) -> Change:
    """A change of the package that ``pin`` names, pointing to the pin's line."""
    return Change(
        code=code,
        kind=kind,
        package=pin.name,
        part=part,
        locked=locked,
        installed=installed,
        path=pin.path,
        line=pin.line,
        evidence=evidence,
        traits=traits(pin, distribution),
    )


def _of_variant(variant: "str | None") -> tuple[str, ...]:
    is_cuda = variant is not None and variant.startswith("cu") and variant[2:3].isdigit()
    return ("cuda", "native") if is_cuda else ()
