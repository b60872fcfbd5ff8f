"""Every exception that envguard raises on purpose.

None derives from ImportError, RuntimeError, OSError, ValueError or AssertionError: of 749 ``try`` blocks around
imports in 16 widely used machine-learning wheels, 408 swallow ImportError and 19 RuntimeError, and ``assert``
disappears under ``python -O``. A refusal that others catch by habit is no refusal.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Report


class EnvguardError(Exception):
    """The base of all errors: envguard could not answer "pinned".

    Attributes:
        problem: What is wrong, in one line.
        path: The file or folder concerned, or "".
        line: The 1-based line in ``path``, or 0 where no line applies.
        remedy: What to do about it, in one line, or "".
    """

    def __init__(self, problem: str, *, path: str = "", line: int = 0, remedy: str = "") -> None:
        self.problem = problem
        self.path = path
        self.line = line
        self.remedy = remedy
        super().__init__()

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}: " if self.path and self.line else f"{self.path}: " if self.path else ""
        return where + self.problem + (f" ({self.remedy})" if self.remedy else "")

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only state does not survive pickling by default; worker pools pickle what their children raise.
        return _rebuild, (type(self), dict(self.__dict__))


class _ReportError(EnvguardError):
    """An error that carries the report which led to it."""

    def __init__(self, problem: str, *, report: "Report | None" = None, remedy: str = "") -> None:
        super().__init__(problem, remedy=remedy)
        self.report = report


class DriftError(_ReportError):
    """The environment is not the pinned one. ``report`` says what differs and why that matters."""


class UnverifiableError(_ReportError):
    """The environment could not be compared: unreadable, empty, frozen, or what the lock seals is not there."""


class LockError(EnvguardError):
    """The golden file is missing, broken, wrongly sealed, or not the one whose sha256 was asked for."""


class RuleError(EnvguardError):
    """The rule table is broken. ``problem`` names the key."""


class UsageError(EnvguardError):
    """A call or a command line that makes no sense, such as an unknown depth."""


class ChangeError(EnvguardError):
    """A change of an environment was refused, or failed; it says what state the environment is in."""


class TooLateError(EnvguardError):
    """A protected module was loaded before the guard could judge, or from elsewhere."""


class ImportRefused(BaseException):
    """A protected module was about to be loaded in an environment that is not pinned.

    It derives from BaseException since half of the ``try`` blocks around imports catch Exception or less, and none
    of those examined catches BaseException.

    Attributes:
        module: The name of the module that was refused.
        reason: Why, in one line.
    """

    def __init__(self, module: str, reason: str) -> None:
        self.module = module
        self.reason = reason
        super().__init__(f"import of {module} refused: {reason}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.module, self.reason)


def _rebuild(kind: type[EnvguardError], state: dict[str, object]) -> EnvguardError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    return error
