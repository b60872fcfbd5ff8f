"""The looks of one restore: at what was touched where more is known of the environment, at everything where not.

Whatever was read is kept for the next restore.
"""

import os

from envguard import environment
from envguard._value import Value
from envguard.change.mending import near as nearby
from envguard.change.placing import seen as seeing
from envguard.environment import known
from envguard.facts import mounts, standing
from envguard.facts.manifest_reading import Memory
from envguard.facts.reading import sha256_of
from envguard.facts.standing import Clock
from envguard.model import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.change.mending.named import Names
    from envguard.change.mending.near import Near
    from envguard.change.mending.restoring import Options
    from envguard.change.placing.seen import Seen


class Looked(Value):
    """How much of an environment was read."""

    files: int
    """Regular files that its manifest lists."""
    read: int
    since: str = ""
    """When the others were read; empty where there are none."""
    only: tuple[str, ...] = ()
    """The packages that were looked at, where those were named."""
    others: int = 0
    """How many packages were not looked at."""
    shared: tuple[str, ...] = ()
    """What others, which were not looked at, have to do with what was; a sentence each."""

    @property
    def words(self) -> str:
        """The same in a line."""
        if self.only:
            files = f", {_count(self.files, 'file')}" if self.files else ""
            return f"only {', '.join(self.only)} looked at{files}; {self._unknown}"
        if self.since and self.read < self.files:
            return f"{self.read:,} of {self.files:,} files read, the others untouched since {self.since}"
        return f"all {self.files:,} files read" if self.files else ""

    @property
    def _unknown(self) -> str:
        beside = f"{_count(self.others, 'other package')} and of " if self.others else ""
        return f"of {beside}files that belong to no package nothing is known"


class Looking:
    """Looks at one environment, of which the lock is held, again and again."""

    def __init__(self, lock: str, options: "Options") -> None:
        """Nothing is looked at yet."""
        self._lock = lock
        self._options = options
        self._clock = Clock()
        self._near: Near | None = None
        self._since = ""
        self._memory: Memory | None = None
        self._named: Looked | None = None
        self._names: Names | None = None

    @property
    def is_near(self) -> bool:
        """True where only what was touched was looked at."""
        return self._near is not None

    def first(self) -> "Seen":
        """What is there, from what was touched where that does.

        Raises:
            EnvguardError: As ``check``.
        """
        asked = self._options
        if not asked.only and self._may_recall():
            self._near = nearby.look(self._lock, python=asked.python, sha256=asked.sha256)
        return self._near.seen if self._near is not None else self.whole()

    def whole(self) -> "Seen":
        """What is there, from a look at all of it, or at all of what was named.

        Raises:
            EnvguardError: As ``check``.
        """
        if self._options.only:
            return self._alone()
        self._near = None
        if self._memory is None:
            self._memory = self._recalled()
        asked = self._options
        return seeing.look(
            self._lock,
            depth=asked.depth,
            python=asked.python,
            sha256=asked.sha256,
            selection=asked.selection,
            progress=asked.progress,
            memory=self._memory,
        )

    def _alone(self) -> "Seen":
        from envguard.change.mending import named as by_name

        named = by_name.look(self._lock, self._options, self._names)
        self._names = named.names
        if self._named is None:
            self._named = Looked(
                files=named.files,
                read=named.files,
                only=named.names.told,
                others=named.names.others,
                shared=named.shared,
            )
        return named.seen

    def after(self, changed: "Iterable[str]") -> "Seen":
        """What is there after a repair.

        Args:
            changed: Paths that it put in place or removed.

        Raises:
            EnvguardError: As ``check``.
        """
        near = self._near
        report = nearby.again(near, changed) if near is not None else None
        if near is None or report is None:
            return self.whole()
        return near.seen.replace(report=report, differences=())

    def keep(self, seen: "Seen") -> None:
        """Keeps what is known now, where all was looked at."""
        asked, memory = self._options, self._memory
        if self._near is not None or memory is None or seen.listing is None or not self._is_usual():
            return
        place = environment.place_of(None, asked.python)
        known.keep(
            place,
            seen.live,
            seen.snapshot,
            seen.listing,
            report=seen.report,
            clock=self._clock,
            right=memory.right,
        )

    def looked(self) -> Looked:
        """How much was read when it was looked at the first time."""
        if self._named is not None:
            return self._named
        if self._near is not None:
            return Looked(files=self._near.files, read=self._near.read, since=self._near.since)
        memory = self._memory or Memory()
        return Looked(files=memory.asked, read=memory.asked - memory.known, since=self._since if memory.known else "")

    def _is_usual(self) -> bool:
        return self._options.depth == "files" and self._options.selection in (None, Selection())

    def _may_recall(self) -> bool:
        return self._is_usual() and not self._options.reread

    def _recalled(self) -> Memory:
        """What is known of single files, where the golden file is the one that they were held to."""
        if not self._may_recall():
            return Memory()
        prefix = os.path.realpath(seeing.prefix_of(self._options.python))
        stands = standing.recall(prefix)
        if stands is None or stands.told.get("lock") != _digest(self._lock):
            return Memory()
        roots = stands.told.get("roots")
        if not isinstance(roots, dict) or roots.get("prefix") != prefix or not mounts.are_trusted(roots.values()):
            return Memory()
        self._since = str(stands.told.get("taken", ""))
        return Memory(stands.right_files())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _digest(lock: str) -> str:
    try:
        return sha256_of(lock)
    except OSError:
        return ""  # reading it says what is wrong
