"""The full pipeline: golden file and environment in, report out. It runs when the quick path proved nothing."""

import fnmatch
import hashlib
import os
import sys
import time

from envguard import checks, config, environment, formats, rules
from envguard.environment import tags
from envguard.environment.interpreter import markers, running
from envguard.errors import LockError, UnverifiableError, UsageError
from envguard.facts import files, manifest, owners, requirers, untouched, wheel
from envguard.facts.places import DISK
from envguard.model import (
    Change,
    CondaPackage,
    Distribution,
    Environment,
    Interpreter,
    Pin,
    Report,
    Rule,
    Selection,
    Snapshot,
)
from envguard.rules import together
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envguard.facts.against_manifest import Look
    from envguard.facts.manifest_reading import Reading
    from envguard.facts.native import Seen
    from envguard.facts.natives import Natives
    from envguard.facts.places import Files
    from envguard.facts.standing import Clock
    from envguard.facts.tree import Listing
    from envguard.model import Depth

OWN_DISTRIBUTION = owners.OWN_NAME

_OF_WHAT_IS_INSTALLED = ("added", "upgraded", "downgraded", "different", "variant", "rebuilt", "source")
"""Kinds of change whose traits are those of the package as it is installed now."""

seconds_to_read: dict[str, float] = {}
"""How long each golden file took when it was last read, by its path. Nothing here depends on it."""


def check(
    path: str,
    data: bytes,
    *,
    depth: "Depth | None" = None,
    only: tuple[str, ...] = (),
    sha256: "str | None" = None,
    python: "str | None" = None,
    paths: "Sequence[str] | None" = None,
    selection: "Selection | None" = None,
    progress: "Callable[[int, int], None] | None" = None,
) -> Report:
    """Compare the environment with the golden file at ``path``, whose bytes are ``data``."""
    whom = environment.interpreter.of(python)[0] if python is not None else running()
    snapshot = load(path, data, sha256, (selection or Selection()).replace(interpreter=whom))
    if depth is None:
        depth = "records" if any(pin.record for pin in snapshot.pins) else "versions"
    if depth not in ("files", "native"):
        live = environment.scan(paths=paths, python=python, depth=depth)
        snapshot = applicable(snapshot, live.interpreter)
        return judge(snapshot, live, depth, _locked(only, snapshot))
    from envguard.facts.standing import Clock

    listing, clock = sealed_files(snapshot), Clock()
    with manifest.no_collection(), files.reading(listing if python is None and paths is None else None) as begun:
        seen = None
        if listing is not None and begun is not None and depth == "files" and not only:
            seen = untouched.look(snapshot, data, listing, begun, progress)
            if seen is not None and seen.shows_nothing:
                return _untouched(snapshot, whom)
        live = environment.scan(paths=paths, python=python, depth=depth)
        snapshot = applicable(snapshot, live.interpreter)
        live = _with_files(snapshot, live, listing, progress, begun=begun, seen=seen)
    only = _locked(only, snapshot)
    report = judge(snapshot, _with_native(snapshot, live) if depth == "native" else live, depth, only)
    # A process that asks about itself leaves nothing behind.
    if listing is not None and depth == "files" and python is not None and not (paths or only or selection):
        _keep(snapshot, live, listing, report=report, clock=clock, python=python)
    return report


def _keep(
    snapshot: Snapshot,
    live: Environment,
    listing: "Listing",
    *,
    report: Report,
    clock: "Clock",
    python: str,
) -> None:
    """Keeps what is known of an environment that is golden, for a repair to come; once for each golden file."""
    from envguard.environment import known

    if report.pinned and not known.is_kept(live, snapshot):
        place = environment.place_of(None, python)
        known.keep(place, live, snapshot, listing, report=report, clock=clock)


def load(
    path: str,
    data: "bytes | None" = None,
    sha256: "str | None" = None,
    selection: "Selection | None" = None,
) -> Snapshot:
    """Read a golden file of any format; ``data`` are its bytes where they were read already.

    Raises:
        LockError: It cannot be read, its sha256 is not the one that was asked for, or it changed meanwhile.
    """
    wanted = sha256 or os.environ.get("ENVGUARD_LOCK_SHA256") or ""
    begin = time.thread_time()
    snapshot = formats.load(path, sha256=wanted.removeprefix("sha256:").lower(), selection=selection)
    seconds_to_read[path] = time.thread_time() - begin
    if data is not None and snapshot.sha256 != hashlib.sha256(data).hexdigest():
        raise LockError("changed while it was read", path=path, remedy="run the check again")
    return snapshot


def applicable(snapshot: Snapshot, interpreter: Interpreter) -> Snapshot:
    """The snapshot without the pins whose marker is false for this interpreter (PEP 508)."""
    if not any(pin.marker for pin in snapshot.pins):
        return snapshot
    from packaging.markers import Marker

    facts = {"extra": "", **markers(interpreter)}
    pins = tuple(pin for pin in snapshot.pins if not pin.marker or Marker(pin.marker).evaluate(facts))
    return snapshot.replace(pins=pins)


