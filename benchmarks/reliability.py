"""Runs every reliability benchmark and keeps what they counted in one file, from which the documentation is generated.

Each benchmark is a script of its own with ``--json FILE``; its counters are stored under its name in
benchmarks/reliability.json, together with its exit status and when, where and how long it ran. ``--render`` writes
docs/RELIABILITY.md from that file and runs nothing.

Run: python benchmarks/reliability.py [--quick] [--only NAME ...] [--work DIR] [--output FILE]
     python benchmarks/reliability.py --render
"""

import argparse
import datetime as dt
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import contestants
import environments

HERE = Path(__file__).resolve().parent
WIDEST = 12
"""Columns of a table that is still read easily."""
COUNTERS = HERE / "reliability.json"
DOCUMENT = environments.PROJECT / "docs" / "RELIABILITY.md"

SUITE = {
    "damages": (
        "What people do to environments",
        "A real environment is damaged, judged, and put back. Each damage must be refused under its code and package.",
    ),
    "detection": (
        "Detection by depth",
        "Live changes of an installed environment, one at a time, each with the answer at every depth.",
    ),
    "clean": (
        "No false alarm",
        "Popular distributions, freshly installed by uv and by pip, each judged by its own lock and by the other's.",
    ),
    "interrupted": (
        "Half-done installs",
        "Installers killed and frozen in mid-upgrade. `false_pinned`: pinned although some bytes differ.",
    ),
    "faults": (
        "Failing file systems",
        "Each file-system call of a check, or one in so many, fails with each of six errors; reads also end early.",
    ),
    "swaps": (
        "Changed between check and import",
        "A module is exchanged after the check and before its import.",
    ),
    "load_routes": (
        "Ways to load a module",
        "Ways to get a protected module into a process, on each supported Python, and which of them are refused.",
    ),
    "fuzz": (
        "Hostile lock files",
        "Random and mutated inputs for every reader; anything but an EnvguardError is a failure.",
    ),
    "soak": (
        "No growth",
        "Checks in one process, with the resident set and the open descriptors before and after.",
    ),
    "mutants": (
        "Would the tests notice?",
        "Mutants of the modules that decide (checks, rules, versions, verdicts), and how many the tests kill.",
    ),
    "growth": (
        "Cost by size",
        "Milliseconds of one check in a fresh interpreter, by the number of distributions.",
    ),
}
"""Script -> title and what it does."""

SKIP_QUICK = {"mutants"}
"""Too slow for a small sample."""

QUICK = {"load_routes": ["--this"], "swaps": ["--times", "10"], "fuzz": ["--inputs", "2000"]}
"""What makes a script take a small sample, where that is not ``--quick``."""


def run_one(name: str, work: Path, *, quick: bool) -> "dict[str, object]":
    """Runs one benchmark; what it prints is shown, what it counted is returned."""
    found = work / f"reliability-{name}.json"
    found.unlink(missing_ok=True)
    command = [sys.executable, str(HERE / f"{name}.py"), "--json", str(found)]
    if takes_work(name):
        command += ["--work", str(work)]
    if quick:
        command += QUICK.get(name, ["--quick"])
    started = time.monotonic()
    status = subprocess.run(command, check=False).returncode
    return {
        "counters": json.loads(found.read_text()) if found.exists() else {},
        "passed": status == 0 and found.exists(),
        "exit": status,
        "seconds": round(time.monotonic() - started, 1),
        "date": dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
        "quick": quick,
        "python": platform.python_version(),
        "machine": contestants.machine(),
    }


def takes_work(name: str) -> bool:
    """Whether a script has the option ``--work``."""
    text = (HERE / f"{name}.py").read_text()
    return "environments.options(" in text or '"--work"' in text


def merge(path: Path, name: str, result: "dict[str, object]") -> None:
    """Stores one result beside the others, whole or not at all."""
    stored = json.loads(path.read_text()) if path.exists() else {}
    stored[name] = result
    environments.write_json(str(path), stored)


def render(stored: "dict[str, dict[str, object]]") -> str:
    """The document that shows what was counted."""
    lines = [
        "# Reliability, measured",
        "",
        "Generated from benchmarks/reliability.json by `python benchmarks/reliability.py --render`.",
        "",
        "| benchmark | passed | seconds | date | Python |",
        "|---|---|---|---|---|",
    ]
    shown = [name for name in SUITE if name in stored]
    for name in shown:
        entry = stored[name]
        passed = ("yes" if entry["passed"] else "**no**") + (" (small sample)" if entry["quick"] else "")
        row = f"{passed} | {entry['seconds']} | {entry['date']} | {entry['python']}"
        lines.append(f"| [{SUITE[name][0]}](#{anchor(SUITE[name][0])}) | {row} |")
    for name in shown:
        title, about = SUITE[name]
        lines += ["", f"## {title}", "", about, ""]
        counted = stored[name]["counters"]
        lines += tables(counted if isinstance(counted, dict) else {})
        machine = stored[name]["machine"]
        where = ", ".join(str(value) for value in machine.values()) if isinstance(machine, dict) else ""
        lines += ["", f"`python benchmarks/{name}.py` on {where}."]
    return "\n".join(lines) + "\n"


