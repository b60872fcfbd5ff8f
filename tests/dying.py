"""Ends a process by SIGKILL, or fails its calls, at the N-th of those that change the file system."""

import errno
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = (
    "open",
    "write",
    "pwrite",
    "ftruncate",
    "fsync",
    "sync",
    "replace",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
    "symlink",
)


class Counter:
    """Counts calls; at the N-th it does what it was told."""

    def __init__(self, at: int, deed: "Callable[[str], None]", *, after: bool) -> None:
        self.at = at
        self.deed = deed
        self.after = after
        self.count = 0
        self.names: list[str] = []

    def patch(self) -> None:
        for name in CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: "Callable[..., Any]") -> "Callable[..., Any]":
        def call(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not _is_writing(arguments, options):
                return real(*arguments, **options)
            self.count += 1
            self.names.append(name)
            here = self.count == self.at
            if here and not self.after:
                self.deed(name)
            answer = real(*arguments, **options)
            if here and self.after:
                self.deed(name)
            return answer

        return call


def _is_writing(arguments: "tuple[Any, ...]", options: "dict[str, Any]") -> bool:
    flags = arguments[1] if len(arguments) > 1 else options.get("flags", 0)
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def kill(_name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def full(_name: str) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def in_child(
    work: "Callable[[], object]", at: int, deed: "Callable[[str], None]" = kill, *, after: bool = False
) -> "tuple[int, int]":
    """Runs work in a forked child that meets the deed at its N-th call.

    Returns:
        How the child ended (0 by itself, 1 by an error, -9 killed), and how many calls it made, if it lived.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 0
        tell = os.write
        counter = Counter(at, deed, after=after)
        try:
            counter.patch()
            work()
        except Exception as error:  # noqa: BLE001 - the parent asks what it was
            status = 1
            if os.environ.get("DYING_SAYS"):
                traceback.print_exception(error, file=sys.stderr)
        finally:
            tell(writer, str(counter.count).encode())
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _pid, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), int(said or 0)
