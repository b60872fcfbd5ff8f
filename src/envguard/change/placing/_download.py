"""Wheels from the index, by an installer that is no part of the environment under repair.

pip is asked (``pip download --no-deps name==version``) as the user has configured it, indexes and credentials
included: the one that runs envguard where that is another environment, else the one that comes with Python
(``ensurepip``), so that a broken pip stops nothing.
"""

import glob
import os
import shutil
import subprocess
import sys

from envguard.change.placing.artifact import unlike

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envguard.model import Interpreter, Pin

TIMEOUT = 3600
"""Seconds for one call."""


def wheels(
    pins: "Sequence[Pin]", folder: str, python: "Interpreter", *, judged: str = ""
) -> "Iterator[tuple[Pin, str, str]]":
    """Each pin with the wheel that the index gave, or with the reason why it gave none.

    Args:
        pins: With exact versions.
        folder: Where the wheels are put.
        python: For whom.
        judged: Prefix of the environment whose pip must not be run.
    """
    pip = command(judged)
    if not pip:
        for pin in pins:
            yield pin, "", "no pip is there to ask it with: install pip beside envguard, or give --find-links"
        return
    requirements = [f"{pin.name}=={pin.version}" for pin in pins]
    if len(pins) > 1 and not _download(pip, requirements, folder, _whom(python, ())):
        requirements = []  # all at once is quicker than one by one
    for pin in pins:
        path = _latest(folder, pin)
        if path:
            yield pin, path, ""
        else:
            yield _single(pip, pin, folder, python)


def _single(pip: "list[str]", pin: "Pin", folder: str, python: "Interpreter") -> "tuple[Pin, str, str]":
    """One wheel: of the kind that pip takes here, or, where that is another build, of the kind that the lock names."""
    why = ""
    for tags in ((), pin.tags) if pin.tags else ((),):
        why = _download(pip, [f"{pin.name}=={pin.version}"], folder, _whom(python, tags))
        path = _latest(folder, pin)
        if path:
            return pin, path, ""
    return pin, "", why or "it gave another artifact than the golden one"


def _latest(folder: str, pin: "Pin") -> str:
    """A wheel in the folder that the pin means."""
    pattern = pin.name.replace("-", "[-_.]")
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.whl"))):
        if os.path.basename(path).lower()[:1] == pattern[:1] and not unlike(pin, path):
            return path
    return ""


def command(judged: str = "") -> "list[str]":
    """How a pip is called that is no part of the environment ``judged``; empty where there is none."""
    inside = bool(judged) and os.path.realpath(sys.prefix) == os.path.realpath(judged)
    if not inside and _has_pip():
        return [sys.executable, "-I", "-m", "pip"]
    base = getattr(sys, "_base_executable", "") or sys.executable
    bundled = sorted(
        glob.glob(os.path.join(glob.escape(os.path.dirname(os.__file__)), "ensurepip", "_bundled", "pip-*.whl"))
    )
    if bundled and base:
        return [base, "-I", "-S", os.path.join(bundled[-1], "pip")]
    found = shutil.which("pip3") or shutil.which("pip")
    if found and not (judged and os.path.realpath(found).startswith(os.path.realpath(judged) + os.sep)):
        return [found]
    return []


def _has_pip() -> bool:
    from importlib.util import find_spec

    return find_spec("pip") is not None


def _whom(python: "Interpreter", tags: "Sequence[str]") -> "list[str]":
    """The options that make pip choose for another interpreter than the one that runs it."""
    version = ".".join(python.version.split(".")[:2])
    same = version == ".".join(map(str, sys.version_info[:2])) and python.machine == os.uname().machine
    if not tags:
        return [] if same else ["--python-version", version]
    options = [] if same else ["--python-version", version]
    parts = [tag.split("-", 2) for tag in tags]
    for place, option in ((1, "--abi"), (2, "--platform")):
        for value in dict.fromkeys(part[place] for part in parts if len(part) == 3):
            options += [option, value]
    return options


def _download(pip: "list[str]", requirements: "Sequence[str]", folder: str, whom: "list[str]") -> str:
    """Has pip download; what it said where it failed, else ""."""
    words = [*pip, "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]
    words += ["--only-binary", ":all:", "--dest", folder, *whom, *requirements]
    # A constraint of the user's speaks of resolving; here each version is exact. Nothing is installed.
    variables = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PIP_CONSTRAINT": ""}
    try:
        done = subprocess.run(
            words, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if not done.returncode:
        return ""
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
    return said[0].removeprefix("ERROR: ") if said else f"pip left with {done.returncode}"
