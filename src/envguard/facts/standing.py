"""What an environment was when all of it was read and found as recorded: kept, so that a repair reads what changed.

Of every folder and file: device, inode, size, modification time and change time. No program can set the change time of
a file, so whoever writes to it, replaces it, links it elsewhere or only touches it changes what is held against this;
a folder's tells when a name in it came or went. What is not kept, or is not what was kept, is read.

- Kept is only what had its last change ``SETTLED`` seconds before the reading began: a later change could share its
  time, and a program that wrote through a mapping shows again only once the kernel has written the page to disk.
- Where a name came into a folder or went since then, what lies below may not be what was read: none of it is kept.
- Only on file systems of which that is true (see ``mounts``), and not where the clock was set while all was read.
- Never by ``check``, the guard: that reads every byte each time. A disk that rots, and a superuser who writes to the
  device or sets the clock back to the nanosecond of an earlier change, show only there.

``facts.cache`` says where it lies and who may have written it; there is one for each prefix.
"""

import bisect
import json
import os
import stat
import time
from array import array
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from envguard.facts import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

FORMAT = 1
SETTLED = 60.0
"""Seconds. Linux writes changed pages back after 30 s, looked for every 5 s."""
WIDTH = 5
"""Numbers of a state."""
UNKNOWN = (-1,) * WIDTH
"""The state of what is read each time."""
LOOSE = (0,) * WIDTH
"""The state of a folder whose own names are not looked at: scripts lie there beside what people keep."""


class Standing:
    """Folders of an environment, the names in them, and the state of each."""

    def __init__(
        self, told: Mapping[str, Any], folders: "list[str]", names: bytes, ends: "array[int]", states: bytes
    ) -> None:
        """Takes what ``encode`` wrote, or what is to be.

        Args:
            told: What else was true of the environment; whatever JSON can hold.
            folders: Absolute paths, each once.
            names: Of the regular files in each folder, one after the other, each with a NUL behind it.
            ends: How many files there are before each folder, and in all; then where its names begin, and end.
            states: For each folder its state and those of its files, as signed 64-bit numbers.
        """
        self.told = told
        self.folders = folders
        self.states = states
        self._names = names
        self._ends = ends
        self._offset = len(folders) + 1

    def __len__(self) -> int:
        """How many files."""
        return self._ends[len(self.folders)]

    def first(self, number: int) -> int:
        """The number of the first file in a folder, or of what would follow the last."""
        return self._ends[number]

    def folder_of(self, file: int) -> int:
        """The number of the folder in which a file lies."""
        return bisect.bisect_right(self._ends, file, 0, self._offset) - 1

    def place(self, number: int) -> int:
        """Where the state of a folder begins, in bytes."""
        return 8 * WIDTH * (number + self._ends[number])

    def files_of(self, number: int) -> list[str]:
        """The names of the files in a folder."""
        first, last = self._ends[self._offset + number], self._ends[self._offset + number + 1]
        return _parted(self._names[first:last])

    def states_of(self, number: int) -> list[tuple[int, ...]]:
        """The state of a folder, and of each file in it."""
        flat = array("q", self.states[self.place(number) : self.place(number + 1)])
        return [tuple(flat[first : first + WIDTH]) for first in range(0, len(flat), WIDTH)]

    def right_files(self) -> dict[str, tuple[int, ...]]:
        """Path to state of every file that need not be read while it has that state."""
        found = {}
        for number, folder in enumerate(self.folders):
            for name, state in zip(self.files_of(number), self.states_of(number)[1:], strict=True):
                if state != UNKNOWN:
                    found[f"{folder}/{name}"] = state
        return found

    def encode(self) -> bytes:
        """As it is kept."""
        parts = [_joined(self.folders), self._names, self._ends.tobytes(), self.states]
        head = {"format": FORMAT, "sizes": [*map(len, parts)], "told": self.told}
        return json.dumps(head, separators=(",", ":")).encode("ascii") + b"\n" + b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "Self | None":
        """What ``encode`` wrote; None for anything else."""
        end = data.find(b"\n")
        try:
            head = json.loads(data[:end])
            sizes = head["sizes"]
            if head["format"] != FORMAT or len(sizes) != 4 or end + 1 + sum(sizes) != len(data):
                return None
            parts, first = [], end + 1
            for size in sizes:
                parts.append(data[first : first + size])
                first += size
            folders, ends = _parted(parts[0]), array("I")
            ends.frombytes(parts[2])
            count = len(folders) + 1
            if len(ends) != 2 * count or ends[-1] != len(parts[1]) or parts[1].count(b"\0") != ends[count - 1]:
                return None
            if list(ends) != [*sorted(ends[:count]), *sorted(ends[count:])]:
                return None
            if len(parts[3]) != 8 * WIDTH * (len(folders) + ends[count - 1]):
                return None
            return cls(dict(head["told"]), folders, parts[1], ends, parts[3])
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return None


