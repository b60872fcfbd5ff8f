"""Is the metadata of what is installed sound?

The scan answers it while it reads; here its observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Environment, Snapshot

NAME = "metadata"
CODES = ("EG109",)
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "versions"


def check(_snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """Pass on what the scan observed."""
    return (change for change in environment.observations if change.code in OBSERVES)
