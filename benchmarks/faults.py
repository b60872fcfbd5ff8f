"""Every file-system call of a check fails once, with each of six errors: no crash, no unexplained pass.

The check of a small real environment is run again and again in its own interpreter. Each time one call of one function
(open, read, stat, lstat, fstat, listdir, scandir, readlink) raises EACCES, EIO, ENOENT, EMFILE, ESTALE or ENOMEM, or a
read ends early. Three answers are right: a finding, an EnvguardError, and "pinned" where the failing call has no say in
the answer; each such case stands in ``reason`` below. Any other exception is a crash.

Run: python benchmarks/faults.py [--quick] [--work DIR] [--json FILE]
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import environments
import judging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("six", "idna", "markupsafe", "packaging")

RUNS = (
    ("versions", "fast", "lasting"),
    ("records", "fast", "lasting"),
    ("versions", "full", "lasting"),
    ("records", "full", "lasting"),
    ("files", "full", "lasting"),
    ("files", "full", "once"),
)
"""Depth, way, and whether the call fails once or goes on to fail for its path."""


class Injected:
    """One injection: what failed, and what came of it."""

    def __init__(self, row: "dict[str, object]", lasting: str) -> None:
        self.call = str(row["call"])
        self.error = str(row["error"])
        self.answer = str(row["answer"])
        self.caller = str(row["caller"])
        self.callers = str(row["callers"])
        self.below = str(row["below"])
        self.path = str(row["path"])
        self.detail = str(row["detail"])
        self.link = bool(row["link"])
        self.lasting = lasting == "lasting"

    def reason(self) -> str:
        """Why it may pass, or an empty string."""
        if self.call == "read" and self.error == "short" and self.detail == "at the end":
            return "the read that ended early was the one that finds the end of the file"
        if "realpath" in self.below and not self.link:
            return "a part of a path that cannot be looked at is taken for no link, and it is none"
        if self.caller.startswith("facts.hashing.") and self.path.endswith(".pyc"):
            return "bytecode that was not read is compared with what its source compiles to, by another process"
        if self.caller == "facts.tree._walk" and self.error == "ENOENT" and self.path.endswith("__pycache__"):
            return "a folder of bytecode that is gone: sources, which were read, are compiled anew"
        if self.caller == "quick.folders" and self.error == "ENOENT":
            return "a folder on sys.path that does not exist, and that held no metadata, offers nothing"
        if self.caller == "facts.origin._in_folder":
            return "an import asks the same question and takes the same failure for absence"
        if "facts.ownership." in self.callers and self.path.endswith("RECORD"):
            return "who owns a file is asked for the message only: every file is held against the manifest"
        if not self.lasting and self.caller.startswith(("facts.hashing.", "facts.reading.")):
            return "what vanished or changed while it was read was read again, and was right"
        return ""

    def group(self) -> str:
        """What results have in common that one message can speak for."""
        way = " > ".join(self.callers.split()[-3:] + self.below.split())
        return f"{self.answer} after {self.call} in {way}"


def inject(
    environment: environments.Environment, lock: Path, run: "tuple[str, str, str]", step: int
) -> "Iterator[Injected]":
    """Runs injection.py in the judged environment and yields each result."""
    depth, way, lasting = run
    script = Path(__file__).with_name("injection.py")
    out = lock.with_name(f"faults-{depth}-{way}-{lasting}.jsonl")
    done = subprocess.run(
        [str(environment.python), str(script), str(lock), depth, way, lasting, str(step), str(out)],
        env=environments.clean_variables(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"injection failed: {done.stdout[-500:]}{done.stderr[-3000:]}")
    with out.open() as lines:
        for line in lines:
            yield Injected(json.loads(line), lasting)


def drop_bytecode(environment: environments.Environment, *, keep: str) -> None:
    """Removes all bytecode but that of one package, which shows what there is to show."""
    environments.compile_all(environment)
    for folder in sorted(environment.site.rglob("__pycache__")):
        if folder.parent.name != keep:
            shutil.rmtree(folder)


def main() -> int:
    """Injects at each depth, on the fast way and on the full one, and prints a table."""
    parser = environments.options(__doc__ or "")
    arguments = parser.parse_args()
    step = 23 if arguments.quick else 1
    tallies: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    bad: dict[str, list[Injected]] = {}
    with environments.work_folder(arguments.work) as work:
        environment = environments.create(work / "faults")
        environments.install_by_uv(environment, work, *PACKAGES)
        environments.run([environment.python, "-m", "pip", "uninstall", "-q", "-y", "pip", "setuptools"])
        environments.install_envguard(environment, work)
        drop_bytecode(environment, keep="idna")
        lock = work / "faults.lock"
        judging.freeze(environment, lock, depth="files")
        for depth, way, lasting in RUNS:
            tally = tallies[f"{depth}, {way} way, {lasting}"] = Counter()
            for result in inject(environment, lock, (depth, way, lasting), step):
                tally["injected"] += 1
                tally[result.answer] += 1
                if result.answer == "pinned":
                    reasons[result.reason() or "unexplained"] += 1
                    tally["unexplained"] += not result.reason()
                if result.answer in ("crash", "internal") or (result.answer == "pinned" and not result.reason()):
                    bad.setdefault(f"{depth}, {way}, {lasting}: {result.group()}", []).append(result)
    print("| check | injected | finding | EnvguardError | internal error | explained | unexplained | crash |")
    print("|---|---|---|---|---|---|---|---|")
    for name, tally in tallies.items():
        explained = tally["pinned"] - tally["unexplained"]
        row = [tally[key] for key in ("injected", "finding", "error", "internal")]
        row += [explained, tally["unexplained"], tally["crash"]]
        print(f"| {name} | {' | '.join(map(str, row))} |")
    for reason, count in reasons.most_common():
        print(f"- {count}: {reason}")
    for group, results in bad.items():
        errors = sorted({result.error for result in results})
        print(f"{len(results)} x {group} {errors}: {results[0].path} {results[0].detail}", file=sys.stderr)
    total = sum(tallies.values(), Counter())
    counters: dict[str, object] = {name: dict(tally) for name, tally in tallies.items()}
    environments.write_json(arguments.json, {"checks": counters, "total": dict(total), "explained": dict(reasons)})
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
