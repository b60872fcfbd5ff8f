"""Whole stories as data: a lock as it lies in a repository, what is installed, the rules, and what must be reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from envguard import checks, config, formats, rules
from envguard.model import CondaPackage, Distribution, Environment, Rule
from support import LINUX

FOLDER = Path(__file__).parent.parent / "fixtures" / "scenarios"
PYTHON = LINUX


def distribution(row: dict[str, Any]) -> Distribution:
    traits = tuple(row.pop("traits"))
    path = f"/env/site/{row['name']}-{row['version']}.dist-info"
    return Distribution(path=path, location="/env/site", traits=traits, **row)


def table(folder: Path) -> tuple[Rule, ...]:
    path = folder / "envguard.toml"
    if not path.exists():
        return ()
    pytest.importorskip("pydantic")
    return config.rules(config.load(str(path)))


@pytest.mark.parametrize("name", sorted(folder.name for folder in FOLDER.iterdir()))
def test_scenario(name: str) -> None:
    folder = FOLDER / name
    told = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
    (lock,) = (path for path in folder.iterdir() if path.name not in ("scenario.json", "envguard.toml"))
    if lock.suffix == ".yml":
        pytest.importorskip("yaml")
    environment = Environment(
        prefix="/env",
        paths=("/env/site",),
        interpreter=PYTHON,
        distributions=tuple(map(distribution, told["installed"])),
        conda=tuple(CondaPackage(**row) for row in told["conda"]) if "conda" in told else None,
    )
    changes, _ran, _skipped = checks.run(formats.load(str(lock)), environment, "records")
    findings = rules.judge(changes, table(folder), environment=environment, today=told["today"])
    assert [
        {
            "code": finding.change.code,
            "package": finding.change.package,
            "kind": finding.change.kind,
            "part": finding.change.part,
            "verdict": finding.verdict,
            "rule": finding.rule,
        }
        for finding in findings
    ] == told["expected"]
