"""``envguard diff``: what would change on the way from one lock file to another?"""

from envguard import guard, making
from envguard.doors.cli import output, part, verdict
from envguard.doors.cli.parser import FAIL_ON, Parser, add_output
from envguard.errors import UsageError

SUMMARY = "judge the way from one lock file to another, of any format"
EXAMPLES = """
    envguard diff envguard.lock requirements.new.txt
    envguard diff old.lock new.lock --output-format json
    envguard diff requirements.txt --live
    envguard diff uv.lock new/uv.lock --extra gpu
"""


def run(argv: list[str]) -> int:
    """Print a report as if NEW were installed; the exit code is its verdict."""
    parser = Parser("diff", "Judge the way from OLD to NEW as if NEW were installed.", examples=EXAMPLES)
    parser.add_argument("old", metavar="OLD", help="a golden file or lock file")
    parser.add_argument("new", metavar="NEW", nargs="?", help="another one")
    parser.add_argument("--live", action="store_true", help="compare with what is installed instead of NEW")
    parser.add_argument("--fail-on", choices=FAIL_ON, default="safe", help="the mildest verdict that counts")
    part.add_options(parser, "OLD and NEW")
    add_output(parser)
    options = parser.parse(argv)
    if options.live == bool(options.new):
        raise UsageError("envguard diff: give either NEW or --live", remedy="see envguard diff --help")
    answer = output.of_options(options)
    selection = part.chosen(options)
    if options.live:
        report = guard.check(options.old, selection=selection)
    else:
        report = making.diff(options.old, options.new, selection=selection)
    answer.write(answer.render(report))
    return verdict.exit_code(report, options.fail_on)
