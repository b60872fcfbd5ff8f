"""The same version from other files: two locks that list hashes and have none in common for a package."""

from envguard import versions
from envguard.model import Change, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Pin


def changed(old: Snapshot, new: Snapshot) -> "Iterator[Change]":
    """One change for each package of the same version whose artifacts are all others.

    Lists that only grew or shrank are the same release: an index gets wheels for more platforms later.
    """
    after = {pin.name: pin for pin in new.pins if pin.hashes and pin.manager == "pip"}
    for pin in old.pins:
        other = after.get(pin.name)
        if other is None or not pin.version or not other.version or pin.manager != "pip" or pin.source != other.source:
            continue
        if versions.relation(pin.version, other.version) != "equal" or not _disjoint(pin, other):
            continue
        yield Change(
            code="EG107",
            kind="rebuilt",
            package=pin.name,
            locked=pin.version,
            installed=other.version,
            path=other.path,
            line=other.line,
            evidence=(f"locked {_first(pin)}", f"now {_first(other)}", "the two have no hash in common"),
            traits=(),
        )


def _disjoint(pin: "Pin", other: "Pin") -> bool:
    """True where both list hashes of one algorithm, and share none."""
    one, two = _by_algorithm(pin), _by_algorithm(other)
    shared = one.keys() & two.keys()
    return bool(shared) and all(not one[name] & two[name] for name in shared)


def _by_algorithm(pin: "Pin") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in pin.hashes:
        algorithm, _colon, digest = each.partition(":")
        found.setdefault(algorithm, set()).add(digest.lower())
    return found


def _first(pin: "Pin") -> str:
    more = f" and {len(pin.hashes) - 1} more" if len(pin.hashes) > 1 else ""
    return f"{pin.hashes[0]}{more}"
