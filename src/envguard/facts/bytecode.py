"""Byte code in ``__pycache__``: which of it Python would run, and whether that is what the source says.

Python writes byte code whenever it first imports a module, so new files there are normal, and no RECORD knows them. But
Python believes byte code whose header names its source's time and size, whatever the code in it (PEP 552): whoever can
write there can run anything while every source stays as it was. The only proof is to compile the source again.

That happens in processes of the interpreter that would run the byte code (see ``_compile``). ``-S`` and ``-I`` keep
everything of the judged environment out of them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from envguard.errors import UnverifiableError
from envguard.model import Environment

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_compile.py")
_SHARE = 50
"""Files below which a second process is not worth its start."""
_TIMEOUT = 1800
"""Seconds for one process."""

Job = tuple[str, str, int]
"""Byte code, its source, level of optimisation."""


class Judgement(NamedTuple):
    """What is known of one file of byte code."""

    verdict: str
    """``same``, ``unused`` (Python would not run it), ``poisoned``, or ``unknown``."""
    why: str = ""


def is_cached(path: str) -> bool:
    """True for a file in a ``__pycache__`` folder that Python, or a tool that imports in its own way, puts there."""
    folder, _slash, name = path.rpartition("/")
    if not folder.endswith("__pycache__") or ".pyc" not in name:
        return False
    rest = name.rpartition(".pyc")[2]  # Python writes x.pyc.140245 and then renames it
    return not rest or (rest.startswith(".") and rest[1:].isdecimal())


def is_runtime_cache(path: str) -> bool:
    """True for compiled functions that numba keeps beside the sources and writes anew as it likes."""
    return path.endswith((".nbi", ".nbc")) and "/__pycache__/" in path


def source_of(path: str) -> tuple[str, str, int] | None:
    """Source, cache tag and optimisation of ``__pycache__/x.tag[.opt-N].pyc`` (PEP 3147, PEP 488); None for no such."""
    folder, _slash, name = path.rpartition("/")
    if not name.endswith(".pyc"):
        return None
    stem = name[: -len(".pyc")]
    optimisation = 0
    before, _dot, last = stem.rpartition(".")
    if last.startswith("opt-"):
        if not last[4:].isdecimal():
            return None
        optimisation, stem = min(int(last[4:]), 2), before  # -OOO compiles as -OO does
    module, _dot, tag = stem.rpartition(".")
    if not module or not tag:
        return None
    return f"{os.path.dirname(folder)}/{module}.py", tag, optimisation


def cache_tag(environment: Environment) -> str:
    """The tag of the byte code that an environment's interpreter runs, such as ``cpython-311``."""
    implementation, version = environment.interpreter.implementation, environment.interpreter.version
    if implementation == sys.implementation.name and version.split(".")[:2] == [str(n) for n in sys.version_info[:2]]:
        return sys.implementation.cache_tag or ""
    major, _dot, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return f"{implementation}-{major}{minor}"


def judge(paths: Sequence[str], environment: Environment) -> dict[str, Judgement]:
    """Judges files in ``__pycache__`` by their sources.

    Args:
        paths: Absolute paths for which ``is_cached`` is true.
        environment: Whose interpreter would run them.

    Returns:
        A judgement of every path. ``unknown`` where no interpreter could be asked.

    Raises:
        UnverifiableError: The running interpreter is the one to ask, and cannot be started or gives no answer.
    """
    tag = cache_tag(environment)
    judged: dict[str, Judgement] = {}
    jobs: list[Job] = []
    for path in paths:
        origin = source_of(path)
        if origin is None or origin[1] != tag:
            judged[path] = Judgement("unused", "this interpreter does not look for a file of that name")
        elif _is_gone(origin[0]):
            judged[path] = Judgement("unused", "without its source Python does not look for it")
        else:
            jobs.append((path, origin[0], origin[2]))
    python = _python_of(environment, tag) if jobs else ""
    if not python:
        return {**judged, **dict.fromkeys((job[0] for job in jobs), Judgement("unknown"))}
    return {**judged, **_compile_all(jobs, python, tag)}


def _is_gone(path: str) -> bool:
    """True where nothing is there. What cannot be asked may be there, and then its byte code is judged."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _python_of(environment: Environment, tag: str) -> str:
    """An interpreter that compiles as the judged one does; "" where none is found.

    ``sys.executable`` may be a server that embeds Python, so its name has to be a Python's.
    """
    version = environment.interpreter.version
    own = sys.executable or ""
    is_own = version.split("+")[0] == ".".join(map(str, sys.version_info[:3])) and tag == sys.implementation.cache_tag
    if is_own and os.path.basename(own).startswith(("python", "pypy")):
        return own
    short = ".".join(version.split(".")[:2])
    for name in (f"python{short}", "python3", "python"):
        candidate = os.path.join(environment.prefix, "bin", name)
        if os.access(candidate, os.X_OK):
            return candidate
    return ""


def _compile_all(jobs: list[Job], python: str, tag: str) -> dict[str, Judgement]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = max(1, min(cores, len(jobs) // _SHARE))
    # Neighbours are alike in size, so dealing them out in turn balances the shares.
    shares = [jobs[number::workers] for number in range(workers)]
    judged: dict[str, Judgement] = {}
    from concurrent.futures import ThreadPoolExecutor  # needed at depth files only

    with ThreadPoolExecutor(workers) as pool:
        for found in pool.map(lambda share: _compile_share(share, python, tag), shares):
            judged.update(found)
    return judged


def _compile_share(jobs: list[Job], python: str, tag: str) -> dict[str, Judgement]:
    """Has one process judge its share; where it dies on a file, the next one goes on behind that file.

    Another interpreter may be none that runs here, and then nothing is known. This one runs, so it has to answer.
    """
    judged: dict[str, Judgement] = {}
    while jobs:
        answers, ending = _run(jobs, python)
        if python == sys.executable and not answers:
            problem = f"byte code newer than the freeze cannot be judged: {python} gives no answer ({ending})"
            raise UnverifiableError(problem, remedy="let it start processes, or remove that byte code")
        if not answers or answers[0] != tag:
            return {**judged, **dict.fromkeys((job[0] for job in jobs), Judgement("unknown"))}
        for job, answer in zip(jobs, answers[1:], strict=False):
            judged[job[0]] = Judgement(answer[0], answer[1])
        jobs = jobs[len(answers) - 1 :]
        if jobs:
            judged[jobs[0][0]] = Judgement("poisoned", f"loading it {ending}")
            jobs = jobs[1:]
    return judged


def _run(jobs: list[Job], python: str) -> tuple[list[list[str] | str], str]:
    """The answers of one process, and how it ended."""
    command = [python, "-I", "-S", "-B", "-W", "ignore", _PROGRAM]
    try:
        process = subprocess.run(
            command, input=json.dumps(jobs).encode("ascii"), capture_output=True, timeout=_TIMEOUT, check=False
        )
        output, ending = process.stdout, f"ended the interpreter ({process.returncode})"
    except subprocess.TimeoutExpired as expired:
        output, ending = expired.stdout or b"", "took too long"
    except OSError as error:
        return [], (error.strerror or str(error)).lower()
    lines = output.split(b"\n")[:-1]
    return [json.loads(line) for line in lines], ending
