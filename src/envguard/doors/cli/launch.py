"""The program that ``envguard exec`` starts, and the Python that it will run on."""

import os
import re
import shutil
import sys

from envguard.errors import UsageError
from envguard.reporters.safe import safe

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*[a-z]?")
_SHEBANG_LIMIT = 256
"""Bytes of a script's first line that Linux reads."""


def find(name: str) -> str:
    """The path of a program, as the shell would find it.

    Raises:
        UsageError: There is none.
    """
    found = shutil.which(name)
    if found is None:
        raise UsageError(f"no program {safe(name)!r}", remedy="it is not on PATH, or not executable")
    return found


def other_interpreter(program: str) -> "str | None":
    """The Python that ``program`` runs on, where that is another one than this process's; None otherwise.

    A program that is neither a Python nor a script of one is taken to run in this environment.
    """
    python = _interpreter(program)
    if python is None or _same(python, sys.executable):
        return None
    return python


def _interpreter(program: str) -> "str | None":
    if _PYTHON.fullmatch(os.path.basename(program)):
        return program
    with open(program, "rb") as file:
        first = file.readline(_SHEBANG_LIMIT)
    if not first.startswith(b"#!"):
        return None
    words = first[2:].decode("utf-8", "replace").split()
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    if not words or not _PYTHON.fullmatch(os.path.basename(words[0])):
        return None
    return shutil.which(words[0])


def _same(one: str, other: str) -> bool:
    """True for two names of one environment's interpreter. Links are kept: a venv's python is a link to its base."""
    folder, other_folder = (os.path.realpath(os.path.dirname(os.path.abspath(path))) for path in (one, other))
    return folder == other_folder and os.path.realpath(one) == os.path.realpath(other)
