"""Which folders and files of an environment are not what they were, asked of the system by one process per core.

No file is opened. One ``lstat`` of each is nearly all of the time, and the kernel answers several processes at once.
"""

import os
import signal
import struct
from array import array
from typing import NamedTuple, NoReturn

from envguard.facts.hashing import suitable_workers
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
    """A comparison that other processes begin at once, and the caller joins when it has nothing else to do."""

    def __init__(self, standing: Standing) -> None:
        """Nothing is started before the context is entered."""
        self._standing = standing
        self._children: dict[int, int] = {}
        self._tickets = -1
        self._shares = _shares(standing)

    def __enter__(self) -> "Self":
        """Starts the workers, one less than there are cores."""
        self._tickets, writing = os.pipe()
        os.write(writing, bytes(range(len(self._shares))))
        os.close(writing)
        try:
            for _worker in range(suitable_workers(len(self._standing), 0) - 1):
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
            _end(child)
        self._children.clear()

    def join(self) -> "Touched | None":
        """What is not as it was; None where a worker died, so that not everything was looked at."""
        found = Touched(array("I"), array("I"))
        done = self._take_part(found)
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
            found = Touched(array("I"), array("I"))
            done = self._take_part(found)
            counts = _COUNTS.pack(done, len(found.folders), len(found.files))
            with os.fdopen(answers, "wb") as file:
                file.write(counts + found.folders.tobytes() + found.files.tobytes())
            status = 0
        finally:
            os._exit(status)

    def _take_part(self, found: Touched) -> int:
        done = 0
        while ticket := os.read(self._tickets, 1):
            for number in self._shares[ticket[0]]:
                _compare(self._standing, number, found)
            done += 1
        return done


def _shares(standing: Standing) -> list[range]:
    """Folders in parts of about equally many files."""
    enough = (len(standing.names) + len(standing.folders)) // _SHARES + 1
    shares, first = [], 0
    for number in range(len(standing.folders)):
        if standing.starts[number + 1] - standing.starts[first] + number + 1 - first >= enough:
            shares.append(range(first, number + 1))
            first = number + 1
    return [*shares, range(first, len(standing.folders))]


def _compare(standing: Standing, number: int, found: Touched) -> None:
    """Looks at a folder as a whole, and at each file only where that is not what it was."""
    folder = standing.folders[number]
    first, last = standing.starts[number], standing.starts[number + 1]
    known = standing.states[standing.place(number) : standing.place(number + 1)]
    lstat = os.lstat
    try:
        if known.startswith(_NO_STATE):
            now = _LOOSE.copy()
        else:
            status = lstat(folder)
            now = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        for name in standing.names[first:last]:
            status = lstat(f"{folder}/{name}")
            now += (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if array("q", now).tobytes() == known:
            return
    except (OSError, OverflowError):
        pass  # which of them it is shows below
    states = standing.states_of(number)
    if states[0] != LOOSE and _now(folder) != states[0]:
        found.folders.append(number)
    for place, name in enumerate(standing.names[first:last]):
        if _now(f"{folder}/{name}") != states[place + 1]:
            found.files.append(first + place)


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


def _end(child: int) -> None:
    try:
        finished, _status = os.waitpid(child, os.WNOHANG)
        if not finished:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    except (ChildProcessError, ProcessLookupError):
        return  # a parent that collects its children itself has done this already
