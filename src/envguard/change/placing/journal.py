"""The journal of a change: written into the environment before anything in it changes, gone when all is done.

It lists every operation to come, and every file that will be put in place lies ready beside it, proven and on the same
file system. So whatever ends the process, ``envguard restore`` needs neither the index nor a wheel to go on: it does
the operations of the journal once more, those that were done already have no effect, and then looks at everything anew.
"""

import contextlib
import json
import os
import shutil
import time

from envguard._value import Value
from envguard.change.placing import place
from envguard.errors import UnverifiableError

FILE = "journal.json"
WHEELS = "wheels"
"""What the index gave for the change."""
STAGED = "staged"
"""Files that are about to be put in their place."""
LIMIT = 512 << 20
FORMAT = 1


class Operation(Value):
    """One step that has no effect when it is done twice."""

    kind: str
    """``put`` a staged file in its place, ``link`` a staged symbolic link, ``unlink`` a file or link, or
    ``prune`` an empty folder."""
    path: str
    """Absolute, below the prefix."""
    staged: str = ""
    """Name of the file in the folder of staged files."""
    sha256: str = ""
    """Of the staged file, or of what the staged link says."""


class Journal(Value):
    """What a change was about to do."""

    purpose: str
    """``restore``, ``rollback`` or ``accept``."""
    lock: str
    """Absolute path of the golden file towards which the environment is changed."""
    lock_sha256: str
    packages: tuple[str, ...]
    """Normalised names of the packages whose files may be half old and half new."""
    operations: "tuple[Operation, ...]" = ()
    """What is to be done, in this order."""
    started: str = ""
    """Local time."""
    pid: int = 0


def begin(prefix: str, journal: Journal) -> None:
    """Writes the journal, durable when this returns.

    Raises:
        UnverifiableError: It cannot be written. Nothing was changed.
    """
    started = journal.started or time.strftime("%Y-%m-%d %H:%M:%S")
    _write(prefix, journal.replace(started=started, pid=os.getpid()))


def _write(prefix: str, journal: Journal) -> None:
    folder = place.make(prefix)
    said: dict[str, object] = {field: getattr(journal, field) for field in journal._fields}
    said["operations"] = [[getattr(each, field) for field in each._fields] for each in journal.operations]
    path = os.path.join(folder, FILE)
    part = path + ".part"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)  # of one that was killed; the lock is held, so nobody else writes it
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps({"format": FORMAT, **said}).encode() + b"\n")
            file.flush()
            os.fsync(descriptor)
        os.replace(part, path)
        place.sync(folder)
    except OSError as error:
        raise place.refused(path, error) from error


def read(prefix: str) -> "Journal | None":
    """The journal of an interrupted change; None where there is none.

    Raises:
        UnverifiableError: There is one and it cannot be read.
    """
    path = place.folder(prefix, FILE)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, (error.strerror or str(error)).lower()) from error
    with os.fdopen(descriptor, "rb") as file:
        try:
            said = json.loads(file.read(LIMIT))
            if said.pop("format") != FORMAT:
                raise _unreadable(path, "written by another version of envguard")
            said["packages"] = tuple(map(str, said["packages"]))
            said["operations"] = tuple(
                Operation(kind=str(kind), path=str(path), staged=str(staged), sha256=str(sha256))
                for kind, path, staged, sha256 in said["operations"]
            )
            return Journal(**said)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _unreadable(path, "not a journal that envguard wrote") from error


def finish(prefix: str) -> None:
    """Removes the journal and what was kept for it: the change is done.

    Raises:
        UnverifiableError: Something cannot be removed.
    """
    try:
        for part in (STAGED, WHEELS):
            clear(prefix, part)
        for name in (FILE + ".part", FILE):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place.folder(prefix, name))
    except OSError as error:
        raise place.refused(place.folder(prefix), error) from error
    place.leave(prefix)


def clear(prefix: str, part: str) -> None:
    """Removes a folder of the journal with all that is in it; a link of that name is removed, not followed."""
    path = place.folder(prefix, part)
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)


def _unreadable(path: str, why: str) -> UnverifiableError:
    return UnverifiableError(
        f"{path}: the journal of an interrupted change cannot be read: {why}",
        remedy="remove that file; restore then looks at depth files for what was left half done",
    )
