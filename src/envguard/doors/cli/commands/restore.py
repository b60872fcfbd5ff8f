"""``envguard restore``: bring the environment back to its golden file."""

from envguard import locate
from envguard.doors.cli import FINDINGS, PINNED, changing, output, part, progress
from envguard.doors.cli.parser import Parser, add_lock, add_output, add_progress, add_python, chosen_lock
from envguard.environment import interpreter
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from envguard.change.mending.looking import Looked
    from envguard.change.mending.restoring import Options, Outcome
    from envguard.doors.cli.output import Output
    from envguard.model import Report

SUMMARY = "bring the environment back to its golden file, from proven artifacts"
DESCRIPTION = (
    "Bring the environment back to the golden file: versions, removed packages, edited, deleted and added files, "
    "foreign artifacts, remains of broken installs. Each wheel, and each archive of conda, is proven against the "
    "golden file before it is used. "
    "Nothing is changed before it was said; after an interruption of any kind run it again."
)
EXAMPLES = """
    envguard restore --dry-run
    envguard restore --yes
    envguard restore --python /srv/venv --find-links wheels --offline --yes
    envguard restore --prune
    envguard restore --only torch --only 'nvidia-*'
"""


def run(argv: list[str]) -> int:
    """0 restored, 1 refused, failed, or something had to be left, 2 could not judge."""
    parser = Parser("restore", DESCRIPTION, examples=EXAMPLES)
    add_lock(parser)
    changing.add_options(parser)
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        help="look at these packages alone and change nothing else, such as 'torch*'; repeatable",
    )
    parser.add_argument("--sha256", metavar="HEX", help="what the golden file itself must hash to")
    add_python(parser)
    part.add_options(parser)
    add_progress(parser)
    add_output(parser)
    options = parser.parse(argv)
    if options.python is not None:
        interpreter.ask_soon(options.python)  # it answers while our own modules are loaded
    answer = output.of_options(options, has_report=False)
    lock = locate.locate(chosen_lock(options))
    with progress.bar(options) as shown:
        asked = changing.options_of(options, "restore", shown)
        if options.dry_run:
            return show(lock, asked, answer)
        return restore(lock, asked, options, answer)


def show(lock: str, asked: "Options", answer: "Output") -> int:
    """Say what would be done; 0 where there is nothing to do."""
    from envguard.change.mending.restoring import plan_restore

    plan = plan_restore(lock, asked)
    told = changing.lines(plan, answer.paint()) or ["nothing to restore: " + _verdict(plan.seen.report)]
    told += _looked(plan.looked)
    changing.write(answer, changing.data(plan, dry_run=True), "\n".join(told) + "\n")
    return FINDINGS if plan.steps or plan.interrupted is not None else PINNED


def restore(lock: str, asked: "Options", options: "argparse.Namespace", answer: "Output") -> int:
    """Restore, and say what came of it; the exit code says whether the environment is the golden one now."""
    from envguard.change.mending import restoring

    outcome = restoring.restore(
        lock,
        asked,
        agree=lambda plan: changing.agree(plan, yes=options.yes),
        tell=lambda line: output.tell(f"envguard: {safe(line)}"),
    )
    changing.write(answer, changing.data(outcome=outcome), _text(outcome, answer))
    return PINNED if outcome.complete else FINDINGS


def _text(outcome: "Outcome", answer: "Output") -> str:
    paint = answer.paint()
    if outcome.refused:
        return "nothing was changed\n"
    told = [f"{paint('left   ', 'unverified')}  {paint.text(f'{step.package}: {step.what}')}" for step in outcome.left]
    if outcome.report.pinned:
        count = f"{len(outcome.done)} done, " if outcome.done else "nothing to do, "
        told.append(f"{paint('restored', 'pinned')}  {count}{_verdict(outcome.report)}")
        told += _looked(outcome.looked)
        return "\n".join(told) + "\n"
    return "\n".join([*told, answer.render(outcome.report).rstrip()]) + "\n"


def _looked(looked: "Looked | None") -> list[str]:
    """That not every package was looked at, or not every file read, where that is so."""
    if looked is not None and looked.only:
        return [safe(line) for line in (*looked.shared, looked.words)]
    if looked is None or not looked.since:
        return []
    return [f"{looked.words}; --reread reads all"]


def _verdict(report: "Report") -> str:
    return f"{report.verdict} at depth {report.depth}"
