"""The report for a person: what differs, why that matters, and what to do about it."""

from envguard import languages
from envguard.languages import say
from envguard.reporters._columns import cells
from envguard.reporters._paint import Paint
from envguard.reporters._plain import scope, summary, word
from envguard.reporters._proposal import lines_of
from envguard.reporters._seen import noted_lines, toolchain_lines
from envguard.reporters._words import movement, place, plural, subject_of, title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Finding, Report

IN_FULL = 12
"""Findings that are explained; the others get a headline each, so that nothing is left out."""
EVIDENCE = 4
"""Lines of evidence for each finding."""


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:
    """The verdict, every finding from the gravest to the mildest, and what was looked at."""
    paint = Paint(color=color, width=width, encoding=encoding)
    told = "".join(f"{line}\n" for line in toolchain_lines(report, paint))
    if report.proposal is not None:
        lines = lines_of(report, report.proposal, paint)
    elif not report.findings:
        lines = [_pinned(report, paint)]
    else:
        lines = [_verdict(report, paint), ""]
        for finding in report.findings[:IN_FULL]:
            lines += [*_explained(finding, report.lock, paint), ""]
        lines += _headlines(report, paint)
        lines.append(_looked_at(report, paint))
    lines += _notes(report, paint)
    return told + "".join(f"{line}\n" for line in lines)


def _pinned(report: "Report", paint: Paint) -> str:
    mark = " ".join(part for part in (paint.glyph("✓"), word(report)) if part)
    if not report.lock:
        told = _looked_at(report, paint) if report.files else paint(_scope(report, paint), "dim")
        return f"{paint(mark, 'pinned')}  {told}"
    facts = say("{packages} of {lock}", packages=plural(report.packages, "package"), lock=paint.text(report.lock))
    return f"{paint(mark, 'pinned')}  {facts} {paint(_scope(report, paint), 'dim')}"


def _verdict(report: "Report", paint: Paint) -> str:
    mark = " ".join(part for part in (paint.glyph("✗"), word(report)) if part)
    return f"{paint(mark, report.verdict)}  {summary(report, paint.text(report.lock))}"


def _explained(finding: "Finding", lock: str, paint: Paint) -> list[str]:
    change = finding.change
    lines = [_headline(finding, paint)]
    lines += paint.labelled(say("at"), paint.text(place(change, lock)), prose=False)
    lines += paint.labelled(say("rule"), f"{paint.text(finding.rule)}: {paint.text(finding.reason)}")
    if finding.instead:
        lines += paint.labelled(say("instead"), paint.text(finding.instead), style="command", prose=False)
    for index, fact in enumerate(change.evidence[:EVIDENCE]):
        lines += paint.labelled("" if index else say("seen"), paint.text(fact), prose=False)
    if len(change.evidence) > EVIDENCE:
        more = say("and {count} more; --output-format json has them all", count=len(change.evidence) - EVIDENCE)
        lines += paint.labelled("", paint(more, "dim"), prose=False)
    return lines


def _headline(finding: "Finding", paint: Paint) -> str:
    change = finding.change
    label = f"{change.code} {title(change.code)}"
    moved = paint.text(movement(change, paint.glyph("→")) or f"({languages.kind(change.kind)})")
    package = paint.text(change.package)
    plain = "  ".join(part for part in (label, " ".join(word for word in (package, moved) if word)) if part)
    shown = plain if not package else plain.replace(f"  {package}", f"  {paint(package, 'strong')}", 1)
    verdict = languages.verdict(finding.verdict)
    gap = " " * max(2, paint.width - cells(plain) - cells(verdict))
    return f"{shown}{gap}{paint(verdict, finding.verdict)}"


def _headlines(report: "Report", paint: Paint) -> list[str]:
    rest = report.findings[IN_FULL:]
    if not rest:
        return []
    return [say("{count} more", count=len(rest)), *(_headline(finding, paint) for finding in rest), ""]


def _looked_at(report: "Report", paint: Paint) -> str:
    locked = say("{packages} locked, ", packages=plural(report.packages, "package")) if report.lock else ""
    subject = subject_of(report)
    where = paint.text(report.prefix)
    told = say(
        "{locked}{subject} in {where} ({scope})", locked=locked, subject=subject, where=where, scope=scope(report)
    )
    return paint(told, "dim")


def _scope(report: "Report", paint: Paint) -> str:
    return say("in {where} ({scope})", where=paint.text(report.prefix), scope=scope(report))


def _unseen(report: "Report") -> list[str]:
    """What could not be seen. What stays unseen before a change was unseen before: there it is one line."""
    if report.proposal is None:
        return list(report.blind)
    said = list(report.blind[: report.proposal.unseen])
    rest = len(report.blind) - len(said)
    if rest:
        things = plural(rest, "thing")
        said.append(say("{things} about what is installed now; envguard check names them", things=things))
    return said


def _notes(report: "Report", paint: Paint) -> list[str]:
    lines = noted_lines(report, paint)
    for skipped in report.skipped:
        lines += paint.labelled(say("not run"), paint.text(skipped), style="dim")
    for blind in _unseen(report):
        lines += paint.labelled(say("not seen"), paint.text(blind), style="dim")
    if report.bypass:
        lines += paint.labelled(say("bypass"), paint.text(report.bypass), style="forbidden")
    return lines
