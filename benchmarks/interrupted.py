"""Half-done installs must never look pinned: pip and uv killed or frozen in the middle of an upgrade.

Three experiments, each on a real environment frozen by envguard at depth files beforehand:

- pip is killed at evenly spread points. A sitecustomize in pip's process counts the file-system events below the
  environment and sends SIGKILL at event N, so every point can be visited again.
- uv is killed after random times, as it has no such hook.
- pip and uv are stopped (SIGSTOP) after random times, looked at, and continued. Nothing moves while the truth and the
  verdicts are read, so the truth is exact.

The truth comes from oracle.py: the bytes on disk, compared with the bytes when the lock was made. A verdict "pinned"
for any other bytes is false. Exit status 1 when there is one at depth records or files, 0 otherwise.

Run: python benchmarks/interrupted.py [--quick] [--work DIR] [--json FILE]
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import environments
import judging
from oracle import Oracle, State

OLD = ("numpy<2.2", "pillow<12")
NEW = ("numpy>=2.2", "pillow>=12")

# Runs in pip's process only: counts what it does below EG_ROOT and kills it at event EG_KILL_AT.
_HOOK = """
import atexit, os, signal, sys

ROOT, AT = os.environ["EG_ROOT"] + os.sep, int(os.environ["EG_KILL_AT"])
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.symlink", "os.utime"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
count = 0

def hook(event, arguments):
    global count
    if event == "open":
        if not isinstance(arguments[2], int) or not arguments[2] & WRITES:
            return
    elif event not in CHANGES:
        return
    if not str(arguments[0]).startswith(ROOT):
        return
    count += 1
    if count == AT:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
if AT == 0:
    atexit.register(lambda: open(os.environ["EG_COUNT"], "w").write(str(count)))
