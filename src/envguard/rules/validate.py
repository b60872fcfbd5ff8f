"""What makes a row of the rule table a valid one, wherever it was written.

The table in TOML and the rows compiled into a lock obey the same rules; both ask here.
"""

import re

from envguard import versions
from envguard.rules.catalog import KINDS, PARTS, TRAITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envguard.model import Rule

FOLLOWS = ("", "requires-dist")
LABELS = ("", "same")
_OF_ONE_CHANGE = ("package", "change", "part", "locked", "to", "traits", "beside", "alone")
VERDICTS = ("safe", "cautious", "forbidden")
"""What a row may say. ``pinned`` and ``unverified`` are for the guard to state."""
TEXT_LIMIT = 2000
"""Characters of one text of a row."""
MARKER_DEPTH = 20
"""Nested parentheses in a marker; the parser of packaging recurses."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}", re.ASCII)
_PATTERN = re.compile(r"!?[a-z0-9][a-z0-9-]*\*?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def problems(rule: "Rule") -> "Iterator[tuple[str, str]]":
    """What is wrong with a row.

    Yields:
        ``(field, what is wrong)``, nothing for a valid row.
    """
    if not _ID.fullmatch(rule.id):
        yield "id", f"{_short(rule.id)} is no id: lower-case letters, digits, '.', '_' and '-', at most 80"
    if rule.verdict not in VERDICTS:
        yield "verdict", f"{_short(rule.verdict)} is none of {', '.join(VERDICTS)}"
    if not rule.reason.strip():
        yield "reason", "a row must say why"
    if rule.zh_instead and not (rule.zh.strip() and rule.instead):
        yield "zh_instead", "a text in Chinese for an `instead` needs both `instead` and `zh`"
    for field in ("reason", "instead", "zh", "zh_instead", "locked", "to", "when"):
        if len(getattr(rule, field)) > TEXT_LIMIT:
            yield field, f"longer than {TEXT_LIMIT} characters"
            return
    yield from _unknown("change", rule.change, KINDS)
    yield from _unknown("part", rule.part, PARTS)
    yield from _unknown("traits", (trait.removeprefix("!") for trait in rule.traits), TRAITS)
    yield from _patterns("package", rule.package)
    yield from _patterns("beside", rule.beside)
    yield from _specifier("locked", rule.locked)
    yield from _specifier("to", rule.to)
    yield from _marker(rule.when)
    yield from _until(rule)
    yield from _together(rule)


def _unknown(field: str, given: "Iterable[str]", known: "Iterable[str]") -> "Iterator[tuple[str, str]]":
    for word in given:
        if word not in known:
            yield field, f"{_short(word)} is not known; known are {', '.join(known)}"


def _patterns(field: str, patterns: "Sequence[str]") -> "Iterator[tuple[str, str]]":
    for pattern in patterns:
        if pattern in ("*", "!*"):
            yield field, f"{_short(pattern)} names everything; leave {field} out instead"
        elif not _PATTERN.fullmatch(pattern) or versions.normalise(pattern.rstrip("*")) != pattern.rstrip("*"):
            yield field, f"{_short(pattern)} is no normalised name, with at most a leading '!' and a trailing '*'"


def _specifier(field: str, specifier: str) -> "Iterator[tuple[str, str]]":
    if not specifier:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(specifier)
    except (InvalidSpecifier, ValueError):
        yield field, f"{_short(specifier)} is no version specifier (PEP 440), such as '>=2.32.2,<3'"


def _marker(marker: str) -> "Iterator[tuple[str, str]]":
    if not marker:
        return
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    if marker.count("(") > MARKER_DEPTH:
        yield "when", f"more than {MARKER_DEPTH} parentheses"
        return
    try:
        Marker(marker).evaluate()
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        yield "when", f"{_short(marker)} is no marker (PEP 508), such as \"sys_platform == 'linux'\""
        return
    if re.search(r"\bextra\b", marker):
        yield "when", "an environment has no 'extra': it belongs to a requirement"


def _until(rule: "Rule") -> "Iterator[tuple[str, str]]":
    if rule.until and not _is_date(rule.until):
        yield "until", f"{_short(rule.until)} is no date, such as 2027-01-01"
    if "unverifiable" in rule.change and rule.verdict in ("safe", "cautious") and not rule.until:
        yield "until", f"a row that makes an unverifiable pin {rule.verdict} must end: give it a date"


def _together(rule: "Rule") -> "Iterator[tuple[str, str]]":
    yield from _patterns("together", rule.together)
    if rule.follow not in FOLLOWS:
        yield "follow", f"{_short(rule.follow)} is none of {', '.join(filter(None, FOLLOWS))}"
    if rule.label not in LABELS:
        yield "label", f"{_short(rule.label)} is none of {', '.join(filter(None, LABELS))}"
    if not rule.together:
        for field in ("follow", "label"):
            if getattr(rule, field):
                yield field, "it belongs to a row with `together`"
        return
    if len(rule.together) == 1 and not rule.together[0].endswith("*"):
        yield "together", "one package alone cannot move together"
    for field in _OF_ONE_CHANGE:
        if getattr(rule, field):
            yield field, "a row with `together` judges the whole change set, so it cannot name one change"


def _is_date(text: str) -> bool:
    import datetime as dt

    if not _DATE.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _short(text: str) -> str:
    """A value for a message: quoted, escaped, and not longer than a line."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")