def anchor(title: str) -> str:
    """The fragment that Markdown renderers give to a heading."""
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter == "-")


def tables(counted: "dict[str, object]") -> list[str]:
    """Counters as Markdown: plain values as one table, each group of like rows as a table of its own."""
    plain = {key: value for key, value in counted.items() if not isinstance(value, (dict, list))}
    lines = ["| counted | |", "|---|---|", *(f"| {words(key)} | {cell(value)} |" for key, value in plain.items())]
    if not plain:
        lines = []
    rows = {key: flat(value) for key, value in counted.items() if isinstance(value, dict) and _is_row(value)}
    if rows:
        lines += ["", *matrix(rows)]
    for key, value in counted.items():
        if key in rows or key in plain:
            continue
        lines += ["", f"### {words(key).capitalize()}", ""]
        if isinstance(value, dict):
            inner = {str(name): flat(row) if isinstance(row, dict) else {"": row} for name, row in value.items()}
            lines += matrix(inner)
        elif isinstance(value, list) and all(isinstance(row, dict) for row in value):
            lines += matrix(labelled(value))
        elif isinstance(value, list):
            lines += [f"- {cell(row)}" for row in value] or ["None."]
    return lines


def _is_row(value: "dict[str, object]") -> bool:
    """A dict with values that stand in cells, alone or one level deeper."""
    return any(isinstance(inner, (int, float, str, bool)) for inner in value.values()) and all(
        not isinstance(deeper, (dict, list))
        for inner in value.values()
        for deeper in (inner.values() if isinstance(inner, dict) else [inner])
    )


def labelled(rows: "list[dict[str, object]]") -> "dict[str, dict[str, object]]":
    """The rows of a list under their own names: the first text that differs in all of them, or else a number."""
    texts = (key for key, value in rows[0].items() if isinstance(value, str)) if rows else iter(())
    name = next((key for key in texts if len({str(row.get(key)) for row in rows}) == len(rows)), "")
    named = {str(row[name]) if name else str(number): row for number, row in enumerate(rows, 1)}
    return {label: flat({key: value for key, value in row.items() if key != name}) for label, row in named.items()}


def flat(row: "dict[str, object]") -> "dict[str, object]":
    """``{"a": {"b": 1}}`` as ``{"a b": 1}``; lists are counted."""
    found: dict[str, object] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            found.update({f"{key} {inner}": deeper for inner, deeper in flat(value).items()})
        else:
            found[str(key)] = len(value) if isinstance(value, list) else value
    return found


def matrix(rows: "dict[str, dict[str, object]]") -> list[str]:
    """A table with a column for each key that any row has."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    if len(columns) > max(WIDEST, len(rows)):
        return matrix({column: {name: row.get(column, "") for name, row in rows.items()} for column in columns})
    lines = [f"| | {' | '.join(words(column) for column in columns)} |", f"|---|{'---|' * len(columns)}"]
    for name, row in rows.items():
        lines.append(f"| {cell(name)} | {' | '.join(cell(row.get(column, '')) for column in columns)} |")
    return lines


def words(key: str) -> str:
    """A counter's name as words."""
    return key.replace("_", " ")


def cell(value: object) -> str:
    """A value as it stands in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Runs the suite, or renders what it counted; exit status 1 where a benchmark failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small samples, for every change")
    parser.add_argument("--only", nargs="+", choices=sorted(SUITE), help="run these")
    parser.add_argument("--skip", nargs="+", choices=sorted(SUITE), default=[], help="do not run these")
    parser.add_argument("--work", metavar="DIR", help="keep environments and caches here (default: temporary)")
    parser.add_argument("--output", metavar="FILE", default=str(COUNTERS), help="where the counters go")
    parser.add_argument("--render", action="store_true", help="write docs/RELIABILITY.md and run nothing")
    arguments = parser.parse_args()
    output = Path(arguments.output)
    if arguments.render:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(render(json.loads(output.read_text())))
        return 0
    failed = []
    with environments.work_folder(arguments.work) as work:
        for name in SUITE:
            if (
                name in arguments.skip
                or name not in (arguments.only or SUITE)
                or (arguments.quick and name in SKIP_QUICK)
            ):
                continue
            if not (HERE / f"{name}.py").exists():
                print(f"left out: benchmarks/{name}.py is not there", file=sys.stderr)
                continue
            print(f"== {SUITE[name][0]} ({name})", flush=True)
            result = run_one(name, work, quick=arguments.quick)
            merge(output, name, result)
            if not result["passed"]:
                failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
