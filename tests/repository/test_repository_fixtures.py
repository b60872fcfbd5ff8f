"""Files written for these tests: what is expected of each stands beside it, a finding a line, as a person wrote it."""

from collections import Counter
from pathlib import Path

import pytest

from envguard import repository
from envguard.repository import finding

FIXTURES = Path(__file__).parents[2] / "fixtures" / "repository"
FILES = sorted(path for path in FIXTURES.rglob("*.*") if path.suffix != ".expected")


def told(path: Path) -> list[str]:
    """Line, kind, part, package and what is there; of a note only the line, since it is prose."""
    blind: list[str] = []
    rows = []
    for change in repository.look(str(path), path.parent.name, blind):
        assert change.path == str(path)
        row = f"{change.line} {change.kind}"
        if change.kind != "noted":
            row += f" {change.part or '-'} {change.package or '-'} {change.installed}"
        rows.append(row)
    assert blind == []
    return sorted(rows)


def test_what_the_files_hold() -> None:
    """What "every floating tag is found, and no fixed one" is said of."""
    rows = [row for path in FILES for row in path.with_name(path.name + ".expected").read_text().splitlines()]
    counts = Counter(row.split()[1] for row in rows)
    assert len(FILES) >= 60
    assert counts["floating"] >= 75
    assert counts["replaced"] >= 20
    assert sum(1 for row in rows if row.split()[1:3] == ["floating", "newest"]) >= 40
    fixed = [path for path in FILES if "fixed" in path.name or "kept" in path.name]
    assert not any(" floating " in row or " replaced " in row for path in fixed for row in told(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_floating_name_is_found_and_no_fixed_one(path: Path) -> None:
    expected = path.with_name(path.name + ".expected").read_text().splitlines()
    assert told(path) == sorted(expected)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_content_alone_says_what_a_file_is(path: Path) -> None:
    assert finding.by_content(path.read_bytes().decode("utf-8")) == path.parent.name
