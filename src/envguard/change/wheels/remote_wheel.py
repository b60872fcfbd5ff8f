"""The bytes of a remote wheel: only the ranges that are asked for where the server gives ranges, else all of it.

A zip file has its directory at the end, and most wheels have their metadata right before it: one request of a few
hundred kilobytes answers for a wheel of gigabytes.
"""

import hashlib
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from envguard.change.wheels import remote, wheel_files
from envguard.change.wheels.remote import NETWORK, RefusedError
from envguard.errors import EnvguardError
from envguard.facts.reading import why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from urllib.response import addinfourl

TAIL = 256 << 10
"""Bytes of the end that are asked for first."""
AHEAD = 64 << 10
"""Bytes that are asked for at least, since zip files are read in small pieces."""
HELD = 256 << 20
"""Bytes of ranges that are kept; whoever wants more downloads the file."""
LARGEST = 32 << 30
"""Bytes of a wheel that is downloaded; the largest that was seen has 4 GB."""

_CHUNK = 1 << 20
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", re.ASCII)


class Fetched(NamedTuple):
    """A remote wheel that can be read."""

    file: "BinaryIO | Ranges"
    size: int
    sha256: str
    """Hex digest of all its bytes; empty where only ranges were read."""


class _Piece(NamedTuple):
    start: int
    data: bytes
    total: int
    etag: str


@contextmanager
def opened(url: str, *, whole: bool) -> Iterator[Fetched]:
    """A remote wheel.

    Args:
        url: As it was given, credentials included.
        whole: All of it will be read.

    Raises:
        EnvguardError: It cannot be had.
    """
    ranges = None if whole else _ranges(url)
    if ranges is not None:
        digest = hashlib.sha256(ranges.whole).hexdigest() if ranges.whole is not None else ""
        yield Fetched(ranges, ranges.size, digest)
        return
    with tempfile.TemporaryFile(prefix="envguard-wheel-") as file:
        size, digest = _download(url, file)
        yield Fetched(file, size, digest)


class Ranges(io.RawIOBase):
    """A remote file that is read in ranges.

    Attributes:
        size: Bytes of the file.
        whole: All of it, where the first answer was all of it.
    """

    def __init__(self, url: str, tail: _Piece) -> None:
        self._url = url
        self._etag = tail.etag
        self._pieces = [tail]
        self._place = 0
        self.size = tail.total
        self.whole = tail.data if tail.start == 0 and len(tail.data) == tail.total else None

    def seekable(self) -> bool:
        """Always."""
        return True

    def readable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See ``io.IOBase.seek``."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the beginning")
        self._place = base + offset
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Exactly so many bytes, fewer at the end only."""
        end = self.size if size < 0 else min(self._place + size, self.size)
        parts = []
        while self._place < end:
            piece = self._piece(self._place, end)
            start = self._place - piece.start
            part = piece.data[start : start + end - self._place]
            parts.append(part)
            self._place += len(part)
        return b"".join(parts)

    def _piece(self, place: int, end: int) -> _Piece:
        for held in self._pieces:
            if held.start <= place < held.start + len(held.data):
                return held
        if sum(len(piece.data) for piece in self._pieces) + end - place > HELD:
            raise EnvguardError(f"more than {HELD} bytes of ranges", path=remote.shown(self._url))
        last = min(max(end, place + AHEAD), self.size) - 1
        piece = _piece(self._url, f"bytes={place}-{last}", place)
        if piece is None or piece.total != self.size or piece.etag != self._etag:
            raise EnvguardError("changed while it was read", path=remote.shown(self._url))
        self._pieces.append(piece)
        return piece


def _ranges(url: str) -> "Ranges | None":
    """The file in ranges, or None where the server gives none."""
    try:
        tail = _piece(url, f"bytes=-{TAIL}", None)
    except RefusedError as error:
        if "answered 416" in error.problem or "answered 501" in error.problem:  # suffixes are not for every server
            return None
        raise
    return Ranges(url, tail) if tail is not None else None


def _piece(url: str, wanted: str, start: "int | None") -> "_Piece | None":
    """One range; None where the server answers with something else.

    Args:
        url: The file.
        wanted: The value of Range.
        start: Where the range begins; None for one that counts from the end.
    """
    with remote.answer(url, {"Range": wanted}) as response:
        said = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status != 206 or said is None or _is_encoded(response):
            return None
        first, last, total = (int(number) for number in said.groups())
        if not first <= last < total or (start is None and last != total - 1) or (start is not None and first != start):
            return None
        if last - first + 1 > HELD:
            return None
        data = response.read(last - first + 1)
        if len(data) != last - first + 1:
            raise RefusedError(f"ended after {len(data)} of {last - first + 1} bytes", path=remote.shown(url))
        return _Piece(first, data, total, response.headers.get("ETag", ""))


def _download(url: str, file: BinaryIO) -> tuple[int, str]:
    """All of it into a file: bytes and hex digest."""
    digest = hashlib.sha256()
    size = 0
    with remote.answer(url) as response:
        if _is_encoded(response):
            raise RefusedError("the server sends it packed although that was not asked for", path=remote.shown(url))
        announced = response.headers.get("Content-Length", "")
        expected = int(announced) if announced.isdigit() else 0
        _check_size(expected, url)
        wheel_files.check_room(expected, tempfile.gettempdir(), remote.shown(url))
        try:
            while block := response.read(_CHUNK):
                size += len(block)
                _check_size(size, url)
                digest.update(block)
                file.write(block)
        except NETWORK as error:
            raise RefusedError(f"ended after {size} bytes: {why(error)}", path=remote.shown(url)) from None
        if announced.isdigit() and size != expected:
            raise RefusedError(f"ended after {size} of {announced} bytes", path=remote.shown(url))
    file.seek(0)
    return size, digest.hexdigest()


def _check_size(size: int, url: str) -> None:
    if size > LARGEST:
        raise EnvguardError(f"more than the {LARGEST} bytes of any wheel", path=remote.shown(url))


def _is_encoded(response: "addinfourl") -> bool:
    return response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
