"""Reading files that may be hostile: a FIFO, a device, fifty megabytes, or gone between listing and opening."""

import contextlib
import hashlib
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

METADATA_LIMIT = 1 << 20
"""Bytes of METADATA, WHEEL, INSTALLER or direct_url.json that are read; a larger file is refused."""
RECORD_LIMIT = 64 << 20
"""Bytes of a RECORD; the largest seen in 300 popular wheels has 2 MB."""


class ReadFailure(Exception):  # noqa: N818 - an answer that callers turn into an observation, never shown raw
    """A file could not be read as a regular file of sane size.

    Attributes:
        path: The file.
        why: In a few words, such as ``missing``, ``not a regular file`` or the system's message.
        missing: True where there is no such file.
    """

    def __init__(self, path: str, why: str, *, missing: bool = False) -> None:
        self.path = path
        self.why = why
        self.missing = missing
        super().__init__(f"{path}: {why}")


def read(path: str, limit: int = METADATA_LIMIT) -> bytes:
    """The bytes of a regular file.

    Raises:
        ReadFailure: The file is missing, not regular, longer than ``limit`` bytes, or the system refused.
    """
    with opened(path) as (descriptor, status):
        return _read_all(path, descriptor, status, limit)


@contextlib.contextmanager
def opened(path: str) -> "Iterator[tuple[int, os.stat_result]]":
    """A descriptor of a regular file, closed at the end, and its status.

    O_NONBLOCK keeps a FIFO from hanging the guard: pip and importlib.metadata both hang on a METADATA that is one.

    Raises:
        ReadFailure: It is missing or not regular, or the system refused it or what is done with it in the block.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise ReadFailure(path, "missing", missing=True) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ReadFailure(path, why(error)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ReadFailure(path, "not a regular file")
        yield descriptor, status
    except OSError as error:
        raise ReadFailure(path, why(error)) from error
    finally:
        os.close(descriptor)


def _read_all(path: str, descriptor: int, status: os.stat_result, limit: int) -> bytes:
    if status.st_size > limit:
        raise ReadFailure(path, f"{status.st_size} bytes, more than the {limit} that are read")
    chunks = []
    length = 0
    while chunk := os.read(descriptor, 1 << 20):
        chunks.append(chunk)
        length += len(chunk)
        if length > limit:
            raise ReadFailure(path, f"grew beyond {limit} bytes while it was read")
    if length < status.st_size:
        raise ReadFailure(path, f"ended after {length} of {status.st_size} bytes")
    return b"".join(chunks)


def sha256_of(path: str) -> str:
    """Hex SHA-256 of a file of whatever size.

    Raises:
        OSError: It cannot be opened or read.
    """
    with open(path, "rb") as file:
        return sha256_read(file.read)


def sha256_read(read: "Callable[[int], bytes]") -> str:
    """Hex SHA-256 of all that ``read`` gives, a megabyte at a time."""
    digest = hashlib.sha256()
    while block := read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def why(error: Exception) -> str:
    """The system's message, in lower case, as it stands in the middle of a sentence."""
    return (getattr(error, "strerror", None) or str(error)).lower()
