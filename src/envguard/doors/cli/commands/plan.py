"""``envguard plan``: what would this change do, and may it be done?"""

import re

from envguard.doors.cli import output, part, verdict
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

_REMOVAL = re.compile(r"-[A-Za-z0-9][A-Za-z0-9._-]+", re.ASCII)
_TAKES_FILE = ("-r", "-o")


def run(argv: list[str]) -> int:
    """Print what would change, judged; the exit code is the verdict."""
    told = (
        "Ask the installer what it would do, read what it would install without installing it, and judge the whole "
        "change set by the rules of the golden file. What the request does not name is held at the golden version."
    )
    parser = Parser("plan", told, examples=EXAMPLES, usage="[CHANGE...] [OPTIONS] | plan [OPTIONS] -- COMMAND")
    parser.add_argument(
        "changes", metavar="CHANGE", nargs="*", help="NAME==VERSION or +NAME to install, -NAME to remove"
    )
    parser.add_argument("-r", "--requirement", metavar="FILE", action="append", default=[], help="a requirements file")
    parser.add_argument("-U", "--upgrade", action="store_true", help="newer versions; alone, of everything")
    parser.add_argument("--no-deps", action="store_true", help="move nothing but what is named")
    parser.add_argument("--free", action="store_true", help="let the installer move what the golden file pins, too")
    parser.add_argument("--offline", action="store_true", help="ask nothing of the network; see --find-links")
    parser.add_argument("--find-links", metavar="DIR", action="append", default=[], help="a folder with wheels")
    parser.add_argument("--installer", choices=("pip", "uv"), help="who resolves (default: the environment's own pip)")
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
    own, removed, command = _split(argv)
    options = parser.parse(own)
    from envguard.change import request
    from envguard.change.plan import plan
    from envguard.errors import UsageError

    if command is not None and (
        options.changes or removed or options.requirement or options.upgrade or options.no_deps
    ):
        raise UsageError("envguard plan: changes stand before the --, or a command behind it, not both")
    wanted = (
        request.of_command(command)
        if command is not None
        else request.of_words(
            [*options.changes, *removed],
            files=options.requirement,
            upgrade=options.upgrade,
            no_deps=options.no_deps,
        )
    )
    answer = output.of_options(options)
    found = plan(
        wanted,
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


def _split(argv: list[str]) -> tuple[list[str], list[str], "list[str] | None"]:
    """Own options, ``-NAME`` words, and the command behind ``--``: argparse would take the latter two for options."""
    at = argv.index("--") if "--" in argv else len(argv)
    own: list[str] = []
    removed: list[str] = []
    for index, word in enumerate(argv[:at]):
        is_value = index > 0 and argv[index - 1] in _TAKES_FILE
        (removed if _REMOVAL.fullmatch(word) and not is_value else own).append(word)
    return own, removed, argv[at + 1 :] if at < len(argv) else None
