"""The report for a person: what differs, why that matters, and what to do about it."""

from envguard.reporters._paint import Paint
from envguard.reporters._proposal import lines_of
from envguard.reporters._seen import noted_lines, toolchain_lines
from envguard.reporters._words import check_counts, code_name, movement, place, plural, subject_of, verdict_counts

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
    word = "pinned" if report.lock else "no fault found"
    mark = " ".join(word for word in (paint.glyph("✓"), word) if word)
    if not report.lock:
        read = f"{subject_of(report)} " if report.files else ""
        return f"{paint(mark, 'pinned')}  {paint(read + _scope(report, paint), 'dim')}"
    facts = f"{plural(report.packages, 'package')} of {paint.text(report.lock)}"
    return f"{paint(mark, 'pinned')}  {facts} {paint(_scope(report, paint), 'dim')}"


def _verdict(report: "Report", paint: Paint) -> str:
    mark = " ".join(word for word in (paint.glyph("✗"), report.verdict) if word)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdict_counts(report).items() if count)
    found = plural(len(report.findings), "difference" if report.lock else "finding")
    origin = f"from {paint.text(report.lock)} " if report.lock else ""
    return f"{paint(mark, report.verdict)}  {found} {origin}({counts})"


def _explained(finding: "Finding", lock: str, paint: Paint) -> list[str]:
    change = finding.change
    lines = [_headline(finding, paint)]
    lines += paint.labelled("at", paint.text(place(change, lock)), prose=False)
    lines += paint.labelled("rule", f"{paint.text(finding.rule)}: {paint.text(finding.reason)}")
    if finding.instead:
        lines += paint.labelled("instead", paint.text(finding.instead), style="command", prose=False)
    for index, fact in enumerate(change.evidence[:EVIDENCE]):
        lines += paint.labelled("" if index else "seen", paint.text(fact), prose=False)
    if len(change.evidence) > EVIDENCE:
        more = f"and {len(change.evidence) - EVIDENCE} more; --output-format json has them all"
        lines += paint.labelled("", paint(more, "dim"), prose=False)
    return lines


def _headline(finding: "Finding", paint: Paint) -> str:
    change = finding.change
    label = f"{change.code} {code_name(change.code)}"
    moved = paint.text(movement(change, paint.glyph("→")) or f"({change.kind})")
    package = paint.text(change.package)
    plain = "  ".join(part for part in (label, " ".join(word for word in (package, moved) if word)) if part)
    shown = plain if not package else plain.replace(f"  {package}", f"  {paint(package, 'strong')}", 1)
    gap = " " * max(2, paint.width - len(plain) - len(finding.verdict))
    return f"{shown}{gap}{paint(finding.verdict, finding.verdict)}"


def _headlines(report: "Report", paint: Paint) -> list[str]:
    rest = report.findings[IN_FULL:]
    if not rest:
        return []
    return [f"{len(rest)} more", *(_headline(finding, paint) for finding in rest), ""]


def _looked_at(report: "Report", paint: Paint) -> str:
    locked = f"{plural(report.packages, 'package')} locked, " if report.lock else ""
    return paint(f"{locked}{subject_of(report)} {_scope(report, paint)}", "dim")


def _scope(report: "Report", paint: Paint) -> str:
    if report.files:
        return f"in {paint.text(report.prefix)} ({check_counts(report)})"
    return f"in {paint.text(report.prefix)} (depth {report.depth}, {check_counts(report)})"


def _briefly(report: "Report") -> list[str]:
    said = [why for why in report.blind if why.startswith(("left alone: ", "used symbols of "))]
    rest = len(report.blind) - len(said)
    return said + ([f"{plural(rest, 'thing')} about what is installed now; envguard check names them"] if rest else [])


def _notes(report: "Report", paint: Paint) -> list[str]:
    lines = noted_lines(report, paint)
    for skipped in report.skipped:
        lines += paint.labelled("not run", paint.text(skipped), style="dim")
    # What stays unseen before a change was unseen before: there it is one line.
    for blind in report.blind if report.proposal is None else _briefly(report):
        lines += paint.labelled("not seen", paint.text(blind), style="dim")
    if report.bypass:
        lines += paint.labelled("bypass", paint.text(report.bypass), style="forbidden")
    return lines
