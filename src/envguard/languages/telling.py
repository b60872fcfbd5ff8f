"""A report in another language: reasons, advice and lines of evidence. What programs compare stays as it is."""

import re

from envguard import languages
from envguard.rules import together
from envguard.rules.builtin import ROWS
from envguard.rules.fill import fill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envguard.languages import Catalogue
    from envguard.model import Change, Fact, Finding, Report

LONGEST = 2000
"""Characters of a line that is looked up; a longer one is told as it is."""
_BUILT_IN = {row.id: row for row in (*ROWS, *together.ROWS)}
_FIELD = "{}"
_MORE = " more"
_PROSE = re.compile(r"(?:^|[ (])[a-z]{2,}[ :;] ?[a-z]{2,}(?=[ ,;:)]|$)|: ", re.ASCII)
"""Two words of English side by side, or a clause; a name, version, path or requirement has none."""


def report(told: "Report", name: str) -> "Report":
    """The report as it reads in a language; English is the report itself."""
    texts = languages.catalogue(name)
    if texts is None:
        return told
    return told.replace(
        findings=tuple(finding(found, name) for found in told.findings),
        notes=tuple(_change(note, texts) for note in told.notes),
        toolchain=tuple(_fact(fact, texts) for fact in told.toolchain),
        skipped=tuple(_skipped(why, texts) for why in told.skipped),
        blind=tuple(line(why, texts) for why in told.blind),
    )


def finding(found: "Finding", name: str) -> "Finding":
    """One finding as it reads in a language. A row of the project speaks it where its table gives the words."""
    texts = languages.catalogue(name)
    if texts is None:
        return found
    reason, instead = found.reason, found.instead
    row = _BUILT_IN.get(found.rule)
    if found.zh and name == "zh":
        reason, instead = found.zh, found.zh_instead or instead
    elif row is not None and row.id in texts.rows:
        told, advice = texts.rows[row.id]
        more = _more(reason.removeprefix(row.reason), texts) if reason.startswith(row.reason) else None
        if more is not None:
            reason = f"{told}{more}"
            instead = _advice(found, {row.instead: advice, **texts.advice})
    return found.replace(change=_change(found.change, texts), reason=reason, instead=instead)


def _more(text: str, texts: "Catalogue") -> "str | None":
    """What is said after the reason of a row, such as ``; nobody asked for it``; None where it has no words here."""
    if not text:
        return ""
    told = line(text.removeprefix("; "), texts)
    return f"\uff1b{told}" if text.startswith("; ") and told != text.removeprefix("; ") else None


def _advice(found: "Finding", known: "Mapping[str, str]") -> str:
    """The advice as it reads here; unknown advice, and none, as it is."""
    filled = {fill(english, found.change): other for english, other in known.items() if english}
    return fill(filled[found.instead], found.change) if found.instead in filled else found.instead


def _change(change: "Change", texts: "Catalogue") -> "Change":
    return change.replace(evidence=tuple(line(fact, texts) for fact in change.evidence))


def _fact(fact: "Fact", texts: "Catalogue") -> "Fact":
    return fact.replace(
        section=line(fact.section, texts), name=line(fact.name, texts), value=line(fact.value, texts),
        source=line(fact.source, texts),
    )  # fmt: skip


def _skipped(why: str, texts: "Catalogue") -> str:
    """``name: why``; the name of a check is its name in every language."""
    name, colon, text = why.partition(": ")
    return f"{name}{colon}{line(text, texts)}"


def line(text: str, texts: "Catalogue") -> str:
    """A line of evidence in the words of a catalogue; the line itself where no template fits."""
    if len(text) > LONGEST:
        return text
    for english, other in texts.lines:
        found = fields(english, text)
        told = None if found is None else _values(found, texts)
        if told is not None:
            return _filled(other, told)
    return text


def _values(found: "tuple[str, ...]", texts: "Catalogue") -> "tuple[str, ...] | None":
    """What goes into a line; None where English words would, since a line is told in one language or not at all."""
    told = tuple(_value(value, texts) for value in found)
    return None if any(map(_PROSE.search, told)) else told


def _value(text: str, texts: "Catalogue") -> str:
    """A name, or what the catalogue says for it; of several with commas between them, each."""
    for english, other in texts.values:
        found = fields(english, text)
        # "a of b, c of d" is a list of two, not the a of something.
        if found is not None and (english.endswith(_MORE) or not any(", " in each for each in found)):
            return _filled(other, tuple(_value(each, texts) for each in found))
    return ", ".join(_value(each, texts) for each in text.split(", ")) if ", " in text else text


def spoken_line(text: str) -> str:
    """A line of evidence in the language that is spoken now."""
    texts = languages.catalogue()
    return text if texts is None else line(text, texts)


def fields(template: str, text: str) -> "tuple[str, ...] | None":
    """What stands in ``text`` where ``template`` has ``{}``; None where it is another text.

    Each field ends where the next fixed part first stands, so that the work grows with the length of the text alone:
    metadata is written by anybody.
    """
    first, *rest = template.split(_FIELD)
    if not text.startswith(first):
        return None
    if not rest:
        return () if text == first else None
    last = rest.pop()
    found, at = [], len(first)
    for fixed in rest:
        end = text.find(fixed, at + 1)
        if end < 0:
            return None
        found.append(text[at:end])
        at = end + len(fixed)
    end = len(text) - len(last)
    if end <= at or not text.endswith(last):
        return None
    return (*found, text[at:end])


def _filled(template: str, values: "tuple[str, ...]") -> str:
    """``template`` with ``{0}``, ``{1}`` ... replaced; values are never read as templates."""
    parts = template.split("{")
    told = [parts[0]]
    for part in parts[1:]:
        number, _, after = part.partition("}")
        told += [values[int(number)], after]
    return "".join(told)
