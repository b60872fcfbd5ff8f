"""A report as text. The directory is the registry: each module here with a ``render`` is a format.

A reporter is a pure function of the report. It prints nothing, opens nothing and decides nothing.
"""

import importlib
import sys

from envguard import languages
from envguard.errors import UsageError
from envguard.registry import modules
from envguard.reporters.safe import safe as safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from envguard.model import Report

    class Reporter(Protocol):
        """What a module of this folder offers, beside two words about its language.

        ``NEUTRAL = True``: for programs, English in every language. ``ASCII = True``: whatever the letters, the output
        is ASCII, so that no encoding can lack them.
        """

        def render(self, report: Report, *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> str:
            """The whole output, ending in a line end."""


_HELPERS = {"safe"}


def names() -> tuple[str, ...]:
    """The formats, as ``--output-format`` takes them."""
    return tuple(name.replace("_", "-") for name in modules(__path__, besides=_HELPERS))


def for_error(report: "Report") -> str:
    """The full report as the text of an error, in the language of ``error_language``."""
    return render(report, "full", encoding=_of_stderr(), language=languages.of_process())


def error_language() -> str:
    """The language of this process, as far as stderr, where errors end, can show it."""
    return languages.showable(languages.of_process(), _of_stderr())


def _of_stderr() -> str:
    return getattr(sys.stderr, "encoding", None) or "utf-8"


def render(
    report: "Report",
    format: str,  # noqa: A002 - the word that users type
    *,
    color: bool = False,
    width: int = 80,
    encoding: str = "utf-8",
    language: str = "en",
) -> str:
    """The report in one of the formats of ``names()``.

    Args:
        report: What to tell.
        format: Such as ``full`` or ``json``.
        color: Use ANSI colours, where the format has any.
        width: Columns to wrap prose at; commands and paths are never wrapped.
        encoding: Encoding of whoever shows it; a glyph that it lacks is replaced by ASCII.
        language: One of ``envguard.languages.NAMES``; where ``encoding`` lacks its letters, English is told.

    Raises:
        UsageError: There is no such format.
    """
    if format not in names():
        raise UsageError(f"unknown output format {safe(format)!r}", remedy=f"one of {', '.join(names())}")
    reporter: Reporter = importlib.import_module(f"{__name__}.{format.replace('-', '_')}")
    if getattr(reporter, "NEUTRAL", False):
        language = "en"
    elif not getattr(reporter, "ASCII", False):
        language = languages.showable(language, encoding)
    if language != "en":
        from envguard.languages import telling

        report = telling.report(report, language)
    with languages.speaking(language):
        return reporter.render(report, color=color, width=width, encoding=encoding)
