"""Markdown for a comment on a merge request or a job summary: the answer first, each finding folded below.

GitHub takes 65,536 characters in a comment, GitLab a million; what does not fit is counted. Foreign text stands in
code, where neither of them makes links, mentions, references or commands of it.
"""

import re
from itertools import takewhile

from envguard import languages
from envguard.languages import say
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
# Chinese characters and their punctuation are plain too, whatever stands beside them.
_HAN = "\u3001\u3002\u4e00-\u9fff\uff08\uff09\uff0c\uff1a\uff1b\uff1f\u201c\u201d"
_PLAIN_WORD = re.compile(rf"[(\"']?[A-Za-z0-9{_HAN}][A-Za-z0-9'{_HAN}-]*[,;.:?)\"']*")
# Whatever Markdown, or a code host after it, could read as more than text; "www." makes a link by itself.
_MEANT = re.compile(rf"[^\w .,=()+/{_HAN}-]|_|(?<=www)\.", re.IGNORECASE)
_ADDRESS = re.compile(r"(?i)www\.|[a-z0-9]\.[a-z0-9]")


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """A heading, the answer, a table from the gravest to the mildest, and what lies behind it, folded."""
    paint = Paint(encoding=encoding)
    head = [*_head(report, paint), ""]
    foot = [*_foot(report, _FOOT), f"<sub>{_scope(report)}</sub>"] if report.findings else list(_foot(report, _FOOT))
    table = _fitting(_table(report, paint), _TABLE, "more row")
    room = LIMIT - sum(len(line) + 1 for line in (*head, *table, *foot)) - 200
    details = _fitting(_details(report, paint), room, "more explanation")
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
    yield (
        f"**{summary(report, name)}**"
        if report.findings
        else say("{word}: {what}", word=word(report), what=_scope(report))
    )
    if report.proposal is not None:
        resolved = code(cut(report.proposal.installer, _CELL))
        asked = code(cut(report.proposal.request, 200))
        yield from ("", say("Planned: {request}, as {installer} would make it.", request=asked, installer=resolved))
    if report.proposal is not None and report.proposal.command:
        yield from ("", *_fenced(cut(report.proposal.command, _COMMAND)))
    if report.bypass:
        yield from ("", f"> **{say('Bypassed:')}** {_bypassed(report)}")
    if report.skipped:
        yield from (
            "",
            "> "
            + say(
                "**Not everything was checked:** {checks} could not run.", checks=plural(len(report.skipped), "check")
            ),
        )


def _bypassed(report: "Report") -> str:
    return say("{reason}. {meaning}", reason=code(cut(report.bypass)), meaning=say(BYPASSED))


def _table(report: "Report", paint: Paint) -> "Iterator[str]":
    if not report.findings:
        return
    yield say("| verdict | package | change | finding | at |") + "\n|---|---|---|---|---|"
    for finding in report.findings:
        change = finding.change
        moved = code(cut(movement(change), _CELL)) or prose(cut(languages.kind(change.kind), 40))
        cells = (
            f"{_square(finding.verdict, paint)}{languages.verdict(finding.verdict)}",
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
    verdict, rule = f"**{languages.verdict(finding.verdict)}**", code(cut(finding.rule, 120))
    yield say("{verdict} by {rule}: {reason}", verdict=verdict, rule=rule, reason=prose(cut(finding.reason)))
    if finding.instead:
        yield from ("", say("Instead:"), "", *_fenced(cut(finding.instead)))
    seen = facts(change, EVIDENCE)
    where = code(cut(place(change, report.lock)))
    yield from ("", say("At {where}, seen:", where=where) if seen else say("At {where}", where=where))
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
    told = say("{what} left out; `--output-format json` has everything.", what=plural(left, noun))
    more = [f"\n{told}"] if left else []
    return [*kept, *more]


def _foot(report: "Report", room: int) -> "Iterator[str]":
    lines = [
        *not_run(report),
        *not_seen(report),
        *(say("noted: {what}", what=noted(note, 200)) for note in report.notes),
    ]
    toolchain = [f"{fact.section}: {fact.name}: {fact.value}" for fact in report.toolchain]
    for title, rows in ((say("Not seen, and noted"), lines), (say("Toolchain"), toolchain)):
        if rows:
            yield f"\n<details><summary>{title}</summary>\n"
            yield from _fitting((f"- {code(cut(row))}" for row in rows), room // 2, "more line")
            yield "\n</details>\n"


def _scope(report: "Report") -> str:
    return looked_at(report, code(cut(report.prefix, 200)))
