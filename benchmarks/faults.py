"""Every file-system call of a check fails once, with each of six errors: no crash, no unexplained pass.

The check of a small real environment is run again and again in its own interpreter. Each time one call of one function
(open, read, stat, lstat, fstat, listdir, scandir, readlink) raises EACCES, EIO, ENOENT, EMFILE, ESTALE or ENOMEM, or a
read ends early. Three answers are right: a finding, an EnvguardError, and "pinned" where the failing call has no say in
the answer, for a reason listed in EXCUSES. Any other exception is a crash; what the guard itself calls an internal
error is counted apart. Against a lock that differs nothing may pass, whatever the reason.

Run: python benchmarks/faults.py [--quick] [--step N] [--work DIR] [--json FILE]
"""

import json
import os
import queue
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environments
import judging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGES = ("six", "idna", "markupsafe", "packaging")

RUNS = (
    ("versions", "fast", "lasting"),
    ("records", "fast", "lasting"),
    ("versions", "full", "lasting"),
    ("records", "full", "lasting"),
    ("files", "full", "lasting"),
    ("files", "full", "once"),
    ("records", "drifted", "lasting"),
    ("records", "cold", "lasting"),
)
"""Depth, way, and whether the call fails once or goes on to fail for its path.

On the ways ``drifted`` and ``cold`` the lock differs from the environment, so that no pass can be explained."""


class Injected:
    """One injection: what failed, and what came of it."""

    def __init__(self, row: "dict[str, object]", *, lasting: str, depth: str = "files", way: str = "full") -> None:
        self.depth = depth
        self.way = way
        self.call = str(row["call"])
        self.error = str(row["error"])
        self.answer = str(row["answer"])
        self.caller = str(row["caller"])
        self.callers = str(row["callers"])
        self.below = str(row["below"])
        self.path = str(row["path"])
        self.detail = str(row["detail"])
        self.link = bool(row["link"])
        self.name = self.path.rpartition("/")[2]
        self.exists = bool(row.get("exists", True))
        self.lasting = lasting == "lasting"

    def reason(self) -> str:
        """Why it may pass, or an empty string."""
        if self.way in ("drifted", "cold"):
            return ""
        return next((why for holds, why in EXCUSES if holds(self)), "")

    def group(self) -> str:
        """What results have in common that one message can speak for."""
        way = " > ".join(self.callers.split()[-3:] + self.below.split())
        return f"{self.answer} after {self.call} in {way}"


