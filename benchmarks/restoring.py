"""One damaged package in an environment of many: envguard restore beside the habits that it replaces.

An environment is built (some 290 distributions; ``--quick``: some 20), frozen at depth files, and damaged in two ways,
one after the other: another version of one package (which every tool sees), and one edited byte in another (which only
files tell). For each, ``envguard restore``, ``uv pip sync`` and ``pip install -r`` of the same golden file are timed in
turn, all from the same warm folder of wheels and without an index, and it is asked whether the damage is gone.

Run: python benchmarks/restoring.py [--quick] [--work DIR] [--json FILE] [--repeats N]
"""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import environments
from environments import Environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "idna<3.10"
"""What one package is changed to."""


class Yard:
    """The damaged environment, its golden file, and a folder with the wheels of all of it."""

    def __init__(self, work: Path, *, quick: bool) -> None:
        pins = environments.resolve(work, environments.SMALL if quick else environments.POPULAR, stem="restoring")
        self.work = work
        self.wheels = work / "wheels"
        if not self.wheels.exists():
            part = work / "wheels.part"
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
            environments.run([*command, "-d", part, "-r", pins], PIP_REQUIRE_VIRTUALENV="0")
            part.rename(self.wheels)
        self.other = work / "other"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        environments.run([*command, "-d", self.other, OTHER], PIP_REQUIRE_VIRTUALENV="0")
        self.environment = environments.create(work / "restored")
        self.pins = pins
        self._install()
        self.lock = work / "golden" / "envguard.lock"
        self.lock.parent.mkdir(exist_ok=True)
        self.envguard("freeze", "--depth", "files", "-o", self.lock, "--python", self.environment.python)
        names = [line.partition("==")[0] for line in self.lock.read_text().splitlines() if "==" in line[:80]]
        self.count = len([name for name in names if not name.startswith("#")])

    def _install(self) -> None:
        command = [environments.uv(), "pip", "install", "-q", "--link-mode", "copy", "--no-index", "--no-deps"]
        command += ["--python", str(self.environment.python), "--find-links", str(self.wheels), "-r", str(self.pins)]
        environments.run(command, UV_CACHE_DIR=str(self.work / "uv-cache"))

    def envguard(self, *words: object, may_fail: bool = False) -> int:
        """Runs envguard as it stands here, from outside the environment."""
        command = [sys.executable, "-m", "envguard", *map(str, words)]
        done = subprocess.run(command, env=environments.clean_variables(), capture_output=True, text=True, check=False)
        if done.returncode and not may_fail:
            raise SystemExit(f"{command} left with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.returncode

    def change_version(self) -> None:
        """Another version of one package."""
        command = [sys.executable, "-m", "pip", "--python", self.environment.python, "install", "-q", "--no-deps"]
        environments.run([*command, "--no-index", "-f", self.other, OTHER], PIP_REQUIRE_VIRTUALENV="0")

    def edit(self) -> None:
        """One byte of a module, in place."""
        path = self.environment.site / "click" / "core.py"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.unlink()  # never through a hard link
        path.write_bytes(data)

    def restore(self) -> None:
        """The command ``envguard restore``, the two checks at depth files included."""
        self.envguard(
            "restore", self.lock, "--python", self.environment.python, *self._offline(), "--yes", may_fail=True
        )

    def restore_by_records(self) -> None:
        """The same at depth records, which reads no more than uv does."""
        words = ("--python", self.environment.python, *self._offline(), "--yes", "--depth", "records")
        self.envguard("restore", self.lock, *words, may_fail=True)

    def _offline(self) -> list[object]:
        return ["--offline", "--find-links", self.wheels]

    def sync(self) -> None:
        """The command ``uv pip sync``, as quick as it can be: hard links, warm cache."""
        command = [environments.uv(), "pip", "sync", "-q", "--no-index", "--find-links", self.wheels]
        environments.run(
            [*command, "--python", self.environment.python, self.lock], UV_CACHE_DIR=str(self.work / "uv-cache")
        )

    def install(self) -> None:
        """The command ``pip install -r`` of the golden file."""
        command = [sys.executable, "-m", "pip", "--python", self.environment.python, "install", "-q", "--no-deps"]
        environments.run([*command, "--no-index", "-f", self.wheels, "-r", self.lock], PIP_REQUIRE_VIRTUALENV="0")

    def is_golden(self) -> bool:
        """What a check at depth files says."""
        words = ("check", self.lock, "--python", self.environment.python, "--depth", "files")
        return self.envguard(*words, may_fail=True) == 0


def measure(yard: Yard, backup: Environment, repeats: int) -> list[dict[str, object]]:
    """Each damage, each tool, in turn."""
    tools: list[tuple[str, Callable[[], None]]] = [
        ("envguard restore", yard.restore),
        ("envguard restore --depth records", yard.restore_by_records),
        ("uv pip sync", yard.sync),
        ("pip install -r", yard.install),
    ]
    rows: list[dict[str, object]] = []
    damages = (("another version", yard.change_version), ("one edited byte", yard.edit))
    for damage, do in damages:
        seconds: dict[str, list[float]] = {name: [] for name, _run in tools}
        golden: dict[str, bool] = {}
        for _repeat in range(repeats):
            for name, run in tools:
                environments.put_back(backup, yard.environment)
                do()
                begin = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - begin)
                golden[name] = yard.is_golden()
        for name, _run in tools:
            rows.append(
                {
                    "damage": damage,
                    "tool": name,
                    "seconds": round(statistics.median(seconds[name]), 2),
                    "least": round(min(seconds[name]), 2),
                    "golden": golden[name],
                }
            )
    return rows


def main() -> int:
    """Prints the table; fails where restore leaves a damage."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--repeats", type=int, default=3, help="(default: 3)")
    arguments = parser.parse_args()
    with environments.work_folder(arguments.work) as work:
        yard = Yard(work, quick=arguments.quick)
        backup = environments.copy(yard.environment, work / "restoring-backup")
        rows = measure(yard, backup, 1 if arguments.quick else arguments.repeats)
        for folder in (yard.environment.folder, backup.folder):
            shutil.rmtree(folder)
    print(f"{yard.count} distributions; median (least) of {1 if arguments.quick else arguments.repeats}")
    print("| damage | tool | seconds | golden at depth files afterwards |")
    print("|---|---|---|---|")
    for row in rows:
        golden = "yes" if row["golden"] else "no"
        print(f"| {row['damage']} | {row['tool']} | {row['seconds']} ({row['least']}) | {golden} |")
    missed = [row for row in rows if row["tool"] == "envguard restore" and not row["golden"]]
    environments.write_json(arguments.json, {"distributions": yard.count, "rows": rows, "missed": len(missed)})
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
