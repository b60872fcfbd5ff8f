"""Mutation testing of the modules that decide: checks, rules, versions and verdicts.

mutmut changes one thing at a time and runs the tests; a mutant that no test notices survives. It works in a copy of the
project, since it writes its mutants beside the source.

Run: python benchmarks/mutants.py [--json FILE] [--work DIR]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
GOAL = 95.0
"""Per cent of mutants that must be killed."""


def copy_project(folder: Path) -> None:
    """What mutmut needs, and nothing that a test run leaves behind."""
    for name in ("src", "tests", "fixtures", "benchmarks"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, folder / name)
    # The fixtures of the whole suite build environments, which no mutant of a pure function needs.
    (folder / "tests" / "conftest.py").unlink()


def count(folder: Path) -> "dict[str, Counter[str]]":
    """Outcome of every mutant, by module."""
    listed = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, Counter[str]] = {}
    for line in listed.splitlines():
        name, colon, outcome = line.strip().rpartition(": ")
        if colon and "__mutmut_" in name:
            module = name.rpartition(".x_")[0] or name.rpartition(".x\u01c1")[0]
            found.setdefault(module, Counter())[outcome] += 1
    return found


def run(folder: Path) -> "dict[str, object]":
    copy_project(folder)
    subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    modules = count(folder)
    total: Counter[str] = sum(modules.values(), Counter())
    mutants = sum(total.values())
    killed = mutants - total["survived"] - total["no tests"] - total["suspicious"]
    percent = round(100 * killed / mutants, 1) if mutants else 0.0
    table = {name: dict(sorted(outcomes.items())) for name, outcomes in sorted(modules.items())}
    return {"mutants": mutants, "killed": killed, "percent": percent, "goal": GOAL, "modules": table}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the counters here")
    parser.add_argument("--work", type=Path, help="make the copy below this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work, prefix="mutants-") as folder:
        counters = run(Path(folder))
    if options.json:
        options.json.write_text(json.dumps(counters, indent=2) + os.linesep)
    print(f"{counters['killed']} of {counters['mutants']} mutants killed ({counters['percent']} %, goal {GOAL} %)")
    return 0 if counters["percent"] >= GOAL else 1  # type: ignore[operator] # a float, as run() made it


if __name__ == "__main__":
    sys.exit(main())
