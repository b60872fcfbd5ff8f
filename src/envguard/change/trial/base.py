"""The empty environment that a trial begins with: the same Python, made by the tool that made the original."""

import os
import shutil
import sys

from envguard._value import Value
from envguard.change.trial.place import Trial
from envguard.change.trial.running import Ran, tool as run_tool
from envguard.environment import interpreter
from envguard.errors import UnverifiableError
from envguard.model import Environment

_VIRTUALENV = ("_virtualenv.py", "_virtualenv.pth")
"""Files that uv and virtualenv put beside the packages of a new environment."""


class Origin(Value):
    """What is known of how the original environment was made."""

    python: str
    """The interpreter that it stands on."""
    by_uv: bool
    with_system: bool
    """The packages of the base interpreter are visible in it."""


def origin_of(live: Environment) -> Origin:
    """From pyvenv.cfg (PEP 405); an environment without it stands on itself.

    Raises:
        UnverifiableError: The interpreter that pyvenv.cfg names has gone.
    """
    settings = _settings(os.path.join(live.prefix, "pyvenv.cfg"))
    if not settings:
        return Origin(python=live.executable, by_uv=False, with_system=False)
    home = settings.get("home", "")
    short = ".".join(live.interpreter.version.split(".")[:2])
    for name in (f"python{short}", "python3", "python", f"{live.interpreter.implementation}{short}"):
        python = os.path.join(home, name)
        if home and os.access(python, os.X_OK):
            with_system = settings.get("include-system-site-packages", "false").lower() == "true"
            return Origin(python=python, by_uv="uv" in settings, with_system=with_system)
    raise UnverifiableError(
        f"{live.prefix}: the Python that this environment was made with is not in {home or 'pyvenv.cfg'} any more",
        remedy="a trial needs the same Python",
    )


def _settings(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.partition("=") for line in file]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UnverifiableError(f"{path}: cannot be read: {(error.strerror or '').lower()}") from error
    return {key.strip().lower(): value.strip() for key, equals, value in lines if equals}


def find_uv() -> str:
    """Uv's path, or "": beside the Python that runs this, else on PATH."""
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "uv")
    return beside if os.access(beside, os.X_OK) else shutil.which("uv") or ""


def make(trial: Trial, origin: Origin, uv: str) -> None:
    """Make the empty environment.

    Raises:
        UnverifiableError: It cannot be made.
    """
    if origin.by_uv and uv:
        command = [uv, "venv", "--quiet", "--no-project", "--no-config", "--python", origin.python, trial.environment]
        command += ["--system-site-packages"] if origin.with_system else []
    else:
        command = [origin.python, "-I", "-m", "venv", "--without-pip", trial.environment]
        command += ["--system-site-packages"] if origin.with_system else []
    ran = run_tool(command, log=trial.log("environment"), environ=tool_environ(), folder=trial.path)
    require(ran, "no empty environment could be made")


def require_same_python(trial: Trial, live: Environment) -> None:
    """Raise an UnverifiableError where the trial's Python is not the original's."""
    whom = interpreter.of(trial.environment)[0]
    if whom != live.interpreter:
        was, now = live.interpreter, whom
        raise UnverifiableError(
            f"the trial's Python is {now.version} ({now.soabi}), the original's {was.version} ({was.soabi})",
            remedy="a trial needs the same Python",
        )


def drop_tool_files(site: str, *, keep: "set[str]") -> None:
    """Remove what the tool that made the empty environment added to it and the original does not have."""
    for name in _VIRTUALENV:
        path = os.path.join(site, name)
        if name not in keep and os.path.lexists(path):
            os.unlink(path)


def tool_environ() -> dict[str, str]:
    """The variables for an installer: the person's, without what points it at another environment."""
    pointing = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT", "PIP_TARGET")
    prefixed = ("PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "UV_SYSTEM_PYTHON")
    kept = {name: value for name, value in os.environ.items() if name not in (*pointing, *prefixed)}
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "UV_LINK_MODE": "copy"}


def require(ran: Ran, problem: str) -> None:
    """Raise an UnverifiableError with the last words of the tool where it failed."""
    if not ran.passed:
        said = next((line for line in reversed(ran.tail()) if line.strip()), "")
        raise UnverifiableError(f"{problem}: {said or ran.outcome}", remedy=f"everything it said is in {ran.log}")