EXCUSES: "tuple[tuple[Callable[[Injected], bool], str], ...]" = (
    (
        lambda it: not it.caller and not it.path,
        "the call that was to fail never came: how often the pipe of another process is read is chance",
    ),
    (
        lambda it: it.error == "short" and it.detail == "at the end",
        "the read that ended early was the one that finds the end of the file",
    ),
    (
        lambda it: "realpath" in it.below and not it.link,
        "a part of a path that cannot be looked at is taken for no link, and it is none",
    ),
    (
        lambda it: it.caller.startswith("facts.hashing.") and it.path.endswith(".pyc"),
        "bytecode that was not read is compared with what its source compiles to, by another process",
    ),
    (
        lambda it: it.caller == "facts.tree._walk" and it.error == "ENOENT" and it.name == "__pycache__",
        "a folder of bytecode that is gone: sources, which were read, are compiled anew",
    ),
    (
        lambda it: (
            "/site-packages/envguard/" in it.path + "/" and it.caller.startswith(("facts.hashing.", "facts.tree."))
        ),
        "the guard's own files are held against their RECORD beforehand, in another way",
    ),
    (
        lambda it: "/envguard_lock-" in it.path and it.caller.startswith(("facts.hashing.", "facts.tree.")),
        "the guard's metadata is held to its RECORD beforehand, its installer's notes are not: it may be updated",
    ),
    (
        lambda it: it.path.endswith("/bin/envguard") and it.caller.startswith(("facts.hashing.", "facts.tree.")),
        "the guard's command is not held to the manifest, since the guard may be updated after a freeze",
    ),
    (
        lambda it: it.caller == "facts.owners._files" and it.below.endswith(" islink") and not it.link,
        "a folder that may be a link and is none is walked through like any other",
    ),
    (
        lambda it: it.caller == "facts.tree.list_files" and it.below.endswith(" isfile"),
        "what is not known to be a file is listed as a folder, and that succeeded",
    ),
    (
        lambda it: it.caller == "facts.hashing._size",
        "the size is asked for balance between workers; the file is read all the same",
    ),
    (
        lambda it: it.caller == "facts.bytecode._is_gone" and it.error == "ENOENT",
        "without its source an import does not look for byte code in __pycache__ either",
    ),
    (
        lambda it: it.caller == "facts.bytecode._is_gone",
        "a source that cannot be asked for is compiled all the same",
    ),
    (
        lambda it: it.caller == "facts.origin._in_folder",
        "an import asks the same question and takes the same failure for absence",
    ),
    (
        lambda it: it.caller == "facts.origin._list" and it.error in ("ENOENT", "EACCES"),
        "an import takes a folder that it cannot list for one that holds nothing",
    ),
    (
        lambda it: it.caller == "environment.folders._state",
        "the signature of a folder says whether it changed meanwhile; what lies in it was read",
    ),
    (
        lambda it: (
            not it.exists and (it.error == "ENOENT" or it.caller.endswith((".folders", ".look", "quick_records._add")))
        ),
        "nothing is there, and that was found out in another way too",
    ),
    (
        lambda it: it.error == "ENOENT" and ".folders" in it.callers and "site-packages" not in it.path,
        "a folder on sys.path that does not exist, and that held no metadata, offers nothing",
    ),
    (
        lambda it: it.name == "__pycache__" and "_iter_file_finder_modules" in it.below,
        "nothing that envguard registers lies in a folder of bytecode",
    ),
    (
        lambda it: ".distributions." in it.callers and it.name in ("WHEEL", "INSTALLER"),
        "evidence for reasons and no source of name or version; depth files reads it as a file",
    ),
    (
        lambda it: it.depth == "versions" and ".distributions." in it.callers and "/site-packages/" in it.path,
        "depth versions asks for the names of the metadata folders, which were read",
    ),
    (
        lambda it: "facts.ownership." in it.callers and it.name == "RECORD",
        "who owns a file is asked for the message only: every file is held against the manifest",
    ),
    (
        lambda it: (
            not it.lasting and it.caller.startswith(("facts.hashing.", "facts.reading.", "environment.contents."))
        ),
        "what vanished or changed while it was read was read again, and was right",
    ),
)
"""When a pass after a failing call is right, and why."""


