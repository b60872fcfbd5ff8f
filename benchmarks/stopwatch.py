"""Times whole commands: rounds in random order, each sample paired with a bare interpreter run just before it."""

import os
import random
import statistics
import sys
import time
from pathlib import Path

from contestants import Contestant


class Series:
    """The samples of one contestant, in milliseconds."""

    def __init__(self) -> None:
        self.whole: list[float] = []
        self.added: list[float] = []

    def median(self) -> float:
        """Median of the whole command."""
        return statistics.median(self.whole)

    def median_added(self) -> float:
        """Median of the difference to the bare interpreter run just before."""
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
    series = {runner.name: Series() for runner in runners}
    here = Path.cwd()
    os.chdir(folder)
    try:
        for number in range(rounds + 1):
            order = [runner for runner in runners for _ in range(1 if runner.slow else repeats)]
            chance.shuffle(order)
            for runner in order:
                before = milliseconds(bare)
                took = milliseconds(runner)
                if number:
                    series[runner.name].whole.append(took)
                    series[runner.name].added.append(took - before)
            print(f"round {number} of {rounds}", file=sys.stderr)
    finally:
        os.chdir(here)
    return series
