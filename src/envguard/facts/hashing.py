"""SHA-256 of many files: one forked worker per core, every file accounted for.

Why processes: most files of an environment are small, so threads spend their time handing over the interpreter lock;
two processes were measured 1.26 times as fast as two threads. Why hashlib: through OpenSSL it uses the processor's SHA
instructions, about four times as fast as a program that does not.

Workers take batches, biggest first, from a pipe that is filled before they start, so none waits for another. Each
answers over a pipe of its own. A worker that knows what a file should be says nothing of a file that is so, and says of
each batch that it was read to its end: what no worker answered for is an error of that file, never a pass.
"""

import errno
import functools
import os
import selectors
import signal
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, NoReturn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

CHUNK = 1 << 20
"""Bytes read at a time."""
_BUFFER = 256 << 10  # a worker reads into one buffer, and hashes what is still in the processor's cache
FORK_BYTES = 64 << 20
"""Below this many bytes, and ``FORK_FILES`` files, starting workers costs more than it saves."""
FORK_FILES = 2000
_BIG = 4 << 20
"""Bytes from which a file is a batch of its own."""
_MAX_BIG = 500
_SHARES = 200
"""The other files are cut into at most about twice so many batches; with ``_MAX_BIG`` fewer than 1,000 in all, whose
tickets fit into the smallest pipe that Linux makes (one page), so that filling it cannot block."""
_MAX_WORKERS = 32
_TICKET = struct.Struct("<I")
_ANSWER = struct.Struct("<IHBQ32s")  # index, error, executable, size, digest
_BATCH_READ = 0x8003
"""In the field of the error: the index is that of a batch, and everything worth saying of it was said before."""

# Beside the system's error numbers, in the same field of an answer.
_NOT_REGULAR = 0x8001
_CHANGING = 0x8002
_EXPECTED = 0x8004  # no error: nothing needs to be said of it
_MESSAGES = {
    _NOT_REGULAR: "not a regular file",
    _CHANGING: "changed while it was read, twice",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
}


class Digest(NamedTuple):
    """What reading one file gave."""

    sha256: str
    """Hex digest, empty where ``why`` says that the file could not be read."""
    size: int
    """Bytes."""
    executable: bool
    """Any of the three executable bits is set."""
    why: str = ""
    """Why there is no digest: ``missing``, ``not a regular file``, or the system's message."""


Hasher = Callable[[str], Digest]
Expectation = Callable[[int, str, bool], bool]
"""Called with a file's index, hex digest and executable bit: is it as it should be? Workers call it, too."""
Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


