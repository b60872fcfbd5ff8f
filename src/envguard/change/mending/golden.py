"""Putting a lock and its manifest in the place of the golden one, both or neither.

Two files cannot be replaced by one rename. So both are first written beside the history, then an intention, and only
then are they put in place; whoever comes after an interruption between the two finishes it.
"""

import contextlib
import hashlib
import os
import shutil

from envguard.change.mending import history
from envguard.errors import LockError
from envguard.formats import envguard_lock
from envguard.writing import write_atomically

_INTENT = "next"
"""A folder below the history with the files that are to become golden; complete once it has this name."""


def become(lock_path: str, data: bytes, manifest: bytes = b"") -> None:
    """Makes a lock, and the manifest that it seals, the golden one.

    Args:
        lock_path: Where the golden file lies.
        data: The bytes of the new lock.
        manifest: The bytes of its manifest; empty where it seals none.

    Raises:
        LockError: The lock is broken, the manifest is not the one that it seals, or something cannot be written. Then
            the old golden file is in place, or ``settle`` finishes what was begun.
    """
    snapshot = envguard_lock.parse(data, path=lock_path)
    sealed = snapshot.manifest
    if sealed is not None and hashlib.sha256(manifest).hexdigest() != sealed.sha256.removeprefix("sha256:"):
        raise LockError("the manifest is not the one that the lock seals", path=lock_path)
    folder = _intent(lock_path)
    part = folder + ".part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
    except OSError as error:
        raise LockError(f"cannot be made: {(error.strerror or str(error)).lower()}", path=part) from error
    write_atomically(os.path.join(part, os.path.basename(lock_path)), data)
    if sealed is not None:
        write_atomically(os.path.join(part, sealed.path), manifest)
    settle(lock_path)  # an older intention goes first
    os.rename(part, folder)
    settle(lock_path)


def settle(lock_path: str) -> bool:
    """Finishes what an interrupted ``become`` began; True where there was something to finish.

    Raises:
        LockError: Something cannot be written.
    """
    folder = _intent(lock_path)
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return False
    name = os.path.basename(lock_path)
    target = os.path.dirname(os.path.abspath(lock_path))
    for each in sorted(names, key=lambda each: each == name):  # the lock last
        with open(os.path.join(folder, each), "rb") as file:
            write_atomically(os.path.join(target, each), file.read())
    done = folder + ".done"
    shutil.rmtree(done, ignore_errors=True)
    os.rename(folder, done)  # half of it must not be taken for an intention once more
    shutil.rmtree(done)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(folder))
    return True


def _intent(lock_path: str) -> str:
    return os.path.join(history.folder_of(lock_path), _INTENT)
