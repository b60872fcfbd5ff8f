"""``envguard reject``: remove a trial. The golden file and the live environment were never touched by it."""

import json

from envguard.doors.cli import PINNED, output, story
from envguard.doors.cli.parser import Parser, add_lock_option, add_output

SUMMARY = "remove a trial with its environment and logs"
EXAMPLES = """
    envguard reject
    envguard reject 20261128-131500-3f2a
"""


def run(argv: list[str]) -> int:
    """Remove a trial's folder."""
    from envguard.change.trial import accepting

    parser = Parser("reject", SUMMARY[0].upper() + SUMMARY[1:] + ".", examples=EXAMPLES)
    parser.add_argument("trial", metavar="TRIAL", nargs="?", help="its name, or how it begins (default: the only one)")
    add_lock_option(parser)
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options, has_report=False)
    name = accepting.reject(options.named_lock, options.trial, tell=story.step)
    answer.write(json.dumps({"removed": name}) + "\n" if answer.is_json else f"removed trial {name}\n")
    return PINNED
