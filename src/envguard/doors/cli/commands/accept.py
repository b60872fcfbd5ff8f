"""``envguard accept``: make a passed trial the golden file, and, where that is asked for, the live environment."""

import json

from envguard.doors.cli import FINDINGS, PINNED, output, story, wanted
from envguard.doors.cli.parser import Parser, add_lock_option, add_output, add_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from envguard.change.trial.place import Trial

SUMMARY = "make a passed trial the golden file, and with --apply the live environment"
EXAMPLES = """
    envguard accept --why 'CVE-2026-1234'
    envguard accept 20261128-131500-3f2a --apply
"""


def run(argv: list[str]) -> int:
    """Print what became golden: 0 done, 1 refused, 2 could not be judged."""
    from envguard.change.trial import accepting

    told = (
        "Make a passed trial the golden file. The old one is kept in .envguard/history with what, why and by which "
        "evidence. Only with --apply is the live environment changed."
    )
    parser = Parser("accept", told, examples=EXAMPLES)
    parser.add_argument(
        "trial", metavar="TRIAL", nargs="?", help="its name, or how it begins (default: the one that passed)"
    )
    parser.add_argument("--why", metavar="TEXT", default="", help="the reason, for the history")
    parser.add_argument("--apply", action="store_true", help="then change the live environment to the new golden file")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    wanted.add_sources(parser)
    add_lock_option(parser)
    add_python(parser)
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options, has_report=False)
    try:
        trial = accepting.accept(options.named_lock, options.trial, why=options.why, tell=story.step)
        applied = _apply(trial, options) if options.apply else None
    except accepting.Refused as refused:
        story.refusal(refused.why, refused.remedy)
        return FINDINGS
    answer.write(_told(trial, applied, answer))
    return PINNED


def _apply(trial: "Trial", options: "argparse.Namespace") -> str:
    """Change the live environment; the answer says what was done to it."""
    from envguard.change.trial import applying

    return applying.apply(
        trial,
        python=options.python,
        find_links=tuple(options.find_links),
        offline=options.offline,
        tell=story.step,
    )


def _told(trial: "Trial", applied: "str | None", answer: output.Output) -> str:
    golden = trial.evidence["golden"]["path"]
    if answer.is_json:
        said = {"trial": trial.id, "golden": golden, "candidate": trial.evidence["candidate"], "applied": applied}
        return json.dumps(said, indent=2 if answer.format == "json" else None) + "\n"
    paint = answer.paint()
    mark = " ".join(word for word in (paint.glyph("✓"), "accepted") if word)
    lines = [f"{paint(mark, 'pinned')}  trial {trial.id} is golden: {paint.text(golden)}"]
    if applied is not None:
        lines += paint.labelled("applied", paint.text(applied))
    else:
        lines += paint.labelled(
            "next", "the live environment is as it was; envguard restore brings it to the new golden file"
        )
    return "".join(f"{line}\n" for line in lines)
