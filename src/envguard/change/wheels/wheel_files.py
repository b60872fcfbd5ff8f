"""The files inside a wheel, whether it is a zip file or was unpacked by an installer, read without trusting it.

A wheel that nobody has installed may be hostile: a bomb, names that lead out of the folder, one name twice, sizes that
lie. Names are checked before anything is read, every read is bounded by what the directory of the zip file promises,
and all that goes wrong is one ``EnvguardError`` that names the wheel.

Sources: PEP 427, PKWARE's APPNOTE 6.3.
"""

import hashlib
import io
import os
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NoReturn, Protocol

from envguard.errors import EnvguardError
from envguard.facts.reading import METADATA_LIMIT, ReadFailure, read, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MEMBERS = 200_000
"""Files of one wheel; tensorflow, the largest that was seen, has 26,000."""
DIRECTORY_BYTES = 64 << 20
"""Bytes of a zip file's directory; a name of 100 bytes for each member makes 30 MB."""
UNPACKED_BYTES = 64 << 30
"""Bytes that a wheel may promise to unpack to; the largest that was seen promises 5 GB."""

_CHUNK = 1 << 20
_LOCAL_HEADER = 30
_UNSAFE_NAME = re.compile(r"^$|[\x00-\x1f\x7f\\]|^/|^[A-Za-z]:|(?:^|/)\.\.(?:/|$)|//")
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_REFUSED = (OSError, OverflowError, ValueError, RuntimeError, NotImplementedError, EOFError, struct.error, zlib.error)


class Seekable(Protocol):
    """A file that can be read at any place."""

    def read(self, size: int = -1, /) -> bytes:
        """See ``io.RawIOBase.read``."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See ``io.IOBase.seek``."""

    def tell(self) -> int:
        """See ``io.IOBase.tell``."""


class WheelFiles(Protocol):
    """What is inside one wheel."""

    label: str
    """How errors name the wheel; without credentials."""
    sizes: "Mapping[str, int]"
    """Bytes of every file, by its path in the wheel."""

    def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
        """The bytes of one file.

        Raises:
            EnvguardError: It is missing, larger than ``limit``, or not what its directory promises.
        """

    def copy(self, name: str, target: str) -> None:
        """Write one file to a path that does not exist yet, with no mode or link of its own.

        Raises:
            EnvguardError: As for ``read``, or ``target`` cannot be written.
        """


class Zipped:
    """A wheel as it was downloaded."""

    def __init__(self, file: Seekable, label: str) -> None:
        """Read the directory of the zip file, and nothing else.

        Args:
            file: Open for reading, with ``seek``; it must stay open as long as this object is used.
            label: How errors name the wheel.

        Raises:
            EnvguardError: It is no zip file, or its directory is one that no wheel has.
        """
        self.label = label
        try:
            self._zip = zipfile.ZipFile(_Guarded(file))
        except (*_REFUSED, zipfile.BadZipFile) as error:
            self._refuse(f"not a readable wheel: {_words(error)}", error)
        self._members = self._checked()
        self.sizes: Mapping[str, int] = {name: info.file_size for name, info in self._members.items()}

    def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
        """See ``WheelFiles.read``."""
        if self.sizes.get(name, 0) > limit:
            self._refuse(f"{name}: {self.sizes[name]} bytes, more than the {limit} that are read")
        return b"".join(self._blocks(name))

    def copy(self, name: str, target: str) -> None:
        """See ``WheelFiles.copy``."""
        _write(self, self._blocks(name), target)

    def _blocks(self, name: str) -> Iterator[bytes]:
        info = self._members.get(name)
        if info is None:
            self._refuse(f"has no {name}")
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _PACKED:
            self._refuse(f"{name} is encrypted, or packed in a way that no wheel is")
        left = info.file_size
        try:
            with self._zip.open(info) as member:
                while block := member.read(_CHUNK):
                    left -= len(block)
                    yield block
        except (*_REFUSED, zipfile.BadZipFile) as error:
            self._refuse(f"{name}: {_words(error)}", error)
        if left:
            self._refuse(f"{name} is not of the {info.file_size} bytes that the directory promises")

    def _checked(self) -> "dict[str, zipfile.ZipInfo]":
        """The members by name; folders are left out."""
        listed = self._zip.infolist()
        if len(listed) > MEMBERS:
            self._refuse(f"{len(listed)} files, more than the {MEMBERS} of any wheel")
        members: dict[str, zipfile.ZipInfo] = {}
        for info in listed:
            if any(_UNSAFE_NAME.search(name) for name in {info.orig_filename, info.filename}):
                self._refuse(f"a file with a name that leads elsewhere: {info.orig_filename[:200]!a}")
            if info.filename in members:
                self._refuse(f"two files with one name: {info.filename[:200]!a}")
            if not info.is_dir():
                members[info.filename] = info
        self._check_places(listed)
        promised = sum(info.file_size for info in members.values())
        if promised > UNPACKED_BYTES:
            self._refuse(f"promises to unpack to {promised} bytes, more than any wheel")
        return members

    def _check_places(self, listed: "list[zipfile.ZipInfo]") -> None:
        """Members that share bytes are how a small file unpacks to petabytes."""
        end = 0
        for info in sorted(listed, key=lambda each: each.header_offset):
            if info.header_offset < end:
                self._refuse(f"{info.filename[:200]!a} overlaps with another file")
            end = info.header_offset + _LOCAL_HEADER + info.compress_size

    def _refuse(self, problem: str, cause: "Exception | None" = None) -> NoReturn:
        raise EnvguardError(problem, path=self.label) from cause


