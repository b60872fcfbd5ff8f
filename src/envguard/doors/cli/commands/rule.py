"""``envguard rule``: what a code, or a built-in row of the rule table, means."""

import json

from envguard import languages
from envguard.doors.cli import PINNED, output
from envguard.doors.cli.guide import meant
from envguard.doors.cli.parser import Parser, add_output
from envguard.errors import UsageError
from envguard.languages import say
from envguard.model import Rule
from envguard.reporters._words import text_of, title
from envguard.reporters.safe import safe
from envguard.rules import catalog
from envguard.rules.builtin import ROWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.reporters._paint import Paint
    from envguard.rules._code import Code

SUMMARY = "what a code of a finding, or a built-in rule, means and what to do"
EXAMPLES = """
    envguard rule EG102
    envguard rule version-drift
    envguard rule --all --output-format json
"""


def run(argv: list[str]) -> int:
    """Print what is known about a code; without one, list them."""
    parser = Parser("rule", "What a code of a finding means, why it matters and what to do.", examples=EXAMPLES)
    parser.add_argument("code", metavar="CODE", nargs="?", help="a code, its name, or the id of a built-in rule")
    parser.add_argument("--all", action="store_true", help="explain every code")
    add_output(parser)
    options = parser.parse(argv)
    if options.all and options.code:
        raise UsageError("envguard rule: give either CODE or --all", remedy="see envguard rule --help")
    answer = output.of_options(options, has_report=False)
    paint = answer.paint()
    if options.code:
        entry = _find(options.code)
        with answer.speaking():
            single = _as_json(entry) if answer.is_json else _explained(entry, paint)
        answer.write(single)
        return PINNED
    entries = tuple(catalog.CODES.values())
    if answer.is_json:
        told = [_fields(entry) for entry in entries]
        text = json.dumps(told, indent=2) + "\n" if answer.format == "json" else "".join(map(_as_line, told))
    else:
        with answer.speaking():
            full = options.all and answer.format == "full"
            text = "\n".join(_explained(entry, paint) for entry in entries) if full else _listed(entries, paint)
    answer.write(text)
    return PINNED


def _find(word: str) -> "Code | Rule":
    if (entry := catalog.lookup(word)) is not None:
        return entry
    for row in ROWS:
        if row.id == word.strip().lower():
            return row
    near = catalog.suggestions(word)
    hint = f"did you mean {' or '.join(near)}?" if near else meant(word, tuple(row.id for row in ROWS))
    raise UsageError(f"no code or built-in rule {safe(word)!r}", remedy=hint or "`envguard rule` lists the codes")


def _fields(entry: "Code | Rule") -> dict[str, object]:
    # Programs read English; what a row says in another language belongs to rows of a project.
    return {field: getattr(entry, field) for field in entry._fields if not field.startswith("zh")}


def _as_json(entry: "Code | Rule") -> str:
    return json.dumps(_fields(entry), indent=2) + "\n"


def _as_line(told: dict[str, object]) -> str:
    return json.dumps(told) + "\n"


def _listed(entries: "Sequence[Code]", paint: "Paint") -> str:
    return "".join(f"{paint(entry.code, 'strong')} {entry.name:<20} {text_of(entry).summary}\n" for entry in entries)


def _explained(entry: "Code | Rule", paint: "Paint") -> str:
    if isinstance(entry, Rule):
        return _row(entry, paint)
    told = text_of(entry)
    name = entry.name if told is entry else f"{entry.name} {title(entry.code)}"
    lines = [f"{paint(f'{entry.code} {name}', 'strong')}", told.summary, ""]
    for label, text in (
        (say("finds"), told.finds),
        (say("matters"), told.matters),
        (say("to do"), told.action),
        (say("limits"), told.limits),
    ):
        lines += paint.labelled(label, text)
    return "\n".join(lines) + "\n"


def _row(row: Rule, paint: "Paint") -> str:
    verdict = paint(languages.verdict(row.verdict), row.verdict)
    lines = [f"{paint(row.id, 'strong')}  {verdict}  {say('(built-in rule)')}", ""]
    for label in ("package", "change", "part", "traits", "beside"):
        if wanted := getattr(row, label):
            # The words that a table takes are the same in every language.
            lines += paint.labelled(label, ", ".join(wanted))
    reason, instead = languages.row(row)
    lines += paint.labelled(say("reason"), reason)
    if instead:
        lines += paint.labelled(say("instead"), instead, style="command", prose=False)
    return "\n".join(lines) + "\n"
