"""One change of an environment at a time: an exclusive lock on a file inside its prefix.

The kernel gives the lock back when its holder ends, however it ends, so a lock never has to be broken by hand.
"""

import contextlib
import fcntl
import json
import os
import time

from envguard.change.placing import place
from envguard.errors import ChangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = "lock"
_BETWEEN = 0.1
"""Seconds between two attempts."""
_HOLDER_LIMIT = 4096


@contextlib.contextmanager
def hold(
    prefix: str, purpose: str, *, wait: float = 0.0, waiting: "Callable[[str], None] | None" = None
) -> "Iterator[None]":
    """Holds the lock on an environment for as long as the block runs.

    Args:
        prefix: The environment's prefix.
        purpose: What it is held for, such as ``restore``: the second one is told.
        wait: How many seconds to wait for another one that holds it; 0 refuses at once.
        waiting: Called once with who holds it, before waiting begins.

    Raises:
        ChangeError: Another one holds it, or no lock can be made there. Nothing was changed.
    """
    place.make(prefix)
    path = place.folder(prefix, FILE)
    descriptor = _wait_for(path, time.monotonic() + wait, wait, waiting)
    try:
        note = json.dumps({"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%Y-%m-%d %H:%M:%S")})
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, note.encode(), 0)
        except OSError as error:
            raise place.refused(path, error) from error
        yield
    finally:
        # While it is held: whoever opened the same file meanwhile sees that its name is gone, and opens a new one.
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(descriptor)
        place.leave(prefix)


def _wait_for(path: str, until: float, wait: float, waiting: "Callable[[str], None] | None") -> int:
    while True:
        descriptor = _try(path)
        if descriptor is not None:
            return descriptor
        who = holder(path)
        if time.monotonic() >= until:
            waited = f" after waiting {wait:g} s" if wait else ""
            raise ChangeError(
                f"{os.path.dirname(os.path.dirname(path))}: another envguard is changing this environment{waited}: "
                f"{who}",
                remedy="run it again when that has ended, or with --wait SECONDS",
            )
        if waiting is not None:
            waiting(who)
            waiting = None
        time.sleep(_BETWEEN)


def _try(path: str) -> "int | None":
    """A descriptor that holds the lock, or None where another one holds it."""
    try:
        place.make(os.path.dirname(os.path.dirname(path)))
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except FileNotFoundError:
        return None  # the folder was removed by the one that has just let go: try again
    except OSError as error:
        raise place.refused(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        os.close(descriptor)
        raise place.refused(path, error) from error
    os.close(descriptor)
    return None


def holder(path: str) -> str:
    """Who holds a lock file, in words."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            said = json.loads(os.read(descriptor, _HOLDER_LIMIT))
        finally:
            os.close(descriptor)
        return f"{said['purpose']} (process {int(said['pid'])}, since {said['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "it does not say which"
