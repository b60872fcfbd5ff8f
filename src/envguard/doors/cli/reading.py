"""A remark on stderr where reading a lock is what takes the time."""

import shlex
import sys

from envguard.doors.cli import output, part
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Report, Selection

SLOW = 0.1
"""Seconds."""


def tell_if_slow(report: "Report", python: "str | None", selection: "Selection | None") -> None:
    """Say how a check becomes fast, where another format than envguard's own took more than ``SLOW`` to read."""
    # The full pipeline is not loaded for this: where the quick path proved everything, nothing was slow.
    pipeline = sys.modules.get("envguard.comparing")
    if pipeline is None or report.format == "envguard.lock":
        return
    seconds = pipeline.seconds_to_read.get(report.lock, 0.0)
    if seconds <= SLOW:
        return
    words = f"--from {shlex.quote(report.lock)}{part.as_words(selection)}"
    if python is not None:
        words += f" --python {shlex.quote(python)}"
    output.tell(
        f"envguard: reading {safe(report.lock)} took {seconds * 1000:.0f} ms; `envguard freeze {safe(words)}` makes a "
        "golden file that is proven in milliseconds"
    )
