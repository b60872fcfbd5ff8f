"""Which commands there are, and the help that lists them. The folder ``commands`` is the registry."""

import importlib
import keyword

from envguard.doors.cli import commands
from envguard.errors import UsageError
from envguard.registry import modules
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Command(Protocol):
        """What a module in ``commands`` offers."""

        SUMMARY: str

        def run(self, argv: list[str]) -> int:
            """Do it; the answer is the exit code."""


_HEAD = """\
usage: envguard COMMAND [OPTIONS]

Refuse to load a model in an environment other than the one that was validated.

commands:
"""
_TAIL = """
start here:
  envguard freeze            make envguard.lock of the environment that was validated
  envguard check             compare this environment with it
  envguard rule EG102        what a code means and what to do
  envguard export --to pylock --wheels DIR    the same for pip, conda or an SBOM

Exit codes: 0 pinned, 1 findings at or above --fail-on, 2 could not judge.
`envguard COMMAND --help` explains a command, `envguard --version` names the version.
"""


def names() -> tuple[str, ...]:
    """The commands, sorted. The module of one that is a keyword of Python ends in an underscore."""
    return tuple(name.removesuffix("_") for name in modules(commands.__path__))


def command(word: str) -> "Command":
    """The module of a command.

    Raises:
        UsageError: There is none of that name.
    """
    known = names()
    if word in known:
        return importlib.import_module(f"{commands.__name__}.{word}{'_' if keyword.iskeyword(word) else ''}")
    if word.startswith("-"):
        raise UsageError(f"option {safe(word)!r} before a command", remedy="write envguard COMMAND [OPTIONS]")
    remedy = meant(word, known) or f"one of {', '.join(known)}"
    raise UsageError(f"unknown command {safe(word)!r}", remedy=remedy)


def meant(word: str, known: "tuple[str, ...]") -> str:
    """A hint at what was meant, or "" where nothing looks like ``word``."""
    import difflib

    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def text() -> str:
    """The help of the program."""
    rows = [f"  {name:<9} {command(name).SUMMARY}\n" for name in names()]
    return _HEAD + "".join(rows) + _TAIL
