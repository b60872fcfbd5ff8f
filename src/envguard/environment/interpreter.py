"""Which interpreter is judged: the running one, or another one that is asked without loading any of its packages."""

import contextlib
import json
import os
import sys

from envguard.environment import paths, probe
from envguard.errors import EnvguardError, UnverifiableError, UsageError
from envguard.model import Interpreter
from envguard.versions import is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import Popen
    from typing import Any

ANSWER_SECONDS = 20
"""How long another interpreter may take to say what it is; a start takes about 0.02 s."""
ANSWER_LIMIT = 1 << 20
"""Bytes of an answer that are read."""

_begun: "dict[str, Popen[bytes]]" = {}
"""Interpreters that were started already, by executable."""
_kept: "dict[str, bytes] | None" = None
"""Answers by what was asked for, inside ``asked_once``."""
_REMEDY = "give a python executable, or the folder of a virtual or conda environment"
_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM", "jython": "Jython"}
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows", "cygwin": "CYGWIN"}


def running() -> Interpreter:
    """The interpreter that runs this code."""
    return Interpreter(**probe.identity())


def of(python: str) -> tuple[Interpreter, str, tuple[str, ...]]:
    """Another interpreter, its prefix, and what sys.path would be in a process started there.

    Args:
        python: An executable, or the folder of a virtual or conda environment.

    Raises:
        UsageError: There is no such interpreter, or what is there is none.
        UnverifiableError: It did not answer in time, or a ``.pth`` of it could not be read.
    """
    identity, layout = ask(python)
    entries, _remarks = paths.search_path(layout, identity.version, os.environ)
    return identity, layout.prefix, entries


@contextlib.contextmanager
def asked_once() -> "Iterator[None]":
    """Inside, an interpreter is asked once and believed from then on: for commands that look at it several times."""
    global _kept  # noqa: PLW0603 - one process, one command
    before, _kept = _kept, {}
    try:
        yield
    finally:
        _kept = before


def ask_soon(python: str) -> None:
    """Starts another interpreter, so that it has its answer ready when it is asked; says nothing of what goes wrong."""
    with contextlib.suppress(EnvguardError, OSError):  # asking it says the same
        executable = _executable(python)
        if executable not in _begun:
            _begun[executable] = _start(executable, python)


