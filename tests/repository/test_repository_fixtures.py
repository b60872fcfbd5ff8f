"""Files written for these tests: what is expected of each stands beside it, a finding a line, as a person wrote it."""

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


def test_there_are_sixty() -> None:
    assert len(FILES) >= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_floating_name_is_found_and_no_fixed_one(path: Path) -> None:
    expected = path.with_name(path.name + ".expected").read_text().splitlines()
    assert told(path) == sorted(expected)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_content_alone_says_what_a_file_is(path: Path) -> None:
    assert finding.by_content(path.read_bytes().decode("utf-8")) == path.parent.name
