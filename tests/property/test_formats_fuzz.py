"""The fuzz script of benchmarks/ finds nothing: a taste of it always, all of it with ``-m fuzz``."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "fuzz.py"
SLOWEST_MS = 2_000
"""CPU time for one input; the slowest seen has 70 ms, and quadratic time shows as seconds."""


def fuzz(folder: Path, inputs: int) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # shown by pytest when the test fails
    figures = folder / "fuzz.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), f"--inputs={inputs}", f"--seed={seed}", f"--json={figures}"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    readers = json.loads(figures.read_text())["readers"]
    assert len(readers) >= 10
    for reader in readers:
        assert sum(reader["outcomes"].values()) == inputs
        assert reader["defects"] == {}
        assert reader["slowest_ms"] < SLOWEST_MS, reader
        assert inputs < 10_000 or reader["outcomes"].get("read", 0) > 0, (
            f"no input of {reader['reader']} got through: poor seeds"
        )


@pytest.mark.slow
def test_a_taste_of_fuzzing(tmp_path: Path) -> None:
    fuzz(tmp_path, 1_000)


@pytest.mark.fuzz
def test_a_hundred_thousand_inputs_for_each_reader(tmp_path: Path) -> None:
    fuzz(tmp_path, 100_000)
