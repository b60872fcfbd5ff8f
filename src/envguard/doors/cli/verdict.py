"""From the options of a command to a report, and from a report to an exit code."""

from envguard import guard
from envguard.doors.cli import CANNOT_JUDGE, FINDINGS, PINNED, progress, reading
from envguard.model import GRAVITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from envguard.doors.cli.output import Output
    from envguard.model import Report, Selection


def check(
    options: "argparse.Namespace",
    lock: "str | None",
    *,
    selection: "Selection | None" = None,
    shown: "Callable[[int, int], None] | None" = None,
) -> "Report":
    """The report that the options ask for. On stderr stands a remark where the lock is slow to read.

    Raises:
        UsageError: ``--only`` names nothing that is locked, so that a slip of the pen would pass as pinned.
        EnvguardError: As ``envguard.check``.
    """
    report = guard.check(
        lock,
        depth=options.depth,
        only=options.only,
        sha256=options.sha256,
        python=options.python,
        selection=selection,
        progress=shown,
    )
    if not progress.is_unwanted(options):
        reading.tell_if_slow(report, options.python, selection)
    return report


def complete(report: "Report", options: "argparse.Namespace", answer: "Output") -> "Report":
    """The report with the running interpreter named, which the quick proof leaves out, for programs that read it."""
    if not answer.names_interpreter or report.interpreter is not None or options.python is not None:
        return report
    from envguard.environment import interpreter

    return report.replace(interpreter=interpreter.running())


def exit_code(report: "Report", fail_on: str) -> int:
    """0 pinned, 1 findings that count, 2 nothing counts but something could not be verified.

    Args:
        report: What was found.
        fail_on: The mildest verdict that counts.
    """
    limit = GRAVITY.index(fail_on)
    graver = [found.verdict for found in report.findings if GRAVITY.index(found.verdict) >= limit]
    if any(verdict != "unverified" for verdict in graver):
        return FINDINGS
    if any(found.verdict == "unverified" for found in report.findings):
        return CANNOT_JUDGE
    return PINNED
