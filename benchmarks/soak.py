"""25,000 checks in one process: memory and file descriptors must not grow.

Nine of ten are ``assert_pinned`` on the fast way, at depths versions and records; the tenth is a full check whose lock
differs, so that findings and their reasons are made each time.

Run: python benchmarks/soak.py [--quick] [--work DIR] [--json FILE]
"""

import json
import sys
import time
from pathlib import Path

import environments
import judging

PACKAGES = ("six", "idna", "zope-interface", "packaging", "markupsafe", "certifi")
ALLOWED_KILOBYTES = 512
"""Growth of the resident set that the allocator's own ups and downs explain."""

_SOAK = """
import gc, json, os, sys
import envguard
lock, drifted, scans = sys.argv[1], sys.argv[2], int(sys.argv[3])

def kilobytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

def descriptors():
    return len(os.listdir("/proc/self/fd"))

def scan(number):
    if number % 10 == 9:
        assert envguard.check(drifted, depth="records").findings
    else:
        assert envguard.assert_pinned(lock, depth=("versions", "records")[number % 2]).pinned

for number in range(1000):
    scan(number)
gc.collect()
opened = [descriptors()]
sizes = []
for number in range(scans):
    scan(number)
    if number % (scans // 40) == 0:
        gc.collect()
        sizes.append(kilobytes())
gc.collect()
opened.append(descriptors())
middle = [sorted(part)[len(part) // 2] for part in (sizes[:10], sizes[-10:])]
print(json.dumps({"scans": scans, "kilobytes": middle, "descriptors": opened}))
"""


def drifted(environment: environments.Environment, lock: Path) -> Path:
    """A plain lock that differs from the environment in one version."""
    pins = environments.run([environments.uv(), "pip", "freeze", "--python", environment.python])
    other = lock.with_name("soak-drifted.txt")
    other.write_text("".join(f"{line}.1\n" if line.startswith("six==") else f"{line}\n" for line in pins.splitlines()))
    return other


def main() -> int:
    """Builds a small environment, scans it, and compares before with after."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("--scans", type=int, help="(default 25000, quick 1000)")
    arguments = parser.parse_args()
    scans = arguments.scans or (1000 if arguments.quick else 25000)
    with environments.work_folder(arguments.work) as work:
        environment = environments.create(work / "soak")
        environments.install_by_uv(environment, work, *PACKAGES)
        environments.install_envguard(environment, work)
        lock = work / "soak.lock"
        judging.freeze(environment, lock)
        started = time.monotonic()
        said = environments.run([environment.python, "-c", _SOAK, lock, drifted(environment, lock), scans])
        seconds = time.monotonic() - started
    counters = json.loads(said)
    grown = counters["kilobytes"][1] - counters["kilobytes"][0]
    opened = counters["descriptors"][1] - counters["descriptors"][0]
    print(f"{scans} checks in {seconds:.1f} s: resident set {counters['kilobytes'][0]} kB {grown:+d} kB, ", end="")
    print(f"descriptors {counters['descriptors'][0]} {opened:+d}")
    environments.write_json(arguments.json, {**counters, "grown_kilobytes": grown, "grown_descriptors": opened})
    return int(grown > ALLOWED_KILOBYTES or opened > 0)


if __name__ == "__main__":
    sys.exit(main())
