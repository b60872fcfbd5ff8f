"""``envguard try``: make a change in an environment of its own, and see by a test what comes of it."""

import json

from envguard.doors.cli import FINDINGS, PINNED, output, story, wanted
from envguard.doors.cli.parser import Parser, add_lock_option, add_output, add_python
from envguard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from envguard.change.planning.plan import Plan
    from envguard.change.trial.wish import Wish

SUMMARY = "try a change in an environment of its own, with a test before and after"
EXAMPLES = """
    envguard try 'requests==2.32.5' --test 'python -m pytest -q tests/regression'
    envguard try numpy==2.0.0 --test 'python infer.py' --compare out.npy
    envguard try --test 'make smoke' --yes -- pip install -U torchvision
"""
_WITH_VALUE = (
    "-r", "-o", "--requirement", "--test", "--compare", "--find-links", "--installer", "--lock", "--python", "--output",
    "--rtol", "--atol", "--timeout", "--max-slowdown", "--max-memory", "--allow", "--output-format", "--color",
    "--lang",
)  # fmt: skip


def run(argv: list[str]) -> int:
    """Print what came of it: 0 passed, 1 stopped or failed, 2 could not be judged."""
    from envguard.change.trial import trying

    options, wish = _asked(argv)
    answer = output.of_options(options, has_report=False)
    try:
        trial = trying.run(wish, tell=story.step, confirm=lambda found: _confirm(found, options))
    except trying.Stopped as stop:
        answer.write(answer.render(stop.plan.report))
        story.refusal(stop.why)
        return FINDINGS
    if answer.is_json:
        answer.write(json.dumps(trial.evidence, indent=2 if answer.format == "json" else None) + "\n")
    elif answer.format == "concise":
        answer.write(f"{trial.id}: {trial.evidence['state']}\n")
    else:
        answer.write(story.verdict(trial, answer.paint()))
    return PINNED if trial.evidence["state"] == "passed" else FINDINGS


def _asked(argv: list[str]) -> "tuple[argparse.Namespace, Wish]":
    from envguard.change.trial import command, tolerance
    from envguard.change.trial.wish import Wish

    parser = _parser()
    own, removed, words = wanted.split(argv, _WITH_VALUE)
    options = parser.parse(own)
    for name in ("timeout", "max_slowdown", "max_memory"):
        value = getattr(options, name)
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"--{name.replace('_', '-')} {value} makes no sense", remedy="give a number above 0")
    if options.compare == "":
        raise UsageError("--compare: an empty name of a file", remedy="a variable in your script may be unset")
    return options, Wish(
        request=wanted.request_of(options, removed, words),
        test=tuple(command.split(options.test)),
        test_text=options.test,
        lock=options.named_lock,
        python=options.python,
        compare=options.compare or "",
        tolerance=tolerance.checked(options.rtol, options.atol),
        timeout=options.timeout,
        max_slowdown=options.max_slowdown,
        max_memory=options.max_memory,
        allow=options.allow,
        free=options.free,
        offline=options.offline,
        find_links=tuple(options.find_links),
        installer=options.installer or "",
        keep=options.keep,
    )


def _parser() -> Parser:
    told = (
        "Judge a change as `envguard plan` does, build the golden environment anew beside the lock, prove that it "
        "equals golden, run the test, make the change there, look for what is newly broken, run the test again and "
        "compare. The original is not touched."
    )
    usage = "[CHANGE...] --test CMD [OPTIONS] [-- COMMAND]"
    parser = Parser("try", told, examples=EXAMPLES, usage=usage)
    wanted.add_options(parser)
    group = parser.add_argument_group("the test")
    group.add_argument("--test", metavar="CMD", required=True, help="the regression test; split into words, no shell")
    group.add_argument("--compare", metavar="FILE", help="what the test writes: .json, .npy, .npz or text")
    group.add_argument("--rtol", type=float, default=1e-5, help="relative tolerance of floats (default: 1e-5)")
    group.add_argument("--atol", type=float, default=1e-8, help="absolute tolerance of floats (default: 1e-8)")
    group.add_argument("--timeout", metavar="SECONDS", type=float, help="end one run of the test after this long")
    group.add_argument("--max-slowdown", metavar="FACTOR", type=float, help="fail where it takes this times as long")
    group.add_argument("--max-memory", metavar="FACTOR", type=float, help="fail where it takes this times the memory")
    group = parser.add_argument_group("the trial")
    group.add_argument("--yes", action="store_true", help="try a change, too, that is judged cautious")
    group.add_argument("--allow", choices=("safe", "cautious"), help="pass in spite of what is newly broken up to this")
    group.add_argument("--keep", action="store_true", help="keep the environment of a trial that did not pass")
    add_lock_option(parser)
    add_python(parser)
    add_output(parser)
    return parser


def _confirm(found: "Plan", options: "argparse.Namespace") -> bool:
    """Show the report and ask, unless ``--yes`` answers."""
    shown = output.of_stderr(options.color)
    if options.yes:
        output.tell(shown.render(found.report, "concise").rstrip())
        return True
    if not story.can_ask():
        return False
    output.tell(shown.render(found.report, "full").rstrip())
    return story.agrees(f"this change is judged {found.report.verdict}; try it in an environment of its own?")
