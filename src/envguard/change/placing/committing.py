"""Doing the operations of a journal: renames and removals, which have no effect when they are done twice."""

import contextlib
import hashlib
import os

from envguard.change.placing import journal, place
from envguard.change.placing.journal import Operation
from envguard.errors import ChangeError
from envguard.facts.reading import sha256_of
from envguard.facts.tree import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def commit(prefix: str, done: "journal.Journal") -> None:
    """Does the operations of a journal; those that were done before have no effect.

    Raises:
        ChangeError: The system refused one, or a staged file is not what it was. The journal stays.
    """
    root = os.path.realpath(prefix)
    folder = place.folder(root, journal.STAGED)
    pruned = set()
    for operation in done.operations:
        with explained(operation.path):
            if operation.kind in ("put", "link"):
                _put(root, folder, operation)
            elif operation.kind == "unlink":
                _unlink(root, operation.path)
            else:
                pruned.add(operation.path)
    for path in sorted(pruned, key=len, reverse=True):
        if _is_inside(root, path):
            with contextlib.suppress(OSError):  # not empty, or gone
                os.rmdir(path)


def _put(root: str, folder: str, operation: Operation) -> None:
    staged = os.path.join(folder, os.path.basename(operation.staged))
    if not os.path.lexists(staged):
        return  # it was put in its place before the interruption
    if (_link_digest(staged) if operation.kind == "link" else sha256_of(staged)) != operation.sha256:
        raise ChangeError(f"{staged}: not what was staged", remedy="remove the journal beside it, and restore again")
    parent = os.path.dirname(operation.path)
    os.makedirs(parent, exist_ok=True)
    if not _is_inside(root, operation.path):
        raise ChangeError(f"{operation.path}: leads out of the environment: nothing is written there")
    if os.path.isdir(operation.path) and not os.path.islink(operation.path):
        for each in folders_below(operation.path):
            os.rmdir(each)  # emptied by the operations before
    os.replace(staged, operation.path)


def _link_digest(path: str) -> str:
    return hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest() if os.path.islink(path) else ""


def _unlink(root: str, path: str) -> None:
    if not _is_inside(root, path) or (os.path.isdir(path) and not os.path.islink(path)):
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)


def _is_inside(root: str, path: str) -> bool:
    """True where a path lies below the prefix when the links in the folders above it are followed."""
    return is_below(path, root) and is_below(os.path.realpath(os.path.dirname(path)), root)


def folders_below(path: str) -> list[str]:
    """A folder and all folders in it, the innermost first; empty for what is none."""
    if os.path.islink(path) or not os.path.isdir(path):
        return []
    return [parent for parent, _folders, _files in os.walk(path, topdown=False)]


@contextlib.contextmanager
def explained(path: str) -> "Iterator[None]":
    """What the system refuses in the block is said in one line.

    Raises:
        ChangeError: Instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise place.refused(path, error) from error