def _joined(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\0" for text in texts).encode("utf-8", "surrogateescape")


def _parted(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").split("\0")[:-1]


def state(status: os.stat_result) -> tuple[int, ...]:
    """What changes with a file, whoever changes it."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def recall(prefix: str) -> "Standing | None":
    """What is known of the environment at a prefix; None where nothing is."""
    data = cache.load_bytes(_key(prefix))
    return Standing.decode(data) if data else None


def told(prefix: str) -> "Mapping[str, Any]":
    """What else was true of it, without its files."""
    data = cache.load_bytes(_key(prefix))
    try:
        said = json.loads(data[: data.find(b"\n")])["told"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def keep(prefix: str, standing: "Standing") -> None:
    """Keeps what is known of an environment, instead of what was; or does nothing where that is not possible."""
    cache.store_bytes(_key(prefix), standing.encode())


def _key(prefix: str) -> str:
    return f"sha256:{sha256(prefix.encode('utf-8', 'surrogateescape')).hexdigest()}"


class Clock:
    """When a reading began, by a clock that can be set and by one that cannot."""

    def __init__(self) -> None:
        self.began = time.time()
        self._monotonic = time.monotonic()

    def was_set(self) -> bool:
        """True where the clock that stamps files has been set since."""
        return abs(time.time() - self.began - (time.monotonic() - self._monotonic)) > 1


def of_folders(
    told: Mapping[str, Any],
    folders: Mapping[str, list[str]],
    right: "Mapping[str, tuple[int, ...]]",
    loose: Iterable[str],
    clock: Clock,
) -> "Standing | None":
    """The standing of an environment that was just read.

    Args:
        told: What else was true of it.
        folders: Absolute path to names of the files in it.
        right: Paths of files that were read since the clock was made and were as they should be, with the state that
            each had before it was read, or none where that is not known.
        loose: Folders whose own names do not matter.
        clock: Made before anything was read.

    Returns:
        None where nothing can be kept.
    """
    youngest = int((clock.began - SETTLED) * 1e9)
    free = set(loose)
    names = bytearray()
    count, counts, ends = 0, array("I", [0]), array("I", [0])
    states = array("q")
    try:
        for folder, files in folders.items():
            states.extend(LOOSE if folder in free else _settled(folder, youngest, stat.S_ISDIR))
            for name in files:
                path = f"{folder}/{name}"
                now = _settled(path, youngest, stat.S_ISREG) if path in right else UNKNOWN
                states.extend(now if right.get(path) in ((), now) else UNKNOWN)
            names += _joined(files)
            ends.append(len(names))
            count += len(files)
            counts.append(count)
    except OverflowError:
        return None  # an inode number of a kind that is not known here
    if clock.was_set():
        return None
    return Standing(told, list(folders), bytes(names), counts + ends, states.tobytes())


def is_settled(folder: str, clock: Clock) -> bool:
    """True where no name has come into a folder, or gone, since well before the clock was made."""
    return _settled(folder, int((clock.began - SETTLED) * 1e9), stat.S_ISDIR) != UNKNOWN


def _settled(path: str, youngest: int, is_kind: "Any") -> tuple[int, ...]:
    try:
        status = os.lstat(path)
    except OSError:
        return UNKNOWN
    return state(status) if is_kind(status.st_mode) and status.st_ctime_ns < youngest else UNKNOWN
