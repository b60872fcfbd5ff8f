"""What was seen and is no finding: notes, and what ``envguard doctor`` tells about the toolchain."""

from itertools import groupby

from envguard.languages import say
from envguard.reporters._columns import cells, padded
from envguard.reporters._paint import Paint
from envguard.reporters._words import plural, title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change, Fact, Report

NOTES = 8
"""Notes of a check that are shown; ``envguard doctor`` and JSON have them all."""
_NAMES = 26
"""Columns for the longest name of a fact before its value moves to the right."""


def toolchain_lines(report: "Report", paint: Paint) -> list[str]:
    """The facts by section, each value beside its name and before the place that it was read from."""
    lines: list[str] = []
    room = min(_NAMES, max((cells(fact.name) for fact in report.toolchain), default=0))
    for section, facts in groupby(report.toolchain, key=lambda fact: fact.section):
        lines += [paint(paint.text(section), "strong"), *(_fact(fact, room, paint) for fact in facts), ""]
    return lines


def _fact(fact: "Fact", room: int, paint: Paint) -> str:
    source = f"  {paint(paint.text(fact.source), 'dim')}" if fact.source else ""
    return f"  {padded(paint.text(fact.name), room)}  {paint.text(fact.value)}{source}"


def noted_lines(report: "Report", paint: Paint) -> list[str]:
    """What is worth knowing, a line each; all of it where an environment was judged by itself."""
    shown = report.notes[:NOTES] if report.lock else report.notes
    lines: list[str] = []
    for index, note in enumerate(shown):
        lines += paint.labelled("" if index else say("noted"), paint.text(_note(note)), style="dim")
    if len(shown) < len(report.notes):
        rest = plural(len(report.notes) - len(shown), "more note")
        lines += paint.labelled("", say("{notes}; envguard doctor shows all", notes=rest), style="dim")
    return lines


def _note(note: "Change") -> str:
    what = "; ".join(note.evidence) or note.path
    return f"{title(note.code)}: {note.package + ': ' if note.package else ''}{what}"
