"""Reading a lock takes no longer than twice what its parser alone takes; JSON's, in C, has a bound of its own."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from envguard.formats import load
from envguard.model import Selection

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "reading.py"
SECONDS = 0.8
TWICE = 2.0 * 1.15
"""With a margin for a machine that others use too."""
OF_JSON = 25.0
"""json takes about a microsecond for what becomes a pin, which is less than any value of Python takes to be made."""


@pytest.fixture(scope="module")
def reading() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reading", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reading"] = module
    spec.loader.exec_module(module)
    return module


def test_the_locks_that_are_measured_are_read_whole(reading: ModuleType, tmp_path: Path) -> None:
    for name, text in reading.made().items():
        (tmp_path / name).write_text(text)
        snapshot = load(tmp_path / name, selection=Selection(platform="linux-64") if "conda" in text else None)
        assert len([pin for pin in snapshot.pins if not pin.unverifiable and not pin.optional]) == reading.PACKAGES, (
            name
        )
        assert snapshot.complete


@pytest.mark.slow
def test_no_lock_takes_longer_than_twice_its_parser(reading: ModuleType, tmp_path: Path) -> None:
    rows = []
    for name, text in reading.made().items():
        (tmp_path / name).write_text(text)
        rows.append(reading.measured(str(tmp_path / name), SECONDS, first=False))
    assert {row.format: row.ratio for row in rows if row.ratio > (OF_JSON if row.parser == "json" else TWICE)} == {}


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="some of these locks are for Python 3.11 alone")
@pytest.mark.parametrize(
    "path",
    ["uv/openpi-uv.lock", "pylock/oyez-pylock.toml", "poetry/rasa-sdk-poetry.lock", "pdm/pdm-4.5.1.lock",
     "conda-lock/bertchen-conda-lock.yml", "pixi/esmvalcore-pixi.lock"],
)  # fmt: skip
def test_nor_does_a_real_one(reading: ModuleType, corpus: Path, path: str) -> None:
    assert reading.measured(str(corpus / path), SECONDS, first=False).ratio <= TWICE
