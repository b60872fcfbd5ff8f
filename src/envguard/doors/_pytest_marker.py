"""The marker ``envguard("torch")``: is what this test needs installed as the golden file says?

PYTEST_DONT_REWRITE (it asserts nothing)
"""

import fnmatch

from envguard.doors import _pytest_words
from envguard.doors.pytest_plugin import as_installed
from envguard.errors import EnvguardError
from envguard.languages import say
from envguard.reporters._plain import cut
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pytest

    from envguard.model import Report

_names: "dict[str, frozenset[str]]" = {}
"""What each golden file pins, by the digest of the file."""


def why_not(mark: "pytest.Mark", report: "Report", lock: str) -> str:
    """Why a marked test must not run, or "".

    A finding that concerns no package, such as another interpreter, concerns them all.

    Args:
        mark: The marker, whose arguments are names or patterns; none stands for every package.
        report: What was found.
        lock: Absolute path of the golden file.
    """
    wanted = mark.args
    if mark.kwargs or not all(isinstance(each, str) and each for each in wanted):
        return say("the marker takes names of packages, such as envguard('torch', 'numpy')")
    if wanted:
        try:
            names = _pinned(report, lock)
        except EnvguardError as error:
            return _pytest_words.one_line(error)
        for pattern in wanted:
            if not any(_fits(name, pattern) for name in names):
                return say("{pattern} is not in {lock}", pattern=cut(pattern), lock=cut(lock))
    concerned = [
        finding
        for finding in report.findings
        if not wanted or not finding.change.package or any(_fits(finding.change.package, each) for each in wanted)
    ]
    return "\n".join(_pytest_words.explained(finding, report.lock) for finding in concerned)


def _pinned(report: "Report", lock: str) -> frozenset[str]:
    """The names that the golden file pins for this interpreter.

    Raises:
        LockError: It is another than the one that was judged.
    """
    digest = report.lock_sha256
    if digest not in _names:
        with as_installed():
            from envguard import comparing
            from envguard.environment import interpreter

            snapshot = comparing.applicable(comparing.load(lock, sha256=digest), interpreter.running())
        _names[digest] = frozenset(pin.name for pin in snapshot.pins if not pin.unverifiable)
    return _names[digest]


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(normalise(name), normalise(pattern))
