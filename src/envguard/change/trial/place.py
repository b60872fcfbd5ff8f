"""Where trials are kept: a folder for each, beside the golden file, with everything that happened in it.

    .envguard/trials/20261128-131500-3f2a/
        trial.json     the evidence, written anew after every step
        env/           the environment
        logs/          the output of every step
        arriving/      the wheels that the change installs, for the live environment
        golden/        the golden file that the trial would become, and its manifest
        outputs/       what the test wrote, before and after

A lock on ``running`` is held while a trial goes on. The kernel lets go of it when the process ends, however it ends.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from typing import Any

from envguard.errors import LockError, UsageError
from envguard.reporters.safe import safe
from envguard.writing import write_atomically

FOLDER = os.path.join(".envguard", "trials")
SCHEMA = {"name": "envguard-trial", "version": 1}
_EVIDENCE = "trial.json"
_RUNNING = "running"
ARRIVING = "arriving"
"""Folder of a trial with the wheels that its change installs."""
_PARTS = ("logs", "outputs", "golden")


class Trial:
    """One trial's folder and evidence."""

    def __init__(self, path: str, evidence: "dict[str, Any]") -> None:
        self.path = path
        self.evidence = evidence

    @property
    def id(self) -> str:
        """Its name, which is that of its folder."""
        return os.path.basename(self.path)

    @property
    def state(self) -> str:
        """running, passed, failed, unjudged, accepted; interrupted where its process ended before it did."""
        said = str(self.evidence.get("state", ""))
        return "interrupted" if said == "running" and not self.is_running() else said

    @property
    def environment(self) -> str:
        """The folder of its environment."""
        return os.path.join(self.path, "env")

    def file(self, *parts: str) -> str:
        """A path inside its folder."""
        return os.path.join(self.path, *parts)

    def log(self, name: str) -> str:
        """A new log's path; logs are numbered in their order."""
        logs = self.file("logs")
        return os.path.join(logs, f"{sum(1 for each in os.listdir(logs) if each.endswith('.log')) + 1:02d}-{name}.log")

    def save(self) -> None:
        """Write the evidence as a whole or not at all.

        Raises:
            LockError: The system refused.
        """
        data = json.dumps(self.evidence, indent=2, ensure_ascii=True) + "\n"
        write_atomically(self.file(_EVIDENCE), data.encode())

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from changing the trial meanwhile.

        Raises:
            UsageError: It is going on in another process.
        """
        with open(self.file(_RUNNING), "a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(
                    f"trial {self.id} is going on in another process", remedy="wait for it, or end it there"
                ) from error
            yield

    def is_running(self) -> bool:
        """True while a process works on it."""
        try:
            with self.held():
                return False
        except UsageError:
            return True
        except OSError:
            return False

    def remove(self) -> None:
        """Remove the whole folder.

        Raises:
            LockError: Something in it cannot be removed.
        """
        remove_tree(self.path)


def remove_tree(path: str) -> None:
    """Remove a folder; nothing behind a link is touched.

    Raises:
        LockError: Something in it cannot be removed.
    """
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LockError(f"cannot be removed: {why}", path=str(error.filename or path)) from error


def folder_of(lock: str) -> str:
    """Where the trials of a golden file are kept."""
    return os.path.join(os.path.dirname(os.path.abspath(lock)), FOLDER)


def create(lock: str) -> Trial:
    """A new trial's folder.

    Raises:
        LockError: The system refused.
    """
    above = folder_of(lock)
    try:
        os.makedirs(above, exist_ok=True)
        _ignore(os.path.dirname(above))
        path = os.path.join(above, f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}")
        os.mkdir(path)
        for part in _PARTS:
            os.mkdir(os.path.join(path, part))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LockError(f"no trial can be kept here: {why}", path=above) from error
    return Trial(path, {"schema": SCHEMA, "id": os.path.basename(path), "state": "running"})


def _ignore(folder: str) -> None:
    """Environments are nothing to commit; golden files of the past, which lie beside the trials, are."""
    path = os.path.join(folder, ".gitignore")
    if not os.path.lexists(path):
        write_atomically(path, b"/trials/\n")


def every(lock: str) -> list[Trial]:
    """The trials of a golden file, the oldest first."""
    above = folder_of(lock)
    try:
        names = sorted(os.listdir(above))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LockError(f"cannot be listed: {(error.strerror or '').lower()}", path=above) from error
    return [_load(os.path.join(above, name)) for name in names if os.path.isdir(os.path.join(above, name))]


def find(lock: str, name: "str | None", *, states: tuple[str, ...] = ()) -> Trial:
    """The trial of a name; without one, the only one.

    Args:
        lock: The golden file.
        name: The trial's, or the beginning of it, or None.
        states: Without a name, only a trial in one of these is meant; empty is any.

    Raises:
        UsageError: There is none, or more than one.
    """
    known = every(lock)
    if name is not None:
        found = [trial for trial in known if name and trial.id.startswith(name)]
        exact = [trial for trial in found if trial.id == name]
        found = exact or found
    else:
        found = [trial for trial in known if not states or trial.state in states]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{trial.id} ({safe(trial.state)})" for trial in (found or known))
    which = f"trial {safe(name)!r}" if name is not None else " or ".join(states) + " trial" if states else "trial"
    if not found:
        remedy = f"there are {listed}" if known else "make one with `envguard try CHANGE --test 'CMD'`"
        raise UsageError(f"no {which} of {safe(lock)}", remedy=remedy)
    raise UsageError(f"which {which}?", remedy=f"name one of {listed}")


def _load(path: str) -> Trial:
    """A trial of which nothing can be read can still be removed."""
    try:
        with open(os.path.join(path, _EVIDENCE), "rb") as file:
            evidence = json.load(file)
    except (OSError, ValueError, RecursionError):
        evidence = None
    if not isinstance(evidence, dict) or evidence.get("schema") != SCHEMA:
        evidence = {"schema": SCHEMA, "id": os.path.basename(path), "state": "unreadable"}
    return Trial(path, evidence)
