"""The languages that people are told things in. Texts are data; values, codes and what programs read have none.

English stands where it is said: in the table of codes, in the rows, and as the template that ``say`` is called with.
Another language is a catalogue of texts for these, in files of its own (``zh_*.py``), loaded once it is spoken. What a
catalogue lacks is told in English, as a whole line.
"""

import contextlib
import importlib
import os
from contextvars import ContextVar

from envguard._value import Value
from envguard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envguard.model import Rule

NAMES = ("en", "zh")
"""The languages, as ``--lang`` takes them beside ``auto``."""
VARIABLE = "ENVGUARD_LANG"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which POSIX asks them for the language of messages."""
_CHINESE = ("zh", "zho", "chi")
_SAMPLE = {"en": "", "zh": "\u9501\u6f02\uff0c\uff08\uff09\u3002"}
"""Letters by which an encoding shows that it has a language's."""


class Titled(Value):
    """The texts of one code."""

    title: str
    summary: str
    finds: str
    matters: str
    action: str
    limits: str


class Catalogue(Value):
    """All texts of one language but English."""

    phrases: "Mapping[str, str]"
    """English template of ``say`` -> template with the same fields."""
    nouns: "Mapping[str, str]"
    """English noun in the singular -> what stands after a number and a space."""
    codes: "Mapping[str, Titled]"
    rows: "Mapping[str, tuple[str, str]]"
    """Id of a built-in row -> reason, and what to do instead."""
    advice: "Mapping[str, str]"
    """Other advice that is given with the reason of a built-in row, English -> the same here."""
    kinds: "Mapping[str, tuple[str, str]]"
    """Kind of change -> a word, and a sentence."""
    parts: "Mapping[str, str]"
    traits: "Mapping[str, str]"
    verdicts: "Mapping[str, str]"
    terms: "Mapping[str, str]"
    """What stands in the place of a version where there is none."""
    lines: "tuple[tuple[str, str], ...]"
    """English template of a line of evidence -> template with the same fields; the first that fits is taken."""
    values: "tuple[tuple[str, str], ...]"
    """The same for what stands in a field of such a line, such as ``a, b and 3 more``."""


_spoken: "ContextVar[str]" = ContextVar("envguard.languages", default="en")


def chosen(option: str = "auto") -> str:
    """The language that was asked for: by the option, else by ENVGUARD_LANG, else by the locale.

    Raises:
        UsageError: ENVGUARD_LANG names none that is known.
    """
    if option != "auto":
        return option
    wanted = os.environ.get(VARIABLE) or "auto"
    if wanted not in (*NAMES, "auto"):
        raise UsageError(f"{VARIABLE}: no language {wanted[:60]!a}", remedy=f"one of auto, {', '.join(NAMES)}")
    return of_locale() if wanted == "auto" else wanted


def of_locale() -> str:
    """Chinese where the locale is any kind of Chinese, else English."""
    locale = next(filter(None, map(os.environ.get, _LOCALE)), "") or ""
    primary = locale.replace("-", "_").replace(".", "_").replace("@", "_").partition("_")[0]
    return "zh" if primary.lower() in _CHINESE else "en"


def of_process() -> str:
    """The language for whoever reads an error: ``chosen()``, but a slip in the variable must not hide the error."""
    try:
        return chosen()
    except UsageError:
        return "en"


def showable(name: str, encoding: str) -> str:
    """``name``, or English where the encoding lacks its letters."""
    try:
        _SAMPLE[name].encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "en"
    return name


@contextlib.contextmanager
def speaking(name: str) -> "Iterator[None]":
    """Let ``say`` and its like answer in a language, in this thread or task alone."""
    before = _spoken.set(name)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    """The language that is spoken now."""
    return _spoken.get()


def catalogue(name: "str | None" = None) -> "Catalogue | None":
    """The texts of a language, None for English; default the spoken one."""
    name = name or spoken()
    if name == "en":
        return None
    texts: Catalogue = importlib.import_module(f"{__name__}.{name}").CATALOGUE
    return texts


def say(template: str, **values: object) -> str:
    """``template`` in the spoken language, its fields filled with ``values``, which are never read as templates."""
    texts = catalogue()
    return (template if texts is None else texts.phrases.get(template, template)).format(**values)


def counted(count: int, noun: str) -> str:
    """``1 finding``, ``2 findings``."""
    texts = catalogue()
    if texts is not None and noun in texts.nouns:
        return f"{count} {texts.nouns[noun]}"
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def row(rule: "Rule") -> tuple[str, str]:
    """Reason and advice of a built-in row, placeholders not filled."""
    texts = catalogue()
    return (rule.reason, rule.instead) if texts is None else texts.rows.get(rule.id, (rule.reason, rule.instead))


def term(text: str) -> str:
    """What stands in the place of a version where there is none, such as ``no tag``; any other text as it is."""
    texts = catalogue()
    if texts is None:
        return text
    count, space, noun = text.partition(" ")
    told = texts.terms.get(f"#{space}{noun}") if count.isdecimal() else texts.terms.get(text)
    return text if told is None else told.replace("#", count)


def verdict(name: str) -> str:
    """A verdict as a word to read; ``--fail-on`` and what programs read have the English one."""
    texts = catalogue()
    return name if texts is None else texts.verdicts.get(name, name)


def kind_told(name: str, english: "Mapping[str, str]") -> str:
    """What a kind of change says, in a sentence; empty where nothing is known of it."""
    texts = catalogue()
    return english.get(name, "") if texts is None or name not in texts.kinds else texts.kinds[name][1]


def part_told(name: str, english: "Mapping[str, str]") -> str:
    """What a part that moved is, likewise."""
    texts = catalogue()
    return english.get(name, "") if texts is None or name not in texts.parts else texts.parts[name]


def kind(name: str) -> str:
    """A kind of change as a word."""
    texts = catalogue()
    return name if texts is None or name not in texts.kinds else texts.kinds[name][0]
