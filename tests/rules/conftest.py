"""Short ways to write down changes, rows and environments."""

from __future__ import annotations

from typing import Any

import pytest

from envguard import rules
from envguard.model import Change, Distribution, Environment, Finding, Interpreter, Rule


class Court:
    """Builds values and judges them."""

    today = "2026-06-30"

    def change(self, kind: str = "upgraded", package: str = "numpy", **more: Any) -> Change:
        return Change(code=more.pop("code", "EG102"), kind=kind, package=package, **more)

    def rule(self, verdict: Any = "safe", **more: Any) -> Rule:
        return Rule(id=more.pop("id", "row"), verdict=verdict, reason=more.pop("reason", "because"), **more)

    def environment(self, *names: str, **more: Any) -> Environment:
        dists = tuple(Distribution(name=name, version="1", path=f"/s/{name}", location="/s") for name in names)
        python = Interpreter(implementation="cpython", version="3.11.7", soabi="", system="linux", machine="x86_64")
        return Environment(prefix="/p", paths=("/s",), interpreter=python, distributions=dists, **more)

    def judge(self, *changes: Change, rules_: tuple[Rule, ...] = (), **more: Any) -> tuple[Finding, ...]:
        return rules.judge(changes, rules_, today=more.pop("today", self.today), **more)

    def decides(self, rule: Rule, change: Change, *others: Change, **more: Any) -> bool:
        """True when ``rule``, alone above the built-in rows, decides ``change``."""
        findings = self.judge(change, *others, rules_=(rule,), **more)
        (finding,) = [finding for finding in findings if finding.change == change]
        return finding.rule == rule.id


@pytest.fixture
def court() -> Court:
    return Court()
