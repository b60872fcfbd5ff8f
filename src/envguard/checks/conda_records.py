"""Do conda's records and what Python finds agree?

The scan answers it while it reads both; here its observations become part of the comparison, whatever the lock.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Environment, Snapshot

NAME = "conda-records"
CODES = ("EG113", "EG114")
OBSERVES = CODES
DEPTH: "Depth" = "versions"


def check(_snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """Pass on what the scan observed."""
    return (change for change in environment.observations if change.code in OBSERVES)
