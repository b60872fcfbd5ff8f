"""Times whole commands: rounds in random order, each sample between two runs of a bare interpreter.

Other work on the machine is the largest error. So a sample counts only where both bare runs beside it were quiet, that
is within 1.25 times the tenth percentile of all bare runs. The sample itself has no say in that, so nothing slow about
a command is filtered away. Where fewer than ``LEAST`` samples of a command were quiet, all of them count.
"""

import os
import random
import statistics
import sys
import time
from pathlib import Path

from contestants import Contestant

LEAST = 7
NOISE = 1.25


class Series:
    """The samples of one contestant, in milliseconds.

    Attributes:
        whole: The command.
        added: The command less the mean of the bare runs before and after it.
        taken: How many samples were taken; ``whole`` has those that count.
    """

    def __init__(self) -> None:
        self.whole: list[float] = []
        self.added: list[float] = []
        self.taken = 0

    @classmethod
    def of(cls, samples: "list[tuple[float, float, float]]", limit: float) -> "Series":
        """From (bare before, command, bare after), of which those count whose bare runs are within ``limit``."""
        quiet = [sample for sample in samples if sample[0] <= limit and sample[2] <= limit]
        made = cls()
        made.taken = len(samples)
        for before, took, after in quiet if len(quiet) >= LEAST else samples:
            made.whole.append(took)
            made.added.append(took - (before + after) / 2)
        return made

    def median(self) -> float:
        """Median of the whole command."""
        return statistics.median(self.whole)

    def median_added(self) -> float:
        """Median of the difference to the bare interpreter."""
        return statistics.median(self.added)

    def quartiles_added(self) -> "tuple[float, float]":
        """First and third quartile of that difference."""
        if len(self.added) < 2:
            return self.added[0], self.added[0]
        first, _second, third = statistics.quantiles(self.added, n=4)
        return first, third


def milliseconds(contestant: Contestant) -> float:
    """Runs a command to its end; what it prints goes to /dev/null."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    before = time.perf_counter_ns()
    child = os.posix_spawn(contestant.command[0], contestant.command, contestant.variables, file_actions=actions)
    _pid, status = os.waitpid(child, 0)
    took = time.perf_counter_ns() - before
    code = os.waitstatus_to_exitcode(status)
    if code != contestant.status:
        raise SystemExit(f"{contestant.name} ended with {code}, at first with {contestant.status}")
    return took / 1e6


def race(runners: "list[Contestant]", folder: Path, *, rounds: int, repeats: int, seed: int) -> "dict[str, Series]":
    """Times all runners in one interleaved run.

    Args:
        runners: The first is the bare interpreter that the others are paired with.
        folder: An empty working directory.
        rounds: How often everything is run; one more round warms up and is not counted.
        repeats: How often a quick contestant runs in each round.
        seed: Of the random order.
    """
    chance = random.Random(seed)
    bare = runners[0]
    samples: dict[str, list[tuple[float, float, float]]] = {runner.name: [] for runner in runners}
    here = Path.cwd()
    os.chdir(folder)
    try:
        for number in range(rounds + 1):
            order = [runner for runner in runners for _ in range(1 if runner.slow else repeats)]
            chance.shuffle(order)
            for runner in order:
                sample = (milliseconds(bare), milliseconds(runner), milliseconds(bare))
                if number:
                    samples[runner.name].append(sample)
            print(f"round {number} of {rounds}", file=sys.stderr)
    finally:
        os.chdir(here)
    return evaluate(samples)


def evaluate(samples: "dict[str, list[tuple[float, float, float]]]") -> "dict[str, Series]":
    """What counts of all samples; how quiet a bare run can be is learned from all of them."""
    beside = sorted(bare for each in samples.values() for before, _took, after in each for bare in (before, after))
    limit = NOISE * beside[len(beside) // 10]
    return {name: Series.of(each, limit) for name, each in samples.items()}
