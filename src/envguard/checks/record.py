"""Is what is installed the very artifact that was locked?"""

from envguard.checks._pairing import about, pairs, same_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Distribution, Environment, Pin, Snapshot, Source

NAME = "record"
CODES = ("EG107", "EG109")
DEPTH: "Depth" = "records"


def blocked(snapshot: "Snapshot", _environment: "Environment") -> str:
    """Why artifacts cannot be compared."""
    if any(pin.record for pin in snapshot.pins):
        return ""
    return "the golden file seals no record digest; envguard freeze does"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each distribution whose record digest is not the sealed one, or is gone.

    Only where the version is the locked one: another version has other files, which needs no second finding. So has
    an editable install of a release; the question about the source states it.
    """
    broken = {change.package for change in environment.observations if change.kind == "broken"}
    for pin, distribution in pairs(snapshot, environment):
        if not pin.record or pin.record == distribution.record or not same_version(pin, distribution):
            continue
        if _editable(distribution.source) and not _editable(pin.source):
            continue
        if distribution.record:
            yield _rebuilt(pin, distribution)
        elif pin.name not in broken:
            yield about(
                pin,
                distribution,
                code="EG109",
                kind="broken",
                locked=pin.version or pin.text,
                installed=distribution.version,
                evidence=(f"the lock seals a RECORD, and {distribution.path} has none that can be read",),
            )


def _editable(source: "Source | None") -> bool:
    return source is not None and source.editable


def _rebuilt(pin: "Pin", distribution: "Distribution") -> "Change":
    evidence = [f"locked record {pin.record}", f"installed record {distribution.record}"]
    if pin.tags and distribution.tags and pin.tags != distribution.tags:
        evidence += [f"locked tags {' '.join(pin.tags)}", f"installed tags {' '.join(distribution.tags)}"]
    return about(
        pin,
        distribution,
        code="EG107",
        kind="rebuilt",
        locked=pin.version or pin.text,
        installed=distribution.version,
        evidence=tuple(evidence),
    )
