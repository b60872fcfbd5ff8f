"""From lines to pins: the same line twice, lines that contradict each other, and constraints.

- The same pin twice is one pin; its hashes are those that both lines allow.
- Two pins of one name that differ stay two pins where their markers cannot both hold. Else neither can be verified.
- A constraint (``-c``) installs nothing by itself. It gives its version to a requirement of that name which has none.
  Constraints that no requirement asks for are said in one note for each file: they would pin a version only of what
  something else happens to pull in, and a golden file must say what that is.
"""

from envguard.formats._markers import Markers
from envguard.model import Change, Pin
from envguard.versions import relation

_MANY = 40
"""Pins of one name beyond which they are not compared with each other; universal locks have about ten."""


def settle(required: list[Pin], constraints: list[Pin]) -> tuple[tuple[Pin, ...], tuple[Change, ...]]:
    """The pins of a file and what there is to note about it.

    Args:
        required: Pins in the order of their lines.
        constraints: Pins of constraint lines.
    """
    markers = Markers()
    if not constraints:  # as in all but requirements files
        return tuple(_contradictions(_once(required), markers)), ()
    by_name: dict[tuple[str, str], list[Pin]] = {}
    for pin in constraints:
        by_name.setdefault(("pip", pin.name), []).append(pin)
    constrained = [
        _constrain(pin, by_name.get((pin.manager, pin.name), []) if pin.name else [], markers) for pin in required
    ]
    names = {pin.name for pin in required if pin.manager == "pip"}
    unused = [pin for pin in constraints if pin.name not in names or not pin.name]
    return tuple(_contradictions(_once(constrained), markers)), tuple(_notes(unused))


def incomplete(pins: tuple[Pin, ...], notes: tuple[Change, ...]) -> str:
    """Why the file names only some of what is installed; empty where every line pins something exact."""
    loose = [pin for pin in pins if pin.unverifiable]
    if loose:
        return f"{len(loose)} of {len(pins)} requirements pin nothing exact, the first in line {loose[0].line}"
    return "it has constraints that nothing requires" if notes else ""


def _once(pins: list[Pin]) -> list[Pin]:
    seen: dict[tuple[object, ...], int] = {}
    kept: list[Pin] = []
    for pin in pins:
        what = pin.text if pin.unverifiable or not pin.name else ""
        key = (pin.manager, pin.name, pin.version, pin.marker, pin.source, pin.build, pin.channel, what)
        if key in seen:
            kept[seen[key]] = _same_hashes(kept[seen[key]], pin)
        else:
            seen[key] = len(kept)
            kept.append(pin)
    return kept


def _same_hashes(first: Pin, second: Pin) -> Pin:
    if not first.hashes or not second.hashes:
        one = first if first.hashes else second
        return first.replace(hashes=one.hashes, artifacts=one.artifacts)
    both = tuple(sorted(set(first.hashes) & set(second.hashes)))
    if not both:
        why = f"line {first.line} and {_place(second, first)} allow no common file"
        return first.replace(hashes=(), artifacts=(), unverifiable=first.unverifiable or why)
    allowed = tuple(file for file in first.artifacts if set(both).issuperset(file.hashes))
    return first.replace(hashes=both, artifacts=allowed)


def _contradictions(pins: list[Pin], markers: Markers) -> list[Pin]:
    """The pins, those that contradict another one marked. Who contradicts whom is decided before any is marked."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, pin in enumerate(pins):
        if pin.name and not pin.unverifiable:
            groups.setdefault((pin.manager, pin.name), []).append(index)
    settled = list(pins)
    for indices in groups.values():
        for index in indices if len(indices) > 1 else ():
            others = [pins[other] for other in indices if other != index]
            other = _contradicting(pins[index], others, markers)
            if other is not None:
                why = f"contradicts {_place(other, pins[index])}: {other.text}"
                settled[index] = pins[index].replace(unverifiable=why)
    return settled


def _contradicting(pin: Pin, others: list[Pin], markers: Markers) -> "Pin | None":
    if len(others) > _MANY:
        return others[0]
    for other in others:
        if not _agree(pin, other) and markers.may_both_hold(pin.marker, other.marker):
            return other
    return None


def _agree(first: Pin, second: Pin) -> bool:
    if first.source != second.source or first.build != second.build or first.channel != second.channel:
        return False
    if first.version is None or second.version is None:
        return first.version == second.version
    if first.manager == "conda":
        return first.version == second.version
    return relation(first.version, second.version) == "equal"


def _constrain(pin: Pin, constraints: list[Pin], markers: Markers) -> Pin:
    for constraint in constraints:
        if constraint.unverifiable:
            continue  # a range gives a loose requirement no version, and adds nothing to an exact one
        if pin.unverifiable:
            if constraint.marker in ("", pin.marker) and pin.version is None and pin.source is None:
                pin = _adopt(pin, constraint)
        elif _agree(pin, constraint):
            pin = _same_hashes(pin, constraint) if constraint.hashes else pin
        elif markers.may_both_hold(pin.marker, constraint.marker):
            return pin.replace(unverifiable=f"contradicts the constraint in {_place(constraint, pin)}")
    return pin


def _adopt(pin: Pin, constraint: Pin) -> Pin:
    """A loose requirement with the version of a constraint, where its specifiers allow that one."""
    if constraint.version is not None and not _allows(pin.text, constraint.version):
        return pin
    return pin.replace(
        version=constraint.version,
        source=constraint.source,
        tags=constraint.tags,
        hashes=pin.hashes or constraint.hashes,
        path=constraint.path,
        line=constraint.line,
        text=constraint.text,
        unverifiable="",
    )


def _allows(text: str, version: str) -> bool:
    """Whether the specifiers of a loose requirement allow a version."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text).specifier.contains(version, prereleases=True)
    except (InvalidRequirement, ValueError):
        return False


def _notes(unused: list[Pin]) -> list[Change]:
    by_path: dict[str, list[Pin]] = {}
    for pin in unused:
        by_path.setdefault(pin.path, []).append(pin)
    return [
        Change(
            code="EG111",
            kind="unverifiable",
            path=path,
            line=pins[0].line,
            locked=pins[0].text,
            evidence=(f"{len(pins)} constraints that nothing requires, the first is {pins[0].text}",),
        )
        for path, pins in by_path.items()
    ]


def _place(pin: Pin, seen_from: Pin) -> str:
    return f"line {pin.line}" if pin.path == seen_from.path else f"{pin.path}:{pin.line}"
