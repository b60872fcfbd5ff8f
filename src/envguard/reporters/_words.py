"""What the formats say in the same words: headlines, places and counts."""

import re

from envguard import languages
from envguard.languages import say
from envguard.model import GRAVITY
from envguard.rules.catalog import CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.languages import Titled
    from envguard.model import Change, Report
    from envguard.rules._code import Code

QUICK = ("quick",)
"""``Report.checks`` where nothing had to be asked, since the digests of the whole environment were the sealed ones."""
_DIGEST = re.compile(r"\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b")


def code_name(code: str) -> str:
    """The kebab name of a code; the code itself where the catalogue does not know it."""
    entry = CODES.get(code)
    return entry.name if entry is not None else code


def title(code: str) -> str:
    """What a reader sees beside a code: its kebab name, or its title in the spoken language."""
    texts = languages.catalogue()
    entry = None if texts is None else texts.codes.get(code)
    return code_name(code) if entry is None else entry.title


def text_of(entry: "Code") -> "Code | Titled":
    """The texts of a code in the spoken language."""
    texts = languages.catalogue()
    return entry if texts is None else texts.codes.get(entry.code, entry)


def short(text: str) -> str:
    """Without the most part of each digest: twelve digits tell two of them apart. Words for nothing are translated."""
    return languages.term(_DIGEST.sub(r"\1", text))


def movement(change: "Change", arrow: str = "->") -> str:
    """What was locked and what is there, such as ``1.26.4 -> 2.4.6``."""
    locked, installed = short(change.locked), short(change.installed)
    if change.kind == "removed":
        return f"{locked} {arrow} {say('not installed')}".lstrip()
    if change.kind == "added":
        return f"{installed} {say('(not in the lock)')}".lstrip()
    if locked and installed:
        return f"{locked} {arrow} {installed}"
    return locked or installed


def place(change: "Change", lock: str) -> str:
    """``path:line`` of a change; the lock where it has no place of its own."""
    path = change.path or lock
    return f"{path}:{change.line}" if change.line else path


def verdict_counts(report: "Report") -> dict[str, int]:
    """How many findings each verdict has, gravest first; ``pinned`` is none."""
    counts = dict.fromkeys(reversed(GRAVITY[1:]), 0)
    for finding in report.findings:
        counts[finding.verdict] += 1
    return counts


def plural(count: int, noun: str) -> str:
    """``1 finding``, ``2 findings``."""
    return languages.counted(count, noun)


def subject_of(report: "Report") -> str:
    """How much was looked at: distributions, or files of a repository."""
    if report.files:
        return say("{files} read", files=plural(report.files, "file"))
    return say("{count} installed", count=report.installed)


def check_counts(report: "Report") -> str:
    """How many checks ran of how many were asked for."""
    if report.checks == QUICK:
        return say("every sealed digest is the same")
    ran = len(report.checks)
    return say("{ran} of {checks} run", ran=ran, checks=plural(ran + len(report.skipped), "check"))
