"""Can two environment markers hold at the same time?

Markers of one universal lock exclude each other (``python_version < "3.11"`` and ``>= "3.11"``). Whether they do is
asked of packaging in every environment that the two markers can tell apart: the values that they name, their
neighbours, and the platforms that exist.
"""

import itertools
import math
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LITERAL = re.compile(r"""["']([^"']{0,200})["']""")
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", re.ASCII)
_COMBINATIONS = 2_000
"""Environments that are tried for two markers, at some 20 us each; beyond that the answer is a cautious yes."""
_EVALUATIONS = 20_000
"""The same for all markers of a file together."""
_LENGTH = 4_000
"""Characters of two markers together; longer ones are not compared."""

# Variables that never vary independently.
_PLATFORMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
)
_IMPLEMENTATIONS = (
    {"implementation_name": "cpython", "platform_python_implementation": "CPython"},
    {"implementation_name": "pypy", "platform_python_implementation": "PyPy"},
)
_FREE = ("platform_machine", "platform_release", "platform_version", "implementation_version", "extra")


class Markers:
    """Compares the markers of one file, within a budget for the whole file."""

    def __init__(self) -> None:
        self._left = _EVALUATIONS
        self._known: dict[tuple[str, str], bool] = {}

    def may_both_hold(self, first: str, second: str) -> bool:
        """True unless no environment satisfies both markers. An empty marker always holds."""
        if not first or not second or first == second:
            return True
        pair = (min(first, second), max(first, second))
        if pair not in self._known:
            self._known[pair] = self._ask(*pair)
        return self._known[pair]

    def _ask(self, first: str, second: str) -> bool:
        from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

        choices = _choices(f"{first} {second}")
        total = math.prod(len(choice) for choice in choices)
        self._left -= total
        if total > _COMBINATIONS or self._left < 0 or len(first) + len(second) > _LENGTH:
            return True
        try:
            left, right = Marker(first), Marker(second)
            return any(left.evaluate(where) and right.evaluate(where) for where in _environments(choices))
        except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, ValueError, RecursionError):
            return True


def _environments(choices: "list[list[dict[str, str]]]") -> "Iterator[dict[str, str]]":
    for parts in itertools.product(*choices):
        yield {variable: value for part in parts for variable, value in part.items()}


def _choices(text: str) -> "list[list[dict[str, str]]]":
    literals = sorted(set(_LITERAL.findall(text)))
    choices = [_pythons(literals), _known(_PLATFORMS, literals, text), _known(_IMPLEMENTATIONS, literals, text)]
    for variable in _FREE:
        if variable in text:
            choices.append([{variable: value} for value in (*literals, "" if variable == "extra" else "0")])
    return [choice for choice in choices if choice]


def _pythons(literals: list[str]) -> "list[dict[str, str]]":
    """Interpreters just below, at and just above every version that is named."""
    versions: set[tuple[int, int, int]] = set()
    for literal in literals:
        for found in _VERSION.finditer(literal):
            major, minor, micro = int(found[1]), int(found[2]), int(found[3] or 0)
            versions |= {(major, minor + step, 0) for step in (-1, 0, 1)} | {(major, minor, 99)}
            versions |= {(major, minor, micro + step) for step in (-1, 0, 1)}
    found_versions = [version for version in sorted(versions) if min(version) >= 0] or [(3, 11, 0)]
    return [
        {"python_version": f"{major}.{minor}", "python_full_version": f"{major}.{minor}.{micro}"}
        for major, minor, micro in found_versions
    ]


def _known(rows: "tuple[dict[str, str], ...]", literals: list[str], text: str) -> "list[dict[str, str]]":
    """The rows that exist, and one for each value that is named but in none of them."""
    variables = [variable for variable in rows[0] if variable in text]
    if not variables:
        return [rows[0]]
    known = {value for row in rows for value in row.values()}
    others = [{**rows[0], **dict.fromkeys(variables, literal)} for literal in literals if literal not in known]
    return [*rows, *others]
