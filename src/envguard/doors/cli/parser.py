"""argparse in this project's manners: errors are ``UsageError`` with a hint, and help reads well at 80 columns."""

import argparse
import re
import textwrap

from envguard import languages
from envguard.doors.cli import output
from envguard.doors.cli.guide import meant
from envguard.errors import UsageError
from envguard.model import DEPTHS, SEALED_DEPTHS
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_OPTION = re.compile(r"--[a-z][a-z0-9-]+")
FAIL_ON = ("safe", "cautious", "forbidden")


class HelpShown(Exception):  # noqa: N818 - a way out, not an error
    """The help was asked for and printed; there is nothing else to do."""


class Parser(argparse.ArgumentParser):
    """The arguments of one command."""

    def __init__(self, command: str, summary: str, *, examples: str = "", usage: str = "") -> None:
        super().__init__(
            prog=f"envguard {command}",
            usage=f"envguard {command} {usage}" if usage else None,
            description=textwrap.fill(summary, 78),
            epilog=f"examples:\n{textwrap.indent(textwrap.dedent(examples).strip(), '  ')}" if examples else None,
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=79),
            allow_abbrev=False,
        )

    def parse(self, argv: "Sequence[str]") -> argparse.Namespace:
        """The options.

        Raises:
            UsageError: An option is unknown, misses its value, or has one that makes no sense; ENVGUARD_LANG likewise.
            HelpShown: ``--help`` was given.
        """
        options, unknown = self.parse_known_args(list(argv))
        if not unknown:
            output.speak(getattr(options, "lang", "auto"))
            return options
        word = unknown[0].partition("=")[0]
        if not word.startswith("-"):
            raise UsageError(f"{self.prog}: unexpected argument {safe(word)!r}", remedy=f"see {self.prog} --help")
        hint = meant(word, tuple(sorted(set(_OPTION.findall(self.format_help())))))
        raise UsageError(f"{self.prog}: unknown option {safe(word)!r}", remedy=hint or f"see {self.prog} --help")

    def error(self, message: str) -> "NoReturn":
        """Turn argparse's complaint into ours."""
        raise UsageError(f"{self.prog}: {message}", remedy=f"see {self.prog} --help")

    def print_help(self, file: object = None) -> None:  # noqa: ARG002 - argparse's signature
        """To stdout, where a reader may leave early."""
        output.write_data(self.format_help())

    def exit(self, status: int = 0, message: "str | None" = None) -> "NoReturn":  # noqa: ARG002 - argparse's signature
        """Leave by an exception, since only ``main`` ends the process."""
        raise HelpShown


def add_output(parser: Parser) -> None:
    """Where the answer goes and how it looks."""
    group = parser.add_argument_group("output")
    formats = "full, concise, json or json-lines; of a report also github, gitlab, html, junit, markdown or sarif"
    group.add_argument("--output-format", metavar="FORMAT", help=f"{formats} (default: full)")
    group.add_argument("-o", "--output", metavar="FILE", help="write the answer to FILE instead of stdout")
    add_color(group)
    add_language(group)


def add_language(group: "argparse._ActionsContainer") -> None:
    """In which language people are told; programs are always told in English."""
    group.add_argument(
        "--lang",
        choices=("auto", *languages.NAMES),
        default="auto",
        help="language of reports (default: auto, that is ENVGUARD_LANG, else the locale)",
    )


def add_color(group: "argparse._ActionsContainer") -> None:
    """Colours."""
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="(default: auto)")


def add_lock(parser: Parser) -> None:
    """The golden file, by position or by option."""
    parser.add_argument(
        "lock",
        metavar="LOCK",
        nargs="?",
        help="the golden file (default: ENVGUARD_LOCK, else [tool.envguard] lock or envguard.lock here or above)",
    )
    add_lock_option(parser)


def add_lock_option(parser: Parser) -> None:
    """The golden file as an option."""
    parser.add_argument("--lock", dest="named_lock", metavar="LOCK", help="the golden file")


def add_judging(parser: Parser) -> None:
    """What is compared, and what counts."""
    add_depth(parser)
    parser.add_argument(
        "--fail-on",
        choices=FAIL_ON,
        default="safe",
        help="the mildest verdict that counts (default: safe, that is any difference)",
    )
    parser.add_argument(
        "--only", metavar="PATTERN", action="append", help="judge only these packages, such as 'torch*'; repeatable"
    )
    parser.add_argument("--sha256", metavar="HEX", help="what the golden file itself must hash to")
    add_python(parser)


def add_depth(parser: Parser) -> None:
    """How deep to look."""
    parser.add_argument("--depth", choices=DEPTHS, help="how deep to look (default: records where the lock seals them)")


def add_sealed_depth(parser: Parser) -> None:
    """How deep to seal."""
    parser.add_argument("--depth", choices=SEALED_DEPTHS, help="how deep to look (default: records)")


def add_python(parser: Parser) -> None:
    """Which environment."""
    parser.add_argument(
        "--python", metavar="PATH", help="another interpreter, or the folder of its environment, to judge from outside"
    )


def add_progress(parser: Parser) -> None:
    """Whether progress is shown."""
    parser.add_argument(
        "--no-progress",
        action="store_true",
        help="no progress bar and no hint at a slow lock (also ENVGUARD_NO_PROGRESS=1)",
    )


def chosen_lock(options: argparse.Namespace) -> "str | None":
    """The golden file that was named, or None.

    Raises:
        UsageError: Two were named.
    """
    by_place = getattr(options, "lock", None)
    if by_place and options.named_lock and by_place != options.named_lock:
        raise UsageError(f"two golden files: {safe(by_place)} and {safe(options.named_lock)}", remedy="name one")
    found = by_place or options.named_lock
    if found == "":
        raise UsageError("an empty name of a golden file", remedy="a variable in your script may be unset")
    return None if found is None else str(found)
