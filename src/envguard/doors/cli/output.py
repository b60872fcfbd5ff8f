"""Where output goes and how it may look there: colours, width, encoding, files, and readers that leave early."""

import codecs
import os
import sys

from envguard import languages
from envguard.errors import EnvguardError, UsageError
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager
    from typing import TextIO

    from envguard.model import Report
    from envguard.reporters._paint import Paint

FORMATS = ("full", "concise", "json", "json-lines")
"""What ``--output-format`` takes where a command has no report; ``reporters.names()`` has the rest."""
_asked = {"language": ""}
"""The language that the command line which is answered now asked for; empty until its options were read."""
_ON_BEHALF = ("FORCE_COLOR", "CLICOLOR_FORCE")


class Output:
    """One destination and how text may look there."""

    def __init__(self, *, stream: "TextIO | None", path: str = "", format: str = "full", color: str = "auto") -> None:  # noqa: A002 - the word of the option
        self.path = path
        self.format = format
        self.color = color == "always" if path else wants_color(color, stream)
        self.encoding = "utf-8" if path else encoding_of(stream)
        self.width = _width(stream)
        self.language = _asked["language"] or languages.of_process()

    @property
    def is_json(self) -> bool:
        """True for the formats that programs read."""
        return self.format.startswith("json")

    @property
    def names_interpreter(self) -> bool:
        """True for the formats that say which interpreter was judged."""
        return self.is_json or self.format == "html"

    def paint(self) -> "Paint":
        """Styles and glyphs for this destination."""
        from envguard.reporters._paint import Paint

        return Paint(color=self.color, width=self.width, encoding=self.encoding)

    def render(self, report: "Report", format: str = "") -> str:  # noqa: A002 - the word of the option
        """The report as it may look here."""
        from envguard import reporters

        return reporters.render(
            report,
            format or self.format,
            color=self.color,
            width=self.width,
            encoding=self.encoding,
            language=self.language,
        )

    def speaking(self) -> "AbstractContextManager[None]":
        """Let ``languages.say`` answer in the language of this destination, as far as it can show that."""
        return languages.speaking("en" if self.is_json else languages.showable(self.language, self.encoding))

    def write(self, text: str) -> None:
        """Put ``text`` at the destination; a file is replaced as a whole.

        Raises:
            EnvguardError: The system refused.
        """
        if self.path:
            write_file(self.path, text.encode("utf-8", "backslashreplace"))
        else:
            write_data(text)


def of_options(options: "argparse.Namespace", *, has_report: bool = True) -> Output:
    """The destination that the options of a command name.

    Args:
        options: Of the command.
        has_report: Its answer is a report, which has more formats than other answers.

    Raises:
        UsageError: The format is unknown.
    """
    from envguard import reporters

    known = reporters.names() if has_report else FORMATS
    chosen = options.output_format or os.environ.get("ENVGUARD_OUTPUT_FORMAT") or "full"
    if chosen not in known:
        whence = "--output-format" if options.output_format else "ENVGUARD_OUTPUT_FORMAT"
        raise UsageError(f"{whence}: no format {safe(chosen)!r}", remedy=f"one of {', '.join(known)}")
    return Output(stream=sys.stdout, path=options.output or "", format=chosen, color=options.color)


def of_stderr(color: str = "auto") -> Output:
    """The terminal's other channel."""
    return Output(stream=sys.stderr, color=color)


def speak(option: str) -> None:
    """Answer this command line in the language that it asks for.

    Raises:
        UsageError: ENVGUARD_LANG names none that is known.
    """
    _asked["language"] = ""
    _asked["language"] = languages.chosen(option)


def make_robust() -> None:
    """Let no character stop an output: what an encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding=_of_missing_locale(), errors="backslashreplace")


def _of_missing_locale() -> "str | None":
    """The encoding that the locale names, such as GBK, where that locale is not installed; else None.

    Python then takes the C locale and writes UTF-8 (PEP 540), which the terminal of such a locale shows as other
    characters.
    """
    told = os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8") or "utf8" in sys._xoptions
    if told or not sys.flags.utf8_mode:
        return None
    # Not LC_CTYPE, in which Python itself has put C.UTF-8 by now (PEP 538).
    locale = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    try:
        return codecs.lookup(locale.partition(".")[2].partition("@")[0]).name
    except LookupError:
        return None


def wants_color(choice: str, stream: "TextIO | None") -> bool:
    """Colours or not: the option, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then whether it is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in _ON_BEHALF):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: "TextIO | None") -> bool:
    """True for a terminal; a closed stream is none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def encoding_of(stream: "TextIO | None") -> str:
    """What the reader of a stream can show.

    In the C locale Python writes UTF-8 (PEP 540), which says nothing about the terminal.
    """
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    if locale in ("C", "POSIX") and not os.environ.get("PYTHONIOENCODING"):
        return "ascii"
    return getattr(stream, "encoding", None) or "ascii"


def write_data(text: str) -> None:
    """Write to stdout. A reader that has seen enough (``| head``) is no error; a full disk is.

    Raises:
        EnvguardError: The system refused.
    """
    if sys.stdout is None:  # closed by whoever started this
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        forget(sys.stdout)
    except OSError as error:
        forget(sys.stdout)
        raise EnvguardError(f"stdout cannot be written: {(error.strerror or str(error)).lower()}") from error


def write_file(path: str, data: bytes) -> None:
    """Replace a file as a whole, and write into what is no regular file (a pipe, ``/dev/stdout``).

    Raises:
        EnvguardError: The system refused.
    """
    try:
        if os.path.lexists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(data)
            return
    except OSError as error:
        raise EnvguardError(f"cannot be written: {(error.strerror or '').lower()}", path=path) from error
    from envguard.writing import write_atomically

    write_atomically(os.path.realpath(path), data)


def forget(stream: "TextIO") -> None:
    """Point a stream at nothing: the interpreter flushes it at exit, and a failure then would change the exit code."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):  # no descriptor below it: nothing to flush
        return


def tell(text: str) -> None:
    """Something for the person at the terminal, on stderr. A stderr that is gone stops nothing."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        forget(sys.stderr)


def tell_error(problem: str) -> None:
    """One clear line, whatever the problem's text holds."""
    paint = of_stderr().paint()
    tell(f"envguard: {paint('error', 'forbidden')}: {safe(problem)}")


def tell_traceback(error: BaseException) -> None:
    """Where it went wrong, for whoever asks with ENVGUARD_TRACEBACK=1."""
    if os.environ.get("ENVGUARD_TRACEBACK", "0") not in ("", "0"):
        import traceback

        tell("\n".join(safe(line) for line in "".join(traceback.format_exception(error)).splitlines()))


def _width(stream: "TextIO | None") -> int:
    import shutil

    if not is_terminal(stream) and "COLUMNS" not in os.environ:
        return 100
    return shutil.get_terminal_size((100, 24)).columns
