"""The questions that are asked of an environment, one module each.

A check compares what a golden file says with what is installed, and states changes; it judges nothing and does no I/O.
The folder is the registry: a module without a leading underscore is a check. It has

- a docstring that says what it asks,
- ``NAME``: as reports list it,
- ``CODES``: what it may state,
- ``DEPTH``: the least depth at which it can answer,
- where it passes on what the scan observed, ``OBSERVES``: the codes that it answers for,
- unless it passes all of that on as it is, ``check(snapshot, environment) -> Iterator[Change]``,
- where it asks about the environment alone, ``ALONE = True``: it can be asked without a golden file,
- where it cannot always answer, ``blocked(snapshot, environment) -> str``: why it cannot here, else "".
"""

import functools
import importlib

from envguard import versions
from envguard.model import DEPTHS
from envguard.registry import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from envguard.model import Change, Depth, Environment, Snapshot

    class Check(Protocol):
        """What a module in this folder offers."""

        NAME: str
        CODES: tuple[str, ...]
        DEPTH: Depth

        def check(self, snapshot: Snapshot, environment: Environment) -> Iterator[Change]:
            """State what differs."""


EXPLAINED_BY = {
    # A moved version or another variant has other files too: said once is enough.
    "rebuilt": ("upgraded", "downgraded", "different", "variant"),
}
"""Kind -> the kinds that already say the same of the same package."""
_OF_PYTHON = ("major", "minor", "micro", "pre", "other")


@functools.cache
def registered() -> "tuple[Check, ...]":
    """All checks, by name."""
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in modules(__path__))


def run(
    snapshot: "Snapshot", environment: "Environment", depth: "Depth", *, alone: bool = False
) -> "tuple[tuple[Change, ...], tuple[str, ...], tuple[str, ...]]":
    """Ask every question that can be answered at ``depth``.

    Args:
        snapshot: What must be installed; pins whose marker is false here are already left out.
        environment: What is installed.
        depth: How deep to look.
        alone: There is no golden file: ask only what can be asked of an environment by itself.

    Returns:
        The changes, without duplicates and in a fixed order; the names of the checks that ran; and ``name: why`` of
        each that was asked for and could not run. What the scan observed is always among the changes, whether or not
        a check asks for it.
    """
    changes: set[Change] = set()
    ran: list[str] = []
    skipped: list[str] = []
    claimed: set[str] = set()
    for check in registered():
        if DEPTHS.index(check.DEPTH) > DEPTHS.index(depth) or (alone and not getattr(check, "ALONE", False)):
            continue
        why = _blocked(check, snapshot, environment)
        if why:
            skipped.append(f"{check.NAME}: {why}")
            continue
        changes.update(_stated(check, snapshot, environment))
        ran.append(check.NAME)
        claimed.update(getattr(check, "OBSERVES", ()))
    changes.update(change for change in environment.observations if change.code not in claimed)
    changes.update(snapshot.notes)
    return _once_per_cause(changes, environment), tuple(ran), tuple(skipped)


def names(depth: "Depth") -> tuple[str, ...]:
    """The names of all checks that can answer at ``depth``, in the order in which ``run`` gives them."""
    return tuple(check.NAME for check in registered() if DEPTHS.index(check.DEPTH) <= DEPTHS.index(depth))


def _stated(check: "Check", snapshot: "Snapshot", environment: "Environment") -> "Iterable[Change]":
    if hasattr(check, "check"):
        return check.check(snapshot, environment)
    observed: tuple[str, ...] = getattr(check, "OBSERVES", ())
    return (change for change in environment.observations if change.code in observed)


def _blocked(check: "Check", snapshot: "Snapshot", environment: "Environment") -> str:
    if DEPTHS.index(check.DEPTH) > DEPTHS.index(environment.depth):
        return f"the environment was read at depth {environment.depth} only"
    blocked = getattr(check, "blocked", None)
    return "" if blocked is None else str(blocked(snapshot, environment))


def _once_per_cause(changes: "set[Change]", environment: "Environment") -> "tuple[Change, ...]":
    python_name = {package.name: package.python_name for package in environment.conda or () if package.python_name}
    told = {(_subject(change.package, python_name), change.kind) for change in changes if not _of_conda(change)}
    if any(change.kind == "interpreter" and change.part in _OF_PYTHON for change in changes):
        told.add(("python", "different"))
    kept = []
    for change in changes:
        subject = _subject(change.package, python_name)
        explained = any((subject, kind) in told for kind in EXPLAINED_BY.get(change.kind, ()))
        # Only a record of conda says which distribution a package is: an equal name may be another project's.
        known = change.package in python_name or change.package == "python"
        if not explained and not (known and _of_conda(change) and _told_by_pip(subject, told)):
            kept.append(change)
    return tuple(sorted(kept, key=_order))


def _of_conda(change: "Change") -> bool:
    """True for what conda's own records say of a version; where pip's side says it too, pip's is the richer one."""
    return "conda" in change.traits and change.kind in ("removed", "different", "added")


def _told_by_pip(subject: str, told: "set[tuple[str, str]]") -> bool:
    return any((subject, kind) in told for kind in ("removed", "upgraded", "downgraded", "different", "added"))


def _subject(package: str, python_name: "dict[str, str]") -> str:
    return versions.normalise(python_name.get(package, package))


def _order(change: "Change") -> tuple[object, ...]:
    return tuple(getattr(change, field) for field in change._fields)