"""


class Bench:
    """The environment, its lock, its truth, and how it is put back."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.wheels = work / "interrupted-wheels"
        self.hook = work / "interrupted-hook"
        self.hook.mkdir(exist_ok=True)
        (self.hook / "sitecustomize.py").write_text(_HOOK)
        self.environment = environments.small(work, "interrupted")
        self._download()
        # A round trip by pip, so that what pip writes back is what the lock was made of.
        self._install("pip", NEW)
        self._install("pip", OLD)
        environments.compile_all(self.environment)
        environments.install_envguard(self.environment, work)
        self.lock = work / "interrupted.lock"
        judging.freeze(self.environment, self.lock, depth="files")
        self.backup = environments.copy(self.environment, work / "interrupted-backup")
        self.oracle = Oracle(self.environment.folder)
        self.truth: State = self.oracle.state()

    def _download(self) -> None:
        if self.wheels.exists():
            return
        command = [self.environment.python, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        for wanted in (OLD, NEW):
            environments.run([*command, "-d", self.wheels, *wanted])

    def command(self, tool: str, wanted: "tuple[str, ...]") -> list[str]:
        """How a tool installs ``wanted`` from the local wheels."""
        python = str(self.environment.python)
        start = {
            "pip": [python, "-m", "pip", "install", "-q", "--upgrade", "--force-reinstall"],
            "uv": [environments.uv(), "pip", "install", "-q", "--python", python, "--no-cache", "--reinstall"],
        }[tool]
        return [*start, "--no-index", "--no-deps", "--find-links", str(self.wheels), *wanted]

    def _install(self, tool: str, wanted: "tuple[str, ...]") -> float:
        before = time.monotonic()
        environments.run(self.command(tool, wanted))
        return time.monotonic() - before

    def duration(self, tool: str) -> float:
        """Seconds that one upgrade takes; the environment is put back."""
        seconds = self._install(tool, NEW)
        self.restore()
        return seconds

    def restore(self) -> None:
        """Puts the environment back, at the same path, byte for byte."""
        environments.put_back(self.backup, self.environment)
        if self.oracle.state() != self.truth:
            raise SystemExit("the environment could not be put back")

    def start(self, tool: str, wanted: "tuple[str, ...]", **more: str) -> "subprocess.Popen[bytes]":
        """Starts an install without waiting for it."""
        return subprocess.Popen(
            self.command(tool, wanted),
            env=environments.clean_variables(**more),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def events(self) -> int:
        """How many file-system events pip's upgrade has."""
        count = self.work / "interrupted-count"
        self.start("pip", NEW, **self._hooked(0), EG_COUNT=str(count)).wait()
        self.restore()
        return int(count.read_text())

    def kill_pip(self, event: int) -> None:
        """Runs pip's upgrade until an event, at which it is killed."""
        process = self.start("pip", NEW, **self._hooked(event))
        if process.wait() != -signal.SIGKILL:
            raise SystemExit(f"pip was not killed at event {event}: {process.returncode}")

    def _hooked(self, event: int) -> "dict[str, str]":
        return {"PYTHONPATH": str(self.hook), "EG_ROOT": str(self.environment.folder), "EG_KILL_AT": str(event)}


class Tally:
    """Counts verdicts against the truth, for each depth."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.states: Counter[str] = Counter()
        self.false: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.crashed: list[str] = []
        self.examples: list[str] = []

    def look(self, bench: Bench, where: str) -> None:
        """Reads the truth and asks envguard at every depth."""
        state = bench.oracle.state()
        same = state == bench.truth
        self.states["untouched" if same else "changed"] += 1
        print(f"{sum(self.states.values())}: {where}", file=sys.stderr)
        for depth, answer in judging.judge(bench.environment, bench.lock).items():
            if answer.verdict == "crash":
                self.crashed.append(f"{where}, {depth}: {answer.error}")
            elif same:
                self.refused[depth] += answer.verdict != "pinned"
                if answer.verdict != "pinned":
                    self.examples.append(f"{where}, {depth}: refused although untouched: {answer.brief()}")
            elif answer.verdict == "pinned":
                self.false[depth] += 1
                differing = sorted(set(state.items()) ^ set(bench.truth.items()))[:3]
                self.examples.append(f"{where}, {depth}: pinned although {differing}")

    def counters(self) -> "dict[str, object]":
        """For the JSON file."""
        return {
            "states": sum(self.states.values()),
            "changed": self.states["changed"],
            "false_pinned": {depth: self.false[depth] for depth in judging.DEPTHS},
            "refused_untouched": {depth: self.refused[depth] for depth in judging.DEPTHS},
            "crashes": len(self.crashed),
        }

    def failed(self) -> bool:
        """Whether the gate is missed."""
        return bool(self.crashed) or any(self.false[depth] for depth in ("records", "files"))


def killed_pip(bench: Bench, points: int) -> Tally:
    """Pip killed at evenly spread events of an upgrade."""
    tally = Tally("pip killed")
    events = bench.events()
    for number in range(points):
        event = 1 + number * (events - 1) // max(1, points - 1)
        bench.kill_pip(event)
        tally.look(bench, f"pip killed at event {event} of {events}")
        bench.restore()
    return tally


def killed_uv(bench: Bench, points: int, chance: random.Random) -> Tally:
    """Uv killed after random times."""
    tally = Tally("uv killed")
    seconds = bench.duration("uv")
    for _ in range(points):
        wait = seconds * chance.uniform(0.2, 1.0)
        process = bench.start("uv", NEW)
        time.sleep(wait)
        process.kill()
        process.wait()
        tally.look(bench, f"uv killed after {wait:.3f} of {seconds:.3f} s")
        bench.restore()
    return tally


def frozen(bench: Bench, tool: str, stops: int, chance: random.Random) -> Tally:
    """An install stopped at a random moment, looked at, and continued."""
    tally = Tally(f"{tool} frozen")
    seconds = bench.duration(tool)
    while sum(tally.states.values()) < stops:
        wait = seconds * chance.uniform(0.3, 1.0)
        process = bench.start(tool, NEW)
        time.sleep(wait)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGSTOP)
            time.sleep(0.02)  # other threads come to a stop too
            tally.look(bench, f"{tool} stopped after {wait:.3f} of {seconds:.3f} s")
            os.killpg(process.pid, signal.SIGCONT)
        process.wait()
        bench.restore()
    return tally


def main() -> int:
    """Runs the experiments and prints a table."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--points", type=int, help="kill points of pip (default 60, quick 6)")
    parser.add_argument("--stops", type=int, help="stops of each installer, and kills of uv (default 40, quick 4)")
    arguments = parser.parse_args()
    points = arguments.points or (6 if arguments.quick else 60)
    stops = arguments.stops or (4 if arguments.quick else 40)
    chance = random.Random(arguments.seed)
    with environments.work_folder(arguments.work) as work:
        bench = Bench(work)
        tallies = [
            killed_pip(bench, points),
            killed_uv(bench, stops, chance),
            frozen(bench, "pip", stops, chance),
            frozen(bench, "uv", stops, chance),
        ]
        shutil.rmtree(bench.environment.folder)
        shutil.rmtree(bench.backup.folder)
    print("| experiment | states | changed | false pinned: versions | records | files | untouched refused | crashes |")
    print("|---|---|---|---|---|---|---|---|")
    for tally in tallies:
        false = " | ".join(str(tally.false[depth]) for depth in judging.DEPTHS)
        row = f"| {tally.name} | {sum(tally.states.values())} | {tally.states['changed']} | {false}"
        print(f"{row} | {sum(tally.refused.values())} | {len(tally.crashed)} |")
    for tally in tallies:
        for line in (*tally.crashed, *tally.examples):
            print(line, file=sys.stderr)
    counters: dict[str, object] = {tally.name: tally.counters() for tally in tallies}
    environments.write_json(arguments.json, {"seed": arguments.seed, **counters})
    return int(any(tally.failed() for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
