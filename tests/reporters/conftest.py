"""Reports to tell."""

import pytest
from telling import finding, report

from envguard.model import Report


@pytest.fixture
def drifted() -> Report:
    """Three findings of different gravity."""
    return report(
        finding(),
        finding(code="EG111", kind="unverifiable", package="six", verdict="unverified", line=7, installed=""),
        finding(code="EG103", kind="added", package="pandas", locked="", installed="2.2.0", verdict="safe", instead=""),
    )


@pytest.fixture
def pinned() -> Report:
    """Nothing differs."""
    return report()
