"""A planned change for a person: on one screen, gravest first, each with its reason and its remedy."""

import shlex
import textwrap
from itertools import groupby

from envguard.reporters._paint import Paint
from envguard.reporters._words import movement, plural, short, verdict_counts
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.model import Finding, Report
    from envguard.proposal import Move, Proposal

IN_DETAIL = 5
"""Findings graver than safe that are told one by one; where there are more, those of one reason share it."""
ROWS = 10
"""Packages of one reason that get a line each; more of them share lines."""
EVIDENCE = 4
_OF_MOVES = ("EG201", "EG202", "EG203", "EG204", "EG205")


def lines_of(report: "Report", proposal: "Proposal", paint: Paint) -> list[str]:
    """The verdict, the changes, what they weigh, and what would be run."""
    lines = [_verdict(report, proposal, paint)]
    grave = [finding for finding in report.findings if finding.verdict != "safe"]
    if report.findings:
        lines.append("")
    if len(grave) <= IN_DETAIL:
        for finding in grave:
            lines += [*_detailed(finding, proposal, paint), ""]
        rest: Sequence[Finding] = report.findings[len(grave) :]
    else:
        rest = report.findings
    for group in _groups(rest):
        lines += [*_grouped(group, proposal, paint), ""]
    lines += _totals(report, proposal, paint)
    return lines


def _verdict(report: "Report", proposal: "Proposal", paint: Paint) -> str:
    against = f"against {paint.text(report.lock)}, as {paint.text(proposal.installer)} would make it"
    if not report.findings:
        mark = " ".join(word for word in (paint.glyph("✓"), "nothing would change") if word)
        return f"{paint(mark, 'pinned')}  {paint(against, 'dim')}"
    good = report.verdict == "safe"
    mark = " ".join(word for word in (paint.glyph("✓" if good else "✗"), report.verdict) if word)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdict_counts(report).items() if count)
    asked = paint(paint.text(proposal.request), "strong")
    return f"{paint(mark, report.verdict)}  {asked}: {counts}  {paint(against, 'dim')}"


def _detailed(finding: "Finding", proposal: "Proposal", paint: Paint) -> list[str]:
    lines = [_head(finding, proposal, paint)]
    lines += paint.labelled("because", paint.text(finding.reason))
    if finding.instead:
        lines += paint.labelled("instead", paint.text(finding.instead), style="command", prose=False)
    shown = finding.change.evidence[:EVIDENCE]
    for index, fact in enumerate(shown):
        lines += paint.labelled("" if index else "seen", paint.text(fact), prose=False)
    left = len(finding.change.evidence) - len(shown)
    if left > 0:
        lines += paint.labelled("", paint(f"and {left} more; --output-format json has them all", "dim"), prose=False)
    return lines


def _head(finding: "Finding", proposal: "Proposal", paint: Paint) -> str:
    package, moved = paint.text(finding.change.package), paint.text(_moved(finding, paint))
    size = _size(_move_of(finding, proposal))
    right = "  ".join(part for part in (size, finding.change.code, finding.verdict) if part)
    gap = " " * max(2, paint.width - len(package) - 2 - len(moved) - len(right))
    colored = right[: -len(finding.verdict)] + paint(finding.verdict, finding.verdict)
    return f"{paint(package, 'strong')}  {moved}{gap}{colored}"


def _groups(findings: "Sequence[Finding]") -> "list[list[Finding]]":
    """Those that the same row decided for the same reason, in the order of the gravest."""

    def reason(finding: "Finding") -> tuple[str, ...]:
        return finding.verdict, finding.rule, finding.reason

    order = {key: index for index, key in reversed(list(enumerate(reason(finding) for finding in findings)))}
    ranked = sorted(findings, key=lambda finding: order[reason(finding)])
    return [list(members) for _key, members in groupby(ranked, key=reason)]


