"""SHA-256 of many files: one forked worker per core, every file accounted for.

Why processes: most files of an environment are small, so threads spend their time handing over the interpreter lock;
two processes were measured 1.26 times as fast as two threads. Why hashlib: through OpenSSL it uses the processor's SHA
instructions, about four times as fast as a program that does not.

Workers take batches, biggest first, from a pipe that is filled before they start, so none waits for another. Each
answers over a pipe of its own. What no worker answered for is an error of that file, never a pass.
"""

import errno
import os
import selectors
import signal
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, NoReturn

CHUNK = 1 << 20
"""Bytes read at a time."""
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

# Beside the system's error numbers, in the same field of an answer.
_NOT_REGULAR = 0x8001
_CHANGING = 0x8002
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
Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


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
    sizes = [_size(path) for path in paths] if sizes is None else sizes
    if workers is None:
        workers = 1 if hasher is not None else suitable_workers(len(paths), sum(sizes))
    if workers < 2 or not paths:
        return _hash_here(paths, sizes, hasher or hash_file, progress)
    return _hash_in_workers(paths, sizes, workers, progress)


def hash_file(path: str) -> Digest:
    """The digest of one regular file, following links; a file that changes under the reading is read once more."""
    error, executable, size, digest = _hash(path)
    return _digest(error, executable, size, digest)


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


def _hash(path: str) -> tuple[int, bool, int, bytes]:
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
            length, digest = _hash_descriptor(descriptor, before.st_size)
            after = os.fstat(descriptor)
            if length == after.st_size and before.st_mtime_ns == after.st_mtime_ns:
                return 0, bool(after.st_mode & 0o111), length, digest
            os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError as error:
        return error.errno or errno.EIO, False, 0, b""
    finally:
        os.close(descriptor)
    return _CHANGING, False, 0, b""


def _hash_descriptor(descriptor: int, size: int) -> tuple[int, bytes]:
    """Bytes and digest. Reads what ``fstat`` promised and no more: the caller notices a file that grew."""
    data = os.read(descriptor, min(size, CHUNK)) if size else b""
    length = len(data)
    state = sha256(data)
    while data and length < size:
        data = os.read(descriptor, min(size - length, CHUNK))
        length += len(data)
        state.update(data)
    return length, state.digest()


def _digest(error: int, executable: bool, size: int, digest: bytes) -> Digest:
    if not error:
        return Digest(digest.hex(), size, executable)
    return Digest("", 0, False, _MESSAGES.get(error) or os.strerror(error).lower())


def _hash_here(paths: Sequence[str], sizes: Sequence[int], hasher: Hasher, progress: Progress | None) -> list[Digest]:
    if progress is None:
        return [hasher(path) for path in paths]
    found = []
    total, done = sum(sizes), 0
    for path, size in zip(paths, sizes, strict=True):
        found.append(hasher(path))
        done += size
        progress(done, total)
    return found


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


def _hash_in_workers(
    paths: Sequence[str], sizes: Sequence[int], workers: int, progress: Progress | None
) -> list[Digest]:
    batches = _batches(sizes)
    tickets = _filled_pipe(len(batches))
    children: dict[int, int] = {}  # reading end of a worker's pipe -> its process
    try:
        try:
            for _worker in range(min(workers, len(batches))):
                child, reading = _start_worker(paths, batches, tickets)
                children[reading] = child
        finally:
            os.close(tickets)
        return _gather(len(paths), sizes, children, progress)
    finally:
        for reading, child in children.items():
            os.close(reading)
            _end(child)


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


def _start_worker(paths: Sequence[str], batches: list[list[int]], tickets: int) -> tuple[int, int]:
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except BaseException:
        os.close(reading)
        os.close(writing)
        raise
    if not child:
        _work(paths, batches, tickets, writing)
    os.close(writing)
    return child, reading


def _work(paths: Sequence[str], batches: list[list[int]], tickets: int, answers: int) -> NoReturn:
    """The life of a worker. It leaves through ``os._exit``: nothing of the parent's clean-up may run twice."""
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        while ticket := os.read(tickets, _TICKET.size):
            found = bytearray()
            for index in batches[_TICKET.unpack(ticket)[0]]:
                error, executable, size, digest = _hash(paths[index])
                found += _ANSWER.pack(index, error, executable, size, digest)
            _write_all(answers, bytes(found))
        status = 0
    finally:
        os._exit(status)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _gather(files: int, sizes: Sequence[int], children: dict[int, int], progress: Progress | None) -> list[Digest]:
    lost = Digest("", 0, False, "the worker that was to read it died")
    found = [lost] * files
    total, done = sum(sizes), 0
    for index, error, executable, size, digest in _answers(children):
        found[index] = _digest(error, bool(executable), size, digest)
        done += sizes[index]
        if progress is not None:
            progress(done, total)
    return found


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


def _end(child: int) -> None:
    """Waits for a worker that has finished, and ends one that has not."""
    try:
        finished, _status = os.waitpid(child, os.WNOHANG)
        if not finished:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    except (ChildProcessError, ProcessLookupError):
        pass  # a parent that ignores or collects its children itself has done this already
