"""Asks py-rattler what conda's solver would do, where there is no conda: in a process of its own, nothing installed.

The channels are those that the records of the environment name, behind those of the request. What is installed stays
as it is where that can be, else as little of it moves as possible. ``conda-meta/pinned`` holds as it does for conda.
"""

import json
import os
import sys

from envguard.change.installers import _process, _rattler_solve, conda_archive
from envguard.change.installers._conda_transaction import resolution, spec_name
from envguard.change.installers.resolution import Resolution
from envguard.errors import UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.change.installers.request import Request
    from envguard.model import Environment

_SCRIPT = os.path.abspath(_rattler_solve.__file__)
_UNDERSTOOD = ("--override-channels", "--offline", "--freeze-installed", "--strict-channel-priority",
               "--no-channel-priority", "--no-pin")  # fmt: skip
_WITH_VALUE = ("--channel", "--solver")
_SHOWN = 300
"""Characters of a reason."""


def ask(request: "Request", options: "list[str]", live: "Environment", *, offline: bool, free: bool) -> Resolution:
    """What would be done.

    Args:
        request: A command of conda's.
        options: Its options, without those that name the environment.
        live: The environment.
        offline: Only channels that are folders are asked.
        free: Nothing needs to stay as it is.

    Raises:
        UnverifiableError: py-rattler is not there, does not know an option, or cannot read a channel or record.
    """
    chosen = _chosen(options)
    specs = [*request.installs, *(spec for file in request.files for spec in _specs(file))]
    question = {
        "prefix": live.prefix,
        "specs": specs,
        "removes": list(request.removes),
        "channels": [value for name, value in chosen if name == "--channel"],
        "override": any(name == "--override-channels" for name, _value in chosen),
        "strict": not any(name == "--no-channel-priority" for name, _value in chosen),
        "offline": offline or any(name == "--offline" for name, _value in chosen),
        "freeze": any(name == "--freeze-installed" for name, _value in chosen),
        "hold": not free,
        "constraints": [] if any(name == "--no-pin" for name, _value in chosen) else _pinned(live),
    }
    told = _answer(question)
    installer = f"py-rattler {told.get('version', '')}".rstrip()
    if "problem" in told:
        unasked = told.get("unasked") or ()
        more = f"; not asked, since nothing may be asked of the network: {', '.join(unasked)}" if unasked else ""
        problem = " ".join(str(told["problem"]).split())[:_SHOWN] + more
        return Resolution(installer=installer, problem=problem, conflict=True)
    archives = [conda_archive.of_record(record) for record in told["link"]]
    named = (*map(spec_name, specs), *request.removes)
    return resolution(installer, archives, told["unlink"], named, live)


def _answer(question: "dict[str, Any]") -> "dict[str, Any]":
    offline = bool(question["offline"])
    answer = _process.run([sys.executable, _SCRIPT, json.dumps(question)], offline=offline)
    if answer.status == _rattler_solve.MISSING:
        raise UnverifiableError(
            "neither conda nor py-rattler is here, so what conda would do is not known",
            remedy="install envguard-lock[conda] beside envguard, or plan it where conda is",
        )
    try:
        told: dict[str, Any] = json.loads(answer.output)
        said = told.get("error")
    except (ValueError, AttributeError) as error:
        last = next((line for line in reversed(answer.errors.splitlines()) if line.strip()), "it said nothing")
        raise UnverifiableError(f"py-rattler failed: {last[:_SHOWN]}", remedy="plan it where conda is") from error
    if said:
        problem = " ".join(str(said).split())[:_SHOWN]
        raise UnverifiableError(f"py-rattler cannot resolve it: {problem}", remedy="see that the channels can be read")
    return told


def _chosen(options: "list[str]") -> "list[tuple[str, str]]":
    """The options, each with its value.

    Raises:
        UnverifiableError: One changes what conda does in a way that py-rattler has no word for.
    """
    found, rest = [], iter(options)
    for word in rest:
        if word in _WITH_VALUE:
            found.append((word, next(rest, "")))
        elif word in _UNDERSTOOD:
            found.append((word, ""))
        else:
            raise UnverifiableError(
                f"conda is not here, and py-rattler cannot be asked with {word}", remedy="plan it where conda is"
            )
    return found


def _specs(file: str) -> "list[str]":
    """The specs of a file that ``conda install --file`` takes."""
    try:
        with open(file, encoding="utf-8") as opened:
            lines = [line.partition("#")[0].strip() for line in opened]
    except (OSError, UnicodeDecodeError) as error:
        raise UnverifiableError(f"{file}: cannot be read: {error}", remedy="--file takes a list of specs") from error
    if any(line.startswith("@EXPLICIT") for line in lines):
        raise UnverifiableError(f"{file}: py-rattler plans no @EXPLICIT list", remedy="plan it where conda is")
    return [line for line in lines if line]


def _pinned(live: "Environment") -> "list[str]":
    path = os.path.join(live.prefix, "conda-meta", "pinned")
    return _specs(path) if os.path.isfile(path) else []