def _grouped(group: "Sequence[Finding]", proposal: "Proposal", paint: Paint) -> list[str]:
    first = group[0]
    head = textwrap.wrap(paint.text(first.reason), paint.width - len(first.verdict) - 2, break_long_words=False)
    lines = [f"{paint(first.verdict, first.verdict)}  {head[0] if head else ''}"]
    lines += [" " * (len(first.verdict) + 2) + more for more in head[1:]]
    if first.verdict == "safe" or len(group) > ROWS:
        told = ", ".join(f"{paint.text(each.change.package)} {paint.text(_moved(each, paint))}" for each in group)
        lines += textwrap.wrap(
            told,
            paint.width,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    else:
        width = max(len(paint.text(each.change.package)) for each in group)
        lines += [_row(each, width, proposal, paint) for each in group]
    remedy = _shared_remedy(group)
    if remedy:
        lines += paint.labelled("instead", paint.text(remedy), style="command", prose=False, room=8)
    return lines


def _row(finding: "Finding", width: int, proposal: "Proposal", paint: Paint) -> str:
    move = _move_of(finding, proposal)
    if move is not None:
        asked = f"for {move.chain[-2]} ({move.asks})" if len(move.chain) > 1 else ""
    else:
        asked = finding.change.evidence[0] if finding.change.evidence else ""
    parts = (paint.text(_moved(finding, paint)), _size(move), paint(paint.text(asked), "dim"))
    row = "  ".join(part for part in parts if part)
    return f"  {paint(f'{paint.text(finding.change.package):<{width}}', 'strong')}  {row}"


def _shared_remedy(group: "Sequence[Finding]") -> str:
    """The remedy of all; where each names its own package, in one sentence about each."""
    if len(group) == 1 or len({finding.instead for finding in group}) == 1:
        return group[0].instead
    common = {
        finding.instead.replace(f"{finding.change.package} {finding.change.locked}", "each").replace(
            finding.change.package, "each"
        )
        for finding in group
    }
    return common.pop() if len(common) == 1 else "see --output-format json"


def _totals(report: "Report", proposal: "Proposal", paint: Paint) -> list[str]:
    lines: list[str] = []
    if proposal.moves:
        rest = "; everything else is held at the golden version" if proposal.held else ""
        lines += paint.labelled("in all", f"{_weight(proposal)}{rest}")
    if proposal.command:
        for index, line in enumerate(_command(proposal.command, paint)):
            lines += paint.labelled("" if index else "would run", line, style="command", prose=False)
    if proposal.trial and report.verdict != "pinned":
        lines += paint.labelled("try first", paint.text(proposal.trial), style="command", prose=False)
    return lines


def _command(command: str, paint: Paint) -> list[str]:
    """The command as it can be pasted into a shell: whole, and over several lines where one is too short."""
    room = max(paint.width - 14, 60)
    lines = [""]
    for word in shlex.split(command):
        shown = word if word == "&&" else safe(shlex.quote(word))
        if lines[-1] and len(lines[-1]) + len(shown) + 1 > room:
            lines[-1] += " \\"
            lines.append("")
        lines[-1] = f"{lines[-1]} {shown}".lstrip()
    return lines


def _weight(proposal: "Proposal") -> str:
    sizes = [move.size for move in proposal.moves if move.after]
    told = plural(len(proposal.moves), "package") + (" moves" if len(proposal.moves) == 1 else " move")
    if not sizes:
        return told
    unpacked = sum(move.unpacked or 0 for move in proposal.moves)
    unknown = f" and {plural(proposal.unsized, 'artifact')} of unknown size" if proposal.unsized else ""
    installed = f", {megabytes(unpacked)} once installed" if unpacked else ""
    return f"{told}, {megabytes(proposal.download)} to download{unknown}{installed}"


def megabytes(size: int) -> str:
    """``18.3 MB``; what is smaller than a tenth in kilobytes."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} kB"


def _size(move: "Move | None") -> str:
    return megabytes(move.size) if move is not None and move.size is not None else ""


def _move_of(finding: "Finding", proposal: "Proposal") -> "Move | None":
    if finding.change.code not in _OF_MOVES:
        return None
    return next((move for move in proposal.moves if move.name == finding.change.package), None)


def _moved(finding: "Finding", paint: Paint) -> str:
    change = finding.change
    arrow = paint.glyph("→")
    if change.kind == "added":
        return f"{short(change.installed)} (new)"
    if change.kind == "removed" or (change.kind == "restored" and not change.installed):
        return f"{short(change.locked)} {arrow} removed".strip()
    if change.kind == "held":
        return f"{short(change.locked)} is pinned, {short(change.installed)} is wanted"
    if change.kind == "unmet-after" and not change.installed:
        return f"{short(change.locked)} {arrow} nothing"
    return movement(change, arrow) or f"({change.kind})"
