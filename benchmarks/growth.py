"""How the cost of a check grows: 50, 300, 1,000 and 3,000 synthetic distributions.

Each has a metadata folder with METADATA, WHEEL, INSTALLER and a RECORD, and a package of two modules. The time is that
of ``import envguard; envguard.assert_pinned(lock, depth=...)`` in a fresh interpreter, by its own clock; the median of
rounds in which sizes and depths take turns in random order. Linear means: a distribution costs no more at 3,000 than
1.5 times what it costs at 300.

Run: python benchmarks/growth.py [--quick] [--rounds N] [--work DIR] [--json FILE]
"""

import base64
import hashlib
import os
import random
import statistics
import sys
from pathlib import Path

import environments
import judging

SIZES = (50, 300, 1000, 3000)
DEPTHS = ("versions", "records", "files")
LIMIT = 1.5

_TIMED = """
import sys
from time import perf_counter
lock, depth = sys.argv[1], sys.argv[2]
before = perf_counter()
import envguard
envguard.assert_pinned(lock, depth=depth)
print(perf_counter() - before)
"""


def synthetic(folder: Path, size: int) -> environments.Environment:
    """A virtual environment with ``size`` distributions written by hand."""
    environments.run([sys.executable, "-m", "venv", "--without-pip", "--clear", folder])
    environment = environments.Environment(folder)
    for number in range(size):
        add_distribution(environment.site, f"synthetic_{number:05d}", f"1.{number % 10}.{number // 10}")
    return environment


def add_distribution(site: Path, name: str, version: str) -> None:
    """One distribution, as an installer would leave it, bytecode aside."""
    metadata = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f'"""Package {name}."""\n\n__version__ = "{version}"\n',
        f"{name}/work.py": "def work(number: int) -> int:\n    return number + 1\n" * 20,
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n{'Described. ' * 300}\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nGenerator: bench 1\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata}/INSTALLER": "pip\n",
    }
    rows = []
    for path, text in files.items():
        data = text.encode()
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}")
    (site / metadata / "RECORD").write_text("\n".join([*rows, f"{metadata}/RECORD,,", ""]))


def seconds(environment: environments.Environment, lock: Path, depth: str) -> float:
    """Seconds of one check in a fresh interpreter, its start not counted."""
    return float(environments.run([environment.python, "-c", _TIMED, lock, depth]))


def measure(work: Path, sizes: "tuple[int, ...]", rounds: int, seed: int) -> "dict[tuple[str, int], float]":
    """Median milliseconds of each depth and size."""
    chance = random.Random(seed)
    built: dict[int, tuple[environments.Environment, Path]] = {}
    for size in sizes:
        environment = synthetic(work / f"growth-{size}", size)
        environments.install_envguard(environment, work)
        lock = work / f"growth-{size}.lock"
        judging.freeze(environment, lock, depth="files")
        built[size] = (environment, lock)
    samples: dict[tuple[str, int], list[float]] = {(depth, size): [] for depth in DEPTHS for size in sizes}
    for number in range(rounds + 1):
        order = list(samples)
        chance.shuffle(order)
        for depth, size in order:
            took = seconds(*built[size], depth)
            if number:  # the first round warms up
                samples[depth, size].append(took * 1000)
    return {key: statistics.median(values) for key, values in samples.items()}


def main() -> int:
    """Measures and prints a table; exit status 1 where growth is worse than linear."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--rounds", type=int, help="(default 15, quick 3)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sizes = SIZES[:2] if arguments.quick else SIZES
    rounds = arguments.rounds or (3 if arguments.quick else 15)
    with environments.work_folder(arguments.work) as work:
        medians = measure(work, sizes, rounds, arguments.seed)
    print(f"| depth | {' | '.join(f'{size:,}' for size in sizes)} | us per distribution at the most | linear |")
    print(f"|---|{'---|' * (len(sizes) + 2)}")
    worst = 0.0
    base = sizes[-2] if len(sizes) == 2 else sizes[1]
    for depth in DEPTHS:
        each = {size: medians[depth, size] / size * 1000 for size in sizes}
        ratio = each[sizes[-1]] / each[base]
        worst = max(worst, ratio)
        cells = " | ".join(f"{medians[depth, size]:.2f} ms" for size in sizes)
        print(f"| {depth} | {cells} | {each[sizes[-1]]:.1f} | {ratio:.2f} x the cost at {base} |")
    rows = {depth: {str(size): round(medians[depth, size], 3) for size in sizes} for depth in DEPTHS}
    counters: dict[str, object] = {"milliseconds": rows, "rounds": rounds, "worst_ratio": round(worst, 3)}
    environments.write_json(arguments.json, {**counters, "cores": os.cpu_count()})
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
