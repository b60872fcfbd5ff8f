"""The test's command, and the variables that make it run in the trial's environment and in no other."""

import os
import shlex
import shutil
from collections.abc import Mapping

from envguard.errors import UsageError
from envguard.reporters.safe import safe

_DROPPED = frozenset(
    {
        "PYTHONHOME",
        "__PYVENV_LAUNCHER__",
        "UV_PROJECT_ENVIRONMENT",
        "ENVGUARD_LOCK_SHA256",
        "CONDA_PREFIX",
        "VIRTUAL_ENV",
    }
)
"""Variables that point at an environment, or at a golden file that the changed environment cannot be equal to."""
_SHEBANG_LIMIT = 256


def split(text: str) -> list[str]:
    """The words of a command, as the shell would split them; no shell runs them.

    Raises:
        UsageError: A quote is not closed, or there is no word.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--test {safe(text)!r}: {error}", remedy="close the quote") from error
    if not words:
        raise UsageError("--test: an empty command", remedy="give the command of your regression test")
    return words


def environ(prefix: str, live: str, lock: str, *, conda: bool, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a process in the trial's environment.

    Args:
        prefix: The trial's environment.
        live: The original, whose ``bin`` must not be found first.
        lock: The golden file that the code under test is to hold its environment to.
        conda: The trial's environment is one of conda's.
        given: The variables of this process.
    """
    hidden = os.path.realpath(os.path.join(live, "bin"))
    entries = [entry for entry in given.get("PATH", os.defpath).split(os.pathsep) if entry]
    # What lies in the original's bin would run in the original. A system's folder holds more than Python.
    kept = [entry for entry in entries if os.path.realpath(entry) != hidden or not _is_environment(live)]
    made = {name: value for name, value in given.items() if name not in _DROPPED}
    made["PATH"] = os.pathsep.join([os.path.join(prefix, "bin"), *kept])
    made["CONDA_PREFIX" if conda else "VIRTUAL_ENV"] = prefix
    made["ENVGUARD_LOCK"] = lock
    return made


def _is_environment(prefix: str) -> bool:
    return any(os.path.exists(os.path.join(prefix, name)) for name in ("pyvenv.cfg", "conda-meta"))


def resolved(words: list[str], variables: Mapping[str, str], live: str) -> list[str]:
    """The command with its program as a path.

    Raises:
        UsageError: There is no such program, or it would run in the original environment: what it showed would say
            nothing about the trial.
    """
    program = shutil.which(words[0], path=variables["PATH"])
    if program is None:
        raise UsageError(
            f"--test: no program {safe(words[0])!r}", remedy="it is neither in the trial's environment nor on PATH"
        )
    refuse_original(program, live)
    return [program, *words[1:]]


def refuse_original(program: str, live: str) -> None:
    """Raise a UsageError where a program, named by its path, would run in the original environment."""
    if os.sep not in program or not _is_environment(live):
        return
    for path in (os.path.abspath(program), _interpreter(program)):
        if path and _is_inside(path, live):
            raise UsageError(
                f"--test: {safe(program)} belongs to the original environment",
                remedy=f"write {safe(os.path.basename(path))}, which is then the trial's",
            )


def _interpreter(program: str) -> str:
    """The program that a script names in its first line, or ""."""
    try:
        with open(program, "rb") as file:
            first = file.readline(_SHEBANG_LIMIT)
    except OSError:
        return ""
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    return words[0] if words else ""


def _is_inside(path: str, folder: str) -> bool:
    """By name, links of the last part kept: a venv's python is a link to its base's."""
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    return real.startswith(os.path.realpath(folder).rstrip("/") + "/")
