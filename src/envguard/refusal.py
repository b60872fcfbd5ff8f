"""What happens once a report is not ``pinned``: allow it, bypass it, or refuse."""

import os
import sys
import time

from envguard import bypass, comparing, languages, reporters
from envguard.errors import DriftError, UnverifiableError
from envguard.languages import say
from envguard.model import GRAVITY, Report

SHOWN = 10
"""Findings in the text of an error; the report that it carries has all of them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Verdict


def accept_or_refuse(report: Report, allow: "Verdict | None") -> Report:
    """The report, where ``allow`` or an honoured bypass lets it pass.

    Raises:
        DriftError: Something differs more gravely than ``allow``.
        UnverifiableError: Nothing differs that gravely, but something could not be verified.
    """
    limit = GRAVITY.index(allow or "pinned")
    refused = [finding for finding in report.findings if GRAVITY.index(finding.verdict) > limit]
    if not refused:
        return report
    if reason := _bypass(report):
        return report.replace(bypass=reason)
    text = _text(report)
    if all(finding.verdict == "unverified" for finding in refused):
        raise UnverifiableError(text, report=report)
    raise DriftError(text, report=report)


def _bypass(report: Report) -> str:
    """The reason of a bypass that the lock allows, said on stderr each time; "" where there is none."""
    asked = bypass.read(os.environ, time.strftime("%Y-%m-%d"))
    if asked is None:
        return ""
    if not comparing.load(report.lock).bypass:
        print(f"envguard: {bypass.VARIABLE} is ignored: {report.lock} does not allow it", file=sys.stderr)  # noqa: T201 - said to whoever starts the service
        return ""
    line = f"envguard: NOT PINNED, started all the same: {reporters.safe(asked.reason)} (until {asked.until})"
    print(line, file=sys.stderr)  # noqa: T201 - a bypass is never silent
    return f"{asked.reason} (until {asked.until})"


def _text(report: Report) -> str:
    """What the one who starts the service reads in the traceback: the gravest findings, and how many more there are."""
    headline = reporters.for_error(report).partition("\n")[0]
    shown = reporters.for_error(report.replace(findings=report.findings[:SHOWN])).partition("\n")[2].rstrip()
    left = len(report.findings) - SHOWN
    with languages.speaking(reporters.error_language()):
        rest = say("{count} more findings: `envguard check` shows all", count=left)
    more = f"\n{rest}" if left > 0 else ""
    return f"{headline}\n{shown}{more}"
