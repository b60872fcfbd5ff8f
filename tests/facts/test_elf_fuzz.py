"""The fuzz script for shared objects finds nothing: a taste of it always, all of it with ``-m fuzz``."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "fuzz_elf.py"


def fuzz(folder: Path, inputs: int) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # shown by pytest when the test fails
    figures = folder / "figures.json"
    command = [sys.executable, str(SCRIPT), f"--inputs={inputs}", f"--seed={seed}", f"--json={figures}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(figures.read_text())
    assert sum(result["outcomes"].values()) == inputs
    assert result["outcomes"]["read"] > inputs / 10, "few inputs got through: poor mutations"
    assert result["defects"] == {}
    assert result["slowest_ms"] < 1000


def test_a_taste_of_fuzzing(tmp_path: Path) -> None:
    fuzz(tmp_path, 2_000)


@pytest.mark.fuzz
def test_two_hundred_thousand_inputs(tmp_path: Path) -> None:
    fuzz(tmp_path, 200_000)
