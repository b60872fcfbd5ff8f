"""Would every locked package be imported from the files of its own distribution?

The scan answers it while it reads; where the golden file names only a part of the environment, only that part counts.
"""

from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Environment, Snapshot

NAME = "origin"
CODES = ("EG112",)
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "versions"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """Pass on what the scan observed of packages that the golden file speaks of."""
    locked = {normalise(pin.name) for pin in snapshot.pins}
    for change in environment.observations:
        if change.code in OBSERVES and (snapshot.complete or not change.package or change.package in locked):
            yield change
