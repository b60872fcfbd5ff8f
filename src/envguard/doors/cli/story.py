"""What a trial tells while it goes on, and what came of it, for a person."""

import sys

from envguard.doors.cli import output
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.change.trial.place import Trial
    from envguard.reporters._paint import Paint

_SHOWN = 12
"""Findings that are explained."""
_FACTS = 6
"""Lines of evidence of each."""
_STYLES = {"passed": "pinned", "failed": "forbidden"}


def step(name: str, what: str) -> None:
    """One line on stderr for a step that begins."""
    paint = output.of_stderr().paint()
    output.tell(f"{paint(f'{name:>8}', 'dim')}  {paint.text(what)}")


def can_ask() -> bool:
    """True where a person can read a question and answer it."""
    return output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)


def agrees(question: str) -> bool:
    """What the person at the terminal answers."""
    sys.stderr.write(f"envguard: {question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def verdict(trial: "Trial", paint: "Paint") -> str:
    """What came of a trial."""
    said = trial.evidence
    state = str(said["state"])
    glyph = paint.glyph("✓" if state == "passed" else "✗")
    mark = " ".join(word for word in (glyph, state) if word)
    asked = paint.text(str(said["request"]))
    lines = [f"{paint(mark, _STYLES.get(state, 'unverified'))}  trial {trial.id}: {asked}", ""]
    for reason in said.get("reasons", ()):
        lines += paint.labelled("why", paint.text(str(reason)))
    lines += _runs(said, paint)
    lines += _comparison(said, paint)
    lines += _broken(said, paint)
    for note in said.get("notes", ()):
        lines += paint.labelled("note", paint.text(str(note)))
    lines += paint.labelled("kept in", paint.text(trial.path), prose=False)
    commands = [f"envguard reject {trial.id}"]
    if state == "passed":
        commands.insert(0, f"envguard accept {trial.id} --why '...' [--apply]")
    for number, command in enumerate(commands):
        lines += paint.labelled("" if number else "next", command, style="command", prose=False)
    return "".join(f"{line}\n" for line in lines)


def _runs(said: "dict[str, Any]", paint: "Paint") -> list[str]:
    lines = []
    for when in ("before", "after"):
        ran = said.get(when)
        if ran is not None:
            memory = f", {ran['peak_kib'] / 1024:.0f} MiB at most" if ran["peak_kib"] is not None else ""
            lines += paint.labelled(when, f"test {ran['outcome']}, {ran['seconds']:.1f} s{memory}")
    return lines


def _comparison(said: "dict[str, Any]", paint: "Paint") -> list[str]:
    compared = said.get("compare")
    if compared is None:
        return []
    if compared["same"]:
        worst = f", largest difference {compared['worst']:g}" if compared["worst"] else ""
        text = f"{compared['file']}: {compared['values']} numbers, the same within the tolerance{worst}"
        return paint.labelled("compared", paint.text(text))
    lines = paint.labelled("compared", paint.text(f"{compared['file']}: {compared['differing']} differences"))
    for problem in compared["problems"]:
        lines += paint.labelled("", paint.text(problem))
    return lines


def _broken(said: "dict[str, Any]", paint: "Paint") -> list[str]:
    broken = said.get("broken")
    if broken is None:
        return []
    if not broken:
        return paint.labelled("broken", "nothing new, of what was looked at at depth native")
    lines = []
    for found in broken[:_SHOWN]:
        head = f"{found['code']} {found['name']}  {paint(found['verdict'], found['verdict'])}  {found['package'] or ''}"
        lines += paint.labelled("broken", head.rstrip(), prose=False)
        lines += paint.labelled("", paint.text(found["reason"]))
        for fact in found["evidence"][:_FACTS]:
            lines += paint.labelled("", paint.text(fact), prose=False)
        if len(found["evidence"]) > _FACTS:
            lines += paint.labelled("", f"{len(found['evidence']) - _FACTS} more in trial.json")
    if len(broken) > _SHOWN:
        lines += paint.labelled("", f"and {len(broken) - _SHOWN} more in trial.json")
    return lines


def refusal(why: str, remedy: str = "") -> None:
    """One line on stderr: what was refused and what to do."""
    output.tell_error(safe(why) + (f" ({safe(remedy)})" if remedy else ""))
