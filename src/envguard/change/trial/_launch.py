"""Runs a command and writes down how it ended and what it used. Started by ``running`` as a process of its own.

The kernel counts the memory of whoever started a program into that program's peak: a small parent in between keeps
envguard's own megabytes out of the figure. It loads a few modules and never the package that it lies in.

    python -I -S _launch.py PARENT ANSWER PROGRAM [ARG ...]
"""

import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
"""See prctl(2)."""


def _end_with_parent(parent: int) -> None:
    """Let the kernel end this process when the one that started it has gone, however and whenever that ended."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):  # a Python or a system without it: the test then runs to its end
        return
    if os.getppid() != parent:
        os._exit(1)


def main(parent: int, answer: str, command: "list[str]") -> None:
    """Start ``command``, wait for it and write one line to ``answer``."""
    _end_with_parent(parent)
    launcher = os.getpid()
    begin = time.monotonic()
    child = os.fork()
    if not child:
        _end_with_parent(launcher)
        try:
            os.execv(command[0], command)  # noqa: S606 - running it is the purpose
        except OSError as error:
            with open(answer, "w") as file:
                file.write("cannot be started: " + (error.strerror or str(error)).lower())
        os._exit(127)
    _pid, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - begin
    if not os.path.exists(answer):
        with open(answer + ".new", "w") as file:
            file.write(f"{os.waitstatus_to_exitcode(status)} {seconds:.6f} {usage.ru_maxrss}")
        os.rename(answer + ".new", answer)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