def to_depth(
    snapshot: Snapshot, live: Environment, progress: "Callable[[int, int], None] | None" = None
) -> Environment:
    """The environment with everything that is looked at down to its depth, beyond what a scan reads."""
    if live.depth in ("files", "native"):
        live = _with_files(snapshot, live, sealed_files(snapshot), progress)
    return _with_native(snapshot, live) if live.depth == "native" else live


def diagnose(python: "str | None" = None, *, target: str = "", probe: bool = False) -> Report:
    """Judge an environment by itself, without a golden file, and tell what its toolchain is made of.

    Args:
        python: As in ``check``.
        target: Platform tag of the machine that it is meant for, such as ``linux_aarch64``; empty is this one.
        probe: Also run its interpreter, and ask torch and ONNX Runtime themselves.

    Raises:
        UnverifiableError, UsageError: As ``check``.
        RuleError: The project's rule table is broken.
    """
    from envguard.facts import native, probe as questions

    nothing = Snapshot(path="", format="", sha256="")
    live = environment.scan(python=python).replace(depth="native")
    answers = questions.ask(live.executable) if probe else ()
    with natives_of(live) as natives:
        seen = native.observe(natives, target=target, answers=answers, tables_of=_tables(nothing))
    report = judge(nothing, _with_seen(live, seen), "native", (), alone=True)
    return report.replace(toolchain=seen.toolchain)


def _with_native(snapshot: Snapshot, live: Environment) -> Environment:
    """The environment with what its compiled files and its GPU stack showed."""
    from envguard.facts import native  # a dozen modules that only this depth needs

    with natives_of(live) as natives:
        return _with_seen(live, native.observe(natives, tables_of=_tables(snapshot)))


def _with_seen(live: Environment, seen: "Seen") -> Environment:
    return live.replace(
        observations=live.observations + seen.observations,
        notes=live.notes + seen.notes,
        blind=live.blind + seen.blind,
    )


def natives_of(live: Environment) -> "Natives":
    """The compiled files of an environment, with what its interpreter says of itself."""
    from envguard.facts.natives import Natives

    whom = live.interpreter
    return Natives(live, markers=markers(whom), supported=lambda: map(str, tags.supported(whom)))


def _with_files(
    snapshot: Snapshot,
    live: Environment,
    listing: "Listing | None",
    progress: "Callable[[int, int], None] | None",
    *,
    begun: "Reading | None" = None,
    seen: "Look | None" = None,
) -> Environment:
    """The environment with what reading every byte of it showed."""
    observations, blind = files.compare(live, listing, snapshot.pins, progress=progress, begun=begun, seen=seen)
    return live.replace(observations=live.observations + observations, blind=live.blind + blind)


def sealed_files(snapshot: Snapshot) -> "Listing | None":
    """The manifest that the lock seals; None where it seals none.

    Raises:
        LockError: It is not there, or not the one that was sealed.
    """
    if snapshot.manifest is None:
        return None
    path = os.path.join(os.path.dirname(snapshot.path), snapshot.manifest.path)
    listing = manifest.load(path, sha256=snapshot.manifest.sha256)
    if len(listing) != snapshot.manifest.files:
        raise LockError(f"{len(listing)} files, but {snapshot.path} seals {snapshot.manifest.files}", path=path)
    return listing


def judge(
    snapshot: Snapshot,
    live: Environment,
    depth: "Depth",
    only: tuple[str, ...],
    *,
    alone: bool = False,
    table: "tuple[Rule, ...] | None" = None,
) -> Report:
    """Compare and judge; both sides are known. ``alone``: there is no golden file, ask what needs none.

    ``table`` are the rules; by default those of the golden file.
    """
    changes, ran, skipped = checks.run(snapshot, live, depth, alone=alone)
    if not ran:
        raise UnverifiableError("no check ran, so nothing can be said", remedy="install envguard-lock again")
    if only:
        changes = tuple(change for change in changes if _wanted(change, only))
    changes = _with_evidence(changes, live)
    rows = table if table is not None else rules_for(snapshot) if changes else ()
    today, facts = time.strftime("%Y-%m-%d"), markers(live.interpreter)
    findings = rules.judge(changes, rows, environment=live, today=today, markers=facts)
    apart = together.judge(changes, rows, environment=live, today=today, markers=facts)
    findings = rules.in_order((*findings, *apart)) if apart else findings
    idle = () if only or alone else rules.unmatched(rows, changes, environment=live, today=today, markers=facts)
    concerned = {finding.change.package for finding in findings} - {""}
    return Report(
        lock=snapshot.path,
        format=snapshot.format,
        lock_sha256=snapshot.sha256,
        seal=snapshot.seal or snapshot.sha256,
        prefix=live.prefix,
        interpreter=live.interpreter,
        depth=depth,
        packages=sum(1 for pin in snapshot.pins if not only or matches(pin.name, only)),
        installed=sum(1 for item in live.distributions if item.name != OWN_DISTRIBUTION),
        findings=findings,
        checks=ran,
        skipped=skipped,
        notes=idle + live.notes,
        requirers=requirers.of(live, concerned, markers(live.interpreter)) if concerned else (),
        blind=live.blind,
    )


