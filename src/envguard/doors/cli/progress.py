"""A progress bar on stderr while files are hashed, only where a person is watching."""

import contextlib
import os
import sys
import time

from envguard.doors.cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]

_BETWEEN = 0.1
"""Seconds between two drawings."""
_CELLS = 30


def is_unwanted(options: "argparse.Namespace") -> bool:
    """True where nothing but errors and the answer may be shown."""
    return bool(options.no_progress) or os.environ.get("ENVGUARD_NO_PROGRESS", "0") not in ("", "0")


@contextlib.contextmanager
def bar(options: "argparse.Namespace") -> "Iterator[Progress | None]":
    """A callback for (files done, files in all), or None where nobody would see the bar."""
    if (
        is_unwanted(options)
        or options.depth not in ("files", "native")
        or not output.is_terminal(sys.stderr)
        or os.environ.get("TERM") == "dumb"
    ):
        yield None
        return
    drawn = _Plain()
    try:
        yield drawn
    finally:
        drawn.erase()


class _Plain:
    """One line that is drawn over itself."""

    def __init__(self) -> None:
        self._paint = output.of_stderr().paint()
        self._next = time.monotonic() + _BETWEEN
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next or total <= 0:
            return
        self._next = now + _BETWEEN
        self._drawn = True
        full = min(_CELLS, _CELLS * done // total)
        cells = self._paint(self._paint.glyph("█") * full, "safe") + self._paint.glyph("░") * (_CELLS - full)
        _write(f"\rhashing files {cells} {done:,} of {total:,}\x1b[K")

    def erase(self) -> None:
        """Leave the line as it was found."""
        if self._drawn:
            _write("\r\x1b[K")


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
