"""SARIF 2.1.0, for code scanning: each finding at the lock's line, with the help of its code.

forbidden is an error, unverified and cautious are warnings, safe is a note; the verdict itself stands in the
properties. Everything but the findings is a notification of the one invocation: checks that could not run, what could
not be read, a bypass, and notes.
"""

from json import dumps

from envguard import __version__, languages
from envguard.languages import say
from envguard.reporters._anchor import anchor, at, elsewhere, fingerprints
from envguard.reporters._plain import bypassed, cut, facts, headline, judged, looked_at, noted, summary, word
from envguard.reporters._words import text_of
from envguard.rules.catalog import CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Finding, Report
    from envguard.reporters._anchor import Anchor

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "SRCROOT"
"""Name of the working folder. Its place is left out, so that a run elsewhere writes the same document."""
EVIDENCE = 50
ASCII = True
NOTES = 100
_LEVELS = {"forbidden": "error", "unverified": "warning", "cautious": "warning", "safe": "note"}


def render(report: "Report", *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:  # noqa: ARG001 - the form that all reporters share
    """One ASCII document with one run."""
    codes = tuple(sorted({finding.change.code for finding in report.findings}))
    known = fingerprints(report)
    run = {
        "tool": {
            "driver": {
                **({"language": "zh-CN"} if languages.spoken() == "zh" else {}),
                "name": "envguard",
                "version": __version__,
                "semanticVersion": __version__,
                "shortDescription": {"text": say("Compares what is installed with what was validated.")},
                "rules": [_rule(code) for code in codes],
            }
        },
        "automationDetails": {"id": f"envguard/{at(report.lock).path if report.lock else 'doctor'}/"},
        "originalUriBaseIds": {ROOT: {"description": {"text": say("The folder that envguard ran in.")}}},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, report, codes.index(finding.change.code), digest)
            for finding, digest in zip(report.findings, known, strict=True)
        ],
        "properties": {
            "verdict": report.verdict,
            "summary": f"{word(report)}: {summary(report)}",
            "lookedAt": looked_at(report),
            "depth": report.depth,
            "lockSha256": cut(report.lock_sha256),
        },
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=True, indent=2) + "\n"


def _rule(code: str) -> dict[str, object]:
    entry = CODES.get(code)
    if entry is None:
        return {"id": cut(code)}
    told = text_of(entry)
    parts = (
        (say("What it finds"), told.finds),
        (say("Why it matters"), told.matters),
        (say("What to do"), told.action),
        (say("Limits"), told.limits),
    )
    return {
        "id": entry.code,
        "name": "".join(part.capitalize() for part in entry.name.split("-")),
        "shortDescription": {"text": _literal(told.summary)},
        "fullDescription": {"text": _literal(told.finds)},
        "help": {
            "text": _literal("\n\n".join(f"{title}: {text}" for title, text in parts)),
            "markdown": _literal("\n\n".join(f"**{title}.** {text}" for title, text in parts)),
        },
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["environment", "reproducibility"], "kebabName": entry.name},
    }


def _result(finding: "Finding", report: "Report", index: int, digest: str) -> dict[str, object]:
    change = finding.change
    place = anchor(change, report)
    own = elsewhere(change, report)
    return {
        "ruleId": cut(change.code),
        "ruleIndex": index,
        "level": _LEVELS[finding.verdict],
        "message": {"text": _literal(_message(finding))},
        "locations": [
            {
                "physicalLocation": _physical(place),
                "logicalLocations": [{"name": cut(change.package) or "environment", "kind": "module"}],
            }
        ],
        **({"relatedLocations": [{"id": 1, "physicalLocation": _physical(at(own))}]} if own else {}),
        # The first is what GitHub compares; its number would count equal lines, of which a digest has no need.
        "partialFingerprints": {"primaryLocationLineHash": f"{digest[:16]}:1", "envguard/v1": digest},
        "properties": {
            "verdict": finding.verdict,
            "kind": cut(change.kind),
            "part": cut(change.part),
            "package": cut(change.package),
            "locked": cut(change.locked),
            "installed": cut(change.installed),
            "rule": cut(finding.rule),
            "instead": cut(finding.instead),
            "evidence": list(facts(change, EVIDENCE)),
        },
    }


def _message(finding: "Finding") -> str:
    """GitHub shows the first sentence alone in lists."""
    lines = [say("{headline}. {judged}", headline=headline(finding), judged=judged(finding))]
    lines += [say("Instead: {what}", what=cut(finding.instead))] if finding.instead else []
    return "\n".join((*lines, *facts(finding.change, 4)))


def _literal(text: str) -> str:
    r"""Braces are doubled, as placeholders need them (3.11.5); a bracket before ``](`` would make a link (3.11.6)."""
    shown = text.replace("{", "{{").replace("}", "}}")
    return shown.replace("[", "\\[").replace("]", "\\]") if "](" in shown else shown


def _physical(place: "Anchor") -> dict[str, object]:
    root = {"uriBaseId": ROOT} if place.below else {}
    return {"artifactLocation": {"uri": place.uri, **root}, "region": {"startLine": place.line}}


def _invocation(report: "Report") -> dict[str, object]:
    told = [("error", say("Not run: {why}", why=cut(why))) for why in report.skipped]
    told += [("note", say("Not seen: {why}", why=cut(why))) for why in report.blind]
    told += [("error", bypassed(report))] if report.bypass else []
    told += [("note", say("Noted: {what}", what=noted(note))) for note in report.notes[:NOTES]]
    return {
        # A check that could not run leaves the question open, as an unverified line does; the run itself is complete.
        "executionSuccessful": True,
        "toolExecutionNotifications": [{"level": level, "message": {"text": _literal(text)}} for level, text in told],
    }
