"""Markdown for a comment on a merge request or a job summary: the answer first, each finding folded below.

GitHub takes 65,536 characters in a comment, GitLab a million; what does not fit is counted. Foreign text stands in
code, where neither of them makes links, mentions, references or commands of it.
"""

import re
from itertools import takewhile

from envguard.reporters._anchor import at
from envguard.reporters._paint import Paint
from envguard.reporters._plain import BYPASSED, cut, facts, label, looked_at, not_run, not_seen, noted, summary, word
from envguard.reporters._words import movement, place, plural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envguard.model import Finding, Report

LIMIT = 60_000
"""Characters of the whole; below the least limit of the places that it is posted to."""
_TABLE = 24_000
_FOOT = 10_000
_CELL = 80
_COMMAND = 4000
EVIDENCE = 12
_SQUARES = {"forbidden": "🟥", "unverified": "🟪", "cautious": "🟧", "safe": "🟦", "pinned": "🟩"}
# A word of letters, digits and plain punctuation, in which Markdown sees nothing.
_PLAIN_WORD = re.compile(r"[(\"']?[A-Za-z0-9][A-Za-z0-9'-]*[,;.:?)\"']*")
# Whatever Markdown, or a code host after it, could read as more than text; "www." makes a link by itself.
_MEANT = re.compile(r"[^\w .,=()+/-]|_|(?<=www)\.", re.IGNORECASE)
_ADDRESS = re.compile(r"(?i)www\.|[a-z0-9]\.[a-z0-9]")


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """A heading, the answer, a table from the gravest to the mildest, and what lies behind it, folded."""
    paint = Paint(encoding=encoding)
    head = [*_head(report, paint), ""]
    foot = [*_foot(report, _FOOT), f"<sub>{_scope(report)}</sub>"] if report.findings else list(_foot(report, _FOOT))
    table = _fitting(_table(report, paint), _TABLE, "row")
    room = LIMIT - sum(len(line) + 1 for line in (*head, *table, *foot)) - 200
    details = _fitting(_details(report, paint), room, "explanation")
    return "".join(f"{line}\n" for line in (*head, *table, *details, *foot))


def code(text: str) -> str:
    """Foreign text in a code element, with whatever Markdown could see in it as character references.

    An element rather than backticks: it also holds bars in a table, and backticks.
    """
    return f"<code>{_referenced(text)}</code>" if text else ""


def prose(text: str) -> str:
    """A sentence: plain words as they are, any other in a code element."""
    words = text.split(" ")
    return " ".join(part if _plain(part) else code(part) for part in words)


def _plain(part: str) -> bool:
    return not part or (_PLAIN_WORD.fullmatch(part) is not None and _ADDRESS.search(part) is None)


def _referenced(text: str) -> str:
    return _MEANT.sub(lambda found: f"&#{ord(found.group())};", text)


def _fenced(text: str) -> "Iterator[str]":
    """A block to copy a command from; its fence is longer than any run of backticks in it."""
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * max(3, 1 + max(runs, default=0))
    yield from (f"{fence}text", text, fence)


def _square(verdict: str, paint: Paint) -> str:
    return "".join(f"{glyph} " for glyph in (paint.glyph(_SQUARES[verdict]),) if glyph)


def _head(report: "Report", paint: Paint) -> "Iterator[str]":
    yield f"### {_square(report.verdict, paint)}envguard: {word(report)}"
    yield ""
    name = code(cut(at(report.lock).path, 200)) if report.lock else ""
    yield f"**{summary(report, name)}**" if report.findings else f"{word(report)}: {_scope(report)}"
    if report.proposal is not None:
        resolved = code(cut(report.proposal.installer, _CELL))
        yield from ("", f"Planned: {code(cut(report.proposal.request, 200))}, as {resolved} would make it.")
    if report.proposal is not None and report.proposal.command:
        yield from ("", *_fenced(cut(report.proposal.command, _COMMAND)))
    if report.bypass:
        yield from ("", f"> **Bypassed:** {code(cut(report.bypass))}. {BYPASSED}")
    if report.skipped:
        yield from ("", f"> **Not everything was checked:** {plural(len(report.skipped), 'check')} could not run.")


def _table(report: "Report", paint: Paint) -> "Iterator[str]":
    if not report.findings:
        return
    yield "| verdict | package | change | finding | at |\n|---|---|---|---|---|"
    for finding in report.findings:
        change = finding.change
        moved = code(cut(movement(change), _CELL)) or prose(cut(change.kind, 40))
        cells = (
            f"{_square(finding.verdict, paint)}{finding.verdict}",
            code(cut(change.package, _CELL)) or "-",
            moved,
            prose(label(change)),
            code(_where(finding, report)),
        )
        yield f"| {' | '.join(cells)} |"


def _where(finding: "Finding", report: "Report") -> str:
    path = finding.change.path or report.lock
    shown = at(path).path if path else ""
    shown = shown if len(shown) <= _CELL else "..." + shown[3 - _CELL :]
    return f"{shown}:{finding.change.line}" if finding.change.line else shown


def _details(report: "Report", paint: Paint) -> "Iterator[str]":
    for finding in report.findings:
        yield "\n".join(("", *_explained(finding, report, paint)))


def _explained(finding: "Finding", report: "Report", paint: Paint) -> "Iterator[str]":
    change = finding.change
    moved = code(cut(movement(change), _CELL))
    title = " ".join(part for part in (prose(label(change)), code(cut(change.package, _CELL)), moved) if part)
    yield f"<details><summary>{_square(finding.verdict, paint)}{title}</summary>"
    yield ""
    yield f"**{finding.verdict}** by {code(cut(finding.rule, 120))}: {prose(cut(finding.reason))}"
    if finding.instead:
        yield from ("", "Instead:", "", *_fenced(cut(finding.instead)))
    seen = facts(change, EVIDENCE)
    yield from ("", f"At {code(cut(place(change, report.lock)))}{', seen:' if seen else ''}")
    if seen:
        yield from ("", *(f"- {code(fact)}" for fact in seen))
    yield from ("", "</details>")


def _fitting(blocks: "Iterable[str]", room: int, noun: str) -> list[str]:
    """As many blocks as fit, and a line that counts the others."""
    every = list(blocks)
    used = 0

    def fits(block: str) -> bool:
        nonlocal used
        used += len(block) + 1
        return used <= room

    kept = list(takewhile(fits, every))
    left = len(every) - len(kept)
    more = [f"\n{plural(left, f'more {noun}')} left out; `--output-format json` has everything."] if left else []
    return [*kept, *more]


def _foot(report: "Report", room: int) -> "Iterator[str]":
    lines = [*not_run(report), *not_seen(report), *(f"noted: {noted(note, 200)}" for note in report.notes)]
    toolchain = [f"{fact.section}: {fact.name}: {fact.value}" for fact in report.toolchain]
    for title, rows in (("Not seen, and noted", lines), ("Toolchain", toolchain)):
        if rows:
            yield f"\n<details><summary>{title}</summary>\n"
            yield from _fitting((f"- {code(cut(row))}" for row in rows), room // 2, "line")
            yield "\n</details>\n"


def _scope(report: "Report") -> str:
    return looked_at(report, code(cut(report.prefix, 200)))
