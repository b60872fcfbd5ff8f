"""Who asked for a package: the shortest way from what was named in the request over what requires what."""

from envguard._value import Value
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.requirements import Requirement

    from envguard.model import Distribution


class Chain(Value):
    """How one package is reached."""

    names: tuple[str, ...]
    """From the package that was named to this one."""
    asks: str = ""
    """The requirement of the last but one for this one; empty for a package that was named itself."""


def of(
    distributions: "Iterable[Distribution]",
    named: "Mapping[str, tuple[str, ...]]",
    markers: "Mapping[str, str]",
) -> dict[str, Chain]:
    """The way to every package that is reached.

    Args:
        distributions: What would be installed.
        named: Names in the request, each with the extras that were asked for.
        markers: The PEP 508 variables of the interpreter.
    """
    by_name: dict[str, Distribution] = {}
    for each in distributions:
        by_name.setdefault(each.name, each)
    found = {name: Chain(names=(name,)) for name in named}
    asked: set[tuple[str, tuple[str, ...]]] = set()
    level = [(name, extras) for name, extras in named.items()]
    while level:
        below: list[tuple[str, tuple[str, ...]]] = []
        for name, extras in level:
            distribution = by_name.get(name)
            if distribution is None or (name, extras) in asked:
                continue
            asked.add((name, extras))
            for requirement in requirements(distribution, extras, markers):
                wanted = normalise(requirement.name)
                chain = Chain(names=(*found[name].names, wanted), asks=f"{requirement.name}{requirement.specifier}")
                found.setdefault(wanted, chain)
                below.append((wanted, tuple(sorted(map(normalise, requirement.extras)))))
        level = below
    return found


def requirements(
    distribution: "Distribution", extras: "Iterable[str]", markers: "Mapping[str, str]"
) -> "list[Requirement]":
    """What a distribution requires here with these extras; what cannot be read is left to who reports it."""
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement

    found = []
    for text in distribution.requires:
        try:
            requirement = Requirement(text)
            marker = requirement.marker
            holds = marker is None or any(marker.evaluate({**markers, "extra": each}) for each in ("", *extras))
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
            continue
        if holds:
            found.append(requirement)
    return found
