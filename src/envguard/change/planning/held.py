"""EG206: the golden set and the request cannot both be had. Which pin stands against which request?

Two answers are put together: what the installer itself names as the conflict, and what would move if nothing held it.
"""

import re

from envguard import versions
from envguard.change.installers.resolution import Resolution
from envguard.change.planning import chains
from envguard.environment.interpreter import markers
from envguard.model import Change, Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.requirements import Requirement

    from envguard.change.planning.resolving import Asked
    from envguard.model import Environment, Pin, Snapshot

CODE = "EG206"
_DEPENDS = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?(?:\s|[=<>!~]=?)[^\s,]+)\s+depends\s+on\s+([^\s;].*)", re.ASCII
)
_MARKER = re.compile(r"\{[^{}]*\}")
"""uv writes ``numpy{python_full_version < '3.14'}>=2``."""
_BEHIND = re.compile(r" and |, we | \(constraint|, ")


def find(
    failed: Resolution, freely: Resolution, question: "Asked", snapshot: "Snapshot", live: "Environment"
) -> tuple[Change, ...]:
    """One change for each pin that stands against the request.

    Args:
        failed: The answer with the golden set as constraints.
        freely: The answer without.
        question: What was asked.
        snapshot: The golden file.
        live: What is installed.
    """
    held = {line.partition("==")[0] for line in question.held}
    pins = {pin.name: pin for pin in snapshot.pins if pin.name in held and pin.manager == "pip"}
    asked: dict[str, list[str]] = {}
    for who, requirement in _clashes(failed):
        pin = pins.get(versions.normalise(requirement.name))
        if pin is not None and not _accepts(requirement, pin):
            asked.setdefault(pin.name, []).append(f"{who} requires {requirement.name}{requirement.specifier}")
    would_be = {each.name: each.version for each in freely.arrivals if _moves(each.name, each.version, pins)}
    arriving = {each.name: each.version for each in freely.arrivals}
    ways = _ways(freely, question, live) if would_be else {}
    for name in tuple(would_be):
        way = ways.get(name)
        if way is not None and way.asks and name not in asked and _accepts(_requirement(way.asks), pins[name]):
            del would_be[name]  # it moved for another reason than that it had to
            continue
        if way is not None and way.asks and name not in asked:
            by = way.names[-2]
            version = arriving.get(by) or next((each.version for each in live.distributions if each.name == by), "")
            asked[name] = [f"{by} {version} requires {way.asks}"]
    return tuple(
        _change(pins[name], asked.get(name, []), would_be.get(name, ""), ways.get(name))
        for name in sorted({*asked, *would_be})
    )


def _change(pin: "Pin", asked: "Sequence[str]", would_be: str, way: "chains.Chain | None") -> Change:
    evidence = [*dict.fromkeys(asked), f"the golden file pins {pin.name}=={pin.version}"]
    if way is not None and len(way.names) > 2:
        evidence.insert(1, f"asked for by {' > '.join(way.names[:-1])}")
    if would_be:
        evidence.append(f"without the pins it would become {would_be}")
    wanted = asked[0].partition(" requires ")[2] if asked else would_be
    return Change(
        code=CODE,
        kind="held",
        package=pin.name,
        part=versions.moved_part(pin.version or "", would_be) if would_be else "",
        locked=pin.version or "",
        installed=wanted,
        path=pin.path,
        line=pin.line,
        evidence=tuple(evidence),
    )


def _clashes(failed: Resolution) -> "Iterator[tuple[str, Requirement]]":
    from packaging.requirements import InvalidRequirement, Requirement

    for line in (*failed.clashes, failed.problem):
        for found in _DEPENDS.finditer(_MARKER.sub("", line)):
            who = found.group(1).removeprefix("Because ").removeprefix("because ")
            text = _BEHIND.split(found.group(2))[0].strip()
            try:
                yield who, Requirement(text)
            except InvalidRequirement:
                continue


def _requirement(text: str) -> "Requirement":
    from packaging.requirements import Requirement

    return Requirement(text)


def _accepts(requirement: "Requirement", pin: "Pin") -> bool:
    version = versions.parse(pin.version or "")
    return version is None or requirement.specifier.contains(version, prereleases=True)


def _moves(name: str, version: str, pins: "dict[str, Pin]") -> bool:
    pin = pins.get(name)
    return pin is not None and versions.relation(pin.version or "", version) not in ("equal", "local")


def _ways(freely: Resolution, question: "Asked", live: "Environment") -> "dict[str, chains.Chain]":
    arriving = [
        Distribution(name=each.name, version=each.version, path="", location="", requires=each.requires or ())
        for each in freely.arrivals
    ]
    return chains.of([*arriving, *live.distributions], dict.fromkeys(question.named, ()), markers(live.interpreter))
