"""Which part of a lock is meant: ``--group``, ``--extra``, ``--environment``, ``--platform``, ``--category``.

The options are the same for every command and every format. A format refuses those that it has no parts for.
"""

import shlex

from envguard.errors import UsageError
from envguard.model import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from envguard.doors.cli.parser import Parser

_OPTIONS = (
    ("group", "groups", True, "a dependency group besides the main dependencies; repeatable"),
    ("extra", "extras", True, "an extra of the locked project; repeatable"),
    ("environment", "environment", False, "which environment of a lock that holds several (pixi)"),
    ("platform", "platform", False, "conda platform, such as linux-64 (default: the interpreter's)"),
    ("category", "categories", True, "a category or section besides the default (conda-lock, Pipfile); repeatable"),
)
"""Option, field of ``Selection``, whether it may be given several times, help."""


def add_options(parser: "Parser", of_what: str = "LOCK") -> None:
    """Let a command be told which part of a lock is meant.

    Args:
        parser: The command's.
        of_what: The argument that names the lock.
    """
    group = parser.add_argument_group(f"part of {of_what}", "where it holds more than one environment")
    for option, field, repeatable, text in _OPTIONS:
        group.add_argument(
            f"--{option}", dest=f"part_{field}", metavar="NAME", action="append" if repeatable else "store", help=text
        )


def chosen(options: "argparse.Namespace") -> "Selection | None":
    """The part that the options name; None where they name none.

    Raises:
        UsageError: A name is empty.
    """
    fields: dict[str, str | tuple[str, ...]] = {}
    for option, field, repeatable, _text in _OPTIONS:
        given = getattr(options, f"part_{field}")
        if given is None:
            continue
        if "" in (given if repeatable else (given,)):
            raise UsageError(f"--{option}: an empty name", remedy="a variable in your script may be unset")
        fields[field] = tuple(dict.fromkeys(given)) if repeatable else given
    return Selection(**fields) if fields else None  # type: ignore[arg-type] # the table says which field is which


def as_words(selection: "Selection | None") -> str:
    """The options that name a selection, each with a space before it, for a command that somebody may copy."""
    if selection is None:
        return ""
    words = []
    for option, field, repeatable, _text in _OPTIONS:
        held = getattr(selection, field)
        for name in held if repeatable else filter(None, (held,)):
            words.append(f" --{option} {shlex.quote(name)}")
    return "".join(words)
