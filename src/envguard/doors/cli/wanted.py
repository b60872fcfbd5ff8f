"""A change that is asked for on the command line: in this program's words, or as an installer's command."""

import re

from envguard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from envguard.change.installers.request import Request
    from envguard.doors.cli.parser import Parser

_REMOVAL = re.compile(r"-[A-Za-z0-9][A-Za-z0-9._-]+", re.ASCII)


def add_options(parser: "Parser") -> None:
    """The change, and how it is resolved."""
    parser.add_argument(
        "changes", metavar="CHANGE", nargs="*", help="NAME==VERSION or +NAME to install, -NAME to remove"
    )
    parser.add_argument("-r", "--requirement", metavar="FILE", action="append", default=[], help="a requirements file")
    parser.add_argument("-U", "--upgrade", action="store_true", help="newer versions; alone, of everything")
    parser.add_argument("--no-deps", action="store_true", help="move nothing but what is named")
    parser.add_argument("--free", action="store_true", help="let the installer move what the golden file pins, too")
    parser.add_argument("--installer", choices=("pip", "uv"), help="who resolves (default: the environment's own pip)")
    add_sources(parser)


def add_sources(parser: "Parser") -> None:
    """Where wheels come from."""
    parser.add_argument("--offline", action="store_true", help="ask nothing of the network; see --find-links")
    parser.add_argument("--find-links", metavar="DIR", action="append", default=[], help="a folder with wheels")


def split(argv: "Sequence[str]", with_value: "Sequence[str]") -> "tuple[list[str], list[str], list[str] | None]":
    """Own options, ``-NAME`` words, and the command behind ``--``: argparse would take the latter two for options.

    Args:
        argv: The arguments.
        with_value: Options whose next word is their value, whatever it looks like.
    """
    words = list(argv)
    at = words.index("--") if "--" in words else len(words)
    own: list[str] = []
    removed: list[str] = []
    for index, word in enumerate(words[:at]):
        is_value = index > 0 and words[index - 1] in with_value
        if is_value and word.startswith("-"):
            own[-1] = f"{own[-1]}={word}" if own[-1].startswith("--") else own[-1] + word  # or argparse refuses it
        else:
            (removed if _REMOVAL.fullmatch(word) and not is_value else own).append(word)
    return own, removed, words[at + 1 :] if at < len(words) else None


def request_of(options: "argparse.Namespace", removed: "Sequence[str]", command: "Sequence[str] | None") -> "Request":
    """The change that is asked for.

    Raises:
        UsageError: It is asked for in both ways, in none, or makes no sense.
    """
    from envguard.change.installers import request

    if command is None:
        return request.of_words(
            [*options.changes, *removed],
            files=options.requirement,
            upgrade=options.upgrade,
            no_deps=options.no_deps,
        )
    if options.changes or removed or options.requirement or options.upgrade or options.no_deps:
        raise UsageError("changes stand before the --, or a command behind it, not both")
    return request.of_command(command)
