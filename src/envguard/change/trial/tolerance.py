"""When two numbers count as the same.

The rule is that of ``numpy.isclose``: ``|after - before| <= atol + rtol * |before|``, with NaN equal to NaN and an
infinity equal to itself alone. It is for floating-point numbers; integers and truth values count things, and must be
the same.
"""

import math

from envguard._value import Value
from envguard.errors import UsageError

SHOWN = 5
"""How many of the numbers that differ are named."""


class Tolerance(Value):
    """How far apart two floating-point numbers may be."""

    rtol: float = 1e-5
    """In parts of the number before."""
    atol: float = 1e-8

    def allows(self, before: "float | int", after: "float | int") -> bool:
        """True where ``after`` counts as ``before``."""
        if isinstance(before, int) and isinstance(after, int):
            return before == after
        try:
            one, other = float(before), float(after)
        except OverflowError:  # an integer beyond the floats beside a float
            return False
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        if math.isinf(one) or math.isinf(other):
            return one == other
        return abs(other - one) <= self.atol + self.rtol * abs(one)


class Compared(Value):
    """What a comparison of two outputs found."""

    kind: str
    """json, npy, npz, text or bytes."""
    values: int = 0
    """How many numbers were compared."""
    differing: int = 0
    """How many of them lie further apart than allowed."""
    worst: float = 0.0
    """The largest ``|after - before|`` of finite floating-point numbers, allowed or not."""
    problems: tuple[str, ...] = ()
    """What differs, a line each, the first few."""

    @property
    def same(self) -> bool:
        """True where nothing differs beyond the tolerance."""
        return not self.problems


class Tally:
    """Counts numbers as they are compared, and keeps the first few that differ."""

    def __init__(self, tolerance: Tolerance) -> None:
        self.tolerance = tolerance
        self.values = 0
        self.differing = 0
        self.worst = 0.0
        self._problems: list[str] = []

    def number(self, where: str, before: "float | int", after: "float | int") -> None:
        """Compare two numbers found at ``where``."""
        self.values += 1
        if before == after:
            return
        if isinstance(before, float) or isinstance(after, float):
            self._note_distance(before, after)
        if not self.tolerance.allows(before, after):
            self.differing += 1
            self._say(f"{where}: {before!r} before, {after!r} after")

    def _note_distance(self, before: "float | int", after: "float | int") -> None:
        try:
            distance = abs(float(after) - float(before))
        except OverflowError:
            return
        if math.isfinite(distance):
            self.worst = max(self.worst, distance)

    def unlike(self, what: str) -> None:
        """Something other than a number differs."""
        self.differing += 1
        self._say(what)

    def _say(self, what: str) -> None:
        if len(self._problems) < SHOWN:
            self._problems.append(what)

    def result(self, kind: str) -> Compared:
        """All that was found."""
        more = self.differing - len(self._problems)
        told = (*self._problems, f"and {more} more") if more > 0 else tuple(self._problems)
        return Compared(kind=kind, values=self.values, differing=self.differing, worst=self.worst, problems=told)


def checked(rtol: float, atol: float) -> Tolerance:
    """The tolerance of two options.

    Raises:
        UsageError: One is negative, infinite or no number.
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not math.isfinite(value) or value < 0:
            raise UsageError(f"--{name} {value} is no tolerance", remedy="give a number from 0 up")
    return Tolerance(rtol=rtol, atol=atol)
