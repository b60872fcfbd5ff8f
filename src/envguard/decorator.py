"""``pinned``: run a function or a block only in the environment that was validated.

    @envguard.pinned
    def predict(batch): ...

    with envguard.pinned("envguard.lock", only=["torch*"]):
        model = load()

The environment is checked once per process and question; later calls cost a look at the process-wide state. Children
of a fork inherit the answer.
"""

import functools

from envguard import latch
from envguard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from types import MethodType
    from typing import Any, TypedDict, TypeVar, overload

    from envguard.model import Depth, Report, Verdict

    Function = TypeVar("Function", bound=Callable[..., Any])
    Lock = str | os.PathLike[str] | None

    class Options(TypedDict, total=False):
        """What ``assert_pinned`` takes besides the lock."""

        depth: Depth | None
        allow: Verdict | None
        only: str | Iterable[str] | None
        sha256: str | None


# Code flags of the functions whose call only makes an object that runs later (inspect.CO_GENERATOR, CO_COROUTINE,
# CO_ITERABLE_COROUTINE and CO_ASYNC_GENERATOR; importing inspect costs more than a check).
_RUNS_LATER = 0x20 | 0x80 | 0x100 | 0x200


def once(
    lock: "Lock" = None,
    *,
    depth: "Depth | None" = None,
    allow: "Verdict | None" = None,
    only: "str | Iterable[str] | None" = None,
    sha256: "str | None" = None,
) -> "Report":
    """``assert_pinned``, unless this process or the one that it was forked from has passed the same check.

    Raises:
        EnvguardError: As ``assert_pinned``; after a refusal, the same refusal again.
    """
    latch.recheck()
    known = latch.recall((lock, depth, allow, only, sha256))
    if known is not None:
        return known
    from envguard.quick import assert_pinned

    return assert_pinned(lock, depth=depth, allow=allow, only=only, sha256=sha256)


class Pinned:
    """What ``pinned(...)`` returns: a decorator and a context manager, for synchronous and asynchronous code."""

    def __init__(self, lock: "Lock", options: "Options") -> None:
        self._lock = lock
        self._options = options

    def __call__(self, function: "Function") -> "Function":
        """Decorate ``function``; it keeps its kind."""
        if isinstance(function, (type, staticmethod, classmethod)):
            raise UsageError(
                f"pinned cannot decorate a {type(function).__name__}",
                remedy="decorate the function inside, below @staticmethod or @classmethod",
            )
        if not callable(function):
            raise UsageError(f"pinned cannot decorate {type(function).__name__}; lock and options go in parentheses")
        code = getattr(function, "__code__", None)
        if getattr(code, "co_flags", 0) & _RUNS_LATER:
            return _CheckedAtCall(function, self)  # type: ignore[return-value]  # stands in for the function

        @functools.wraps(function)
        def checked(*args: "Any", **kwargs: "Any") -> "Any":
            self._once()
            return function(*args, **kwargs)

        return checked  # type: ignore[return-value]  # stands in for the function

    def __enter__(self) -> "Report":
        return self._once()

    def __exit__(self, *_raised: object) -> None:
        pass

    async def __aenter__(self) -> "Report":
        return self._once()

    async def __aexit__(self, *_raised: object) -> None:
        pass

    def _once(self) -> "Report":
        return once(self._lock, **self._options)


class _CheckedAtCall:
    """Stands in for a coroutine function, a generator function or an asynchronous generator function.

    Wrapped in a function of its own kind, the check would run at the first step, when a server has already sent its
    status line, and not at all where nobody awaits. Wrapped in a plain function, ``inspect.iscoroutinefunction`` and
    its siblings would be false, and frameworks would treat it wrongly. They look at ``__code__`` of anything that looks
    like a function, so an object with the original's code satisfies both.
    """

    def __init__(self, function: "Any", gate: Pinned) -> None:
        functools.update_wrapper(self, function)
        self.__code__ = function.__code__
        self.__defaults__ = function.__defaults__
        self.__kwdefaults__ = function.__kwdefaults__
        self._function = function
        self._gate = gate

    def __call__(self, *args: "Any", **kwargs: "Any") -> "Any":
        self._gate._once()
        return self._function(*args, **kwargs)

    def __get__(self, instance: object, owner: "type | None" = None) -> "_CheckedAtCall | MethodType":
        if instance is None:
            return self
        from types import MethodType

        return MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<pinned {self._function!r}>"

    def __reduce__(self) -> str:
        # Pickled by name, as the function is; process pools need that.
        return str(self._function.__qualname__)


if TYPE_CHECKING:

    @overload
    def pinned(lock: Function) -> Function: ...

    @overload
    def pinned(
        lock: Lock = None,
        *,
        depth: Depth | None = None,
        allow: Verdict | None = None,
        only: str | Iterable[str] | None = None,
        sha256: str | None = None,
    ) -> Pinned: ...


def pinned(
    lock: "Any" = None,
    *,
    depth: "Depth | None" = None,
    allow: "Verdict | None" = None,
    only: "str | Iterable[str] | None" = None,
    sha256: "str | None" = None,
) -> "Any":
    """Let a function, or a ``with`` or ``async with`` block, run only in the pinned environment.

    Works with and without parentheses, on functions, coroutine functions and both kinds of generator function; each
    keeps its kind and is checked when it is called, not at its first step.

    Args:
        lock: The golden file, as for ``assert_pinned``; or the function to decorate.
        depth: As for ``assert_pinned``.
        allow: As for ``assert_pinned``.
        only: As for ``assert_pinned``.
        sha256: As for ``assert_pinned``.

    Raises:
        EnvguardError: When the function is called or the block entered: as ``assert_pinned``.
        UsageError: When a class or a staticmethod is decorated.
    """
    gate = Pinned(
        None if callable(lock) or isinstance(lock, (staticmethod, classmethod)) else lock,
        {"depth": depth, "allow": allow, "only": only, "sha256": sha256},
    )
    if callable(lock) or isinstance(lock, (staticmethod, classmethod)):
        return gate(lock)
    return gate
