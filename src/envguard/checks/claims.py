"""Has every file one owner, every requirement its package, and every start-up file somebody who answers for it?

The native facts answer it from the bytes; here their observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Environment, Snapshot

NAME = "claims"
CODES = ("EG406", "EG407", "EG408", "EG409")
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "native"


def check(_snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """Pass on what the native facts observed."""
    return (change for change in environment.observations if change.code in OBSERVES)
