"""A program of its own: does byte code hold what compiling its source gives?

It runs in a separate process (``python -I -S``), since loading hostile byte code can crash an interpreter, and since
only the interpreter that would run byte code can say what it should hold. It imports nothing of the environment that is
judged, and it compiles without running.

It reads a JSON list of ``[byte code, source, optimisation]`` from standard input, and writes one JSON line for each:
the cache tag first, then ``[verdict, why]`` with the verdict ``same``, ``unused`` (Python would not run it) or
``poisoned``.
"""

import _imp
import contextlib
import importlib.util
import json
import marshal
import os
import resource
import signal
import struct
import sys
from types import CodeType

MEMORY = 4 << 30
"""Bytes of address space; the largest sources seen need a tenth."""
SECONDS = 120
"""Processor time for one file."""

_FIELDS = (
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_flags",
    "co_code",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_name",
    "co_qualname",  # 3.11
    "co_firstlineno",
    "co_linetable",  # 3.10
    "co_exceptiontable",  # 3.11
    "co_stacksize",
)


def judge(bytecode: str, source: str, optimisation: int) -> tuple[str, str]:
    """Compares one file with its source, as Python itself would decide whether to run it (PEP 552)."""
    with open(bytecode, "rb") as file:
        data = file.read()
    with open(source, "rb") as file:
        text = file.read()
        status = os.fstat(file.fileno())
    why = _why_unused(data, text, status)
    if why:
        return "unused", why
    if struct.unpack_from("<I", data, 4)[0] == 0b01:
        return "poisoned", "it is marked to be run without a look at its source"
    try:
        expected = compile(text, source, "exec", dont_inherit=True, optimize=optimisation)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return "poisoned", f"its source does not compile: {type(error).__name__}"
    try:
        found = marshal.loads(data[16:])  # noqa: S302 - loaded, not run, in a process that may crash
    except Exception as error:  # noqa: BLE001 - whatever loading it raises, it is no byte code of this source
        return "poisoned", f"it does not load: {type(error).__name__}"
    if not isinstance(found, CodeType) or _key(found) != _key(expected):
        return "poisoned", "it is not what its source compiles to"
    return "same", ""


def _why_unused(data: bytes, text: bytes, status: os.stat_result) -> str:
    if len(data) < 16:
        return "too short"
    if data[:4] != importlib.util.MAGIC_NUMBER:
        return "of another Python"
    flags, time, size = struct.unpack_from("<III", data, 4)
    if flags == 0:
        if time != int(status.st_mtime) & 0xFFFFFFFF or size != status.st_size & 0xFFFFFFFF:
            return "older than its source"
    elif flags == 0b11:
        if data[8:16] != _imp.source_hash(importlib.util._RAW_MAGIC_NUMBER, text):  # type: ignore[attr-defined]
            return "of another source"
    elif flags != 0b01:
        return "with unknown flags"
    return ""


def _key(value: object) -> object:
    """What a constant or code object means: equal keys behave equally, whatever shares memory with what.

    Types are part of it, for ``1 == True == 1.0``; floats by their bits, for ``0.0 == -0.0``.
    """
    if isinstance(value, CodeType):
        fields = [getattr(value, field, None) for field in _FIELDS]
        return ("code", *fields, _key(value.co_consts))
    if isinstance(value, tuple):
        return ("tuple", *map(_key, value))
    if isinstance(value, frozenset):
        return ("frozenset", frozenset(map(_key, value)))
    if isinstance(value, float):
        return ("float", struct.pack("<d", value))
    if isinstance(value, complex):
        return ("complex", struct.pack("<dd", value.real, value.imag))
    return (type(value).__name__, value)


def _limit(bytes_of_memory: int) -> None:
    with contextlib.suppress(ValueError, OSError):  # a lower limit is set already
        resource.setrlimit(resource.RLIMIT_AS, (bytes_of_memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answers every job, flushing each: whoever started this sees at which file it died."""
    jobs = json.load(sys.stdin)
    _limit(MEMORY)
    print(json.dumps(sys.implementation.cache_tag), flush=True)  # noqa: T201 - a program's answer
    for bytecode, source, optimisation in jobs:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # nobody handles SIGPROF: it ends the process
        try:
            answer = judge(bytecode, source, optimisation)
        except FileNotFoundError:
            answer = "unused", "it or its source is gone"
        except (OSError, ValueError) as error:
            answer = "poisoned", f"it or its source cannot be read: {getattr(error, 'strerror', None) or error}"
        print(json.dumps(answer), flush=True)  # noqa: T201 - a program's answer


if __name__ == "__main__":
    main()
