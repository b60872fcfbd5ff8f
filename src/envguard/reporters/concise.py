"""One line for each finding, in the form that editors and ``grep`` know: ``path:line: what``."""

from envguard import languages
from envguard.languages import say
from envguard.reporters._paint import Paint
from envguard.reporters._words import check_counts, movement, place, plural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Finding, Report


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:
    """One line for each finding; one line that says pinned where there is none."""
    paint = Paint(color=color, width=width, encoding=encoding)
    lines = [_line(finding, report.lock, paint) for finding in report.findings]
    if not lines and report.proposal is not None:
        lines = [f"{paint.text(report.lock)}: {paint(say('nothing would change'), 'pinned')}"]
    elif not lines:
        word = paint(languages.verdict("pinned"), "pinned")
        lines = [f"{paint.text(report.lock)}: {word} ({plural(report.packages, 'package')})"]
    lines += [f"{paint.text(report.lock)}: {say('not checked: {why}', why=paint.text(why))}" for why in report.skipped]
    if report.bypass:
        lines.append(f"{paint.text(report.lock)}: {say('bypassed: {why}', why=paint.text(report.bypass))}")
    if report.skipped:
        lines.append(f"{paint.text(report.lock)}: {check_counts(report)}")
    return "".join(f"{line}\n" for line in lines)


def _line(finding: "Finding", lock: str, paint: Paint) -> str:
    change = finding.change
    words = (change.package, movement(change) or languages.kind(change.kind))
    what = " ".join(paint.text(word) for word in words if word)
    where = paint.text(place(change, lock))
    verdict = paint(languages.verdict(finding.verdict), finding.verdict)
    return f"{where}: {change.code} {verdict} {what} ({paint.text(finding.rule)})"
