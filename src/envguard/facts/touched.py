"""Which folders and files of an environment are not what they were, asked of the system by one process per core.

No file is opened. One ``lstat`` of each is nearly all of the time, and the kernel answers several processes at once.
"""

import os
import signal
import struct
from array import array
from typing import NamedTuple, NoReturn

from envguard.facts.hashing import end_worker, suitable_workers
from envguard.facts.standing import LOOSE, WIDTH, Standing, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

_SHARES = 128
"""Parts into which the folders are cut, whose numbers fit into a pipe of one page."""
_COUNTS = struct.Struct("<III")
_LOOSE = [*LOOSE]


class Touched(NamedTuple):
    """What is not as it was."""

    folders: "array[int]"
    """Numbers of folders in which a name may have come or gone."""
    files: "array[int]"
    """Numbers of files that are gone or have to be read."""


class Comparing:
    """A comparison that other processes make while the caller does something else; or the caller, where none can be."""

    def __init__(self, standing: Standing) -> None:
        """Nothing is started before the context is entered."""
        self._standing = standing
        self._children: dict[int, int] = {}
        self._tickets = -1
        self._shares = _shares(standing)

    def __enter__(self) -> "Self":
        """Starts the workers."""
        self._tickets, writing = os.pipe()
        os.write(writing, bytes(range(len(self._shares))))
        os.close(writing)
        try:
            workers = suitable_workers(len(self._standing), 0)
            for _worker in range(workers if workers > 1 else 0):
                self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends the workers, whatever they are doing."""
        if self._tickets >= 0:
            os.close(self._tickets)
            self._tickets = -1
        for reading, child in self._children.items():
            os.close(reading)
            end_worker(child)
        self._children.clear()

    def join(self) -> "Touched | None":
        """What is not as it was; None where a worker died, so that not everything was looked at."""
        found = nothing()
        done = 0 if self._children else self._take_part(found)
        for reading in self._children:
            done += _gather(reading, found)
        return found if done == len(self._shares) else None

    def _start(self) -> None:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            self._work(writing)
        os.close(writing)
        self._children[reading] = child

    def _work(self, answers: int) -> NoReturn:
        status = 1
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            found = nothing()
            done = self._take_part(found, is_worker=True)
            counts = _COUNTS.pack(done, len(found.folders), len(found.files))
            with os.fdopen(answers, "wb") as file:
                file.write(counts + found.folders.tobytes() + found.files.tobytes())
            status = 0
        finally:
            os._exit(status)

    def _take_part(self, found: Touched, *, is_worker: bool = False) -> int:
        done = 0
        while ticket := os.read(self._tickets, 1):
            for number in self._shares[ticket[0]]:
                compare(self._standing, number, found, is_worker=is_worker)
            done += 1
        return done


def _shares(standing: Standing) -> list[range]:
    """Folders in parts of about equally many files."""
    enough = (len(standing) + len(standing.folders)) // _SHARES + 1
    shares, first = [], 0
    for number in range(len(standing.folders)):
        if standing.first(number + 1) - standing.first(first) + number + 1 - first >= enough:
            shares.append(range(first, number + 1))
            first = number + 1
    return [*shares, range(first, len(standing.folders))]


def nothing() -> Touched:
    """What is filled by ``compare``."""
    return Touched(array("I"), array("I"))


def compare(standing: Standing, number: int, found: Touched, *, is_worker: bool = False) -> None:
    """Looks at a folder as a whole, and at each file only where that is not what it was.

    A worker goes into the folder, since the way to it is a fifth of the time; it is nobody else's working folder.

    Args:
        standing: What it was.
        number: Of the folder.
        found: Receives what is not as it was.
        is_worker: The working folder of this process is free to change.
    """
    folder, names = standing.folders[number], standing.files_of(number)
    known = standing.states[standing.place(number) : standing.place(number + 1)]
    lstat = os.lstat
    try:
        now = _LOOSE.copy() if known.startswith(_NO_STATE) else [*state(lstat(folder))]
        if is_worker:
            os.chdir(folder)
        for name in names if is_worker else [f"{folder}/{name}" for name in names]:
            status = lstat(name)
            now += (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if array("q", now).tobytes() == known:
            return
    except (OSError, OverflowError):
        pass  # which of them it is shows below
    states = standing.states_of(number)
    if states[0] != LOOSE and _now(folder) != states[0]:
        found.folders.append(number)
    for place, name in enumerate(names):
        if _now(f"{folder}/{name}") != states[place + 1]:
            found.files.append(standing.first(number) + place)


_NO_STATE = bytes(8 * WIDTH)


def _now(path: str) -> tuple[int, ...]:
    try:
        return state(os.lstat(path))
    except OSError:
        return ()


def _gather(reading: int, found: Touched) -> int:
    with open(reading, "rb", closefd=False) as file:
        data = file.read()
    if len(data) < _COUNTS.size:
        return 0
    done, folders, files = _COUNTS.unpack_from(data)
    numbers = array("I")
    numbers.frombytes(data[_COUNTS.size :])
    if len(numbers) != folders + files:
        return 0
    found.folders.extend(numbers[:folders])
    found.files.extend(numbers[folders:])
    return int(done)
