"""The stages in their order: read the golden file, look at the environment, compare, judge.

``assert_pinned`` begins in ``envguard.quick``. This module is loaded once something cannot be proven there, and the
full pipeline after it.
"""

import os
import sys

from envguard import quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeVar

    from envguard.model import Depth, Report, Selection, Verdict

    T = TypeVar("T")
    Progress = Callable[[int, int], None]
    StrPath = str | os.PathLike[str]

_DEPTHS = ("versions", "records", "files", "native")  # as envguard.model, which is not loaded where all is pinned


def refuse_unless_pinned(
    lock: "StrPath | None",
    *,
    depth: "Depth | None",
    allow: "Verdict | None",
    only: "str | Iterable[str] | None",
    sha256: "str | None",
) -> "Report":
    """What ``assert_pinned`` does where the quick path proved nothing; arguments, answer and errors are the same."""
    from envguard import latch

    latch.recheck()
    check_choice("allow", allow, ("safe", "cautious", None))
    report = check(lock, depth=depth, only=only, sha256=sha256)
    if not report.pinned:
        from envguard.refusal import accept_or_refuse

        report = accept_or_refuse(report, allow)
    quick.remember((lock, depth, allow, only, sha256), report)
    return report


def check(
    lock: "StrPath | None" = None,
    *,
    depth: "Depth | None" = None,
    only: "str | Iterable[str] | None" = None,
    sha256: "str | None" = None,
    python: "StrPath | None" = None,
    paths: "Sequence[str] | None" = None,
    selection: "Selection | None" = None,
    progress: "Progress | None" = None,
) -> "Report":
    """Compare an environment with a golden file, and judge every difference. Never raises for drift.

    Args:
        lock: As in ``assert_pinned``.
        depth: As in ``assert_pinned``.
        only: As in ``assert_pinned``.
        sha256: As in ``assert_pinned``.
        python: Another interpreter (or the folder of its environment) to judge instead of this process.
        paths: sys.path entries to judge instead of this process's.
        selection: Which part of a lock is meant that holds several, such as one of its groups.
        progress: Called with (bytes done, bytes in all) while files are hashed.

    Raises:
        UnverifiableError, LockError, RuleError, UsageError: As in ``assert_pinned``.
    """
    check_choice("depth", depth, (*_DEPTHS, None))
    return fail_closed(
        lambda: _check(
            _locate(lock),
            depth=depth,
            only=_patterns(only),
            sha256=sha256,
            python=None if python is None else os.fspath(python),
            paths=paths,
            selection=selection,
            progress=progress,
        )
    )


def _check(
    path: str,
    *,
    depth: "Depth | None",
    only: tuple[str, ...],
    sha256: "str | None",
    python: "str | None",
    paths: "Sequence[str] | None",
    selection: "Selection | None",
    progress: "Progress | None",
) -> "Report":
    data = _read_lock(path)
    if python is None and depth not in ("files", "native") and not only and selection is None:
        _check_digest(path, data, sha256)
        proven = quick.proven(path, data, depth, sys.path if paths is None else paths)
        if proven is not None:
            return proven
    from envguard import comparing

    return comparing.check(
        path,
        data,
        depth=depth,
        only=only,
        sha256=sha256,
        python=python,
        paths=paths,
        selection=selection,
        progress=progress,
    )


def _locate(lock: "StrPath | None") -> str:
    if lock is not None:
        return os.fspath(lock)
    from envguard.locate import locate

    return locate(None)


def _read_lock(path: str) -> bytes:
    from envguard.errors import LockError

    try:
        return quick.read(path)
    except FileNotFoundError as error:
        remedy = "make it with `envguard freeze`, or name another with ENVGUARD_LOCK"
        raise LockError("cannot be read: no such file or directory", path=path, remedy=remedy) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise LockError(f"cannot be read: {why.lower()}", path=path) from error


def _check_digest(path: str, data: bytes, sha256: "str | None") -> None:
    """Hold the golden file itself to a digest that was pinned elsewhere, before anything in it is believed."""
    for wanted, whence in ((sha256, "sha256="), (os.environ.get("ENVGUARD_LOCK_SHA256"), "ENVGUARD_LOCK_SHA256")):
        if not wanted:
            continue
        import hashlib

        actual = hashlib.sha256(data).hexdigest()
        if wanted.removeprefix("sha256:").lower() != actual:
            from envguard.errors import LockError

            raise LockError(f"its sha256 is {actual}, and {whence} wants {wanted}", path=path)


def check_choice(name: str, value: object, choices: "Iterable[object]") -> None:
    """Raise a UsageError that names the choices where ``value`` is none of them."""
    if value not in choices:
        from envguard.errors import UsageError

        known = ", ".join(repr(choice) for choice in choices)
        raise UsageError(f"{name}={value!r} is none of {known}")


def _patterns(only: "str | Iterable[str] | None") -> tuple[str, ...]:
    if only is None:
        return ()
    return (only,) if isinstance(only, str) else tuple(only)


def fail_closed(work: "Callable[[], T]") -> "T":
    """Run ``work``; whatever goes wrong inside the guard is a refusal with one clear line, never a pass."""
    try:
        return work()
    except Exception as error:
        told = _told(error)
        if told is error:
            raise
        raise told from error


def refusal_of(error: Exception) -> Exception:
    """What a checkpoint raises for an error, kept as the refusal of this process."""
    from envguard import latch

    told = _told(error)
    latch.refuse(told)
    return told


def _told(error: Exception) -> Exception:
    """The error itself where it is one of envguard's own, else one that says that the guard failed."""
    from envguard.errors import EnvguardError, UnverifiableError

    if isinstance(error, EnvguardError):
        return error
    return UnverifiableError(
        f"internal error in the guard: {type(error).__name__}: {error}",
        remedy="nothing was judged; report it with the traceback that ENVGUARD_TRACEBACK=1 shows",
    )


def report_of(facts: "dict[str, Any]") -> "Report":
    """The report that a ``quick.PinnedReport`` stands for."""
    from hashlib import sha256

    from envguard import checks
    from envguard.model import Report

    known = {**facts, "lock_sha256": sha256(facts["data"]).hexdigest()}
    del known["data"]
    return Report(checks=checks.names(known["depth"]), **known)
