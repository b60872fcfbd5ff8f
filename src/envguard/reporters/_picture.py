"""A picture of how a change came into the environment: who is in the lock, who requires whom, what was found."""

import unicodedata

from envguard._value import Value
from envguard.reporters._markup import markup
from envguard.reporters._plain import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHARACTER = 7.25  # pixels of a monospaced character of 12 pixels
_HEIGHT = 40
_GAP_X = 46
_GAP_Y = 12
_LONGEST = 34


class Box(Value):
    """One thing in the picture."""

    title: str
    note: str = ""
    kind: str = ""
    """A class of the style sheet: package, end, or none."""
    column: int = 0
    """From the left; who requires stands left of what it requires."""


class Arrow(Value):
    """From one box to another, by their numbers."""

    tail: int
    head: int


def draw(boxes: "Sequence[Box]", arrows: "Sequence[Arrow]", label: str) -> str:
    """An ``svg`` element without ids, styles or scripts.

    Args:
        boxes: What is shown; those of one column stand below one another in this order.
        arrows: Who leads to whom, from left to right.
        label: What the picture says, for whoever cannot see it.
    """
    every, steps = _routed(boxes, arrows)
    places, width, height = _layout(every)
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg class="chain" role="img" aria-label="{markup(label)}" {size}>',
        *(_step(places[step.tail], places[step.head], tip=step.head < len(boxes)) for step in steps),
        *(_through(place) for place in places[len(boxes) :]),
        *(_box(box, place) for box, place in zip(boxes, places, strict=False)),
        "</svg>",
    ]
    return "".join(parts)


def _routed(boxes: "Sequence[Box]", arrows: "Sequence[Arrow]") -> "tuple[list[Box], list[Arrow]]":
    """Arrows in steps from column to column: one that crosses a column gets a row of its own there."""
    every, steps = list(boxes), []
    for arrow in arrows:
        tail = arrow.tail
        for column in range(boxes[arrow.tail].column + 1, boxes[arrow.head].column):
            every.append(Box(title="", column=column))
            steps.append(Arrow(tail=tail, head=len(every) - 1))
            tail = len(every) - 1
        steps.append(Arrow(tail=tail, head=arrow.head))
    return every, steps


def _layout(boxes: "Sequence[Box]") -> "tuple[list[tuple[float, float, float]], float, float]":
    """Left, top and width of each box, then the size of the whole."""
    columns: dict[int, list[int]] = {}
    for number, box in enumerate(boxes):
        columns.setdefault(box.column, []).append(number)
    rows = max(map(len, columns.values()), default=0)
    height = rows * (_HEIGHT + _GAP_Y) - _GAP_Y + 2
    places = [(0.0, 0.0, 0.0)] * len(boxes)
    left = 1.0
    for column in sorted(columns):
        wide = max(_wide(boxes[number]) for number in columns[column])
        used = len(columns[column]) * (_HEIGHT + _GAP_Y) - _GAP_Y
        for row, number in enumerate(columns[column]):
            places[number] = (left, (height - used) / 2 + row * (_HEIGHT + _GAP_Y), wide)
        left += wide + _GAP_X
    return places, left - _GAP_X + 1, height


def _wide(box: Box) -> float:
    if not box.title:
        return 0.0
    return 22 + _CHARACTER * max(_columns(cut(box.title, _LONGEST)), _columns(cut(box.note, _LONGEST)), 6)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _box(box: Box, place: "tuple[float, float, float]") -> str:
    left, top, wide = place
    return "".join(
        (
            f'<g class="{box.kind}">' if box.kind else "<g>",
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{_HEIGHT}" rx="6"/>',
            *_lines(box, left + 11, top),
            "</g>",
        )
    )


def _lines(box: Box, left: float, top: float) -> "Iterator[str]":
    middle = top + _HEIGHT / 2 + 4
    if not box.note:
        yield f'<text x="{left:.1f}" y="{middle:.1f}">{markup(cut(box.title, _LONGEST))}</text>'
        return
    yield f'<text x="{left:.1f}" y="{middle - 8:.1f}">{markup(cut(box.title, _LONGEST))}</text>'
    yield f'<text class="fine" x="{left:.1f}" y="{middle + 8:.1f}">{markup(cut(box.note, _LONGEST))}</text>'


def _step(tail: "tuple[float, float, float]", head: "tuple[float, float, float]", *, tip: bool) -> str:
    start, end = tail[0] + tail[2], head[0]
    from_y, to_y = tail[1] + _HEIGHT / 2, head[1] + _HEIGHT / 2
    bend, stop = (start + end) / 2, end - 5 if tip else end
    curve = f"M{start:.1f} {from_y:.1f}C{bend:.1f} {from_y:.1f} {bend:.1f} {to_y:.1f} {stop:.1f} {to_y:.1f}"
    arrow_head = f'<path class="head" d="M{end:.1f} {to_y:.1f}l-7 -3.5v7z"/>' if tip else ""
    return f'<path d="{curve}"/>{arrow_head}'


def _through(place: "tuple[float, float, float]") -> str:
    left, top, wide = place
    return f'<path d="M{left:.1f} {top + _HEIGHT / 2:.1f}h{wide:.1f}"/>'
