"""Is every locked distribution installed in the locked version?"""

from envguard import versions
from envguard.checks._pairing import about, pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Environment, Snapshot

NAME = "version"
CODES = ("EG102",)
DEPTH: "Depth" = "versions"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each distribution whose public version is not the locked one.

    Versions that differ in their local label alone are left to the question about variants (PEP 440, local version
    identifiers). A distribution that gives no version cannot be compared and is left to the unverifiable pins.
    """
    for pin, distribution in pairs(snapshot, environment):
        if pin.version is None or not distribution.version:
            continue
        relation = versions.relation(pin.version, distribution.version)
        if relation in ("equal", "local"):
            continue
        yield about(
            pin,
            distribution,
            code="EG102",
            kind=relation,
            part=versions.moved_part(pin.version, distribution.version),
            locked=pin.version,
            installed=distribution.version,
            evidence=(f"found in {distribution.path}",),
        )
