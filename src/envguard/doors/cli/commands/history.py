"""``envguard history``: which golden files there were, and by which evidence."""

import json
import textwrap

from envguard import locate
from envguard.doors.cli import FINDINGS, PINNED, output
from envguard.doors.cli.parser import Parser, add_lock, add_output, chosen_lock
from envguard.reporters._words import plural
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.change.mending.history import Entry
    from envguard.doors.cli.output import Output

SUMMARY = "the golden files of the past: when, why, by which evidence"
DESCRIPTION = (
    "List the golden files that were kept beside LOCK, with date, seal, verdict and evidence. Each kept file and each "
    "line of the log is held to its digest: what was altered since is said, and the exit code is 1."
)
EXAMPLES = """
    envguard history
    envguard history --output-format json
    envguard rollback 3
"""
SCHEMA = {"name": "envguard-history", "version": 1}


def run(argv: list[str]) -> int:
    """0 listed, 1 something was altered since it was kept, 2 it cannot be read."""
    from envguard.change.mending import golden, history

    parser = Parser("history", DESCRIPTION, examples=EXAMPLES)
    add_lock(parser)
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options, has_report=False)
    lock = locate.locate(chosen_lock(options))
    golden.settle(lock)
    entries = history.entries(lock)
    seal = history.seal_of(lock)
    if answer.is_json:
        told = {"schema": SCHEMA, "lock": safe(lock), "seal": seal, "entries": [_data(each, seal) for each in entries]}
        answer.write(json.dumps(told, indent=2 if answer.format == "json" else None) + "\n")
    else:
        answer.write(_text(entries, seal, lock, answer))
    return FINDINGS if any(each.altered for each in entries) else PINNED


def _data(entry: "Entry", seal: str) -> dict[str, object]:
    return {
        "number": entry.number,
        "date": safe(entry.date),
        "seal": safe(entry.seal),
        "golden": entry.seal == seal,
        "what": safe(entry.what),
        "why": safe(entry.why),
        "who": safe(entry.who),
        "verdict": safe(entry.verdict),
        "evidence": [safe(each) for each in entry.evidence],
        "lock": safe(entry.lock),
        "altered": safe(entry.altered),
    }


def _text(entries: "Sequence[Entry]", seal: str, lock: str, answer: "Output") -> str:
    paint = answer.paint()
    if not entries:
        return f"{paint.text(lock)} has no history yet: `envguard accept` and `envguard rollback` keep one\n"
    latest = max((each.number for each in entries if each.seal == seal), default=0)
    lines = []
    for entry in entries:
        mark = "*" if entry.number == latest else " "
        head = f"{mark} {entry.number:>4}  {entry.date[:16].replace('T', ' ')}  {entry.seal[:12]}"
        lines.append(f"{paint(paint.text(head), 'strong')}  {paint.text(entry.what)}")
        if answer.format == "concise":
            lines += [f"    {paint(paint.text(entry.altered), 'forbidden')}"] if entry.altered else []
            continue
        for label, words in (("why", entry.why), ("verdict", entry.verdict), ("who", entry.who)):
            lines += (
                textwrap.wrap(f"{label}: {paint.text(words)}", paint.width, initial_indent=" " * 8) if words else []
            )
        lines += [f"        evidence: {paint.text(each)}" for each in entry.evidence]
        if entry.altered:
            lines.append(f"        {paint('altered: ' + paint.text(entry.altered), 'forbidden')}")
    if not latest:
        lines.append(f"the golden file is none of these {plural(len(entries), 'file')}: it was frozen or changed since")
    return "\n".join(lines) + "\n"
