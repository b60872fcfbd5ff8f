"""How an import of a distribution surely gets to some of its extension modules."""

import os
from collections.abc import Collection, Sequence

from envguard.facts import sure_imports
from envguard.facts.natives import Natives
from envguard.facts.origin import INCIDENTAL
from envguard.facts.reach import Reach, Way
from envguard.facts.suffixes import extension_suffixes

_NEAR = 40
"""Modules that are looked at first: what every import needs is imported early."""


def ways(owner: str, wanted: Collection[str], natives: Natives, *, late: Sequence[str] = ()) -> dict[str, Way]:
    """The way to each of some extension modules that imports of their distribution surely lead to.

    Args:
        owner: Normalised name of the distribution.
        wanted: Absolute paths of the modules.
        natives: What is installed.
        late: Suffixes to look for where nothing is found that the interpreter would load.
    """
    distribution = natives.distribution(owner)
    if distribution is None or not wanted:
        return {}
    reach = _reach(owner, natives, late)
    names = set(distribution.top_level)
    starts = sorted(names - INCIDENTAL or names)
    found = reach.extensions(starts, wanted, most=_NEAR)
    others = frozenset(wanted).difference(found)
    if others:
        sources = [row.path for row in natives.rows(owner)]
        asked = reach.asked_for(others, sources, os.path.realpath(distribution.location))
        found |= reach.extensions(starts, asked) if asked else {}
    return {path: way for path, way in found.items() if way.importer or not does_without(path, owner, natives)}


def does_without(path: str, owner: str, natives: Natives) -> bool:
    """True where the distribution's own code tries to import an extension module and goes on without it."""
    distribution = natives.distribution(owner)
    if distribution is None:
        return False
    sources = [row.path for row in natives.rows(owner)]
    return _reach(owner, natives).does_without(path, sources, os.path.realpath(distribution.location))


def _reach(owner: str, natives: Natives, late: Sequence[str] = ()) -> Reach:
    environment = natives.environment
    interpreter = environment.interpreter
    return Reach(
        [os.path.realpath(path) for path in environment.paths],
        extension_suffixes(interpreter.soabi),
        sure_imports.conditions(interpreter.version, interpreter.system, interpreter.implementation),
        lambda path: natives.owner_of(path) == owner,
        late=late,
    )


def entrance(path: str, owner: str, natives: Natives) -> Way | None:
    """The way to a module at the top of site-packages, or one that its package is named after.

    A module that its own distribution can do without is no entrance.
    """
    distribution = natives.distribution(owner)
    if distribution is None:
        return None
    parts = os.path.relpath(path, os.path.realpath(distribution.location)).split("/")
    stem = parts[-1].partition(".")[0]
    named_after = len(parts) == 2 and parts[0] == stem
    if not (len(parts) == 1 or named_after) or does_without(path, owner, natives):
        return None
    return Way(f"{stem}.{stem}" if named_after else stem, path, stem, "")
