"""One damaged package in an environment of many: envguard restore beside the habits that it replaces.

An environment is built (some 290 distributions with their byte code; ``--quick``: some 20), frozen at depth files, and
damaged in four ways, one after the other: another version of one package (which every tool sees), one edited byte, one
deleted and one added file (which only files tell). For each, ``envguard restore`` (of everything, and of the package
alone), ``uv pip sync`` and ``pip install -r`` of the same golden file run in turn, all from the same warm folder of
wheels and without an index, and it is asked whether the damage is gone. Beside the seconds stands the ratio to ``uv pip
sync`` in the same turn, which another load of the machine changes less, and the processor's seconds.

What restore remembers lies below the work folder; before it is measured, everything is a minute old, since nothing
younger is remembered.

Run: python benchmarks/restoring.py [--quick] [--work DIR] [--json FILE] [--repeats N] [--damage NAME]
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import environments
from envguard.facts.standing import SETTLED
from environments import Environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DAMAGES = ("another version", "one edited byte", "a deleted file", "an added file")
OTHER = "idna<3.10"
"""What one package is changed to."""


class Yard:
    """The damaged environment, its golden file, and a folder with the wheels of all of it."""

    def __init__(self, work: Path, *, quick: bool) -> None:
        pins = environments.resolve(work, environments.SMALL if quick else environments.POPULAR, stem="restoring")
        self.work = work
        self.quick = quick
        self.damaged = ""
        self.wheels = work / "wheels"
        if not self.wheels.exists():
            part = work / "wheels.part"
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
            environments.run([*command, "-d", part, "-r", pins], PIP_REQUIRE_VIRTUALENV="0")
            torch = None if quick else environments.torch_wheel(work)
            if torch is not None:
                shutil.copy(torch, part)
            part.rename(self.wheels)
        self.other = work / "other"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        environments.run([*command, "-d", self.other, OTHER], PIP_REQUIRE_VIRTUALENV="0")
        self.environment = environments.create(work / "restored")
        self.pins = pins
        self._install()
        environments.compile_all(self.environment)
        self.lock = work / "golden" / "envguard.lock"
        self.lock.parent.mkdir(exist_ok=True)
        self.envguard("freeze", "--depth", "files", "-o", self.lock, "--python", self.environment.python)
        names = [line.partition("==")[0] for line in self.lock.read_text().splitlines() if "==" in line[:80]]
        self.count = len([name for name in names if not name.startswith("#")])

    def _install(self) -> None:
        command = [environments.uv(), "pip", "install", "-q", "--link-mode", "copy", "--no-index", "--no-deps"]
        command += ["--python", str(self.environment.python), "--find-links", str(self.wheels), "-r", str(self.pins)]
        # By version, as if from an index: a path would be noted as its source.
        command += [f"torch=={wheel.name.split('-')[1]}" for wheel in self.wheels.glob("torch-*.whl")]
        environments.run(command, UV_CACHE_DIR=str(self.work / "uv-cache"))

    def envguard(self, *words: object, may_fail: bool = False) -> int:
        """Runs envguard as it stands here, from outside the environment."""
        command = [sys.executable, "-m", "envguard", *map(str, words)]
        variables = environments.clean_variables(XDG_CACHE_HOME=str(self.work / "cache"))
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode and not may_fail:
            raise SystemExit(f"{command} left with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.returncode

    def change_version(self) -> None:
        """Another version of one package."""
        self.damaged = "idna"
        command = [sys.executable, "-m", "pip", "--python", self.environment.python, "install", "-q", "--no-deps"]
        environments.run([*command, "--no-index", "-f", self.other, OTHER], PIP_REQUIRE_VIRTUALENV="0")

    def _module(self) -> Path:
        return self.environment.site / "click" / "core.py"

    def edit(self) -> None:
        """One byte of a module."""
        self.damaged = "click"
        path = self._module()
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.unlink()  # never through a hard link
        path.write_bytes(data)

    def delete(self) -> None:
        """A module is gone."""
        self.damaged = "click"
        self._module().unlink()

    def add(self) -> None:
        """A module more in the folder of a package."""
        self.damaged = "click"
        (self._module().parent / "more.py").write_text("x = 1\n")

    def is_repaired(self, backup: Environment) -> bool:
        """Whether none of the damages is there."""
        found = {folder for folder in self.environment.names() if folder.startswith("idna-")}
        module = Path("click") / "core.py"
        here, there = self.environment.site / module, backup.site / module
        same = here.exists() and here.read_bytes() == there.read_bytes()
        return same and found <= set(backup.names()) and not here.with_name("more.py").exists()

    def remember(self) -> None:
        """Waits until what was installed has settled, and has it read once."""
        time.sleep(0 if self.quick else SETTLED + 2)
        self.restore()

    def restore(self) -> None:
        """The command ``envguard restore``, which reads what was touched."""
        self.envguard(
            "restore", self.lock, "--python", self.environment.python, *self._offline(), "--yes", may_fail=True
        )

    def restore_named(self) -> None:
        """The same for one package, as ``check`` has named it; nothing of another one is looked at."""
        words = ("--only", self.damaged, "--python", self.environment.python, *self._offline(), "--yes")
        self.envguard("restore", self.lock, *words, may_fail=True)

    def restore_all(self) -> None:
        """The same, with every file of the environment read."""
        words = ("--python", self.environment.python, *self._offline(), "--yes", "--reread")
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


def measure(yard: Yard, backup: Environment, repeats: int, only: str) -> list[dict[str, object]]:
    """Each damage, or the one that is named, each tool, in turn."""
    tools: list[tuple[str, Callable[[], None]]] = [
        ("uv pip sync", yard.sync),
        ("envguard restore", yard.restore),
        ("envguard restore --only", yard.restore_named),
        ("envguard restore --reread", yard.restore_all),
        ("pip install -r", yard.install),
    ]
    damages = dict(zip(DAMAGES, (yard.change_version, yard.edit, yard.delete, yard.add), strict=True))
    rows = []
    for damage, do in damages.items():
        if only not in ("", damage):
            continue
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name, _run in tools}
        gone = {name: True for name, _run in tools}
        golden: dict[str, bool] = {}
        for repeat in range(repeats):
            for name, run in tools:
                environments.put_back(backup, yard.environment)
                do()
                runs[name].append(_timed(run))
                gone[name] = gone[name] and yard.is_repaired(backup)
                if not repeat:
                    golden[name] = yard.is_golden()
        for name, _run in tools:
            ratios = [own[0] / other[0] for own, other in zip(runs[name], runs["uv pip sync"], strict=True)]
            row: dict[str, object] = {"damage": damage, "tool": name, "gone": gone[name], "golden": golden[name]}
            row["seconds"] = round(statistics.median(seconds for seconds, _cpu in runs[name]), 3)
            row["processor"] = round(statistics.median(cpu for _seconds, cpu in runs[name]), 3)
            row["ratio"] = round(statistics.median(ratios), 2)
            rows.append(row)
    return rows


def _timed(run: "Callable[[], None]") -> tuple[float, float]:
    """Seconds that passed, and seconds of the processor that the processes took."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run()
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Prints the table; fails where restore leaves a damage."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--repeats", type=int, default=3, help="(default: 3)")
    parser.add_argument("--damage", choices=DAMAGES, default="", help="(default: all of them)")
    arguments = parser.parse_args()
    with environments.work_folder(arguments.work) as work:
        yard = Yard(work, quick=arguments.quick)
        backup = environments.copy(yard.environment, work / "restoring-backup")
        yard.remember()
        repeats = 1 if arguments.quick else arguments.repeats
        rows = measure(yard, backup, repeats, arguments.damage)
        for folder in (yard.environment.folder, backup.folder):
            shutil.rmtree(folder)
    print(f"{yard.count} distributions, {os.cpu_count()} cores; medians of {repeats}")
    print("| damage | tool | seconds | processor seconds | times uv pip sync | damage gone | golden at depth files |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        said = ["yes" if row[name] else "no" for name in ("gone", "golden")]
        print("|", " | ".join(str(row[name]) for name in ("damage", "tool", "seconds", "processor", "ratio")), end="")
        print(f" | {said[0]} | {said[1]} |")
    missed = [row for row in rows if str(row["tool"]).startswith("envguard") and not row["golden"]]
    environments.write_json(arguments.json, {"distributions": yard.count, "rows": rows, "missed": len(missed)})
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