def ask(python: str) -> "tuple[Interpreter, paths.Layout]":
    """What another interpreter says about itself and its folders, see ``of``."""
    answer = _kept.get(python) if _kept is not None else None
    if answer is None:
        answer = _answer(_executable(python), python)
        if _kept is not None:
            _kept[python] = answer
    try:
        said = json.loads(answer)
        return Interpreter(**_texts(said["identity"])), paths.Layout(**_folders(said["layout"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UsageError("not a Python 3 interpreter: it did not answer", path=python, remedy=_REMEDY) from error


def markers(interpreter: Interpreter) -> dict[str, str]:
    """The environment in which markers hold or not (PEP 508).

    For the running interpreter it equals ``packaging.markers.default_environment()``. The release of the kernel is
    that of this machine, whatever interpreter is asked for.
    """
    system = os.uname()
    version = interpreter.version
    return {
        "implementation_name": interpreter.implementation,
        "implementation_version": _implementation_version(interpreter),
        "os_name": "nt" if interpreter.system == "win32" else "posix",
        "platform_machine": interpreter.machine,
        "platform_python_implementation": _IMPLEMENTATIONS.get(interpreter.implementation, interpreter.implementation),
        "platform_release": system.release,
        "platform_system": _SYSTEMS.get(interpreter.system, system.sysname),
        "platform_version": system.version,
        "python_full_version": version + "local" if version.endswith("+") else version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": interpreter.system,
    }


def _implementation_version(interpreter: Interpreter) -> str:
    """PEP 508 spells the release level with its first letter: ``3.13.0rc1`` of CPython is ``3.13.0c1``."""
    if interpreter.implementation == "cpython":
        return interpreter.version.rstrip("+").replace("rc", "c")
    if interpreter.implementation == sys.implementation.name:
        info = sys.implementation.version
        level = "" if info.releaselevel == "final" else f"{info.releaselevel[0]}{info.serial}"
        return f"{info.major}.{info.minor}.{info.micro}{level}"
    return interpreter.version


def _executable(python: str) -> str:
    """The path of the executable that a person means.

    Raises:
        UsageError: There is no such interpreter.
    """
    if not python or "\0" in python:
        raise UsageError("not a path of an interpreter", remedy=_REMEDY)
    if os.path.isdir(python):
        return _inside(python)
    if os.path.exists(python):
        found = python
    elif os.sep not in python and is_name(python):
        found = _on_path(python)
    else:
        found = ""
    if not found:
        raise UsageError("there is no such interpreter", path=python, remedy=_REMEDY)
    if not os.path.isfile(found) or not os.access(found, os.X_OK):
        raise UsageError("not an executable file, so not an interpreter", path=python, remedy=_REMEDY)
    return os.path.abspath(found)


def _inside(folder: str) -> str:
    for name in ("python", "python3"):
        candidate = os.path.join(os.path.abspath(folder), "bin", name)
        if os.access(candidate, os.X_OK):
            return candidate
    raise UsageError("this folder holds no bin/python, so it is no environment", path=folder, remedy=_REMEDY)


def _on_path(name: str) -> str:
    import shutil

    return shutil.which(name) or ""


def _answer(executable: str, python: str) -> bytes:
    """What the interpreter prints when it runs the probe, in a process that inherits next to nothing."""
    import threading

    process = _begun.pop(executable, None) or _start(executable, python)
    late = threading.Event()

    def stop() -> None:
        late.set()
        _end(process.pid)

    timer = threading.Timer(ANSWER_SECONDS, stop)
    timer.start()
    with process:
        try:
            answer = process.stdout.read(ANSWER_LIMIT) if process.stdout else b""
            if len(answer) == ANSWER_LIMIT:
                _end(process.pid)
            status = process.wait()
        finally:
            timer.cancel()
            timer.join()  # while it is there, nothing may be forked
    if late.is_set():
        problem = f"{python}: the interpreter did not answer within {ANSWER_SECONDS} s"
        raise UnverifiableError(problem, remedy="start it once by hand to see what holds it up")
    if status:
        raise UsageError(f"not a Python 3 interpreter: it left with {status}", path=python, remedy=_REMEDY)
    return answer


def _start(executable: str, python: str) -> "Popen[bytes]":
    import subprocess

    try:
        return subprocess.Popen(
            [executable, "-I", "-S", "-c", _probe_source()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environ(),
            cwd="/",
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"cannot be run: {why.lower()}", path=python, remedy=_REMEDY) from error


def _end(group: int) -> None:
    import signal

    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:  # it has just left by itself
        return


def _probe_source() -> str:
    loader: Any = probe.__loader__
    if not hasattr(loader, "get_source") and probe.__file__:
        # pytest loads all modules of a distribution that has a plugin, and its loader knows no sources.
        with open(probe.__file__, encoding="utf-8") as file:
            return file.read()
    source: str = loader.get_source(probe.__name__)
    return source


def _environ() -> dict[str, str]:
    """The least that a process needs to start and to know whose user site is meant."""
    keep = ("HOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH")
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8"} | {name: os.environ[name] for name in keep if name in os.environ}


def _texts(said: "dict[str, Any]") -> "dict[str, str]":
    if not all(isinstance(value, str) for value in said.values()):
        raise TypeError
    return said


def _folders(said: "dict[str, Any]") -> "dict[str, Any]":
    lists = {key: tuple(value) for key, value in said.items() if isinstance(value, list)}
    single = {key: value for key, value in said.items() if isinstance(value, (str, bool))}
    if len(lists) + len(single) != len(said) or not all(
        isinstance(each, str) for row in lists.values() for each in row
    ):
        raise TypeError
    return single | lists