class Unpacked:
    """A wheel that an installer has unpacked into its cache."""

    def __init__(self, folder: str, label: str) -> None:
        """List the folder; nothing is opened.

        Raises:
            EnvguardError: It cannot be listed, or holds something that no wheel brings.
        """
        self.label = label
        self._folder = folder
        sizes: dict[str, int] = {}
        try:
            for name, status in _walk(folder):
                if not stat.S_ISREG(status.st_mode):
                    raise EnvguardError(f"{name!a} is no regular file", path=label)
                sizes[name] = status.st_size
        except OSError as error:
            raise EnvguardError(why(error), path=label) from error
        self.sizes: Mapping[str, int] = sizes

    def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
        """See ``WheelFiles.read``."""
        if name not in self.sizes:
            raise EnvguardError(f"has no {name}", path=self.label)
        try:
            return read(os.path.join(self._folder, name), limit)
        except ReadFailure as failure:
            raise EnvguardError(f"{name}: {failure.why}", path=self.label) from failure

    def copy(self, name: str, target: str) -> None:
        """See ``WheelFiles.copy``."""
        if name not in self.sizes:
            raise EnvguardError(f"has no {name}", path=self.label)
        _write(self, self._blocks(name), target)

    def digest(self, name: str, algorithm: str) -> str:
        """Hex digest of one file.

        Raises:
            EnvguardError: It cannot be read.
        """
        digest = hashlib.new(algorithm)
        try:
            for block in self._blocks(name):
                digest.update(block)
        except OSError as error:
            raise EnvguardError(f"{name}: {why(error)}", path=self.label) from error
        return digest.hexdigest()

    def _blocks(self, name: str) -> Iterator[bytes]:
        with open(os.path.join(self._folder, name), "rb") as file:
            while block := file.read(_CHUNK):
                yield block


class _Guarded:
    """A file that nobody is made to read in one piece: a directory's size is whatever the file says."""

    def __init__(self, file: Seekable) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY_BYTES:
            raise ValueError(f"a directory of {size} bytes")
        if size < 0:  # zipfile reads the end of a file so; a comment has at most 65,535 bytes
            here = self._file.tell()
            left = self._file.seek(0, io.SEEK_END) - here
            self._file.seek(here)
            size = min(left, 1 << 17)
        return self._file.read(size)

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """The file is its opener's."""


def check_room(size: int, folder: str, label: str) -> None:
    """Raise where so many bytes do not fit into a folder.

    Raises:
        EnvguardError: They do not, or nobody can tell.
    """
    try:
        status = os.statvfs(folder)
    except OSError as error:
        raise EnvguardError(f"cannot be unpacked to {folder}: {why(error)}", path=label) from error
    if size > status.f_bavail * status.f_frsize:
        problem = f"{size} bytes, more than there is room for in {folder}"
        raise EnvguardError(problem, path=label, remedy="set TMPDIR to a folder with more room")


def installed_path(name: str) -> str:
    """Where a file of a wheel lands, relative to site-packages; empty for scripts, data and headers (PEP 427)."""
    top, _slash, below = name.partition("/")
    if not top.endswith(".data"):
        return name
    scheme, _slash, rest = below.partition("/")
    return rest if scheme in ("purelib", "platlib") else ""


def _walk(folder: str) -> "Iterator[tuple[str, os.stat_result]]":
    waiting = [""]
    seen = 0
    while waiting:
        inner = waiting.pop()
        with os.scandir(os.path.join(folder, inner)) as entries:
            for entry in entries:
                seen += 1
                if seen > MEMBERS:
                    raise OSError(f"more than {MEMBERS} files")
                name = posixpath.join(inner, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)
                else:
                    yield name, entry.stat(follow_symlinks=False)


def _write(wheel: WheelFiles, blocks: Iterator[bytes], target: str) -> None:
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "xb") as file:
            file.writelines(blocks)
    except OSError as error:
        raise EnvguardError(f"cannot be unpacked to {target}: {why(error)}", path=wheel.label) from error


def _words(error: Exception) -> str:
    text = str(error).partition("\n")[0][:200]
    return text[:1].lower() + text[1:] if text else type(error).__name__
