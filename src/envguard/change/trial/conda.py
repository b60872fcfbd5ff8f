"""conda's part of an environment, built anew by py-rattler from the archives that its records name."""

import os
import sys

from envguard.change.trial import _rattler, base
from envguard.change.trial.place import Trial
from envguard.change.trial.running import tool as run_tool
from envguard.errors import UnverifiableError
from envguard.model import Environment, Snapshot

_SCRIPT = os.path.abspath(_rattler.__file__)


def make(trial: Trial, golden: Snapshot, live: Environment) -> None:
    """Install the conda packages of the golden file into the trial's environment.

    Raises:
        UnverifiableError: The original's packages are not those of the golden file, py-rattler is not there, or an
            archive cannot be had.
    """
    records = _records(golden, live)
    command = [sys.executable, _SCRIPT, trial.environment, _cache(), *records]
    ran = run_tool(command, log=trial.log("conda"), environ=base.tool_environ(), folder=trial.path)
    if ran.code == _rattler.MISSING:
        raise UnverifiableError(
            "a conda environment is built anew by py-rattler, which is not installed beside envguard",
            remedy="install envguard-lock[conda]",
        )
    base.require(ran, "the conda packages could not be installed")


def _records(golden: Snapshot, live: Environment) -> list[str]:
    """The paths of the original's records, once each is the one that the golden file pins."""
    here = {package.name: package for package in live.conda or ()}
    found = []
    for pin in golden.pins:
        if pin.manager != "conda":
            continue
        package = here.get(pin.name)
        why = ""
        if package is None:
            why = "it is not in the original"
        elif (pin.version, pin.build) != (package.version, package.build):
            why = f"the original has {package.version} {package.build}"
        elif pin.hashes and package.digest not in pin.hashes:
            why = "the original has another archive of it"
        if why or package is None:
            raise UnverifiableError(
                f"no environment that equals golden can be made: {pin.name} {pin.version or ''} of conda's: {why}",
                remedy="bring conda's packages of the original back first",
            )
        found.append(package.path)
    return found


def _cache() -> str:
    """Where conda keeps archives, so that a second trial needs no network for them."""
    named = os.environ.get("RATTLER_CACHE_DIR")
    if named:
        return os.path.join(named, "pkgs")
    base_folder = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base_folder, "rattler", "cache", "pkgs")


def names_of(live: Environment) -> set[str]:
    """The distributions that conda's packages bring."""
    return {package.python_name for package in live.conda or () if package.python_name}
