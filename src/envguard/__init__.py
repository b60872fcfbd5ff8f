"""Refuse to load a model in an environment other than the one that was validated.

    import envguard
    envguard.assert_pinned()

Every public name is loaded on first use (PEP 562): importing this package loads this file and nothing else.

PYTEST_DONT_REWRITE (the guard is imported before pytest can rewrite it, and must not be changed by it)
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.change.planning.plan import Plan as Plan, plan as plan
    from envguard.decorator import pinned as pinned
    from envguard.doors.import_hook import ImportGuard as ImportGuard, protect as protect
    from envguard.doors.workers import worker as worker
    from envguard.errors import (
        DriftError as DriftError,
        EnvguardError as EnvguardError,
        ImportRefused as ImportRefused,
        LockError as LockError,
        RuleError as RuleError,
        TooLateError as TooLateError,
        UnverifiableError as UnverifiableError,
        UsageError as UsageError,
    )
    from envguard.guard import check as check
    from envguard.making import diff as diff, freeze as freeze
    from envguard.model import Finding as Finding, Report as Report, Selection as Selection
    from envguard.quick import assert_pinned as assert_pinned

# Public name -> the module that defines it.
_HOME = {
    "DriftError": "errors",
    "EnvguardError": "errors",
    "Finding": "model",
    "ImportGuard": "doors.import_hook",
    "ImportRefused": "errors",
    "LockError": "errors",
    "Plan": "change.planning.plan",
    "Report": "model",
    "RuleError": "errors",
    "Selection": "model",
    "TooLateError": "errors",
    "UnverifiableError": "errors",
    "UsageError": "errors",
    "assert_pinned": "quick",
    "check": "guard",
    "diff": "making",
    "freeze": "making",
    "pinned": "decorator",
    "plan": "change.planning.plan",
    "protect": "doors.import_hook",
    "worker": "doors.workers",
}

__all__ = ["__version__", *_HOME]  # noqa: PLE0604 - every element is a str


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'envguard' has no attribute {name!r}")
    # __import__ rather than importlib.import_module: importlib is a module that a bare start has not loaded.
    module = __import__(f"envguard.{home}", fromlist=(name,))
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
