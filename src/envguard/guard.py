"""The stages in their order: read the golden file, look at the environment, compare, judge.

Everything here returns a report or raises; only ``assert_pinned`` refuses. The full pipeline is imported once something
cannot be proven by ``envguard.quick``.
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
_LOCK_LIMIT = 64 << 20


def assert_pinned(
    lock: "StrPath | None" = None,
    *,
    depth: "Depth | None" = None,
    allow: "Verdict | None" = None,
    only: "str | Iterable[str] | None" = None,
    sha256: "str | None" = None,
) -> "Report":
    """Refuse to go on unless the environment of this process is the one that was frozen.

    Args:
        lock: The golden file. Default: ENVGUARD_LOCK, else ``[tool.envguard] lock`` or ``envguard.lock`` in the working
            directory or the nearest folder above it.
        depth: ``versions``, ``records``, ``files`` or ``native``; default ``records`` where the lock seals record
            digests.
        allow: Let differences pass that are judged ``safe``, or ``cautious`` and milder. Default: none.
        only: Names or patterns (``torch*``) of the packages to judge; default all.
        sha256: Hex digest that the golden file itself must have.

    Returns:
        The report; its ``verdict`` is ``pinned`` unless ``allow`` let something pass or a bypass was honoured.

    Raises:
        DriftError: Something differs. The error carries the report.
        UnverifiableError: The comparison could not be made, or something in it could not be verified.
        LockError: There is no golden file, or it is broken, or it is not the one that was asked for.
        RuleError: The rule table is broken.
        UsageError: An argument makes no sense.
    """
    if quick.refusals:
        from envguard import latch

        latch.recheck()
    try:
        check_choice("allow", allow, ("safe", "cautious", None))
        report = check(lock, depth=depth, only=only, sha256=sha256)
        if not report.pinned:
            from envguard.refusal import accept_or_refuse

            report = accept_or_refuse(report, allow)
        quick.remember((lock, depth, allow, only, sha256), report)
    except Exception as error:
        from envguard import latch

        latch.refuse(error)
        raise
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
    seal = quick.sealed(data)
    shallow = depth not in ("files", "native")
    if seal is not None and python is None and shallow and not only and selection is None:
        _check_digest(path, data, sha256)
        wanted = depth or ("records" if quick.has_records(data) else "versions")
        found = quick.prove(data, wanted, sys.path if paths is None else paths)
        if found is not None:
            return PinnedReport(  # type: ignore[return-value] # it stands for a Report
                {
                    "lock": path,
                    "format": "envguard.lock",
                    "data": data,
                    "seal": seal[1],
                    "prefix": sys.prefix,
                    "depth": wanted,
                    "packages": seal[0],
                    "installed": found,
                }
            )
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
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        from envguard.errors import LockError

        why = getattr(error, "strerror", None) or str(error)
        remedy = "make it with `envguard freeze`, or name another with ENVGUARD_LOCK"
        raise LockError(f"cannot be read: {why.lower()}", path=path, remedy=remedy) from error
    try:
        chunks = []
        # A chunk of just the file's size: the kernel need not map a page that stays unused.
        size = min(os.fstat(descriptor).st_size + 1, 1 << 20)
        room = _LOCK_LIMIT
        while room > 0 and (chunk := os.read(descriptor, size)):
            chunks.append(chunk)
            room -= len(chunk)
        return b"".join(chunks)
    except OSError as error:
        from envguard.errors import LockError

        raise LockError(f"cannot be read: {(error.strerror or '').lower()}", path=path) from error
    finally:
        os.close(descriptor)


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
        from envguard.errors import EnvguardError, UnverifiableError

        if isinstance(error, EnvguardError):
            raise
        raise UnverifiableError(
            f"internal error in the guard: {type(error).__name__}: {error}",
            remedy="nothing was judged; report it with the traceback that ENVGUARD_TRACEBACK=1 shows",
        ) from error


class PinnedReport:
    """Stands for the ``Report`` of a pinned environment until somebody reads more of it than that it is pinned.

    Loading the values costs as much as half the check, and most services only want not to be refused.
    """

    __slots__ = ("_facts", "_report", "seal")
    pinned = True
    verdict = "pinned"
    findings = ()

    def __init__(self, facts: "dict[str, Any]") -> None:
        self._facts = facts
        self._report: Report | None = None
        self.seal: str = facts["seal"]

    def full(self) -> "Report":
        """The report that this object stands for."""
        if self._report is None:
            from hashlib import sha256

            from envguard import checks
            from envguard.model import DEPTHS, Report

            facts = dict(self._facts)
            facts["lock_sha256"] = sha256(facts.pop("data")).hexdigest()
            reached = DEPTHS[: DEPTHS.index(facts["depth"]) + 1]
            answered = tuple(check.NAME for check in checks.registered() if check.DEPTH in reached)
            self._report = Report(checks=answered, **facts)
        return self._report

    def __getattr__(self, name: str) -> object:
        return getattr(self.full(), name)

    def __repr__(self) -> str:
        return repr(self.full())

    def __eq__(self, other: object) -> bool:
        return bool(self.full() == (other.full() if type(other) is PinnedReport else other))

    def __hash__(self) -> int:
        return hash(self.full())

    def __reduce__(self) -> "tuple[Any, ...]":
        return self.full().__reduce__()

    @property  # type: ignore[misc] # object's __class__ can be written, this one need not be
    def __class__(self) -> type:
        # isinstance(report, envguard.Report) holds for every report.
        from envguard.model import Report

        return Report