def _untouched(snapshot: Snapshot, whom: Interpreter) -> Report:
    """The report of the running environment where nothing at all differs down to depth files."""
    return Report(
        lock=snapshot.path,
        format=snapshot.format,
        lock_sha256=snapshot.sha256,
        seal=snapshot.seal,
        prefix=sys.prefix,
        interpreter=whom,
        depth="files",
        packages=len(snapshot.pins),
        installed=len(snapshot.pins),
        checks=checks.names("files"),
    )


def _with_evidence(changes: tuple[Change, ...], live: Environment) -> tuple[Change, ...]:
    """The changes with what the installed files of the packages concerned prove, beside what metadata says."""
    names = {change.package for change in changes if change.kind in _OF_WHAT_IS_INSTALLED}
    concerned = tuple(item for item in live.distributions if item.name in names and item.location)
    if not concerned:
        return changes
    from envguard.facts import evidence
    from envguard.facts.ownership import read_ownership

    rows = read_ownership(live.replace(distributions=concerned, conda=None)).rows
    proven = {
        item.name: evidence.of(item, [row for row in rows if row.owner == item.name]).traits for item in concerned
    }
    return tuple(
        change.replace(traits=tuple(sorted({*change.traits, *proven.get(change.package, ())})))
        if change.kind in _OF_WHAT_IS_INSTALLED
        else change
        for change in changes
    )


def _locked(only: tuple[str, ...], snapshot: Snapshot) -> tuple[str, ...]:
    """The patterns, once one of them names something that is locked: a slip would otherwise pass as pinned."""
    if only and not any(matches(pin.name, only) for pin in snapshot.pins):
        raise UsageError(f"only={', '.join(only)!r} matches nothing that {snapshot.path} locks")
    return only


def as_environment(snapshot: Snapshot, interpreter: Interpreter) -> Environment:
    """What would be installed if a lock file were followed."""
    return Environment(
        prefix=snapshot.path,
        paths=(),
        interpreter=snapshot.interpreter or interpreter,
        distributions=tuple(_as_distribution(pin) for pin in snapshot.pins if pin.manager == "pip"),
        conda=tuple(_as_conda_package(pin) for pin in snapshot.pins if pin.manager == "conda") or None,
        observations=tuple(_cannot_say(pin) for pin in snapshot.pins if pin.unverifiable),
    )


def rules_for(snapshot: Snapshot, files: "Files" = DISK) -> tuple[Rule, ...]:
    """The rules that judge: compiled into the lock, or, for a lock that cannot hold any, the project's table."""
    if snapshot.sealed:
        return snapshot.rules
    found = _settings(snapshot, files)
    return config.rules(found) if found is not None else ()


def _tables(snapshot: Snapshot) -> str:
    """The project's own compatibility tables. A sealed lock is believed alone: what lies beside it is not sealed."""
    found = None if snapshot.sealed else _settings(snapshot)
    return found.tables if found is not None else ""


def _settings(snapshot: Snapshot, files: "Files" = DISK) -> "config.Config | None":
    return config.find(os.path.dirname(os.path.abspath(snapshot.path)) if snapshot.path else os.getcwd(), files)


def _wanted(change: Change, only: tuple[str, ...]) -> bool:
    return not change.package or matches(change.package, only)


def matches(name: str, only: tuple[str, ...]) -> bool:
    """True where one of some patterns is that of a package's name."""
    return any(fnmatch.fnmatchcase(normalise(name), normalise(pattern)) for pattern in only)


def _as_distribution(pin: Pin) -> Distribution:
    return Distribution(
        name=pin.name,
        version=pin.version or "",
        path=f"{pin.path}:{pin.line}",
        location="",
        source=pin.source,
        record=pin.record,
        tags=pin.tags,
        traits=_traits_as_locked(pin),
        variant=pin.variant,
    )


def _traits_as_locked(pin: Pin) -> tuple[str, ...]:
    """What the wheel's tags say: of what is not installed nothing else speaks.

    ``freeze`` seals no tags where the files gave them the lie.
    """
    said = wheel.traits(pin.name, pin.version or "", pin.tags)
    return tuple(sorted({*said, "pure"})) if wheel.are_for_any_platform(pin.tags) else said


def _as_conda_package(pin: Pin) -> CondaPackage:
    return CondaPackage(
        name=pin.name,
        version=pin.version or "",
        build=pin.build,
        channel=pin.channel,
        digest=pin.hashes[0] if pin.hashes else "",
        path=f"{pin.path}:{pin.line}",
    )


def _cannot_say(pin: Pin) -> Change:
    return Change(
        code="EG111",
        kind="unverifiable",
        package=pin.name,
        locked=pin.text,
        path=pin.path,
        line=pin.line,
        evidence=(pin.unverifiable,),
    )
