"""The test in the trial's environment, before and after the change, and what the two runs say together."""

import os

from envguard.change.trial import command, copying, outputs
from envguard.change.trial.place import Trial
from envguard.change.trial.running import Ran, measured
from envguard.change.trial.tolerance import Compared
from envguard.change.trial.wish import Wish
from envguard.errors import UnverifiableError
from envguard.model import Environment
from envguard.reporters.safe import safe


class Bench:
    """Runs the test of one trial."""

    def __init__(self, trial: Trial, wish: Wish, live: Environment) -> None:
        self._trial = trial
        self._wish = wish
        self._live = live
        self._folder = os.path.abspath(wish.folder or os.curdir)
        self._output = os.path.join(self._folder, wish.compare) if wish.compare else ""

    def run(self, when: str, lock: str) -> Ran:
        """Run the test.

        Args:
            when: ``before`` or ``after``.
            lock: The golden file that describes the trial's environment now.

        Raises:
            UnverifiableError: It cannot be started, or before the change it did not write what is to be compared.
            UsageError: Its program belongs to the original environment.
        """
        variables = command.environ(
            self._trial.environment, self._live.prefix, lock, conda=self._live.conda is not None
        )
        # Byte code goes elsewhere, cold both times: the environment stays as it is, and the times can be compared.
        variables["PYTHONPYCACHEPREFIX"] = self._trial.file("bytecode", when)
        words = command.resolved(list(self._wish.test), variables, self._live.prefix)
        stamp = _stamp(self._output)
        ran = measured(
            words,
            log=self._trial.log(f"test-{when}"),
            environ=variables,
            folder=self._folder,
            limit=self._wish.timeout,
        )
        if self._output and ran.passed and _stamp(self._output) not in (stamp, None):
            copying.copy(self._output, self._kept(when))
        return ran

    def require_output(self) -> None:
        """Raise an UnverifiableError where the test, before the change, did not write what is to be compared."""
        if self._output and not os.path.exists(self._kept("before")):
            raise UnverifiableError(
                f"the test did not write {safe(self._wish.compare)}",
                remedy="--compare names a file that the test writes, from the working directory",
            )

    def compare(self) -> "Compared | None":
        """The outputs before and after; None where none was to be compared.

        Raises:
            UnverifiableError: One cannot be read.
        """
        if not self._output:
            return None
        if not os.path.exists(self._kept("after")):
            problem = f"the test did not write {safe(self._wish.compare)} after the change"
            return Compared(kind="none", differing=1, problems=(problem,))
        before, after = (_read(self._kept(when)) for when in ("before", "after"))
        return outputs.compare(self._wish.compare, before, after, self._wish.tolerance)

    def _kept(self, when: str) -> str:
        return self._trial.file("outputs", f"{when}-{os.path.basename(self._wish.compare)}")


def _stamp(path: str) -> "tuple[int, int, int, int] | None":
    """What changes when a file is written."""
    try:
        status = os.stat(path) if path else None
    except OSError:
        return None
    return None if status is None else (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(outputs.LIMIT + 1)
    except OSError as error:
        raise UnverifiableError(f"{path}: cannot be read: {(error.strerror or '').lower()}") from error
    if len(data) > outputs.LIMIT:
        raise UnverifiableError(f"{path}: more than {outputs.LIMIT >> 20} MiB are not compared")
    return data


def complaints(wish: Wish, before: Ran, after: Ran, compared: "Compared | None") -> list[str]:
    """Why the second run fails the trial; empty where it does not."""
    found = []
    if not after.passed:
        found.append(f"the test {after.outcome} after the change; its output is in {after.log}")
    if compared is not None and not compared.same and after.passed:
        found.append(f"{safe(wish.compare)} differs: {compared.problems[0]}")
    if wish.max_slowdown is not None and after.seconds > wish.max_slowdown * before.seconds:
        found.append(f"the test took {after.seconds:.1f} s, {before.seconds:.1f} s before the change")
    if wish.max_memory is not None and (after.peak_kib or 0) > wish.max_memory * (before.peak_kib or 0):
        found.append(f"the test took {(after.peak_kib or 0) >> 10} MiB, {(before.peak_kib or 0) >> 10} MiB before")
    return found
