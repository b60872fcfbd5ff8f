"""What this process already knows: that it was refused, or that a lock was found pinned.

The first refusal is kept for the life of the process, and every later checkpoint refuses again with the same reason.
So it does not matter who swallows the first one: of 749 ``try`` blocks around imports in 16 widely used
machine-learning wheels 51 catch Exception, and an exception in a thread or in a task that nobody awaits stops nothing.

The state is global, not a context variable, since threads do not inherit those. Children of a fork inherit it, which
is how workers of a forking server learn at no cost what their parent checked. Appending to a list and storing in a
dict are atomic, so there is no lock that a fork could copy while it is held.

This module lies on the path where everything is pinned, and loads nothing that a bare interpreter has not loaded.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.model import Report

    Asked = tuple[str | os.PathLike[str] | None, object, object, object, object]

EXPECT = "ENVGUARD_EXPECT"
"""Environment variable: the digest of each golden file that this process or a parent found pinned, comma separated."""

_refusals: "list[BaseException]" = []
_pinned: "dict[tuple[object, ...], Report]" = {}
_publishers: "list[int]" = []


def refuse(error: BaseException) -> None:
    """Keep ``error`` as the reason why this process is refused, unless there is one already.

    Every exception of a checkpoint is a refusal, also one that envguard did not foresee, except a UsageError (the call
    was wrong, nothing was judged) and what is no Exception at all (the user pressed Ctrl-C).
    """
    from envguard.errors import ImportRefused, UsageError

    if not isinstance(error, (Exception, ImportRefused)) or isinstance(error, UsageError):
        return
    if not _refusals:
        _refusals.append(_copy(error))


def refused() -> "BaseException | None":
    """A fresh copy of the first refusal, or None where nothing was refused."""
    return _copy(_refusals[0]) if _refusals else None


def recheck() -> None:
    """Raise the first refusal again, if there was one. Every checkpoint calls this first."""
    if not _refusals:
        return
    from envguard.errors import EnvguardError

    raise _copy(_refusals[0]) from EnvguardError("refused before in this process, and a refusal is not taken back")


def remember(asked: "Asked", report: "Report") -> None:
    """Keep the report of a check that passed, for this process and its future forks, and tell its children.

    Args:
        asked: The arguments of ``assert_pinned`` in order: lock, depth, allow, only, sha256.
        report: What was found.

    Raises:
        LockError: As ``expect``.
    """
    try:
        if not _is_expected(report):
            expect(report.seal)
    except Exception as error:
        refuse(error)
        raise
    _pinned[_question(*asked)] = report


def recall(asked: "Asked") -> "Report | None":
    """The report of an earlier check with the same arguments that passed, or None."""
    return _pinned.get(_question(*asked))


def expect(digest: str) -> None:
    """Tell children which golden file was found pinned, or hold this process to what its parent said.

    The process that wrote ``ENVGUARD_EXPECT`` may check more than one golden file; its children, forked or started
    afresh, may use only those.

    Args:
        digest: What identifies the golden file: ``Report.seal``, or the sha256 of its bytes.

    Raises:
        LockError: A parent expects other golden files than this one.
    """
    environ = os.environ
    expected = _expected()
    if digest in expected:
        return
    process = os.getpid()
    if expected and process not in _publishers:
        from envguard.errors import LockError

        raise LockError(
            f"the golden file is {digest}, but {EXPECT} demands {environ[EXPECT]}",
            remedy=f"use the golden file of the parent process, or unset {EXPECT} for a child that is meant to differ",
        )
    environ[EXPECT] = f"{','.join([*expected, digest])}@{sys.prefix}"
    _publishers[:] = [process]


def reset() -> None:
    """Forget everything. For tests only: a refusal that can be taken back is none."""
    _refusals.clear()
    _pinned.clear()
    _publishers.clear()
    os.environ.pop(EXPECT, None)


def _copy(error: BaseException) -> BaseException:
    """The same exception without its traceback, which would keep every frame below it alive."""
    from envguard.errors import EnvguardError, ImportRefused, UnverifiableError

    if not isinstance(error, (EnvguardError, ImportRefused)):
        return UnverifiableError(f"the check itself failed: {type(error).__name__}: {error}")
    kind = type(error)
    made = kind.__new__(kind, *error.args)
    made.__dict__.update(error.__dict__)
    return made


def _is_expected(report: "Report") -> bool:
    """True where the parent named this golden file by its seal, or somebody did by the sha256 of its bytes."""
    expected = _expected()
    return bool(expected) and (report.seal in expected or report.lock_sha256 in expected)


def _expected() -> "list[str]":
    """What a parent, or whoever set the variable by hand, expects of a process of this environment."""
    digests, mark, prefix = os.environ.get(EXPECT, "").partition("@")
    return [] if not digests or (mark and prefix != sys.prefix) else digests.split(",")


def _question(
    lock: "str | os.PathLike[str] | None", depth: object, allow: object, only: "Any", sha256: object
) -> "tuple[object, ...]":
    """Equal for two calls that ask the same, what a missing argument falls back to included."""
    environ = os.environ
    chosen = os.fspath(lock) if lock is not None else environ.get("ENVGUARD_LOCK", "")
    folder = "" if chosen.startswith("/") else _working_folder()
    patterns = only if only is None or isinstance(only, str) else tuple(only)
    return chosen, folder, depth, allow, patterns, sha256 or environ.get("ENVGUARD_LOCK_SHA256")


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted, so no relative path means anything; the check itself says so
        return ""
