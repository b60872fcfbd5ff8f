"""``worker``: the start-up function for processes that a server or a pool starts.

A forked worker inherits what its parent checked and reads it in a microsecond. A worker that is started afresh (spawn,
forkserver) is a new interpreter without any guard until somebody calls one: give pools this function as initializer.

    ProcessPoolExecutor(initializer=envguard.worker, initargs=("envguard.lock",))

    def post_fork(server, worker):  # gunicorn.conf.py
        envguard.worker("envguard.lock")

A worker whose golden file is not the one that its parent found pinned is refused: the parent leaves that file's digest
in ``ENVGUARD_EXPECT``. A bare interpreter that never calls envguard stays unprotected.

ProcessPoolExecutor reports a refusing initializer as BrokenProcessPool. ``multiprocessing.Pool`` starts workers anew
for ever when their initializer fails, so check in the parent before making one.
"""

from envguard.decorator import once

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from envguard.model import Depth, Report, Verdict


def worker(
    lock: "str | os.PathLike[str] | None" = None,
    *,
    depth: "Depth | None" = None,
    allow: "Verdict | None" = None,
    only: "str | Iterable[str] | None" = None,
    sha256: "str | None" = None,
) -> "Report":
    """Assert in a worker process what its parent asserted; free where the parent did so before it forked.

    Args:
        lock: As for ``assert_pinned``. Give the same arguments as the parent, else the worker checks again.
        depth: As for ``assert_pinned``.
        allow: As for ``assert_pinned``.
        only: As for ``assert_pinned``.
        sha256: As for ``assert_pinned``.

    Raises:
        EnvguardError: As ``assert_pinned``.
        LockError: The golden file is another than the parent's.
    """
    return once(lock, depth=depth, allow=allow, only=only, sha256=sha256)
