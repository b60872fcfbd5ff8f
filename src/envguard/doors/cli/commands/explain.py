"""``envguard explain``: everything that is known about one package, and which rule judges what."""

import json

from envguard import languages
from envguard.doors.cli import PINNED, output, part
from envguard.doors.cli.guide import meant
from envguard.doors.cli.parser import Parser, add_depth, add_lock_option, add_output, add_python, chosen_lock
from envguard.errors import UsageError
from envguard.languages import say, telling
from envguard.reporters._columns import cells, padded
from envguard.reporters._words import movement, title
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.doors.cli import subject
    from envguard.model import Finding
    from envguard.reporters._paint import Paint

SUMMARY = "what is locked and installed of one package, and which rule judges what"
EXAMPLES = """
    envguard explain numpy
    envguard explain torch --lock envguard.lock --output-format json
"""

_SAID = ("name", "version", "path", "line", "text", "location")
_USUAL = ("pip", "dist-info")


def run(argv: list[str]) -> int:
    """Print the facts. The exit code is 0: nothing is refused here."""
    parser = Parser(
        "explain", "What is locked and installed of PACKAGE, and which rule judges what.", examples=EXAMPLES
    )
    parser.add_argument("package", metavar="PACKAGE", help="the name of a distribution")
    add_lock_option(parser)
    add_depth(parser)
    add_python(parser)
    part.add_options(parser)
    add_output(parser)
    options = parser.parse(argv)
    from envguard.doors.cli import subject

    answer = output.of_options(options, has_report=False)
    found = subject.look(
        options.package,
        chosen_lock(options),
        depth=options.depth,
        python=options.python,
        selection=part.chosen(options),
    )
    if not found.pins and not found.installed:
        hint = meant(found.name, found.known) or "neither the lock nor the environment names it"
        raise UsageError(f"no package {safe(options.package)!r}", remedy=hint)
    if answer.is_json:
        answer.write(json.dumps(_data(found), indent=2 if answer.format == "json" else None) + "\n")
    else:
        with answer.speaking():
            text = "\n".join(_lines(found, answer.paint())) + "\n"
        answer.write(text)
    return PINNED


def _data(found: "subject.Subject") -> dict[str, object]:
    from envguard.doors.cli.subject import fields

    return {
        "package": safe(found.name),
        "locked": [fields(pin) for pin in found.pins],
        "installed": [fields(item) for item in found.installed],
        "judged": [_judgement(finding) for finding in found.findings],
        "would_be_judged": [_judgement(finding) for finding in found.supposed],
    }


def _judgement(finding: "Finding") -> dict[str, object]:
    change = finding.change
    return {
        "code": change.code,
        "kind": change.kind,
        "part": change.part,
        "locked": safe(change.locked),
        "installed": safe(change.installed),
        "verdict": finding.verdict,
        "rule": safe(finding.rule),
        "reason": safe(finding.reason),
        "evidence": [safe(fact) for fact in change.evidence],
    }


def _lines(found: "subject.Subject", paint: "Paint") -> list[str]:
    lines = [paint(paint.text(found.name), "strong"), ""]
    for pin in found.pins:
        version = pin.version or say("no exact version")
        headline = say("{version} at {where}", version=version, where=f"{pin.path}:{pin.line}")
        lines += _facts(say("locked"), headline, pin, paint)
    if not found.pins:
        lines += paint.labelled(say("locked"), say("the golden file does not name it"))
    for item in found.installed:
        headline = say("{version} at {where}", version=item.version, where=item.path)
        lines += _facts(say("installed"), headline, item, paint)
    if not found.installed:
        lines += paint.labelled(say("installed"), say("no"))
    lines.append("")
    for finding in found.findings:
        lines += _judged(finding, paint)
    if not found.findings:
        lines += paint.labelled(say("judged"), paint(say("nothing differs"), "pinned"), prose=False)
    lines += (
        ["", say("if it were"), *(_supposed(finding, paint) for finding in found.supposed)] if found.supposed else []
    )
    return lines


def _facts(label: str, headline: str, value: "subject.Known", paint: "Paint") -> list[str]:
    from envguard.doors.cli.subject import fields

    lines = paint.labelled(label, paint.text(headline), prose=False)
    for name, told in fields(value).items():
        if name in _SAID or told in _USUAL:
            continue
        if isinstance(told, list):
            shown = ", ".join(map(str, told))
        elif isinstance(told, dict):
            shown = ", ".join(f"{key} {item}" for key, item in told.items())
        else:
            shown = str(told)
        lines += paint.labelled("", paint.text(f"{name.replace('_', ' ')}: {shown}"), prose=False)
    return lines


def _verdict(finding: "Finding", paint: "Paint") -> str:
    return paint(languages.verdict(finding.verdict), finding.verdict)


def _judged(finding: "Finding", paint: "Paint") -> list[str]:
    finding = telling.finding(finding, languages.spoken())
    change = finding.change
    moved = paint.text(movement(change, paint.glyph("→")))
    headline = f"{change.code} {title(change.code)}  {moved}  {_verdict(finding, paint)}"
    lines = paint.labelled(say("judged"), headline, prose=False)
    lines += paint.labelled(
        "", say("by {rule}: {reason}", rule=paint.text(finding.rule), reason=paint.text(finding.reason))
    )
    for fact in change.evidence:
        lines += paint.labelled("", paint.text(fact), prose=False)
    return lines


def _supposed(finding: "Finding", paint: "Paint") -> str:
    change = finding.change
    kind = languages.kind(change.kind)
    what = say("{kind} to {version}", kind=kind, version=change.installed) if change.installed else kind
    room = " " * (10 - cells(languages.verdict(finding.verdict)))
    by = say("by {rule}", rule=paint.text(finding.rule))
    return f"  {padded(paint.text(what), 22)} {_verdict(finding, paint)}{room} {by}"
