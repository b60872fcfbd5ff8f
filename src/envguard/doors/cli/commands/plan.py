"""``envguard plan``: what would this change do, and may it be done?"""

from envguard.doors.cli import output, part, verdict, wanted
from envguard.doors.cli.parser import FAIL_ON, Parser, add_lock_option, add_output, add_python

SUMMARY = "judge a change before it is made: what an installer would do, and why not"
EXAMPLES = """
    envguard plan 'requests==2.32.5'
    envguard plan -onnxruntime +onnxruntime-gpu
    envguard plan -r requirements.txt --free
    envguard plan -U                         everything that is installed
    envguard plan -- pip install -U torchvision
    envguard plan pandas --offline --find-links wheels/
"""


def run(argv: list[str]) -> int:
    """Print what would change, judged; the exit code is the verdict."""
    told = (
        "Ask the installer what it would do, read what it would install without installing it, and judge the whole "
        "change set by the rules of the golden file. What the request does not name is held at the golden version."
    )
    parser = Parser("plan", told, examples=EXAMPLES, usage="[CHANGE...] [OPTIONS] | plan [OPTIONS] -- COMMAND")
    wanted.add_options(parser)
    parser.add_argument(
        "--uses", metavar="FOLDER", action="append", default=[], help="sources whose calls are compared; needs griffe"
    )
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default="cautious", help="the mildest verdict that counts (default: cautious)"
    )
    parser.add_argument("--sha256", metavar="HEX", help="what the golden file itself must hash to")
    add_lock_option(parser)
    add_python(parser)
    part.add_options(parser)
    add_output(parser)
    own, removed, command = wanted.split(argv, ("-r", "-o"))
    options = parser.parse(own)
    from envguard.change.planning.plan import plan

    request = wanted.request_of(options, removed, command)
    answer = output.of_options(options)
    found = plan(
        request,
        lock=options.named_lock,
        python=options.python,
        free=options.free,
        offline=options.offline,
        find_links=options.find_links,
        installer=options.installer or "",
        sha256=options.sha256,
        selection=part.chosen(options),
        uses=options.uses,
    )
    answer.write(answer.render(found.report))
    return verdict.exit_code(found.report, options.fail_on)
