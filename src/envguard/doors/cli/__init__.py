"""The command line. Data goes to stdout, everything else to stderr.

Exit codes: 0 pinned, 1 findings at or above ``--fail-on``, 2 could not judge, 130 interrupted. Could-not-judge is never
0, whatever goes wrong on the way.
"""

import sys

from envguard.errors import ChangeError, DriftError, EnvguardError, UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.model import Report

PINNED, FINDINGS, CANNOT_JUDGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run one command.

    Args:
        argv: The arguments without the program's name; default those of this process.

    Returns:
        The exit code.
    """
    from envguard.doors.cli import output, place
    from envguard.doors.cli.parser import HelpShown

    try:
        output.make_robust()
        if argv is None:
            place.leave_own_entry()
        return _run(list(sys.argv[1:] if argv is None else argv))
    except HelpShown:
        return PINNED
    except KeyboardInterrupt:
        output.tell("envguard: interrupted")
        return INTERRUPTED
    except EnvguardError as error:
        return _explain(error)
    except Exception as error:  # noqa: BLE001 - the last wall: whatever happens must not look like a pass
        output.tell_error(f"internal error: {type(error).__name__}: {error} (nothing was judged)")
        output.tell_traceback(error)
        return CANNOT_JUDGE


def _run(argv: list[str]) -> int:
    from envguard.doors.cli import guide, output

    if not argv:
        output.tell(guide.text().rstrip())
        return CANNOT_JUDGE
    word, *rest = argv
    if word in ("-h", "--help", "help"):
        output.write_data(guide.text())
        return PINNED
    if word in ("-V", "--version"):
        word, rest = "version", ["--output-format", "concise"]
    return guide.command(word).run(rest)


def _explain(error: EnvguardError) -> int:
    """Say in one line what went wrong, and show the report where the error carries one."""
    from envguard.doors.cli import output

    output.tell_error(str(error).partition("\n")[0])
    report: Report | None = error.report if isinstance(error, (DriftError, UnverifiableError)) else None
    if report is not None:
        output.tell(output.of_stderr().render(report, "full").rstrip())
    output.tell_traceback(error)
    return FINDINGS if isinstance(error, (ChangeError, DriftError)) else CANNOT_JUDGE
