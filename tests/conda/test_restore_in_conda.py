"""In a conda environment restore mends what pip installed, and names what conda has to put back."""

import sys
from pathlib import Path

import pytest
from conda_place import Place, run

from envguard import making
from envguard.change import restoring
from envguard.change.restoring import Options

pytestmark = pytest.mark.slow


def test_pips_packages_are_restored_and_condas_are_named(place: Place, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, "toolz==1.0.0")
    place.pip("install", "--no-index", "--no-deps", "-f", str(wheels), "toolz==1.0.0")
    lock = tmp_path / "project" / "envguard.lock"
    lock.parent.mkdir()
    making.freeze(lock, depth="files", python=place.python)
    options = Options(python=place.python, find_links=(str(wheels),), offline=True)
    assert restoring.restore(str(lock), options).complete
    (place.site / "toolz" / "recipes.py").unlink()
    outcome = restoring.restore(str(lock), options)
    assert outcome.report.findings == ()
    assert [step.package for step in outcome.done] == ["toolz"]
    conda = next(package for package in outcome_packages(place) if (place.site / f"{package}.py").exists())
    victim = place.site / f"{conda}.py"
    data = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(data + b"# edited\n")
    outcome = restoring.restore(str(lock), options)
    assert not outcome.complete
    assert {step.package for step in outcome.left} == {conda}
    assert "conda install --force-reinstall" in outcome.left[0].what
    assert victim.read_bytes() != data


def outcome_packages(place: Place) -> list[str]:
    return sorted(
        path.name.rpartition("-")[0].rpartition("-")[0] for path in (place.prefix / "conda-meta").glob("*.json")
    )
