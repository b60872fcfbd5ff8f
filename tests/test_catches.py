"""The comparison with other tools says what the tools did, and fails when the guard misses a row that it claims."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import scrubbed

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
FILES = "`envguard check`, files"


@pytest.fixture
def catches(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The script as a module, found as a script in that folder would find its own."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield importlib.import_module("catches")
    for name in set(sys.modules) - before:
        if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def row(catches: Any, status: int, called: tuple[str, ...], *, code: str = "EG108", package: str = "attrs") -> Any:
    damage = catches.Damage("file deleted", code, package, lambda place: None)
    quiet = catches.Answer(0, "Checked 12 packages in 3ms")
    answers = {"`uv pip check`": quiet, FILES: catches.Answer(status, "", called)}
    return catches.Row(damage, answers, dict.fromkeys(answers, quiet))


@pytest.mark.parametrize(
    ("status", "said", "cell"),
    [
        (1, "", "found"),
        (0, "WARNING: six is broken\nChecked 12 packages in 3ms", "warns"),
        (0, "Checked 13 packages in 0.7s", "silent"),
        (0, "", "silent"),
    ],
)
def test_a_cell_is_what_the_tool_did(catches: Any, status: int, said: str, cell: str) -> None:
    assert catches.Answer(status, said).cell(catches.Answer(0, "Checked 12 packages in 3ms\n")) == cell


def test_a_row_is_missed_unless_it_is_called_by_its_code_and_package(catches: Any) -> None:
    assert not row(catches, 1, ("EG107 six", "EG108 attrs")).missed
    assert row(catches, 0, ("EG108 attrs",)).missed
    assert row(catches, 1, ("EG108 six", "EG107 attrs")).missed
    assert row(catches, 1, ()).missed
    assert not row(catches, 1, ("EG110",), code="EG110", package="").missed


def test_the_table_names_damage_cells_and_code(catches: Any) -> None:
    made = row(catches, 1, ("EG108 attrs",))
    assert catches.table([made]).splitlines() == [
        "| damage | `uv pip check` | `envguard check`, files | code |",
        "|---|---|---|---|",
        "| file deleted | silent | found | EG108 |",
    ]
    assert "\n| file deleted | silent | found | EG108 |\n" in catches.document([made], "uv 1.0")


def by_script(tmp_path: Path, *options: str) -> dict[str, dict[str, str]]:
    counters = tmp_path / "counters.json"
    command = [sys.executable, str(BENCHMARKS / "catches.py"), "--json", str(counters), *options]
    done = subprocess.run(
        [*command, "--work", str(tmp_path / "work")],
        cwd=tmp_path,
        env=scrubbed(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {found["damage"]: found["cells"] for found in json.loads(counters.read_text())["rows"]}


@pytest.mark.slow
def test_three_damages_done_for_real(tmp_path: Path) -> None:
    cells = by_script(tmp_path, "--quick")
    assert [answers["`uv pip sync --check`"] for answers in cells.values()] == ["found", "silent", "silent"]
    assert [answers["`pip check`"] for answers in cells.values()] == ["silent"] * 3
    assert [answers["`envguard check`, records"] for answers in cells.values()] == ["found", "silent", "found"]
    assert {answers[FILES] for answers in cells.values()} == {"found"}


@pytest.mark.slow
def test_every_damage_done_for_real(tmp_path: Path) -> None:
    document = tmp_path / "docs" / "catches.md"
    cells = by_script(tmp_path, "-o", str(document))
    assert len(cells) >= 22
    assert all(answers[FILES] == "found" for answers in cells.values())
    assert all(f"| {name} | " in document.read_text() for name in cells)
