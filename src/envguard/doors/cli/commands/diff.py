"""``envguard diff``: what would change on the way from one state to another?"""

from envguard import making
from envguard.doors.cli import output, part, verdict
from envguard.doors.cli.parser import FAIL_ON, Parser, add_output, add_python
from envguard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "judge the way from one lock, commit or environment to another"
EXAMPLES = """
    envguard diff envguard.lock requirements.new.txt
    envguard diff --git HEAD:envguard.lock envguard.lock
    envguard diff git:main:uv.lock git:HEAD:uv.lock --extra gpu
    envguard diff requirements.txt live --python /opt/venv
"""
_OPERAND = "a lock of any format, git:REV:PATH (git::PATH is the index), or the word live"


def run(argv: list[str]) -> int:
    """Print a report as if NEW were installed; the exit code is its verdict."""
    told = (
        "Judge the way from OLD to NEW as if NEW were installed, by the rules of OLD. Each is a file, a file of a "
        "commit, or what is installed. A move that nobody asked for counts one class graver."
    )
    parser = Parser("diff", told, examples=EXAMPLES)
    parser.add_argument("old", metavar="OLD", nargs="?", help=_OPERAND)
    parser.add_argument("new", metavar="NEW", nargs="?", help="another one")
    parser.add_argument(
        "--git",
        metavar="REV:PATH",
        action="append",
        default=[],
        help="the same as git:REV:PATH, before the other operand; may be given twice",
    )
    parser.add_argument("--live", action="store_true", help="the same as the word live for NEW")
    parser.add_argument("--fail-on", choices=FAIL_ON, default="safe", help="the mildest verdict that counts")
    add_python(parser)
    part.add_options(parser, "OLD and NEW")
    add_output(parser)
    options = parser.parse(argv)
    old, new = _operands(options)
    answer = output.of_options(options)
    report = making.diff(old, new, selection=part.chosen(options), python=options.python)
    answer.write(answer.render(report))
    return verdict.exit_code(report, options.fail_on)


def _operands(options: "argparse.Namespace") -> tuple[str, str]:
    given = [f"git:{each}" for each in options.git]
    given += [each for each in (options.old, options.new) if each is not None]
    given += ["live"] if options.live else []
    if len(given) != 2 or "" in given:
        raise UsageError("envguard diff: give two: OLD and NEW", remedy="see envguard diff --help")
    if options.python is not None and "live" not in given:
        raise UsageError("envguard diff: --python without live", remedy="it says whose environment `live` is")
    old, new = given
    return old, new
