"""Who requires a package, who requires those, and so on: the way from what was asked for to what changed."""

from collections.abc import Iterable, Mapping

from envguard.facts.providers import required_name
from envguard.facts.requirements import applicable
from envguard.model import Distribution, Environment, Requirer

LEVELS = 4
"""How far back they are followed; a picture of more is no help."""


def of(environment: Environment, packages: Iterable[str], markers: Mapping[str, str]) -> tuple[Requirer, ...]:
    """Every installed distribution that requires one of ``packages``, directly or over others, sorted.

    Requirements of extras are left out: that one was asked for leaves no trace.

    Args:
        environment: What is installed.
        packages: Normalised names.
        markers: The PEP 508 variables of its interpreter.
    """
    users = _users(environment.distributions)
    found: set[Requirer] = set()
    seen: set[str] = set()
    level = set(packages)
    for _level in range(LEVELS):
        edges = {edge for name in level - seen for edge in _edges(name, users, markers)}
        seen |= level
        found |= edges
        level = {edge.by for edge in edges}
    return tuple(sorted(found, key=lambda edge: (edge.package, edge.by, edge.asks)))


def _users(distributions: Iterable[Distribution]) -> dict[str, list[tuple[str, str]]]:
    """Required name -> name and requirement of each that requires it, markers not yet looked at."""
    users: dict[str, list[tuple[str, str]]] = {}
    for distribution in distributions:
        for text in distribution.requires:
            users.setdefault(required_name(text), []).append((distribution.name, text))
    return users


def _edges(name: str, users: Mapping[str, list[tuple[str, str]]], markers: Mapping[str, str]) -> Iterable[Requirer]:
    for by, text in users.get(name, ()):
        try:
            requirement = applicable(text, markers)
        except ValueError:
            continue  # EG407 says that it cannot be read
        if requirement is not None:
            yield Requirer(package=name, by=by, asks=f"{requirement.name}{requirement.specifier}")
