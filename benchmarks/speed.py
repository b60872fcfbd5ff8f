"""The start-up cost of the guard and the cost of its peers, as ratios to a bare interpreter, in one interleaved run.

All commands judge the same environment of 250 distributions and more. In each round they run in random order, each
paired with a bare interpreter just before it; a control (bare against bare) shows what the machine's noise is worth.
Two figures are given for each: what it adds to a bare interpreter (median of the paired differences, with quartiles),
and the whole process against a whole bare interpreter.

Run: python benchmarks/speed.py --work DIR [--rounds N] [--cold] [--write] [--json FILE]
     --write puts the result into BENCHMARKS.md.
"""

import datetime as dt
import platform
import sys
from pathlib import Path

import cold
import contestants
import document
import environments
import inprocess
import judging
import stopwatch

VERSIONS = "`assert_pinned`, depth versions"
RECORDS = "`assert_pinned`, depth records"
FILES = "`assert_pinned`, depth files, with manifest"
BARE = "`python -c pass`"
UV_SYNC = "`uv sync --frozen --check --offline`"
UV_INSTALL = "`uv pip install --dry-run --offline -r`"


class Result:
    """Everything that one run measured."""

    def __init__(self) -> None:
        self.count = 0
        self.rounds = 0
        self.statuses: dict[str, int] = {}
        self.series: dict[str, stopwatch.Series] = {}
        self.left_out: list[str] = []
        self.inside: dict[str, inprocess.Inside] = {}
        self.forked: float | None = None
        self.files = 0
        self.bytes = 0
        self.cold: tuple[float, float] | None = None
        self.tools: dict[str, str] = {}


def run(work: Path, *, rounds: int, repeats: int, seed: int, with_cold: bool) -> Result:
    """Builds what is missing and measures."""
    course = contestants.Course(work)
    environment = course.environment
    result = Result()
    result.count = course.count
    result.rounds = rounds
    result.tools = versions(environment)
    runners = []
    for contestant in course.contestants():
        if contestant.works(course.empty):
            runners.append(contestant)
            result.statuses[contestant.name] = contestant.status
        else:
            result.left_out.append(f"{contestant.name}: ended with {contestant.status} and a message, not an answer")
    result.series = stopwatch.race(runners, course.empty, rounds=rounds, repeats=repeats, seed=seed)
    few = max(3, min(rounds, 15))
    for depth, lock in (("versions", course.sealed), ("records", course.sealed), ("files", course.manifest)):
        result.inside[depth] = inprocess.inside(environment, lock, depth, 3 if depth == "files" else few)
    result.forked = inprocess.forked_microseconds(environment, course.manifest, 3)
    result.files, result.bytes = course.files, course.bytes
    result.cold = cold.measure(environment, work, min(rounds, 11)) if with_cold else None
    return result


def versions(environment: environments.Environment) -> "dict[str, str]":
    """Versions of the tools that take part."""
    return {
        "Python": platform.python_version(),
        "pip": environments.run([environment.python, "-m", "pip", "--version"]).split()[1],
        "uv": environments.run([environments.uv(), "--version"]).split()[1],
        "envguard": environments.run(
            [environment.python, "-c", "import envguard; print(envguard.__version__)"]
        ).strip(),
    }


def targets(result: Result) -> "list[tuple[str, str, bool | None]]":
    """(target, what was measured, met); None where it was not measured."""
    series = result.series
    listed: list[tuple[str, str, bool | None]] = []

    def at_most(text: str, value: float, limit: float, unit: str) -> None:
        listed.append((text, f"{value:.2f} {unit}", value <= limit))

    def at_least(text: str, value: float, limit: float) -> None:
        listed.append((text, f"{value:.2f}", value >= limit))

    at_most("depth versions adds at most 1.3 ms", series[VERSIONS].median_added(), 1.3, "ms")
    # The limit was set where a bare interpreter took 10.6 ms; a share of that says the same on any machine.
    share_of_bare = 100 * series[VERSIONS].median_added() / series[BARE].median()
    at_most("depth versions adds at most 12.3 % of a bare interpreter (1.3 of 10.6 ms)", share_of_bare, 12.3, "%")
    at_most("depth records adds at most 12 ms", series[RECORDS].median_added(), 12.0, "ms")
    whole = series[VERSIONS].median()
    for name, limit in ((UV_SYNC, 1.25), (UV_INSTALL, 1.5)):
        if name in series:
            at_least(f"whole process at least {limit} times faster than {name}", series[name].median() / whole, limit)
    if contestants.OPENSSL in series:
        share = f"depth files reaches 0.9 of `xargs -P{judging.cores()} openssl dgst -sha256` over the same files"
        at_least(share, series[contestants.OPENSSL].median() / series[FILES].median_added(), 0.9)
    if result.cold is None:
        listed.append(
            ("cold cache, names only: within 3 ms", "not measured (needs --cold and the right to mount)", None)
        )
    else:
        at_most("cold cache, names only: within 3 ms", result.cold[1] - result.cold[0], 3.0, "ms")
    return listed


