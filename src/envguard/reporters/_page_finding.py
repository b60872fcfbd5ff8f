"""The findings of the HTML page: the tools above the table, the table, and what unfolds below each row."""

import re

from envguard import languages
from envguard.languages import say
from envguard.model import GRAVITY
from envguard.reporters._chain import picture
from envguard.reporters._markup import markup
from envguard.reporters._plain import cut, facts
from envguard.reporters._words import place, plural, short, text_of, title, verdict_counts
from envguard.rules.catalog import CODES, KINDS, PARTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Finding, Report

EVIDENCE = 40
_LONG = 1200
_TICKED = re.compile("`([^`]+)`")
_HEADS = (
    ("Verdict", ""),
    ("Finding", ""),
    ("Package", ""),
    ("Locked", "medium"),
    ("Installed", "medium"),
    ("Rule", "wide"),
)


def section(report: "Report") -> "Iterator[str]":
    """The whole section; nothing where nothing was found."""
    if not report.findings:
        return
    heading, small = say("Findings"), say("{count}, gravest first", count=len(report.findings))
    yield f'<section id="findings"><h2>{heading}<small>{small}</small></h2>'
    yield from _tools(report)
    yield f'<div class="frame"><table id="table"{_words()}><thead><tr>'
    for index, (head, css) in enumerate(_HEADS):
        sorted_ = "descending" if index == 0 else "none"
        yield f'<th scope="col"{_class(css)} aria-sort="{sorted_}"><button type="button">{say(head)}</button></th>'
    yield "</tr></thead>"
    for number, finding in enumerate(report.findings, 1):
        yield from _finding(finding, report, number)
    yield f'</table></div><p id="none" class="alert" hidden>{say("No finding matches.")}</p></section>'


def _words() -> str:
    """What the script says, which is one and the same in every language."""
    said = {
        "all": say("{count} shown", count="#"),
        "some": say("{count} of {total} shown", count="#", total="##"),
        "unfold": say("Unfold all"),
        "fold": say("Fold all"),
    }
    return "".join(f' data-{name}="{markup(text)}"' for name, text in said.items())


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""


def _tools(report: "Report") -> "Iterator[str]":
    yield '<div class="tools" role="search">'
    label = say("Filter by any text")
    yield f'<input id="filter" type="search" aria-label="{label}" placeholder="{label} ( / )">'
    for verdict, count in verdict_counts(report).items():
        if count:
            yield (
                f'<button type="button" class="chip {verdict}" data-verdict="{verdict}" aria-pressed="false">'
                f"<b>{languages.verdict(verdict)}</b>{count}</button>"
            )
    yield f'<select id="code" aria-label="{say("Code")}"><option value="">{say("every code")}</option>'
    counts: dict[str, int] = {}
    for finding in report.findings:
        counts[finding.change.code] = counts.get(finding.change.code, 0) + 1
    for code, count in sorted(counts.items()):
        shown = markup(cut(code, 40))
        yield f'<option value="{shown}">{shown} {markup(cut(title(code), 60))} ({count})</option>'
    yield f'</select><button type="button" id="unfold">{say("Unfold all")}</button>'
    yield '<output id="shown"></output></div>'


def _finding(finding: "Finding", report: "Report", number: int) -> "Iterator[str]":
    change, verdict = finding.change, finding.verdict
    code, word = markup(cut(change.code, 40)), languages.verdict(verdict)
    name = markup(cut(change.package, 120) or cut(languages.kind(change.kind), 40))
    yield f'<tbody id="f{number}" class="finding {verdict}" data-verdict="{verdict}" data-code="{code}">'
    yield f'<tr class="row"><td data-rank="{GRAVITY.index(verdict)}"><span class="tag">{word}</span></td>'
    yield f'<td class="code">{code} <small>{markup(cut(title(change.code), 60))}</small></td>'
    yield f'<td><button type="button" class="fold" aria-expanded="true" aria-controls="d{number}">{name}</button></td>'
    yield f'<td class="mono medium">{markup(cut(short(change.locked), 120))}</td>'
    yield f'<td class="mono medium">{markup(cut(short(change.installed), 120))}</td>'
    yield f'<td class="fine wide">{markup(cut(finding.rule, 120))}</td></tr>'
    yield f'<tr class="more" id="d{number}"><td colspan="{len(_HEADS)}"><div class="why">'
    yield from _why(finding, report)
    yield "</div></td></tr></tbody>"


def _why(finding: "Finding", report: "Report") -> "Iterator[str]":
    change = finding.change
    yield f"<p>{prose(cut(finding.reason, _LONG))}</p>"
    if finding.instead:
        command = markup(cut(finding.instead, _LONG))
        yield f'<div><p class="fine">{say("Instead")}</p><code class="instead">{command}</code></div>'
    yield f'<div class="scroll">{picture(finding, report, report.requirers)}</div>'
    yield "<dl>"
    for term, text, css in _terms(finding, report):
        if text:
            yield f"<dt{_class(css)}>{say(term)}</dt><dd{_class(css)}>{prose(text)}</dd>"
    seen = facts(change, EVIDENCE, _LONG)
    if seen:
        lines = "".join(f"<li><code>{markup(fact)}</code></li>" for fact in seen)
        yield f"<dt>{say('Evidence')}</dt><dd><details{' open' if len(seen) <= 8 else ''}>"
        yield f'<summary>{plural(len(change.evidence), "fact")}</summary><ul class="seen">{lines}</ul></details></dd>'
    yield "</dl>"


def prose(text: str) -> str:
    """A sentence, with what stands in backticks as code."""
    return _TICKED.sub(r"<code>\1</code>", markup(text))


def _terms(finding: "Finding", report: "Report") -> "Iterator[tuple[str, str, str]]":
    change = finding.change
    entry = CODES.get(change.code)
    yield "At", cut(place(change, report.lock), _LONG), "value"
    for term, text in (("Locked", change.locked), ("Installed", change.installed)):
        # The row has it already, as long as there is room for its column.
        yield term, cut(text, _LONG), "value" if short(text) != text else "value narrow"
    yield "Change", _meant(languages.kind(change.kind), languages.kind_told(change.kind, KINDS)), ""
    yield "Part", _meant(change.part, languages.part_told(change.part, PARTS)) if change.part else "", ""
    yield "Rule", cut(finding.rule), "value"
    yield "Why it matters", text_of(entry).matters if entry is not None else "", ""


def _meant(word: str, sentence: str) -> str:
    return (
        say("{word}. {sentence}", word=cut(word, 60), sentence=sentence)
        if sentence
        else say("{what}.", what=cut(word, 60))
    )
