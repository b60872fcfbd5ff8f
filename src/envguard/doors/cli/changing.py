"""What the commands that change an environment have in common: saying what will happen, asking, and saying what did."""

import json
import sys

from envguard.doors.cli import output
from envguard.errors import ChangeError, UsageError
from envguard.facts.direct_url import redact
from envguard.model import SEALED_DEPTHS
from envguard.reporters._words import plural
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from envguard.change.mending.damage import Step
    from envguard.change.mending.restoring import Options, Outcome, Plan
    from envguard.doors.cli.output import Output
    from envguard.doors.cli.parser import Parser
    from envguard.reporters._paint import Paint

_STYLES = {"install": "safe", "mode": "safe", "delete": "cautious", "remove": "cautious", "leave": "unverified"}


def add_options(parser: "Parser") -> None:
    """The options of a command that brings an environment to a golden file."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--depth",
        choices=SEALED_DEPTHS,
        default="files",
        help="how deep to look; only depth files sees edited files (default: files)",
    )
    parser.add_argument(
        "--reread", action="store_true", help="read every file, also what was not touched since it was last read"
    )
    parser.add_argument("--prune", action="store_true", help="also remove what the golden file does not name")
    parser.add_argument(
        "--find-links",
        metavar="DIR",
        action="append",
        default=[],
        help="a folder with wheels, or with archives of conda; asked first; repeatable",
    )
    parser.add_argument("--offline", action="store_true", help="do not ask the index")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask whether to go on")
    parser.add_argument(
        "--wait", metavar="SECONDS", default="0", help="wait where another one is changing the environment (default: 0)"
    )


def options_of(options: "argparse.Namespace", purpose: str, shown: "Callable[[int, int], None] | None") -> "Options":
    """What was asked for.

    Raises:
        UsageError: ``--wait`` is no number of seconds.
    """
    from envguard.change.mending.restoring import Options
    from envguard.doors.cli import part

    try:
        wait = float(options.wait)
    except ValueError:
        wait = -1.0
    if not 0 <= wait <= 1e6:
        raise UsageError(f"--wait {safe(options.wait)!r} is no number of seconds")
    return Options(
        depth=options.depth,
        only=tuple(getattr(options, "only", None) or ()),
        python=options.python,
        sha256=getattr(options, "sha256", None),
        selection=part.chosen(options),
        prune=options.prune,
        find_links=tuple(options.find_links),
        offline=options.offline,
        reread=options.reread,
        wait=wait,
        purpose=purpose,
        progress=shown,
        waiting=lambda who: output.tell(f"envguard: waiting for {safe(who)}"),
    )


def lines(plan: "Plan", paint: "Paint") -> list[str]:
    """What would be done, one line for each step."""
    told = []
    if plan.interrupted is not None:
        told.append(f"{paint('finish ', 'safe')}  the {plan.interrupted.purpose} of {plan.interrupted.started}")
    for step in (*plan.to_do, *plan.left):
        told.append(_line(step, plan, paint))
    return told


def _line(step: "Step", plan: "Plan", paint: "Paint") -> str:
    version = f" {step.pin.version}" if step.pin is not None else ""
    words = f"{step.package or '(no package)'}{version}: {step.what}"
    if step.action == "install":
        source = plan.supply(step)
        if source is not None and source.path:
            words += f"; from {source.origin}, proven by {source.proof}"
        else:
            words += f"; from {_asked(step)}, if it has the golden artifact"
            words += f" ({source.why})" if source is not None and source.why.startswith("not the golden") else ""
    return f"{paint(f'{step.action:<7}', _STYLES[step.action])}  {paint.text(safe(words))}"


def _asked(step: "Step") -> str:
    """Whom a step asks for what is nowhere here."""
    if step.pin is None or step.pin.manager != "conda":
        return "the index"
    return redact(step.pin.url) or "conda's channel"


def agree(plan: "Plan", *, yes: bool) -> bool:
    """Says what will be done, and asks.

    Raises:
        ChangeError: There is nobody to ask.
    """
    for line in lines(plan, output.of_stderr().paint()):
        output.tell(line)
    if yes:
        return True
    count = plural(len(plan.to_do) + (plan.interrupted is not None), "step")
    if not (output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)):
        raise ChangeError(f"nothing was changed: {count} to do, and nobody to ask", remedy="look, then give --yes")
    output.tell(f"{count} in {safe(plan.seen.prefix)}. Go on? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def data(plan: "Plan | None" = None, outcome: "Outcome | None" = None, *, dry_run: bool = False) -> "dict[str, object]":
    """The same for programs."""
    if outcome is None:
        steps = [*plan.to_do, *plan.left] if plan is not None else []
        report = plan.seen.report if plan is not None else None
    else:
        steps, report = [*outcome.done, *outcome.left], outcome.report
    told = outcome if outcome is not None else plan
    looked = told.looked if told is not None else None
    return {
        "dry_run": dry_run,
        "complete": outcome.complete if outcome is not None else report is not None and report.pinned,
        "verdict": report.verdict if report is not None else "",
        "lock": safe(report.lock) if report is not None else "",
        "prefix": safe(report.prefix) if report is not None else "",
        "files": {"all": looked.files, "read": looked.read, "others_read": looked.since} if looked is not None else {},
        "only": [safe(name) for name in looked.only] if looked is not None else [],
        "not_looked_at": looked.others if looked is not None else 0,
        "shared": [safe(line) for line in looked.shared] if looked is not None else [],
        "steps": [
            {
                "action": step.action,
                "package": safe(step.package),
                "version": step.pin.version if step.pin is not None else "",
                "what": safe(step.what),
                "paths": [safe(path) for path in step.paths],
            }
            for step in steps
        ],
    }


def write(answer: "Output", told: "dict[str, object]", text: str) -> None:
    """The answer, as text or as JSON."""
    if answer.is_json:
        answer.write(json.dumps(told, indent=None if answer.format == "json-lines" else 2) + "\n")
    else:
        answer.write(text)
