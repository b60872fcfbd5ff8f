"""``envguard accept``: make a passed trial the golden file, and, where that is asked for, the live environment."""

import json

from envguard.doors.cli import PINNED, changing, output, story, wanted
from envguard.doors.cli.parser import Parser, add_lock_option, add_output, add_python
from envguard.reporters._words import plural
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from envguard.change.mending.restoring import Outcome
    from envguard.change.trial.place import Trial

SUMMARY = "make a passed trial golden; with --apply change the live environment"
EXAMPLES = """
    envguard accept --why 'CVE-2026-1234'
    envguard accept 20261128-131500-3f2a --apply
"""


def run(argv: list[str]) -> int:
    """Print what became golden: 0 done, 1 refused, 2 could not be judged."""
    from envguard.change.trial import accepting

    told = (
        "Make a passed trial the golden file. The old one is kept in .envguard/history with what, why and by which "
        "evidence. Only with --apply is the live environment changed, as `envguard restore` does it."
    )
    parser = Parser("accept", told, examples=EXAMPLES)
    parser.add_argument("trial", metavar="TRIAL", nargs="?", help="its name or how it begins (default: the passed one)")
    parser.add_argument("--why", metavar="TEXT", default="", help="the reason, for the history")
    parser.add_argument("--apply", action="store_true", help="then bring the live environment to the new golden file")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask before the live environment is changed")
    parser.add_argument(
        "--wait", metavar="SECONDS", type=float, default=0.0, help="wait for another one that changes it"
    )
    wanted.add_sources(parser)
    add_lock_option(parser)
    add_python(parser)
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options, has_report=False)
    trial = accepting.accept(options.named_lock, options.trial, why=options.why, tell=story.step, again=options.apply)
    outcome = _apply(trial, options) if options.apply else None
    answer.write(_told(trial, outcome, answer))
    return PINNED


def _apply(trial: "Trial", options: "argparse.Namespace") -> "Outcome":
    """Change the live environment."""
    from envguard.change.mending import restoring
    from envguard.change.trial import applying

    asked = restoring.Options(
        python=options.python,
        find_links=tuple(options.find_links),
        offline=options.offline,
        wait=options.wait,
        waiting=lambda who: output.tell(f"envguard: waiting for {safe(who)}"),
    )
    return applying.apply(
        trial,
        asked,
        agree=lambda plan: changing.agree(plan, yes=options.yes),
        tell=lambda line: story.step("apply", line),
    )


def _told(trial: "Trial", outcome: "Outcome | None", answer: output.Output) -> str:
    golden = trial.evidence["golden"]["path"]
    if answer.is_json:
        said = {"trial": trial.id, "golden": golden, **{name: trial.evidence[name] for name in ("state", "candidate")}}
        applied = changing.data(outcome=outcome) if outcome is not None else None
        return json.dumps({**said, "applied": applied}, indent=2 if answer.format == "json" else None) + "\n"
    paint = answer.paint()
    mark = " ".join(word for word in (paint.glyph("✓"), "accepted") if word)
    lines = [f"{paint(mark, 'pinned')}  trial {trial.id} is golden: {paint.text(golden)}"]
    if outcome is not None:
        lines += paint.labelled("applied", f"{plural(len(outcome.done), 'step')}, pinned at depth files")
    else:
        text = "the live environment is as it was: `envguard restore` brings it to the new golden file"
        lines += paint.labelled("next", text)
    return "".join(f"{line}\n" for line in lines)
