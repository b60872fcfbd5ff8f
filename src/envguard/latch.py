"""What this process already knows: that it was refused, or that a lock was found pinned.

The first refusal is kept for the life of the process, and every later checkpoint refuses again with the same reason.
So it does not matter who swallows the first one: of 749 ``try`` blocks around imports in 16 widely used
machine-learning wheels 51 catch Exception, and an exception in a thread or in a task that nobody awaits stops nothing.

The state is global, not a context variable, since threads do not inherit those. Children of a fork inherit it, which
is how workers of a forking server learn at no cost what their parent checked. Appending to a list and storing in a
dict are atomic, so there is no lock that a fork could copy while it is held.

The memory itself, and what adds to it where everything is pinned, lies in ``envguard.quick``: this module is loaded
once something was refused, or by whoever asks.
"""

import os

from envguard import quick
from envguard.quick import EXPECT

__all__ = ["EXPECT", "expect", "recall", "recheck", "refuse", "refused", "remember", "reset"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Report
    from envguard.quick import Asked


def refuse(error: BaseException) -> None:
    """Keep ``error`` as the reason why this process is refused, unless there is one already.

    Every exception of a checkpoint is a refusal, also one that envguard did not foresee, except a UsageError (the call
    was wrong, nothing was judged) and what is no Exception at all (the user pressed Ctrl-C).
    """
    from envguard.errors import ImportRefused, UsageError

    if not isinstance(error, (Exception, ImportRefused)) or isinstance(error, UsageError):
        return
    if not quick.refusals:
        quick.refusals.append(_copy(error))


def refused() -> "BaseException | None":
    """A fresh copy of the first refusal, or None where nothing was refused."""
    return _copy(quick.refusals[0]) if quick.refusals else None


def recheck() -> None:
    """Raise the first refusal again, if there was one. Every checkpoint calls this first."""
    if not quick.refusals:
        return
    from envguard.errors import EnvguardError

    raise _copy(quick.refusals[0]) from EnvguardError("refused before in this process, and a refusal is not taken back")


def remember(asked: "Asked", report: "Report") -> None:
    """As ``quick.remember``; a golden file that the parent does not expect is a refusal, too."""
    try:
        quick.remember(asked, report)
    except Exception as error:
        refuse(error)
        raise


def recall(asked: "Asked") -> "Report | None":
    """The report of an earlier check with the same arguments that passed, or None."""
    return quick.passed.get(quick.question(*asked))


def expect(digest: str) -> None:
    """Tell children which golden file was found pinned, or hold this process to what its parent said.

    The process that wrote ``ENVGUARD_EXPECT`` may check more than one golden file; its children, forked or started
    afresh, may use only those.

    Args:
        digest: What identifies the golden file: ``Report.seal``, or the sha256 of its bytes.

    Raises:
        LockError: A parent expects other golden files than this one.
    """
    named = quick.expected()
    if digest in named:
        return
    if named and os.getpid() not in quick.publishers:
        from envguard.errors import LockError

        raise LockError(
            f"the golden file is {digest}, but {EXPECT} demands {os.environ[EXPECT]}",
            remedy=f"use the golden file of the parent process, or unset {EXPECT} for a child that is meant to differ",
        )
    quick.publish([*named, digest])


def reset() -> None:
    """Forget everything. For tests only: a refusal that can be taken back is none."""
    quick.refusals.clear()
    quick.passed.clear()
    quick.publishers.clear()
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