class Hashing:
    """Files that are read by workers while the caller does something else.

    with Hashing(paths, is_expected=...) as hashing:
        ...
        unexpected = hashing.wait()

    Symbolic links are followed. Nothing is raised for a file: its ``Digest.why`` says what went wrong.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        sizes: Sequence[int] | None = None,
        is_expected: Expectation | None = None,
        hasher: Hasher | None = None,
        workers: int | None = None,
    ) -> None:
        """Nothing is started before the context is entered.

        Args:
            paths: Files.
            sizes: Expected bytes of each, for balance and progress only; asked of the file system when not given.
            is_expected: Which files need no answer; without it each gets one.
            hasher: What hashes one file, in this process; for callers that know some digests already.
            workers: How many processes; 1 stays in this one. None decides by the work, the cores that this process
                may use, and whether forking is safe here.
        """
        self._paths = paths
        self._sizes = [_size(path) for path in paths] if sizes is None else sizes
        self._is_expected = is_expected or _is_unknown
        self._hasher = hasher or hash_file
        if workers is None:
            workers = 1 if hasher is not None else suitable_workers(len(paths), sum(self._sizes))
        self._workers = workers if paths else 1
        self._batches: list[list[int]] = []
        self._children: dict[int, int] = {}  # reading end of a worker's pipe -> its process

    def __enter__(self) -> "Self":
        """Starts the workers, if there are to be any."""
        if self._workers > 1:
            self._batches = _batches(self._sizes)
            try:
                self._start()
            except BaseException:
                self._end()
                raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends the workers, whatever they are doing."""
        self._end()

    def wait(self, progress: Progress | None = None) -> dict[int, Digest]:
        """Index and digest of every file that is not as expected, once all have been read.

        Args:
            progress: Called now and then with bytes done and in all.
        """
        if self._workers > 1:
            return self._gather(progress)
        found = {}
        total, done = sum(self._sizes), 0
        for index, path in enumerate(self._paths):
            digest = self._hasher(path)
            if digest.why or not self._is_expected(index, digest.sha256, digest.executable):
                found[index] = digest
            done += self._sizes[index]
            if progress is not None:
                progress(done, total)
        return found

    def _start(self) -> None:
        tickets = _filled_pipe(len(self._batches))
        try:
            for _worker in range(min(self._workers, len(self._batches))):
                child, reading = self._start_worker(tickets)
                self._children[reading] = child
        finally:
            os.close(tickets)

    def _start_worker(self, tickets: int) -> tuple[int, int]:
        reading, writing = os.pipe()
        try:
            child = os.fork()
        except BaseException:
            os.close(reading)
            os.close(writing)
            raise
        if not child:
            self._work(tickets, writing)
        os.close(writing)
        return child, reading

    def _work(self, tickets: int, answers: int) -> NoReturn:
        """The life of a worker. It leaves through ``os._exit``: nothing of the parent's clean-up may run twice."""
        status = 1
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            buffer = bytearray(_BUFFER)
            while ticket := os.read(tickets, _TICKET.size):
                batch = _TICKET.unpack(ticket)[0]
                _write_all(answers, self._read_batch(batch, buffer) + _ANSWER.pack(batch, _BATCH_READ, False, 0, b""))
            status = 0
        finally:
            os._exit(status)

    def _read_batch(self, batch: int, buffer: bytearray) -> bytes:
        found = bytearray()
        for index in self._batches[batch]:
            answer = _hash(self._paths[index], functools.partial(self._is_expected, index), buffer)
            if answer[0] != _EXPECTED:
                found += _ANSWER.pack(index, *answer)
        return bytes(found)

    def _gather(self, progress: Progress | None) -> dict[int, Digest]:
        found: dict[int, Digest] = {}
        unread = set(range(len(self._batches)))
        total, done = sum(self._sizes), 0
        for index, error, executable, size, digest in _answers(self._children):
            if error != _BATCH_READ:
                found[index] = _digest(error, bool(executable), size, digest)
                continue
            unread.remove(index)
            if progress is not None:
                done += sum(self._sizes[each] for each in self._batches[index])
                progress(done, total)
        lost = Digest("", 0, False, "the worker that was to read it died")
        for batch in unread:
            for index in self._batches[batch]:
                found.setdefault(index, lost)
        return found

    def _end(self) -> None:
        for reading, child in self._children.items():
            os.close(reading)
            end_worker(child)
        self._children.clear()


def hash_files(
    paths: Sequence[str],
    *,
    sizes: Sequence[int] | None = None,
    hasher: Hasher | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Digest]:
    """The digest of every file, in the order of ``paths``.

    Symbolic links are followed. Nothing is raised for a file: its ``Digest.why`` says what went wrong.

    Args:
        paths: Files.
        sizes: Expected bytes of each, for balance and progress only; asked of the file system when not given.
        hasher: What hashes one file, in this process; for callers that know some digests already.
        workers: How many processes; 1 stays in this one. None decides by the work, the cores that this process may
            use, and whether forking is safe here.
        progress: Called now and then with bytes done and in all.
    """
    with Hashing(paths, sizes=sizes, hasher=hasher, workers=workers) as hashing:
        found = hashing.wait(progress)
    return [found[index] for index in range(len(paths))]


def hash_file(path: str) -> Digest:
    """The digest of one regular file, following links; a file that changes under the reading is read once more."""
    return _digest(*_hash(path))


def suitable_workers(files: int, size: int) -> int:
    """How many processes to use for so many files with ``size`` bytes in all; 1 where forking is not safe."""
    if files < FORK_FILES and size < FORK_BYTES:
        return 1
    if not hasattr(os, "fork") or _has_threads():
        return 1
    return min(_cores(), _MAX_WORKERS)


