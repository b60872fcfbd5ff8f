"""Asks conda what it would do: ``conda install --dry-run --json``.

Source of the form: the output of conda 4.12 to 26 (``actions`` with ``LINK``, ``UNLINK`` and ``FETCH``).
"""

import json
import os
import shutil

from envguard.change import _process
from envguard.change.resolution import Arrival, Resolution
from envguard.errors import UnverifiableError
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.change.request import Request
    from envguard.model import Environment

_OTHER_PLACE = ("--name", "--prefix")


def ask(request: "Request", live: "Environment") -> Resolution:
    """What conda would do.

    Raises:
        UnverifiableError: There is no conda here, it cannot be run, or its answer is not understood.
    """
    program, *options = request.options
    found = shutil.which(program)
    if found is None or live.conda is None:
        lacking = f"{program} is not on PATH" if found is None else f"{live.prefix} is no conda environment"
        raise UnverifiableError(f"{lacking}, so what it would do is not known", remedy="plan it where conda is")
    for at, word in enumerate(options):
        if word in _OTHER_PLACE and os.path.realpath(options[at + 1]) != os.path.realpath(live.prefix):
            problem = f"{program} {word} {options[at + 1]}: not the environment that is judged ({live.prefix})"
            raise UnverifiableError(problem, remedy="name it with envguard's own --python")
    kept = [word for at, word in enumerate(options) if word not in _OTHER_PLACE and options[at - 1] not in _OTHER_PLACE]
    verb = "remove" if request.action == "uninstall" else "install"
    files = [word for file in request.files for word in ("--file", file)]
    words = [*kept, *files, *request.installs, *request.removes]
    call = [found, verb, "--dry-run", "--json", "--yes", "--prefix", live.prefix, *words]
    answer = _process.run(call)
    try:
        told = json.loads(answer.output)
        if answer.status or told.get("success") is not True:
            return _refused(program, told)
        return _resolution(program, told, live, set(request.installs))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{program}'s answer is not understood ({type(error).__name__}: {str(error)[:80]!a})"
        raise UnverifiableError(problem, remedy=f"run {program} {verb} --dry-run --json to see it") from error


def _resolution(program: str, told: "dict[str, Any]", live: "Environment", named: "set[str]") -> Resolution:
    actions = told.get("actions") or {}
    python_name = {package.name: package.python_name or package.name for package in live.conda or ()}
    sizes = {each["name"]: each.get("size") for each in actions.get("FETCH") or ()}
    asked = {word.partition("=")[0].partition("<")[0].partition(">")[0].strip().lower() for word in named}

    def name(conda_name: str) -> str:
        return normalise(python_name.get(conda_name, conda_name))

    arrivals = tuple(
        Arrival(
            name=name(each["name"]),
            version=str(each["version"]),
            url=str(each.get("url") or ""),
            size=sizes.get(each["name"]),
            requested=each["name"] in asked,
        )
        for each in actions.get("LINK") or ()
    )
    there = {each.name for each in arrivals}
    gone = (name(each["name"]) for each in actions.get("UNLINK") or ())
    return Resolution(installer=program, arrivals=arrivals, removals=tuple(each for each in gone if each not in there))


def _refused(program: str, told: "dict[str, Any]") -> Resolution:
    said = str(told.get("message") or told.get("error") or "it gave no reason")
    problem = " ".join(said.split())
    return Resolution(
        installer=program,
        problem=problem[:300],
        conflict=told.get("exception_name") in ("UnsatisfiableError", "LibMambaUnsatisfiableError"),
    )
