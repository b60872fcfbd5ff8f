"""One run of pytest that asked: judge once, then tell it in the way that was asked for.

Under pytest-xdist the controller judges and its workers are handed the report: one answer for the whole run, and the
same failing tests in each worker, without which xdist refuses to distribute. A worker of another environment or
machine judges for itself.

PYTEST_DONT_REWRITE (it asserts nothing)
"""

import os
import pickle
import sys
import warnings

import pytest

from envguard import guard, languages, latch
from envguard.doors import _pytest_marker, _pytest_words
from envguard.doors._pytest_items import collected
from envguard.doors.pytest_plugin import as_installed
from envguard.errors import EnvguardError, UsageError
from envguard.languages import telling
from envguard.reporters._plain import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from envguard.model import Depth, Report

CONTROLLER = "ENVGUARD_PYTEST"
"""Environment variable by which a worker knows that its parent has judged: ``<process>@<prefix>``."""
_HANDED = "envguard"
_LANGUAGE = "envguard_language"


class EnvironmentWarning(UserWarning):
    """The environment is not the one that was frozen."""


class Run:
    """The plugin of a run that asked.

    Args:
        mode: ``refuse``, ``report`` or ``warn``.
        lock: As for ``envguard.check``.
        depth: As for ``envguard.check``.
        paths: As for ``envguard.check``.

    Raises:
        pytest.UsageError: The run is refused, or nothing could be judged.
    """

    def __init__(self, mode: str, *, lock: "str | None", depth: "Depth | None", paths: "list[str] | None") -> None:
        self._mode = mode
        self._question = lock, depth, paths
        self._folder = os.getcwd()
        self._language = _language()
        languages.catalogue(self._language)  # now, while files of the guard are loaded as they were installed
        self._report = None if _is_worker() else self._judge()

    @property
    def known(self) -> "Report":
        """What was found."""
        if self._report is None:
            with as_installed():
                self._report = self._judge()
        return self._report

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """A worker takes over what its controller found; everybody else says what must not be overlooked."""
        handed = getattr(config, "workerinput", {}).get(_HANDED)
        if self._report is None and handed is not None:
            self._report = pickle.loads(handed)  # noqa: S301 - from the parent process, by way of execnet
        # A worker writes to a pipe; what the terminal can show is known to its controller.
        self._language = getattr(config, "workerinput", {}).get(_LANGUAGE, self._language)
        report = self.known
        if not hasattr(config, "workerinput") and (report.bypass or self._mode == "warn"):
            self._warn(config)

    def pytest_report_header(self) -> str:
        """The verdict, the golden file and how many packages it pins."""
        with languages.speaking(self._language):
            return _pytest_words.header(self.known, self._lock_name())

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> "Iterator[None]":
        """Put the findings in front, after -k, -m and other plugins have chosen: nobody deselects a finding."""
        yield
        if self._mode == "report":
            with languages.speaking(self._language):
                items[:0] = collected(session, self._told(), self._lock_name())

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a marked test before its fixtures load anything."""
        for mark in item.iter_markers("envguard"):
            with languages.speaking(self._language):
                why = _pytest_marker.why_not(mark, self._told(), os.path.join(self._folder, self.known.lock))
            if why:
                pytest.fail(f"envguard: {why}", pytrace=False)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        """Workers are about to be started."""
        os.environ[CONTROLLER] = f"{os.getpid()}@{sys.prefix}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: "Any") -> None:
        """Hand the report to one worker."""
        node.workerinput[_HANDED] = pickle.dumps(self.known)
        node.workerinput[_LANGUAGE] = self._language

    def _told(self) -> "Report":
        """The report as it is told."""
        return telling.report(self.known, self._language)

    def _judge(self) -> "Report":
        lock, depth, paths = self._question
        try:
            latch.recheck()
            return guard.fail_closed(lambda: self._accepted(guard.check(lock, depth=depth, paths=paths)))
        except EnvguardError as error:
            with languages.speaking(self._language):
                raise pytest.UsageError(_pytest_words.refusal(error)) from error

    def _accepted(self, report: "Report") -> "Report":
        if report.pinned:
            # What stands for the report is resolved while the guard is loaded from its own files.
            return report.replace()
        if self._mode != "refuse":
            return report
        from envguard.refusal import accept_or_refuse

        return accept_or_refuse(report, None)

    def _warn(self, config: pytest.Config) -> None:
        # Not warnings.warn: `-W error` would turn the mode that was asked for into another one.
        with languages.speaking(self._language):
            warned = tuple(_pytest_words.warned(self._told(), self._lock_name()))
        for text, path, line in warned:
            message = warnings.WarningMessage(EnvironmentWarning(text), EnvironmentWarning, path, line, line="")
            told = {"warning_message": message, "when": "config", "nodeid": "", "location": None}
            config.hook.pytest_warning_recorded.call_historic(kwargs=told)

    def _lock_name(self) -> str:
        """The golden file as seen from where pytest was started."""
        path = os.path.join(self._folder, self.known.lock)
        near = os.path.relpath(path, self._folder)
        return cut(path if near.startswith("..") else near)


def _language() -> str:
    """The language of this process, as far as its terminal can show it.

    Raises:
        pytest.UsageError: ENVGUARD_LANG names none that is known.
    """
    try:
        wanted = languages.chosen()
    except UsageError as error:
        raise pytest.UsageError(f"envguard: {error}") from error
    # sys.stdout is pytest's own file by now.
    return languages.showable(wanted, getattr(sys.__stdout__, "encoding", None) or "utf-8")


def _is_worker() -> bool:
    """True in a worker that xdist started from a controller of this environment.

    The variables are inherited by whatever tests start, so the parent must be that controller.
    """
    parent = f"{os.getppid()}@{sys.prefix}"
    return "PYTEST_XDIST_WORKER" in os.environ and os.environ.get(CONTROLLER) == parent
