"""A frozen conda environment in conda's own words says the same as its golden file."""

import json
from pathlib import Path

import pytest
from conda_place import Place

from envguard import comparing, guard, making
from envguard.exporting import export

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("to", "name", "unsaid"), [
    ("environment", "environment.yml", set()),
    ("explicit", "explicit.txt", {("EG103", "idna")}),  # of pip, which such a list cannot name
])  # fmt: skip
def test_an_export_is_checked_like_the_lock(
    place: Place, tmp_path: Path, to: str, name: str, unsaid: set[tuple[str, str]]
) -> None:
    making.freeze(str(tmp_path / "envguard.lock"), python=place.python)
    frozen = comparing.load(str(tmp_path / "envguard.lock"))
    made = export(frozen, to)
    (tmp_path / name).write_text(made.text)
    report = guard.check(str(tmp_path / name), python=place.python)
    assert {(finding.change.code, finding.change.package) for finding in report.findings} == unsaid
    if to == "explicit":
        urls = [line.partition("#")[0] for line in made.text.splitlines() if line and not line.startswith(("#", "@"))]
        recorded = [json.loads(path.read_text())["url"] for path in (place.prefix / "conda-meta").glob("*.json")]
        assert sorted(urls) == sorted(recorded)
