"""Every distribution that would move, with who asked for it, and the neutral statement about it that rules judge.

What was validated is what the golden file says, so a version is compared with the locked one where there is one; the
version that is installed now may have drifted from it, and is named then.
"""

import os

from envguard import versions
from envguard.change.wheels.local import local_path
from envguard.facts.direct_url import redact
from envguard.facts.owners import OWN_NAME
from envguard.facts.providers import required_name
from envguard.facts.requirements import applicable
from envguard.model import Change
from envguard.proposal import Move

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envguard.change.installers.resolution import Arrival, Resolution
    from envguard.change.planning.chains import Chain
    from envguard.change.wheels.incoming import Incoming
    from envguard.model import Distribution, Pin, Snapshot

TOOLS = frozenset({"pip", "setuptools", "wheel"})
_CUDA = ("nvidia-", "cuda-")
CODES = {
    "upgraded": "EG201",
    "downgraded": "EG201",
    "different": "EG201",
    "added": "EG202",
    "removed": "EG203",
    "variant": "EG204",
    "source": "EG204",
    "rebuilt": "EG204",
    "restored": "EG205",
}


def moves(
    resolution: "Resolution",
    arriving: "Sequence[Incoming]",
    installed: "Mapping[str, Distribution]",
    chains: "Mapping[str, Chain]",
    named: "Iterable[str]",
    *,
    markers: "Mapping[str, str]",
) -> tuple[Move, ...]:
    """What would move, by name.

    Args:
        resolution: What the installer would do.
        arriving: What its artifacts say, in the same order.
        installed: What is there now, with the traits that its files show.
        chains: Who asks for what.
        named: Normalised names in the request.
        markers: The PEP 508 variables of the interpreter.
    """
    asked = set(named)
    found = [
        _arrival(arrival, said, installed.get(arrival.name), chains.get(arrival.name), asked).replace(
            cuda_added=_cuda_added(said, installed.get(arrival.name), markers)
        )
        for arrival, said in zip(resolution.arrivals, arriving, strict=True)
    ]
    for name in resolution.removals:
        gone = installed.get(name)
        if gone is not None:
            found.append(
                Move(
                    name=name,
                    kind="removed",
                    before=gone.version,
                    requested=name in asked,
                    chain=(name,) if name in asked else (),
                    traits_before=gone.traits,
                )
            )
    return tuple(sorted(found, key=lambda move: (not move.requested, move.name)))


def changes(
    found: "Sequence[Move]",
    snapshot: "Snapshot",
    installed: "Mapping[str, Distribution]",
    arriving: "Mapping[str, Incoming]",
    pins: "Mapping[str, Pin] | None" = None,
) -> tuple[Change, ...]:
    """The statements about the moves; none for what would be installed again as it is.

    Args:
        found: The moves.
        snapshot: The golden file.
        installed: What is there now.
        arriving: What the artifacts say, by name.
        pins: The golden pin of each name; None takes those of pip.
    """
    if pins is None:
        pins = {pin.name: pin for pin in snapshot.pins if pin.manager == "pip" and pin.name}
    stated = (
        _change(move, pins.get(move.name), snapshot, installed.get(move.name), arriving.get(move.name))
        for move in found
        if move.kind != "reinstalled" and move.name != OWN_NAME
    )
    return tuple(stated)


def _arrival(
    arrival: "Arrival",
    said: "Incoming",
    before: "Distribution | None",
    chain: "Chain | None",
    asked: "set[str]",
) -> Move:
    requested = arrival.name in asked or (arrival.direct and arrival.requested)
    path = local_path(arrival.url)
    return Move(
        name=arrival.name,
        kind=_kind(arrival, said, before),
        before=before.version if before is not None else "",
        after=arrival.version,
        requested=requested,
        chain=(arrival.name,) if requested or chain is None else chain.names,
        asks="" if requested or chain is None else chain.asks,
        url=redact(arrival.url) if arrival.url else "",
        path=path,
        hashes=arrival.hashes,
        size=_size(arrival, said, path),
        unpacked=said.unpacked or None,
        yanked=arrival.yanked,
        traits_before=before.traits if before is not None else (),
        traits_after=said.traits,
        build_after=arrival.build,
    )


def _kind(arrival: "Arrival", said: "Incoming", before: "Distribution | None") -> str:
    if before is None:
        return "added"
    relation = versions.relation(before.version, arrival.version)
    if relation == "local":
        return "variant"
    if relation != "equal":
        return relation
    if said.record and said.record == before.record:
        return "reinstalled"
    if arrival.editable or (arrival.direct and before.source is None):
        return "source"
    return "rebuilt"


