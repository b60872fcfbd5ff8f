"""A planned change for a person: on one screen, gravest first, each with its reason and its remedy."""

import re
import shlex
from itertools import groupby

from envguard import languages
from envguard.languages import say
from envguard.reporters._columns import cells, padded, wrapped
from envguard.reporters._paint import Paint
from envguard.reporters._plain import tally
from envguard.reporters._words import movement, plural, short
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
_WIDE_SIDES = re.compile("(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
"""A space between Chinese characters, left where a name in Latin letters gave way to a Chinese word."""


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
    against = say(
        "against {lock}, as {installer} would make it",
        lock=paint.text(report.lock),
        installer=paint.text(proposal.installer),
    )
    if not report.findings:
        mark = " ".join(word for word in (paint.glyph("✓"), say("nothing would change")) if word)
        return f"{paint(mark, 'pinned')}  {paint(against, 'dim')}"
    glyph = paint.glyph("✓" if report.verdict == "safe" else "✗")
    mark = " ".join(word for word in (glyph, languages.verdict(report.verdict)) if word)
    counts = say("{word}: {what}", word=paint(paint.text(proposal.request), "strong"), what=tally(report))
    return f"{paint(mark, report.verdict)}  {counts}  {paint(against, 'dim')}"


def _detailed(finding: "Finding", proposal: "Proposal", paint: Paint) -> list[str]:
    lines = [_head(finding, proposal, paint)]
    lines += paint.labelled(say("because"), paint.text(finding.reason))
    if finding.instead:
        lines += paint.labelled(say("instead"), paint.text(finding.instead), style="command", prose=False)
    shown = finding.change.evidence[:EVIDENCE]
    for index, fact in enumerate(shown):
        lines += paint.labelled("" if index else say("seen"), paint.text(fact), prose=False)
    left = len(finding.change.evidence) - len(shown)
    if left > 0:
        more = say("and {count} more; --output-format json has them all", count=left)
        lines += paint.labelled("", paint(more, "dim"), prose=False)
    return lines


def _head(finding: "Finding", proposal: "Proposal", paint: Paint) -> str:
    package, moved = paint.text(finding.change.package), paint.text(_moved(finding, paint))
    size, verdict = _size(_move_of(finding, proposal)), languages.verdict(finding.verdict)
    right = "".join(f"{part}  " for part in (size, finding.change.code) if part)
    gap = " " * max(2, paint.width - cells(package) - 2 - cells(moved) - cells(right) - cells(verdict))
    return f"{paint(package, 'strong')}  {moved}{gap}{right}{paint(verdict, finding.verdict)}"


def _groups(findings: "Sequence[Finding]") -> "list[list[Finding]]":
    """Those that the same row decided for the same reason, in the order of the gravest."""

    def reason(finding: "Finding") -> tuple[str, ...]:
        return finding.verdict, finding.rule, finding.reason

    order = {key: index for index, key in reversed(list(enumerate(reason(finding) for finding in findings)))}
    ranked = sorted(findings, key=lambda finding: order[reason(finding)])
    return [list(members) for _key, members in groupby(ranked, key=reason)]


def _grouped(group: "Sequence[Finding]", proposal: "Proposal", paint: Paint) -> list[str]:
    first = group[0]
    verdict = languages.verdict(first.verdict)
    margin = cells(verdict) + 2
    head = wrapped(paint.text(first.reason), paint.width - margin)
    lines = [f"{paint(verdict, first.verdict)}  {head[0] if head else ''}"]
    lines += [" " * margin + more for more in head[1:]]
    if first.verdict == "safe" or len(group) > ROWS:
        told = say(", ").join(f"{paint.text(each.change.package)} {paint.text(_moved(each, paint))}" for each in group)
        lines += [f"  {line}" for line in wrapped(told, paint.width - 2)]
    else:
        width = max(cells(paint.text(each.change.package)) for each in group)
        lines += [_row(each, width, proposal, paint) for each in group]
    remedy = _shared_remedy(group)
    if remedy:
        lines += paint.labelled(say("instead"), paint.text(remedy), style="command", prose=False, room=8)
    return lines


def _row(finding: "Finding", width: int, proposal: "Proposal", paint: Paint) -> str:
    move = _move_of(finding, proposal)
    if move is not None:
        asked = ""
        if len(move.chain) > 1:
            asked = say("for {package} ({requirement})", package=move.chain[-2], requirement=move.asks)
    else:
        asked = finding.change.evidence[0] if finding.change.evidence else ""
    parts = (paint.text(_moved(finding, paint)), _size(move), paint(paint.text(asked), "dim"))
    row = "  ".join(part for part in parts if part)
    return f"  {paint(padded(paint.text(finding.change.package), width), 'strong')}  {row}"


def _shared_remedy(group: "Sequence[Finding]") -> str:
    """The remedy of all; where each names its own package, in one sentence about each."""
    if len(group) == 1 or len({finding.instead for finding in group}) == 1:
        return group[0].instead
    each = say("each")
    common = {
        _WIDE_SIDES.sub("", finding.instead.replace(f"{name} {finding.change.locked}", each).replace(name, each))
        for finding in group
        for name in (finding.change.package,)
    }
    return common.pop() if len(common) == 1 else say("see --output-format json")


def _totals(report: "Report", proposal: "Proposal", paint: Paint) -> list[str]:
    lines: list[str] = []
    if proposal.moves:
        weight = _weight(proposal)
        if proposal.held:
            weight = say("{moves}; everything else is held at the golden version", moves=weight)
        lines += paint.labelled(say("in all"), weight)
    if proposal.command:
        for index, line in enumerate(_command(proposal.command, paint)):
            lines += paint.labelled("" if index else say("would run"), line, style="command", prose=False)
    if proposal.trial and report.verdict != "pinned":
        lines += paint.labelled(say("try first"), paint.text(proposal.trial), style="command", prose=False)
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
    packages = plural(len(proposal.moves), "package")
    moves = (
        say("{packages} moves", packages=packages)
        if len(proposal.moves) == 1
        else say("{packages} move", packages=packages)
    )
    if not sizes:
        return moves
    told = say("{moves}, {size} to download", moves=moves, size=megabytes(proposal.download))
    if proposal.unsized:
        told = say("{told} and {artifacts} of unknown size", told=told, artifacts=plural(proposal.unsized, "artifact"))
    unpacked = sum(move.unpacked or 0 for move in proposal.moves)
    return say("{told}, {size} once installed", told=told, size=megabytes(unpacked)) if unpacked else told


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
    locked, installed = short(change.locked), short(change.installed)
    if change.kind == "added":
        return say("{version} (new)", version=installed)
    if change.kind == "removed" or (change.kind == "restored" and not change.installed):
        return f"{locked} {arrow} {say('removed')}".strip()
    if change.kind == "held":
        return say("{locked} is pinned, {wanted} is wanted", locked=locked, wanted=installed)
    if change.kind == "unmet-after" and not change.installed:
        return f"{locked} {arrow} {say('nothing')}"
    return movement(change, arrow) or f"({languages.kind(change.kind)})"