def table(result: Result) -> list[str]:
    """The Markdown table of all contestants."""
    bare = result.series[BARE].median()
    rows = [
        "| command | adds (ms) | quartiles (ms) | whole (ms) | x bare | versions is faster by | quiet samples | exit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, series in result.series.items():
        first, third = series.quartiles_added()
        whole = series.median()
        faster = whole / result.series[VERSIONS].median()
        rows.append(
            f"| {name} | {series.median_added():+.2f} | {first:+.2f} to {third:+.2f} | {whole:.1f} "
            f"| {whole / bare:.2f} | {faster:.2f} x | {len(series.whole)} of {series.taken} "
            f"| {result.statuses[name]} |"
        )
    return rows


def markdown(result: Result, command: str) -> str:
    """The part of BENCHMARKS.md."""
    lines = ["## Start-up and depth", "", f"Generated by `{command}`; do not edit by hand.", ""]
    now = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
    conditions = {"date": now, **contestants.machine(), **result.tools}
    lines += [f"- {name}: {value}" for name, value in conditions.items()]
    lines += [
        f"- environment: {result.count} distributions, bytecode present, files in the page cache",
        f"- {result.rounds} rounds in random order after one that warms up; each sample between two bare interpreters",
        f"- a sample counts where both were within {stopwatch.NOISE} times the tenth percentile of all of them (quiet)",
        "",
        "### Commands, each a whole process",
        "",
        '"Adds" is the median of the differences to the bare interpreter. "Faster by" compares whole processes, start',
        "of the interpreter included, with `assert_pinned` at depth versions.",
        "",
        *table(result),
        "",
    ]
    lines += [f"- left out: {why}" for why in result.left_out]
    lines += ["", "### Targets", "", "| target | measured | met |", "|---|---|---|"]
    words = {True: "yes", False: "**no**", None: "-"}
    lines += [f"| {text} | {value} | {words[met]} |" for text, value, met in targets(result)]
    lines += ["", "### Inside the process", ""]
    lines += [
        "| depth | import (ms) | first check (ms) | second check (ms) | modules loaded |",
        "|---|---|---|---|---|",
    ]
    for depth, inside in result.inside.items():
        times = f"{inside.importing:.2f} | {inside.first:.2f} | {inside.again:.2f}"
        lines.append(f"| {depth} | {times} | {len(inside.modules)} |")
    lines += ["", f"At depth versions these modules are loaded: {', '.join(result.inside['versions'].modules)}.", ""]
    if result.forked is not None:
        lines.append(f"A forked child learns what its parent found at depth files in {result.forked:.1f} microseconds.")
    if contestants.OPENSSL in result.series:
        speed = result.bytes / result.series[contestants.OPENSSL].median() / 1e6
        lines.append(
            f"Depth files reads {result.files:,} files, {result.bytes / 1e9:.2f} GB; openssl at {speed:.2f} GB/s."
        )
    if result.cold is not None:
        lines.append(
            f"Cold: bare interpreter {result.cold[0]:.1f} ms, check at depth versions {result.cold[1]:.1f} ms."
        )
    return "\n".join(lines) + "\n"


def counters(result: Result) -> "dict[str, object]":
    """For the JSON file."""
    series = {
        name: {"added_ms": round(one.median_added(), 3), "whole_ms": round(one.median(), 3)}
        for name, one in result.series.items()
    }
    met = [{"target": text, "measured": value, "met": met} for text, value, met in targets(result)]
    return {"distributions": result.count, "rounds": result.rounds, "commands": series, "targets": met}


def main() -> int:
    """Measures, prints, and writes BENCHMARKS.md where asked; exit status 1 where a target is missed."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--rounds", type=int, help="(default 30, quick 3)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of a quick command in each round (default 5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cold", action="store_true", help="also with the environment out of memory; needs mounting")
    parser.add_argument("--write", action="store_true", help="write BENCHMARKS.md")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (3 if arguments.quick else 30)
    with environments.work_folder(arguments.work) as work:
        result = run(work, rounds=rounds, repeats=arguments.repeats, seed=arguments.seed, with_cold=arguments.cold)
    given = [word for word in ("--cold",) if getattr(arguments, word[2:])]
    text = markdown(
        result, " ".join(["python benchmarks/speed.py", "--work DIR", f"--rounds {rounds}", *given, "--write"])
    )
    print(text)
    if arguments.write:
        document.put("speed", text)
    environments.write_json(arguments.json, counters(result))
    return int(any(met is False for _text, _value, met in targets(result)))


if __name__ == "__main__":
    sys.exit(main())