def inject(
    environment: environments.Environment, lock: Path, run: "tuple[str, str, str]", *, step: int, core: int
) -> "Iterator[Injected]":
    """Runs injection.py in the judged environment, on one core, and yields each result."""
    depth, way, lasting = run
    script = Path(__file__).with_name("injection.py")
    out = lock.with_name(f"faults-{depth}-{way}-{lasting}.jsonl")
    done = subprocess.run(
        [str(environment.python), str(script), str(lock), depth, way, lasting, str(step), str(core), str(out)],
        env=environments.clean_variables(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"injection failed: {done.stdout[-500:]}{done.stderr[-3000:]}")
    with out.open() as lines:
        for line in lines:
            yield Injected(json.loads(line), lasting=lasting, depth=depth, way=way)


def inject_all(
    environment: environments.Environment, lock: Path, other: Path, step: int
) -> "Iterator[tuple[tuple[str, str, str], list[Injected]]]":
    """The results of all runs, of which each core does one at a time."""
    cores = queue.SimpleQueue[int]()
    for core in os.sched_getaffinity(0):
        cores.put(core)

    def inject_one(run: "tuple[str, str, str]") -> list[Injected]:
        core = cores.get()
        try:
            return list(
                inject(environment, other if run[1] in ("drifted", "cold") else lock, run, step=step, core=core)
            )
        finally:
            cores.put(core)

    with ThreadPoolExecutor(cores.qsize()) as pool:
        yield from zip(RUNS, pool.map(inject_one, RUNS), strict=True)


def differing(environment: environments.Environment, lock: Path) -> Path:
    """A plain lock with another version of one package, and with one that is not installed."""
    pins = environments.run([environments.uv(), "pip", "freeze", "--python", environment.python]).splitlines()
    other = lock.with_name("faults-differing.txt")
    lines = ["six==0.1" if pin.startswith("six==") else pin for pin in pins if "==" in pin and "envguard" not in pin]
    other.write_text("\n".join([*lines, "not-installed==1", ""]))
    return other


def drop_bytecode(environment: environments.Environment, *, keep: str) -> None:
    """Removes all bytecode but that of one package, which shows what there is to show."""
    environments.compile_all(environment)
    for folder in sorted(environment.site.rglob("__pycache__")):
        if folder.parent.name != keep:
            shutil.rmtree(folder)


class Counts:
    """What came of all injections."""

    def __init__(self) -> None:
        self.checks: dict[str, Counter[str]] = {}
        self.steps: dict[str, int] = {}
        self.reasons: Counter[str] = Counter()
        self.bad: dict[str, list[Injected]] = {}

    def add(self, run: "tuple[str, str, str]", results: list[Injected], step: int) -> None:
        """Counts the results of one run, in which every ``step``-th call was made to fail."""
        name = "{}, {} way, {}".format(*run)
        tally = self.checks[name] = Counter()
        self.steps[name] = step
        for result in results:
            unexplained = result.answer == "pinned" and not result.reason()
            tally["injected"] += 1
            tally[result.answer] += 1
            tally["unexplained"] += unexplained
            if result.answer == "pinned":
                self.reasons[result.reason() or "unexplained"] += 1
            if unexplained or result.answer in ("crash", "internal"):
                self.bad.setdefault(f"{', '.join(run)}: {result.group()}", []).append(result)

    def show(self) -> None:
        """A table, why passes were right, and what was wrong."""
        print("| check | injected | finding | EnvguardError | internal error | explained | unexplained | crash |")
        print("|---|---|---|---|---|---|---|---|")
        for name, tally in self.checks.items():
            row = [tally[key] for key in ("injected", "finding", "error", "internal")]
            row += [tally["pinned"] - tally["unexplained"], tally["unexplained"], tally["crash"]]
            print(f"| {name} | {' | '.join(map(str, row))} |")
        for reason, count in self.reasons.most_common():
            print(f"- {count}: {reason}")
        for group, results in self.bad.items():
            errors = sorted({result.error for result in results})
            print(f"{len(results)} x {group} {errors}: {results[0].path} {results[0].detail}", file=sys.stderr)

    def as_json(self) -> "dict[str, object]":
        """The counters for ``--json``."""
        answers = ("finding", "error", "internal", "pinned", "unexplained", "crash")
        checks = {
            name: {
                "one call in": self.steps[name],
                "injected": tally["injected"],
                **{key: tally[key] for key in answers},
            }
            for name, tally in self.checks.items()
        }
        total = sum(self.checks.values(), Counter())
        return {
            "checks": checks,
            "total": {key: total[key] for key in ("injected", *answers)},
            "explained": self.reasons,
        }


def main() -> int:
    """Injects at each depth, on the fast way and on the full one, and prints a table."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--step", type=int, default=1, help="fail every N-th call only (default: every call)")
    arguments = parser.parse_args()
    step = 47 if arguments.quick else arguments.step
    counts = Counts()
    with environments.work_folder(arguments.work) as work:
        environment = environments.create(work / "faults")
        environments.install_by_uv(environment, work, *PACKAGES)
        environments.run([environment.python, "-m", "pip", "uninstall", "-q", "-y", "pip", "setuptools"])
        environments.install_envguard(environment, work)
        drop_bytecode(environment, keep="idna")
        lock = work / "faults.lock"
        judging.freeze(environment, lock, depth="files")
        other = differing(environment, lock)
        for run, results in inject_all(environment, lock, other, step):
            counts.add(run, results, step)
    counts.show()
    environments.write_json(arguments.json, counts.as_json())
    return int(bool(counts.bad))


if __name__ == "__main__":
    sys.exit(main())
