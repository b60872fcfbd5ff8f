"""Running a command of a trial: its output in a log, its time and memory measured, its end certain."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from envguard._value import Value
from envguard.errors import UnverifiableError
from envguard.reporters.safe import safe

_LAUNCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_launch.py")
_TAIL = 4096
"""Bytes from the end of a log that are shown."""
_TAIL_LINES = 12


class Ran(Value):
    """How a command ended, and what it used."""

    command: tuple[str, ...]
    log: str
    """The file with its output."""
    code: int
    """Exit code; of a command that a signal ended, the negative number of the signal."""
    seconds: float
    peak_kib: "int | None" = None
    """The largest resident set of the command or of one process that it waited for (``ru_maxrss``, KiB on Linux)."""
    timed_out: bool = False

    @property
    def passed(self) -> bool:
        """True where it ended by itself with 0."""
        return self.code == 0 and not self.timed_out

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.timed_out:
            return f"stopped after {self.seconds:.0f} s, the time limit"
        if self.code < 0:
            with contextlib.suppress(ValueError):
                return f"ended by {signal.Signals(-self.code).name}"
            return f"ended by signal {-self.code}"
        return "passed" if self.code == 0 else f"failed with exit code {self.code}"

    def tail(self) -> tuple[str, ...]:
        """The last lines of its output, safe to show."""
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                text = file.read(_TAIL).decode("utf-8", "replace")
        except OSError as error:
            return (f"the log cannot be read: {(error.strerror or str(error)).lower()}",)
        return tuple(safe(line) for line in text.rstrip().splitlines()[-_TAIL_LINES:])


def measured(
    command: Sequence[str],
    *,
    log: str,
    environ: Mapping[str, str],
    folder: str,
    limit: "float | None" = None,
) -> Ran:
    """Run a command to its end, and whatever it left running no longer.

    Args:
        command: The program, by its path, and its arguments.
        log: The file for its output; it must not exist.
        environ: All of its variables.
        folder: Where it runs.
        limit: Seconds after which it is ended; None is no limit.

    Raises:
        UnverifiableError: It could not be started, or nothing can be said about how it ended.
    """
    answer = log + ".measured"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(answer)
    launched = [sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), answer, *command]
    begin = time.monotonic()
    late = _run(launched, log=log, environ=environ, folder=folder, limit=limit)[1]
    if late:
        seconds = time.monotonic() - begin
        return Ran(command=tuple(command), log=log, code=-signal.SIGKILL, seconds=seconds, timed_out=True)
    try:
        with open(answer, encoding="utf-8") as file:
            said = file.read()
        os.unlink(answer)
    except OSError as error:
        problem = f"the process that measures {safe(command[0])} was ended from outside"
        raise UnverifiableError(problem, remedy=f"its output is in {log}") from error
    words = said.split(" ")
    if len(words) != 3 or not words[2].isdigit():
        raise UnverifiableError(f"{safe(command[0])} {safe(said)}", remedy=f"its output is in {log}")
    return Ran(command=tuple(command), log=log, code=int(words[0]), seconds=float(words[1]), peak_kib=int(words[2]))


def tool(command: Sequence[str], *, log: str, environ: Mapping[str, str], folder: str) -> Ran:
    """Run an installer: as ``measured``, without measuring."""
    begin = time.monotonic()
    code, _late = _run(command, log=log, environ=environ, folder=folder, limit=None)
    return Ran(command=tuple(command), log=log, code=code, seconds=time.monotonic() - begin)


def _run(
    command: Sequence[str], *, log: str, environ: Mapping[str, str], folder: str, limit: "float | None"
) -> tuple[int, bool]:
    """The exit code, and whether the limit was reached. No process of the command outlives this, however it ends."""
    with _opened(log) as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environ),
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UnverifiableError(f"{safe(command[0])} cannot be started: {why}") from error
        late = threading.Event()

        def stop() -> None:
            late.set()
            _end(process.pid)

        timer = threading.Timer(limit, stop) if limit is not None else None
        try:
            if timer is not None:
                timer.start()
            code = process.wait()
        finally:
            if timer is not None:
                timer.cancel()
            _end(process.pid)
            process.wait()
    return code, late.is_set()


@contextlib.contextmanager
def _opened(log: str) -> Iterator[int]:
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UnverifiableError(f"{log}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
