"""The folder inside an environment's prefix in which a change keeps its lock, its journal and what it is about to use.

It lies on the file system of the environment, so that putting a file in its place is one rename, and nowhere that
Python imports from. It goes away when there is nothing in it.
"""

import contextlib
import os
import stat

from envguard.errors import ChangeError

NAME = ".envguard"
_REMEDY = "run it as a user who may write there"


def folder(prefix: str, *parts: str) -> str:
    """The path of the folder, or of something in it; nothing is made."""
    return os.path.join(os.path.realpath(prefix), NAME, *parts)


def make(prefix: str, *parts: str) -> str:
    """The folder, or one in it, made where it is missing.

    Raises:
        ChangeError: It cannot be made, or something else has its name, such as a link that leads elsewhere.
    """
    path = os.path.realpath(prefix)
    for part in ("", NAME, *parts):
        path = os.path.join(path, part) if part else path
        try:
            if part:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(path)
            mode = os.lstat(path).st_mode
        except OSError as error:
            raise refused(path, error) from error
        if not stat.S_ISDIR(mode):
            raise ChangeError(f"{path}: not a folder", remedy="remove it; envguard keeps its journal there")
    return path


def leave(prefix: str) -> None:
    """Removes the folder if nothing is in it."""
    with contextlib.suppress(OSError):
        os.rmdir(folder(prefix))


def sync(path: str) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refused(path: str, error: OSError) -> ChangeError:
    """What the system said, in one line; the environment is as it was, or as the journal says."""
    return ChangeError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}", remedy=_REMEDY)
