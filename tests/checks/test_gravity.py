"""The verdict of a report is its gravest."""

from __future__ import annotations

from typing import Any

import pytest

from envguard.model import GRAVITY, Change, Finding, Report, Snapshot


def report(*verdicts: Any) -> Report:
    findings = tuple(
        Finding(change=Change(code="EG102", kind="upgraded"), verdict=verdict, rule="r", reason="because")
        for verdict in verdicts
    )
    return Report(
        lock="l",
        format="requirements",
        lock_sha256="",
        seal="",
        prefix="/p",
        depth="versions",
        packages=1,
        installed=1,
        findings=findings,
    )


@pytest.mark.parametrize(
    ("verdicts", "gravest"),
    [
        ((), "pinned"),
        (("safe",), "safe"),
        (("cautious", "safe"), "cautious"),
        (("safe", "cautious"), "cautious"),
        (("unverified", "cautious"), "unverified"),
        (("unverified", "forbidden", "safe"), "forbidden"),
        (("cautious", "cautious"), "cautious"),
    ],
)
def test_the_gravest_verdict_is_the_verdict(verdicts: tuple[str, ...], gravest: str) -> None:
    assert report(*verdicts).verdict == gravest
    assert report(*verdicts).pinned is (gravest == "pinned")


def test_at_least() -> None:
    made = report("safe", "forbidden", "unverified", "cautious")
    for limit, expected in (
        ("pinned", 4),
        ("safe", 4),
        ("cautious", 3),
        ("unverified", 2),
        ("forbidden", 1),
    ):
        assert len(made.at_least(limit)) == expected  # type: ignore[arg-type] # the loop gives plain strings
    assert [finding.verdict for finding in made.at_least("unverified")] == ["forbidden", "unverified"]
    assert GRAVITY == ("pinned", "safe", "cautious", "unverified", "forbidden")


@pytest.mark.parametrize(("name", "sealed"), [("envguard.lock", True), ("requirements", False), ("", False)])
def test_only_the_own_format_is_sealed(name: str, sealed: bool) -> None:
    assert Snapshot(path="l", format=name, sha256="").sealed is sealed