def _size(arrival: "Arrival", said: "Incoming", path: str) -> "int | None":
    if said.size is not None:
        return said.size
    return os.stat(path).st_size if path and os.path.isfile(path) else arrival.size


def _cuda_added(said: "Incoming", before: "Distribution | None", markers: "Mapping[str, str]") -> tuple[str, ...]:
    known = {required_name(text) for text in (before.requires if before is not None else ())}
    return tuple(
        text
        for text in said.requires
        if required_name(text).startswith(_CUDA) and required_name(text) not in known and _holds(text, markers)
    )


def _holds(text: str, markers: "Mapping[str, str]") -> bool:
    try:
        return applicable(text, markers) is not None
    except ValueError:  # EG407 says it once it is installed
        return False


def _change(
    move: Move, pin: "Pin | None", snapshot: "Snapshot", before: "Distribution | None", said: "Incoming | None"
) -> Change:
    locked = pin.version or "" if pin is not None else move.before
    kind = _kind_against(move, pin, snapshot, said)
    part = versions.moved_part(locked, move.after) if kind in ("upgraded", "downgraded", "different", "variant") else ""
    return Change(
        code=CODES[kind],
        kind=kind,
        package=move.name,
        part=part,
        locked="" if kind == "added" else locked,
        installed=move.after,
        path=pin.path if pin is not None else snapshot.path,
        line=pin.line if pin is not None else 0,
        evidence=tuple(_evidence(move, locked, before)),
        traits=_traits(move),
    )


def _kind_against(move: Move, pin: "Pin | None", snapshot: "Snapshot", said: "Incoming | None") -> str:
    """The kind of the move as the golden file sees it."""
    if move.kind == "removed":
        # What the golden file does not name was never validated: without it the environment is nearer to it.
        unspoken = not snapshot.sealed and move.name in TOOLS  # most lock writers leave them out
        return "removed" if pin is not None or unspoken or not snapshot.complete else "restored"
    if pin is None or pin.version is None:
        return move.kind
    relation = versions.relation(pin.version, move.after)
    if relation == "local":
        return "restored" if pin.local_unknown and move.kind != "variant" else "variant"
    if relation != "equal":
        return relation
    if pin.record and said is not None and said.record and pin.record != said.record:
        return "rebuilt"
    if pin.manager == "conda" and not _is_pinned_build(move, pin):
        return "rebuilt"
    return "source" if move.kind == "source" else "restored"


def _is_pinned_build(move: Move, pin: "Pin") -> bool:
    """The archive that would be put in is, for all that is known, the one that the golden file pins."""
    known = {digest.partition(":")[0] for digest in move.hashes}
    compared = [digest for digest in pin.hashes if digest.partition(":")[0] in known]
    same_build = not pin.build or pin.build == move.build_after
    return same_build and (not compared or any(digest in move.hashes for digest in compared))


def _traits(move: Move) -> tuple[str, ...]:
    """Of both sides together: what was native or CUDA on either moves like it; ``pure`` must hold on both."""
    both = {*move.traits_before, *move.traits_after}
    sides = [
        traits for version, traits in ((move.before, move.traits_before), (move.after, move.traits_after)) if version
    ]
    if not all("pure" in traits for traits in sides):
        both.discard("pure")
    return tuple(sorted(both))


def _evidence(move: Move, locked: str, before: "Distribution | None") -> "Iterable[str]":
    if len(move.chain) > 1:
        yield f"asked for by {' > '.join(move.chain[:-1])}, which requires {move.asks}"
    elif not move.requested and move.after:
        yield "not named in the request"
    if before is not None and locked and versions.relation(before.version, locked) != "equal":
        yield f"{before.version} is installed now, which is not the locked version"
    if move.build_after and move.build_before != move.build_after:
        yield f"build: {move.build_before or 'none'} > {move.build_after}"
    lost = sorted(set(move.traits_before) - set(move.traits_after))
    won = sorted(set(move.traits_after) - set(move.traits_before))
    if move.before and move.after and (lost or won):
        yield f"traits: {', '.join(move.traits_before) or 'none'} > {', '.join(move.traits_after) or 'none'}"
    elif move.after and not move.before and move.traits_after:
        yield f"traits: {', '.join(move.traits_after)}"
