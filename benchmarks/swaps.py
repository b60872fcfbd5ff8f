"""Is a file that is swapped between the check and the import noticed? Four ways to swap, 60 times each.

A process checks its environment and then loads the protected package; between the two, this script puts other code in
place of the package's. Prints a Markdown table; ``--json FILE`` writes the figures.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandbox import Sandbox, add_distribution

# Both tell the program that their code ran.
GOOD = "import __main__; __main__.ran = 'good'\n" + "# pad\n" * 200
EVIL = "import __main__; __main__.ran = 'evil'\n" + "# pad\n" * 200
Times = tuple[int, int]
Go = Callable[[], None]
Swap = Callable[[Path, Times, Go], None]
COLUMNS = ("noticed before it ran", "noticed after it ran", "missed")

PROGRAM = """
import envguard, sys
ran = ""
guard = envguard.protect('mymod', lock=LOCK, eager=True)
print('checked', flush=True)
sys.stdin.readline()
try:
    import mymod
except envguard.ImportRefused:
    print('after' if ran else 'before')
else:
    print('missed')
"""


def replace(path: Path, _times: Times, go: Go) -> None:
    """Another file under the same name, as installers write."""
    _put(path, EVIL)
    go()


def overwrite(path: Path, _times: Times, go: Go) -> None:
    """Other bytes of the same length in the same file."""
    _write_over(path)
    go()


def overwrite_and_hide(path: Path, times: Times, go: Go) -> None:
    """The same, and the time of modification put back."""
    _write_over(path)
    os.utime(path, ns=times)
    go()


def replace_and_restore(path: Path, times: Times, go: Go) -> None:
    """The evil file, and while the import runs the good one again, with its old time of modification."""
    _put(path, EVIL)
    go()
    time.sleep(random.random() * 0.002)
    _put(path, GOOD)
    os.utime(path, ns=times)


MODES = {
    "replaced": replace,
    "overwritten": overwrite,
    "overwritten, time put back": overwrite_and_hide,
    "replaced and restored": replace_and_restore,
}


def measure(times: int) -> dict[str, dict[str, int]]:
    """Mode -> how often the swap was noticed before the code ran, after it, or not at all."""
    found = {mode: dict.fromkeys(COLUMNS, 0) for mode in MODES}
    with tempfile.TemporaryDirectory() as name:
        box = Sandbox(Path(name))
        add_distribution(box.site, "mymod", "1.0", {"mymod/__init__.py": GOOD})
        box.freeze()
        for mode, swap in MODES.items():
            for _ in range(times):
                found[mode][_once(box, swap)] += 1
    return found


def _once(box: Sandbox, swap: Swap) -> str:
    path = box.site / "mymod" / "__init__.py"
    _put(path, GOOD)
    status = path.stat()
    child = subprocess.Popen(
        box.command(PROGRAM, "-B"), env=box.environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    if child.stdout.readline() != "checked\n":
        raise RuntimeError("the check before the swap did not pass")
    pipe = child.stdin

    def go() -> None:
        pipe.write("go\n")
        pipe.flush()

    time.sleep(random.random() * 0.01)
    swap(path, (status.st_atime_ns, status.st_mtime_ns), go)
    answer = child.communicate()[0].split()
    return {"before": COLUMNS[0], "after": COLUMNS[1]}.get(" ".join(answer), COLUMNS[2])


def _put(path: Path, text: str) -> None:
    other = path.with_suffix(".new")
    other.write_text(text)
    os.replace(other, path)


def _write_over(path: Path) -> None:
    with path.open("r+") as file:
        file.write(EVIL)


def table(found: dict[str, dict[str, int]]) -> str:
    """A Markdown table: one row per mode."""
    lines = ["| Between check and import the file is | " + " | ".join(COLUMNS) + " |", "|---|---:|---:|---:|"]
    for mode, counts in found.items():
        lines.append(f"| {mode} | " + " | ".join(str(counts[column]) for column in COLUMNS) + " |")
    return "\n".join(lines)


def main() -> int:
    """Exit 1 where a swap was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=60, help="swaps per mode")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    random.seed(seed)
    found = measure(options.times)
    missed = sum(counts["missed"] for counts in found.values())
    swaps = options.times * len(MODES)
    print(table(found))
    print(f"\nNoticed: {swaps - missed} of {swaps} (Python {sys.version.split()[0]}, seed {seed}).")
    if options.json:
        content = {"swaps": swaps, "noticed": swaps - missed, "seed": seed, "modes": found}
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
