"""The chain behind a change: the lock, who requires the package, the package, and what was found."""

from envguard import languages
from envguard.languages import say
from envguard.reporters._anchor import at
from envguard.reporters._picture import Arrow, Box, draw
from envguard.reporters._plain import cut, label
from envguard.reporters._words import movement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.model import Finding, Report, Requirer

LEVELS = 4
"""How far back requirers are followed."""
_REQUIRERS = 12


def picture(finding: "Finding", report: "Report", requirers: "Sequence[Requirer]" = ()) -> str:
    """The chain of one finding as an ``svg`` element, from left to right."""
    package = finding.change.package
    levels = _upstream(package, requirers)
    depth = max(levels.values())
    names = sorted((name for name in levels if name != package), key=lambda name: -levels[name])
    asks = {edge.by: edge.asks for edge in reversed(requirers)}
    boxes = [_origin(finding, report)]
    boxes += [Box(title=name, note=asks[name], column=1 + depth - levels[name]) for name in names]
    boxes.append(_target(finding, 1 + depth))
    boxes.append(
        Box(title=label(finding.change), note=languages.verdict(finding.verdict), kind="end", column=2 + depth)
    )
    numbers = {name: number for number, name in enumerate((*names, package), 1)}
    shown = [edge for edge in requirers if levels.get(edge.by, 0) > levels.get(edge.package, LEVELS)]
    required = {edge.package for edge in shown}
    arrows = [Arrow(tail=0, head=number) for name, number in numbers.items() if name not in required]
    arrows += [Arrow(tail=numbers[edge.by], head=numbers[edge.package]) for edge in shown]
    arrows.append(Arrow(tail=len(boxes) - 2, head=len(boxes) - 1))
    return draw(boxes, arrows, _told(boxes))


def _upstream(package: str, requirers: "Sequence[Requirer]") -> dict[str, int]:
    """Who leads to the package, and over how many others at most; the package itself is 0.

    No more than fits in a picture. Packages that require one another in a circle end at ``LEVELS``.
    """
    levels = {package: 0}
    for _ in range(LEVELS):
        for edge in requirers:
            below = levels.get(edge.package)
            if below is None or below >= LEVELS or edge.by == package:
                continue
            if edge.by in levels or len(levels) <= _REQUIRERS:
                levels[edge.by] = max(levels.get(edge.by, 0), below + 1)
    return levels


def _origin(finding: "Finding", report: "Report") -> Box:
    change = finding.change
    if not report.lock:
        return Box(title=_tail(cut(report.prefix)) or say("environment"), note=say("judged by itself"))
    in_lock = bool(change.line) and at(change.path).path == at(report.lock).path
    line = say("line {number}", number=change.line) if in_lock else say("lock")
    if change.kind == "added":
        line = say("does not name it")
    return Box(title=_tail(at(report.lock).path), note=line)


def _target(finding: "Finding", column: int) -> Box:
    change = finding.change
    moved = cut(movement(change, "\u2192"), 200) or cut(languages.kind(change.kind))
    return Box(title=cut(change.package) or say("environment"), note=moved, kind="package", column=column)


def _tail(path: str) -> str:
    """The end of a path says more than its beginning."""
    return path if len(path) <= 30 else f"...{path[-27:]}"


def _told(boxes: "Sequence[Box]") -> str:
    through = [say("{who} requires {what}", who=box.title, what=box.note) for box in boxes[1:-2]]
    named = [f"{box.title} ({box.note})" for box in (boxes[0], *boxes[-2:])]
    return cut("; ".join((named[0], *through, *named[1:])), 600)