def _has_threads() -> bool:
    """A fork copies only the calling thread: a lock that another one holds would stay locked in the child for ever.

    Threads of native libraries count too, which ``threading`` does not know; hence the kernel's list.
    """
    try:
        return len(os.listdir("/proc/self/task")) != 1
    except OSError:
        return True


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return 0  # only balance depends on it; reading says what is wrong


def _hash(
    path: str, is_right: Callable[[str, bool], bool] | None = None, buffer: bytearray | None = None
) -> tuple[int, bool, int, bytes]:
    """Error, executable bit, bytes and digest. What ``is_right`` needs no second look for a change meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        return error.errno or errno.EIO, False, 0, b""
    except ValueError:  # a NUL in the path
        return errno.EINVAL, False, 0, b""
    try:
        for _attempt in range(2):
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                return _NOT_REGULAR, False, 0, b""
            length, digest = _hash_descriptor(descriptor, before.st_size, buffer)
            if is_right is not None and is_right(digest.hex(), bool(before.st_mode & 0o111)):
                return _EXPECTED, False, length, digest
            after = os.fstat(descriptor)
            if length == after.st_size and before.st_mtime_ns == after.st_mtime_ns:
                return 0, bool(after.st_mode & 0o111), length, digest
            os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError as error:
        return error.errno or errno.EIO, False, 0, b""
    finally:
        os.close(descriptor)
    return _CHANGING, False, 0, b""


def _hash_descriptor(descriptor: int, size: int, buffer: bytearray | None) -> tuple[int, bytes]:
    """Bytes and digest. Reads what ``fstat`` promised and no more: the caller notices a file that grew."""
    if buffer is None:
        buffer = bytearray(min(size, CHUNK))
    view, target = memoryview(buffer), [buffer]
    length = last = os.readv(descriptor, target) if size else 0
    state = sha256(view[:length])
    while last and length < size:
        last = os.readv(descriptor, target)
        length += last
        state.update(view[:last])
    return length, state.digest()


def _digest(error: int, executable: bool, size: int, digest: bytes) -> Digest:
    if not error:
        return Digest(digest.hex(), size, executable)
    return Digest("", 0, False, _MESSAGES.get(error) or os.strerror(error).lower())


def _is_unknown(_index: int, _sha256: str, _executable: bool) -> bool:
    return False


def _batches(sizes: Sequence[int]) -> list[list[int]]:
    """Indexes in groups of about equal work, the biggest files first and the small ones in their given order."""
    big = sorted((index for index, size in enumerate(sizes) if size >= _BIG), key=lambda index: -sizes[index])[
        :_MAX_BIG
    ]
    alone = set(big)
    rest = [index for index in range(len(sizes)) if index not in alone]
    enough_files = max(64, len(rest) // _SHARES)
    enough_bytes = max(_BIG, sum(sizes[index] for index in rest) // _SHARES)
    batches = [[index] for index in big]
    batch: list[int] = []
    batch_bytes = 0
    for index in rest:
        batch.append(index)
        batch_bytes += sizes[index]
        if len(batch) >= enough_files or batch_bytes >= enough_bytes:
            batches.append(batch)
            batch, batch_bytes = [], 0
    return [*batches, batch] if batch else batches


def _filled_pipe(batches: int) -> int:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"".join(map(_TICKET.pack, range(batches))))
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return reading


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _answers(children: dict[int, int]) -> Iterator[tuple[int, int, int, int, bytes]]:
    """Everything that the workers say, until the last of them has closed its pipe."""
    left = dict.fromkeys(children, b"")
    with selectors.DefaultSelector() as selector:
        for reading in children:
            selector.register(reading, selectors.EVENT_READ)
        while selector.get_map():
            for key, _events in selector.select():
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fd)
                    continue
                data = left[key.fd] + data
                whole = len(data) - len(data) % _ANSWER.size
                left[key.fd] = data[whole:]
                yield from _ANSWER.iter_unpack(data[:whole])


def end_worker(child: int) -> None:
    """Waits for a worker that has finished, and ends one that has not."""
    try:
        finished, _status = os.waitpid(child, os.WNOHANG)
        if not finished:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    except (ChildProcessError, ProcessLookupError):
        pass  # a parent that ignores or collects its children itself has done this already
