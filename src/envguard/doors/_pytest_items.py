"""Findings as tests that fail: so they stand in every report that pytest and its plugins write.

PYTEST_DONT_REWRITE (it asserts nothing)
"""

import pytest

from envguard.doors import _pytest_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any

    from envguard.model import Finding, Report


class Drifted(Exception):  # noqa: N818 - a finding, told as pytest tells what failed
    """What a finding's test raises."""


class FindingItem(pytest.Item):
    """The test that stands for one finding."""

    def __init__(self, *, finding: "Finding", lock: str, **known: "Any") -> None:
        super().__init__(**known)
        self._finding = finding
        # In words now: the language is spoken while tests are collected.
        self._text = _pytest_words.explained(finding, lock)

    def runtest(self) -> None:
        """Fail."""
        raise Drifted(self._text)

    def repr_failure(self, excinfo: "pytest.ExceptionInfo[BaseException]", *_style: object, **_named: object) -> "Any":
        """The finding in words, without a traceback through this file."""
        return str(excinfo.value) if isinstance(excinfo.value, Drifted) else super().repr_failure(excinfo)

    def reportinfo(self) -> "tuple[os.PathLike[str] | str, int | None, str]":
        """Where the finding is; pytest counts lines from 0."""
        change = self._finding.change
        inside = change.line > 0 and bool(change.path)
        return (change.path if inside else self.path), (change.line - 1 if inside else None), self.name


def collected(session: pytest.Session, report: "Report", lock: str) -> list[pytest.Item]:
    """One test for each finding; pytest is told of them as of any collected file, so that its counts are right."""
    if report.pinned:
        return []
    seen: dict[str, int] = {}
    items: list[pytest.Item] = []
    for finding in report.findings:
        name = _pytest_words.name(finding)
        seen[name] = number = seen.get(name, 0) + 1
        name = name if number == 1 else f"{name}#{number}"
        items.append(
            FindingItem.from_parent(session, name=name, nodeid=f"{lock}::{name}", finding=finding, lock=report.lock)
        )
    told = pytest.CollectReport(nodeid=lock, outcome="passed", longrepr=None, result=list(items))
    session.config.hook.pytest_collectreport(report=told)
    return items
