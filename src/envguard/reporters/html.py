"""One HTML file: the verdict, a table of findings that filters and sorts, the chain behind each, and what was seen.

It loads nothing. Its policy allows the one style sheet and the one script by their digests and nothing else, so that no
text of the report could run or load anything even if it came through as markup.
"""

import base64
import hashlib

from envguard import __version__, languages
from envguard.languages import say
from envguard.reporters import _page_finding
from envguard.reporters._anchor import at
from envguard.reporters._markup import markup
from envguard.reporters._page_script import SCRIPT
from envguard.reporters._page_style import STYLE
from envguard.reporters._plain import BYPASSED, cut, label, looked_at, summary, word
from envguard.reporters._words import check_counts, plural, short, verdict_counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envguard.model import Change, Fact, Report

NOTES = 500
ASCII = True
_LONG = 1200
_LANGUAGES = {"en": "en", "zh": "zh-CN"}


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """One ASCII document, whatever the encoding of the output."""
    lines = [*_head(report), *_top(report), "<main>"]
    lines += [*_page_finding.section(report), *_toolchain(report.toolchain), *_notes(report.notes), *_unseen(report)]
    lines += ["</main>", *_foot(report), f"<script>{SCRIPT}</script>", "</body>", "</html>"]
    page = "".join(f"{line}\n" for line in lines)
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def policy() -> str:
    """The content security policy: nothing but the page's own style sheet and script."""
    return (
        f"default-src 'none'; style-src '{_digest(STYLE)}'; script-src '{_digest(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _head(report: "Report") -> "Iterator[str]":
    name = at(report.lock).path if report.lock else cut(report.prefix)
    yield "<!doctype html>"
    yield f'<html lang="{_LANGUAGES[languages.spoken()]}" class="{report.verdict}">'
    yield '<head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{markup(word(report))}: {markup(cut(name, 120))} - envguard</title>"
    yield f"<style>{STYLE}</style></head>"


def _top(report: "Report") -> "Iterator[str]":
    mark = "\u2713" if report.pinned else "\u2717"
    yield f'<body class="{report.verdict}">'
    yield f'<a class="skip" href="#findings">{say("To the findings")}</a>' if report.findings else ""
    yield f'<header class="top"><p class="brand">envguard {markup(__version__)}</p>'
    yield f"<h1>{markup(mark)} {markup(word(report))}</h1>"
    lock = f"<code>{markup(cut(at(report.lock).path))}</code>" if report.lock else ""
    # Where an environment was judged by itself and nothing was found, the facts below say what was looked at.
    yield f'<p class="lead">{summary(report, lock)}</p>' if lock or report.findings else ""
    yield _bar(report)
    yield '<dl class="facts">'
    for term, text in _facts(report):
        if text:
            yield f"<div><dt>{term}</dt><dd><code>{markup(text)}</code></dd></div>"
    yield "</dl>"
    yield from _alerts(report)
    yield "</header>"


def _bar(report: "Report") -> str:
    """How many findings each verdict has, as parts of a line."""
    total = len(report.findings)
    parts, left = [], 0.0
    for verdict, count in verdict_counts(report).items():
        if count:
            wide = 100 * count / total
            parts.append(f'<rect class="{verdict}" x="{left:.2f}" y="0" width="{wide:.2f}" height="1"/>')
            left += wide
    whole = "".join(parts) or '<rect class="pinned" x="0" y="0" width="100" height="1"/>'
    return f'<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">{whole}</svg>'


def _facts(report: "Report") -> "Iterator[tuple[str, str]]":
    interpreter = report.interpreter
    if report.proposal is not None:
        yield say("Request"), cut(report.proposal.request)
        yield say("Would run"), cut(report.proposal.command, _LONG)
        yield say("Resolved by"), cut(report.proposal.installer)
    yield say("Lock"), cut(report.lock)
    yield say("Environment"), cut(report.prefix)
    if interpreter is not None:
        parts = (
            interpreter.implementation,
            interpreter.version,
            interpreter.system,
            interpreter.machine,
            interpreter.libc,
        )
        yield say("Interpreter"), cut(" ".join(part for part in parts if part))
    installed = say("{count} installed", count=report.installed)
    locked = say("{count} locked, ", count=report.packages) if report.lock else ""
    yield say("Packages"), f"{locked}{installed}"
    yield say("Depth"), say("{depth}, {checks}", depth=report.depth, checks=check_counts(report))
    yield say("Lock digest"), short(f"sha256:{cut(report.lock_sha256, 64)}") if report.lock_sha256 else ""


def _alerts(report: "Report") -> "Iterator[str]":
    if report.bypass:
        text = say("{reason}. {meaning}", reason=markup(cut(report.bypass, _LONG)), meaning=say(BYPASSED))
        yield f'<p class="alert forbidden" role="alert"><strong>{say("Bypassed:")}</strong> {text}</p>'
    if report.skipped:
        rows = "".join(f"<li>{markup(cut(why, _LONG))}</li>" for why in report.skipped[:NOTES])
        title = say("{checks} could not run", checks=plural(len(report.skipped), "check"))
        yield f'<div class="alert unverified"><strong>{title}</strong><ul>{rows}</ul></div>'


def _toolchain(facts: "Sequence[Fact]") -> "Iterator[str]":
    if not facts:
        return
    yield f'<section id="toolchain"><h2>{say("Toolchain")}</h2><div class="told">'
    section = None
    for fact in facts[:NOTES]:
        if fact.section != section:
            yield "</table>" if section is not None else ""
            yield f"<h3>{markup(cut(fact.section))}</h3><table>"
            section = fact.section
        source = f'<td class="fine mono">{markup(cut(fact.source))}</td>'
        yield f'<tr><th scope="row">{markup(cut(fact.name))}</th><td>{markup(cut(fact.value, _LONG))}</td>{source}</tr>'
    yield "</table></div></section>"


def _notes(notes: "Sequence[Change]") -> "Iterator[str]":
    if not notes:
        return
    small = say("{count}, worth knowing and no finding", count=len(notes))
    yield f'<section id="notes"><h2>{say("Notes")}<small>{small}</small></h2>'
    yield '<div class="told scroll"><table>'
    for note in notes[:NOTES]:
        what = "; ".join(cut(fact, _LONG) for fact in note.evidence[:20]) or cut(note.path)
        cells = (label(note), cut(note.package, 120), what)
        yield f"<tr>{''.join(f'<td>{markup(cell)}</td>' for cell in cells)}</tr>"
    yield "</table>"
    if len(notes) > NOTES:
        rest = plural(len(notes) - NOTES, "more note")
        yield f"<p>{say('{notes}; --output-format json has them all.', notes=rest)}</p>"
    yield "</div></section>"


def _unseen(report: "Report") -> "Iterator[str]":
    if not report.blind:
        return
    rows = "".join(f"<li>{markup(cut(why, _LONG))}</li>" for why in report.blind[:NOTES])
    yield f'<section id="unseen"><h2>{say("Not seen")}</h2><div class="told"><ul>{rows}</ul></div></section>'


def _foot(report: "Report") -> "Iterator[str]":
    ran = ", ".join(cut(name, 60) for name in report.checks[:100])
    yield f"<footer><p>{markup(say('{what}.', what=looked_at(report)))}</p>"
    yield f"<p>{markup(say('Checks that ran: {names}.', names=ran))}</p></footer>" if ran else "</footer>"
