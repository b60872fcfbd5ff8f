"""What the formats for programs and pages say in the same plain words. Every value is safe and of sane length."""

from envguard import languages
from envguard.languages import say
from envguard.reporters._words import check_counts, movement, plural, subject_of, title, verdict_counts
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change, Finding, Report

LONGEST = 400
"""Characters of one value that are shown, unless a format says otherwise; JSON has all of it."""
_READ = 20_000
BYPASSED = "Whatever was found did not stop anything."
"""What a bypass means, in every format, as ``say`` takes it."""


def cut(text: str, limit: int = LONGEST) -> str:
    """A value of unknown origin on one line, of at most ``limit`` characters and three dots."""
    # Cut last: the end of a long password in a URL is what shows where it began.
    shown = safe(text[:_READ])
    return shown if len(shown) <= limit and len(text) <= _READ else shown[:limit] + "..."


def headline(finding: "Finding", limit: int = 120) -> str:
    """Code, name, package and movement: ``EG102 version-drift: numpy 1.26.4 -> 2.4.6``."""
    change = finding.change
    return f"{label(change)}: {subject(finding, limit)}"


def label(change: "Change") -> str:
    """``EG102 version-drift``."""
    return f"{cut(change.code, 40)} {cut(title(change.code), 60)}"


def subject(finding: "Finding", limit: int = 120) -> str:
    """Package and movement; the kind of change where nothing moved."""
    change = finding.change
    moved = cut(movement(change), 2 * limit) or f"({cut(languages.kind(change.kind), 40)})"
    return " ".join(word for word in (cut(change.package, limit), moved) if word)


def facts(change: "Change", most: int, limit: int = LONGEST) -> tuple[str, ...]:
    """The evidence, a line each, and a last one that counts what was left out."""
    lines = tuple(cut(fact, limit) for fact in change.evidence[:most])
    left = len(change.evidence) - most
    return (*lines, say("and {count} more; --output-format json has them all", count=left)) if left > 0 else lines


def judged(finding: "Finding") -> str:
    """``forbidden by RULE: REASON``."""
    verdict = languages.verdict(finding.verdict)
    rule = cut(finding.rule, 120)
    return say("{verdict} by {rule}: {reason}", verdict=verdict, rule=rule, reason=cut(finding.reason))


def bypassed(report: "Report") -> str:
    """The reason of a bypass, and what it means."""
    return say("{reason}. {meaning}", reason=cut(report.bypass), meaning=say(BYPASSED))


def word(report: "Report") -> str:
    """The verdict; an environment that was judged by itself is pinned to nothing."""
    if report.pinned and report.proposal is not None:
        return say("no change")
    if report.pinned and not report.lock:
        return say("no fault found")
    return languages.verdict(report.verdict)


def summary(report: "Report", lock: str = "") -> str:
    """What was found, in one sentence without its verdict.

    Args:
        report: The report.
        lock: How to name the lock, if not by its path.
    """
    name = lock or cut(report.lock)
    if report.proposal is not None:
        return _planned(report, name)
    if report.pinned:
        if not report.lock:
            return looked_at(report)
        return say("{packages} of {lock}", packages=plural(report.packages, "package"), lock=name)
    if not report.lock:
        return say("{findings} ({tally})", findings=plural(len(report.findings), "finding"), tally=tally(report))
    found = plural(len(report.findings), "difference")
    return say("{differences} from {lock} ({tally})", differences=found, lock=name, tally=tally(report))


def _planned(report: "Report", name: str) -> str:
    if not report.findings:
        return say("nothing would change if the planned change were made against {lock}", lock=name)
    return say(
        "{findings} ({tally}) if the planned change were made against {lock}",
        findings=plural(len(report.findings), "finding"),
        tally=tally(report),
        lock=name,
    )


def tally(report: "Report") -> str:
    """``1 forbidden, 2 safe``, gravest first."""
    counts = verdict_counts(report).items()
    return say(", ").join(
        say("{count} {verdict}", count=count, verdict=languages.verdict(verdict)) for verdict, count in counts if count
    )


def looked_at(report: "Report", prefix: str = "") -> str:
    """What the answer rests on.

    Args:
        report: The report.
        prefix: How to name the environment, if not by its path.
    """
    locked = say("{packages} locked, ", packages=plural(report.packages, "package")) if report.lock else ""
    where = prefix or cut(report.prefix)
    return say(
        "{locked}{subject} in {where} ({scope})",
        locked=locked,
        subject=subject_of(report),
        where=where,
        scope=scope(report),
    )


def scope(report: "Report") -> str:
    """How deep was looked, and by how many checks."""
    if report.files:
        return check_counts(report)
    return say("depth {depth}, {checks}", depth=report.depth, checks=check_counts(report))


def not_run(report: "Report", most: int = 20) -> tuple[str, ...]:
    """Checks that were asked for and could not run."""
    return _some(tuple(say("not run: {why}", why=cut(why)) for why in report.skipped), most)


def not_seen(report: "Report", most: int = 20) -> tuple[str, ...]:
    """What could not be read, or cannot be known from outside."""
    return _some(tuple(say("not seen: {why}", why=cut(why)) for why in report.blind), most)


def _some(lines: tuple[str, ...], most: int) -> tuple[str, ...]:
    left = len(lines) - most
    return (*lines[:most], say("and {count} more", count=left)) if left > 0 else lines


def noted(change: "Change", limit: int = LONGEST) -> str:
    """A note: something seen that is no finding."""
    what = "; ".join(cut(fact, limit) for fact in change.evidence[:4]) or cut(change.path, limit)
    package = f"{cut(change.package, 120)}: " if change.package else ""
    return f"{cut(title(change.code), 60)}: {package}{what}"
