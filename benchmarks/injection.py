"""Runs inside the judged environment for faults.py: fails one file-system call at a time and writes what came of it.

Arguments: lock, depth, way (``fast``, ``full``, ``drifted``: the lock differs, ``cold``: it differs, and no module or
registry was loaded by a check before), lasting (``once``, or ``lasting``: the same function goes on to fail
for the same path), step (1: every call), core to run on, output file.
"""

import errno
import json
import os
import sys
import traceback

import envguard
from envguard import quick

CALLS = ("open", "read", "stat", "lstat", "fstat", "listdir", "scandir", "readlink")
ERRORS = (errno.EACCES, errno.EIO, errno.ENOENT, errno.EMFILE, errno.ESTALE, errno.ENOMEM)
REAL = {name: getattr(os, name) for name in CALLS}


class Fault:
    """Counts the calls of one function, and fails one of them."""

    def __init__(self, name: str, at: int, error: "int | str", *, lasting: bool = False) -> None:
        self.name = name
        self.at = at
        self.lasting = lasting
        self.error = error
        self.count = 0
        self.caller = ""
        self.callers = ""
        self.below = ""
        self.path = ""
        self.detail = ""

    def __call__(self, *arguments: object, **options: object) -> object:
        """The function itself, but for the call whose turn it is."""
        self.count += 1
        if self.count == self.at:
            self._note(arguments)
        elif self.count < self.at or not self.at or not self.lasting or self._path(arguments) != self.path:
            return REAL[self.name](*arguments, **options)
        if self.error == "short":
            self.detail = self.detail or ("read" if REAL[self.name](*arguments, **options) else "at the end")
            return b""
        assert isinstance(self.error, int)
        raise OSError(self.error, os.strerror(self.error), *self._file_name(arguments))

    def _file_name(self, arguments: "tuple[object, ...]") -> "tuple[object, ...]":
        return arguments[:1] if arguments and isinstance(arguments[0], str) else ()

    def _path(self, arguments: "tuple[object, ...]") -> str:
        path = arguments[0] if arguments else ""
        return str(REAL["readlink"](f"/proc/self/fd/{path}") if isinstance(path, int) else path)

    def _note(self, arguments: "tuple[object, ...]") -> None:
        self.path = self._path(arguments)
        for frame in traceback.extract_stack():
            if f"{os.sep}envguard{os.sep}" in frame.filename:
                module = frame.filename.rpartition(f"{os.sep}envguard{os.sep}")[2].removesuffix(".py")
                self.caller = f"{module.replace(os.sep, '.')}.{frame.name}"
                self.callers += f" {self.caller}"
                self.below = ""
            elif frame.filename != __file__:
                self.below += f" {frame.name}"


def ask(lock: str, depth: str) -> "tuple[str, str]":
    """The answer of one check, and what was raised."""
    try:
        envguard.assert_pinned(lock, depth=depth)  # type: ignore[arg-type]
    except envguard.EnvguardError as error:
        report = getattr(error, "report", None)
        if "internal error" in str(error):
            return "internal", str(error)[:300]
        return ("finding" if report is not None and report.findings else "error"), str(error)[:200]
    except BaseException as crash:  # noqa: BLE001 - whatever it is, it is what this benchmark looks for
        where = traceback.extract_tb(crash.__traceback__)[-1]
        return "crash", f"{crash!r} at {os.path.basename(where.filename)}:{where.lineno}"
    return "pinned", ""


def in_child(fault: Fault, lock: str, depth: str) -> "dict[str, object]":
    """Asks in a forked child with one fault in place: a refusal latches the process that got it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        setattr(os, fault.name, fault)
        answer, said = ask(lock, depth)
        setattr(os, fault.name, REAL[fault.name])
        row = {"count": fault.count, "answer": answer, "caller": fault.caller, "path": fault.path}
        row["below"] = fault.below
        row["callers"] = fault.callers
        row["link"] = os.path.islink(fault.path)
        row["exists"] = os.path.lexists(fault.path)
        row["detail"] = fault.detail or said
        os.write(writer, json.dumps(row).encode()[:60000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if not text:
        return {
            "count": 0,
            "answer": "crash",
            "caller": "",
            "below": "",
            "path": "",
            "link": False,
            "detail": "the process died",
        }
    row = json.loads(text)
    assert isinstance(row, dict)
    return row


def main(lock: str, depth: str, way: str, lasting: str, *, step: int, core: int, out: str) -> None:
    """Counts each function's calls in an undisturbed check, then fails them one by one."""
    os.sched_setaffinity(0, {core})  # one core: hashing stays in this process
    if way == "full":
        quick.prove = lambda *_arguments: None
    if way != "cold":
        answer = ask(lock, depth)[0] if way != "drifted" else str(in_child(Fault("open", 0, 0), lock, depth)["answer"])
        if answer != ("finding" if way == "drifted" else "pinned"):
            raise SystemExit(f"{answer} before anything failed")
        if way == "drifted":
            envguard.check(lock, depth=depth)  # type: ignore[arg-type]  # loads what a check loads
    names: tuple[str, ...] = CALLS
    if way == "cold":  # each check loads everything anew; a small sample looks at listings, and at all of them
        names, step = ("stat", "listdir", "scandir") if step == 1 else ("listdir", "scandir"), 1
    with open(out, "w") as rows:
        for name in names:
            calls = int(str(in_child(Fault(name, 0, 0), lock, depth)["count"]))
            errors: tuple[int | str, ...] = (*ERRORS, "short") if name == "read" else ERRORS
            for at in range(1, calls + 1, step):
                for error in errors:
                    row = in_child(Fault(name, at, error, lasting=lasting == "lasting"), lock, depth)
                    row["call"] = name
                    row["error"] = error if isinstance(error, str) else errno.errorcode[error]
                    rows.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:5], step=int(sys.argv[5]), core=int(sys.argv[6]), out=sys.argv[7])
