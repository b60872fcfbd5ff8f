"""What a check costs inside the process that asks, by that process's own clock, and what it loads."""

import json
import statistics

import environments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_TIMED = """
import json, sys
from time import perf_counter
lock, depth = sys.argv[1], sys.argv[2]
loaded = set(sys.modules)
start = perf_counter()
import envguard
imported = perf_counter()
envguard.assert_pinned(lock, depth=depth)
first = perf_counter()
envguard.assert_pinned(lock, depth=depth)
second = perf_counter()
modules = sorted(set(sys.modules) - loaded)
print(json.dumps([imported - start, first - imported, second - first, modules]))
"""

_FORKED = """
import os, sys
from time import perf_counter
import envguard
guard = envguard.pinned(sys.argv[1], depth="files")
with guard:
    pass
reader, writer = os.pipe()
if not os.fork():
    start = perf_counter()
    with guard:
        took = perf_counter() - start
    os.write(writer, repr(took).encode())
    os._exit(0)
os.wait()
print(os.read(reader, 100).decode())
"""


class Inside:
    """Medians of several fresh processes.

    Attributes:
        importing: Milliseconds of ``import envguard``.
        first: Milliseconds of the first ``assert_pinned``.
        again: Milliseconds of the second one.
        modules: What both loaded.
    """

    def __init__(self, samples: "list[tuple[float, float, float, list[str]]]") -> None:
        self.importing = statistics.median(sample[0] for sample in samples) * 1000
        self.first = statistics.median(sample[1] for sample in samples) * 1000
        self.again = statistics.median(sample[2] for sample in samples) * 1000
        self.modules = samples[0][3]


def inside(environment: environments.Environment, lock: "Path", depth: str, rounds: int) -> Inside:
    """Measures one depth."""
    said = [environments.run([environment.python, "-c", _TIMED, lock, depth]) for _ in range(rounds)]
    return Inside([json.loads(text) for text in said])


def forked_microseconds(environment: environments.Environment, lock: "Path", rounds: int) -> float:
    """How long a forked child takes to learn at depth files what its parent found."""
    said = [environments.run([environment.python, "-c", _FORKED, lock]) for _ in range(rounds)]
    return statistics.median(float(text) for text in said) * 1e6
