"""``envguard exec``: check, then become the program."""

import os
import signal
import sys

from envguard import latch
from envguard.doors.cli import FINDINGS, PINNED, launch, output, progress, verdict
from envguard.doors.cli.parser import (
    Parser,
    add_color,
    add_judging,
    add_language,
    add_lock_option,
    add_progress,
    chosen_lock,
)
from envguard.errors import DriftError, EnvguardError, UsageError
from envguard.languages import say
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Report, Verdict

SUMMARY = "check, then become a program: its process, its signals, its exit code"
DESCRIPTION = (
    "Check, then become CMD: process number, signals and exit code are CMD's. Where the environment is not the pinned "
    "one, CMD is not started, the report goes to stderr, and the exit code is 1 or 2. A CMD that runs another Python "
    "than this one is checked against that Python's environment."
)
EXAMPLES = """
    envguard exec -- python serve.py
    envguard exec --lock /srv/envguard.lock --depth files -- gunicorn app:app
"""


_MILDER: "dict[str, Verdict | None]" = {"safe": None, "cautious": "safe", "forbidden": "cautious"}
"""What ``--fail-on`` lets pass."""


def run(argv: list[str]) -> int:
    """Does not return where the environment is pinned."""
    mine, command = _split(argv)
    parser = Parser("exec", DESCRIPTION, examples=EXAMPLES, usage="[OPTIONS] -- CMD [ARG ...]")
    add_lock_option(parser)
    add_judging(parser)
    add_progress(parser)
    add_color(parser)
    add_language(parser)
    options = parser.parse(mine)
    if not command:
        raise UsageError("envguard exec: no program to start", remedy="write envguard exec -- CMD [ARG ...]")
    program = launch.find(command[0])
    if options.python is None:
        options.python = launch.other_interpreter(program)
    with progress.bar(options) as shown:
        report = verdict.check(options, chosen_lock(options), shown=shown)
    refused = _refused(report, options.fail_on, output.of_stderr(options.color))
    if refused:
        return refused
    latch.expect(report.seal)
    os.environ["ENVGUARD_LOCK"] = os.path.abspath(report.lock)
    return _become(program, command)


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """The options of envguard, and the program's command line after ``--``."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _refused(report: "Report", fail_on: str, shown: output.Output) -> int:
    """The exit code of a refusal, 0 where the program may start."""
    from envguard import refusal

    allow = _MILDER[fail_on]
    try:
        accepted = refusal.accept_or_refuse(report, allow)
    except EnvguardError as error:
        if getattr(error, "report", None) is None:
            raise
        output.tell(shown.render(report).rstrip())
        with shown.speaking():
            output.tell(say("envguard: the program was not started"))
        return FINDINGS if isinstance(error, DriftError) else verdict.exit_code(report, fail_on)
    if accepted.findings and not accepted.bypass:
        output.tell(shown.render(accepted, "concise").rstrip())
    return PINNED


def _become(program: str, command: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    # Python ignores these, and what is ignored stays ignored across exec: the program would miss its broken pipes.
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(program, command)  # noqa: S606 - becoming the program is the purpose
    except OSError as error:
        raise UsageError(f"cannot be started: {(error.strerror or '').lower()}", path=safe(program)) from error
