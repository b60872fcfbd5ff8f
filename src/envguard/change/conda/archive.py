"""The archive of a conda package, ``.conda`` or ``.tar.bz2``: proven by its digest, and read where it lies.

Both hold tar files. These are decompressed into files without a name in a folder of the caller's, so that nothing of
them is left, whatever ends the process; of a tar file only single members are read, and nobody extracts it.

Sources: the specification of the ``.conda`` format (conda-package-handling), and that of ``info/`` (conda-build).
"""

import bz2
import contextlib
import errno
import hashlib
import importlib
import json
import os
import tarfile
import tempfile
import zipfile
from typing import NamedTuple, cast

from envguard.change.placing import place
from envguard.change.placing.artifact import FILE_LIMIT, ArtifactError
from envguard.facts.reading import RECORD_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import IO, Any

SUFFIXES = (".conda", ".tar.bz2")
UNPACKED_LIMIT = 64 << 30
"""Bytes that are decompressed; the largest packages of CUDA have 5 GB."""
MEMBER_LIMIT = 1_000_000
_HOPS = 10
"""Hard links that lead to one another."""
_BLOCK = 1 << 20
_LARGE = 1 << 30
"""Bytes from which on what is decompressed leaves as many free."""
_EXTRA = "it is compressed with zstandard, which envguard-lock[conda] reads"
_BROKEN = (
    OSError, ValueError, EOFError, RuntimeError, NotImplementedError, tarfile.TarError, zipfile.BadZipFile,
)  # fmt: skip


class Giver(NamedTuple):
    """What is said of digests, by who gives them."""

    none: str
    inexact: str
    unlike: str
    """Behind the name of an algorithm."""
    other: str


GOLDEN = Giver(
    none="the golden file gives no digest of its archive",
    inexact="the golden file gives no exact version and build of it",
    unlike="is not the one that the golden file gives",
    other="not the archive that the golden file means",
)
CHANNEL = Giver(
    none="the channel gives no digest of its archive",
    inexact="the channel gives no exact version and build of it",
    unlike="is not the one that the channel gives",
    other="not the archive that the channel means",
)


class Contents:
    """The members of an open archive, by their names in it."""

    def __init__(self, tars: "Iterable[tarfile.TarFile]", *, digests: dict[str, str], size: int) -> None:
        """Made by ``opened`` only."""
        self.digests = digests
        """Of the archive itself: algorithm to hex digest."""
        self.size = size
        """Of the archive itself, in bytes."""
        self._members: dict[str, tuple[tarfile.TarFile, tarfile.TarInfo]] = {}
        for tar in tars:
            for member in _members(tar):
                name = _name(member.name)
                if member.isdir():
                    continue
                if name in self._members:
                    raise ArtifactError(f"{name!a} stands in it twice")
                if not (member.isreg() or member.issym() or member.islnk()) or member.issparse():
                    raise ArtifactError(f"{name!a} is neither file nor link")
                self._members[name] = (tar, member)

    @property
    def names(self) -> tuple[str, ...]:
        """Of files and links, ``info/`` included."""
        return tuple(self._members)

    def link(self, name: str) -> str:
        """What a symbolic link says; empty for a file.

        Raises:
            ArtifactError: There is no such member.
        """
        member = self._member(name)[1]
        return member.linkname if member.issym() else ""

    def mode(self, name: str) -> int:
        """The permission bits of a member; whoever owns it may read it."""
        return self._member(name)[1].mode & 0o777 | 0o400

    def time(self, name: str) -> float:
        """When a member was last changed, in seconds since the epoch; byte code that comes with a source names it."""
        return float(self._member(name)[1].mtime)

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            ArtifactError: There is none, or it cannot be read.
        """
        file, member = self._file(name)
        if member.size > FILE_LIMIT:
            raise ArtifactError(f"{name!a} has more than {FILE_LIMIT} bytes")
        try:
            file.seek(member.offset_data)
            data = file.read(member.size)
        except _BROKEN as error:
            raise ArtifactError(f"{name!a} cannot be unpacked: {error}") from error
        if len(data) != member.size:
            raise ArtifactError(f"{name!a} is cut off")
        return data

    def length(self, name: str) -> int:
        """Bytes of a file.

        Raises:
            ArtifactError: There is no such file.
        """
        return self._file(name)[1].size

    def blocks(self, name: str) -> "Iterator[bytes]":
        """The bytes of a file, a part at a time.

        Raises:
            ArtifactError: There is none, or it cannot be read.
        """
        file, member = self._file(name)
        left, begin = member.size, member.offset_data
        while left:
            try:
                file.seek(begin)
                block = file.read(min(left, _BLOCK))
            except _BROKEN as error:
                raise ArtifactError(f"{name!a} cannot be unpacked: {error}") from error
            if not block:
                raise ArtifactError(f"{name!a} is cut off")
            left, begin = left - len(block), begin + len(block)
            yield block

    def _file(self, name: str) -> "tuple[IO[bytes], tarfile.TarInfo]":
        """Where the bytes of a file are: a hard link stands for another member."""
        tar, member = self._member(name)
        for _hop in range(_HOPS):
            if not member.islnk():
                break
            tar, member = self._member(_name(member.linkname))
        if not member.isreg() or tar.fileobj is None:
            raise ArtifactError(f"{name!a} is a link")
        return cast("IO[bytes]", tar.fileobj), member

    def about(self, name: str) -> "dict[str, Any]":
        """A JSON object of ``info/``; empty where the package has none of that name.

        Raises:
            ArtifactError: It is no JSON object.
        """
        if name not in self._members:
            return {}
        if self._file(name)[1].size > RECORD_LIMIT:
            raise ArtifactError(f"{name!a} has more than {RECORD_LIMIT} bytes")
        try:
            said = json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise ArtifactError(f"{name!a} is not JSON") from error
        if not isinstance(said, dict):
            raise ArtifactError(f"{name!a} is not a JSON object")
        return said

    def _member(self, name: str) -> "tuple[tarfile.TarFile, tarfile.TarInfo]":
        if name not in self._members:
            raise ArtifactError(f"{name!a} is not in it, although it lists it")
        return self._members[name]


@contextlib.contextmanager
def opened(path: str, hashes: "Iterable[str]", scratch: str, *, giver: Giver = GOLDEN) -> "Iterator[Contents]":
    """An archive that is the one which a pin means, open for as long as the block runs.

    Args:
        path: The archive.
        hashes: Of the pin.
        scratch: A folder for what is decompressed.
        giver: Who gives the hashes.

    Raises:
        ArtifactError: It is another archive, a broken one, or what it is compressed with cannot be read here.
        ChangeError: There is no room in ``scratch``.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb"))
            found = digests(file.read)
            size = file.tell()
            file.seek(0)
        except OSError as error:
            raise ArtifactError(f"cannot be read: {(error.strerror or str(error)).lower()}") from error
        if why := unlike(found, hashes, giver):
            raise ArtifactError(why)
        parts = _parts(file, path, stack)
        tars = [_tar(stack.enter_context(_decompressed(part, scratch)), stack) for part in parts]
        yield Contents(tars, digests=found, size=size)


def digests(read: "Callable[[int], bytes]") -> dict[str, str]:
    """Algorithm to hex digest of all that ``read`` gives: those that conda's records and lists know."""
    strong, weak = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    while block := read(_BLOCK):
        strong.update(block)
        weak.update(block)
    return {"sha256": strong.hexdigest(), "md5": weak.hexdigest()}


def unlike(found: "Mapping[str, str]", hashes: "Iterable[str]", giver: Giver = GOLDEN) -> str:
    """Why digests are not those of a pin's archive; "" where they are.

    Args:
        found: As ``digests`` gives them.
        hashes: Of the pin, ``algorithm:hex``; where there are SHA-256 the MD5 are not asked.
        giver: Who gives them.
    """
    wanted = {each.lower() for each in hashes}
    strong = {each for each in wanted if each.startswith("sha256:")}
    wanted = strong or {each for each in wanted if each.startswith("md5:")}
    if not wanted:
        return giver.none
    algorithm = "sha256" if strong else "md5"
    return "" if f"{algorithm}:{found[algorithm]}" in wanted else f"its {algorithm.upper()} {giver.unlike}"


def unreadable(path: str) -> str:
    """Why an archive of that name cannot be opened here; "" where it can."""
    return _EXTRA if path.endswith(".conda") and _zstandard() is None else ""


def _parts(file: "IO[bytes]", path: str, stack: contextlib.ExitStack) -> "list[IO[bytes]]":
    """Streams of the tar files in an archive."""
    try:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            return [stack.enter_context(bz2.open(file))]
        archive = stack.enter_context(zipfile.ZipFile(file))
        names = [name for name in archive.namelist() if name.endswith(".tar.zst")]
        if sorted(name.partition("-")[0] for name in names) != ["info", "pkg"]:
            raise ArtifactError("a .conda archive holds one info- and one pkg-*.tar.zst")
        zstandard = _zstandard()
        if zstandard is None:
            raise ArtifactError(_EXTRA)
        members = [stack.enter_context(archive.open(name)) for name in names]
        return [zstandard.ZstdDecompressor().stream_reader(each, read_across_frames=True) for each in members]
    except _BROKEN as error:
        raise ArtifactError(f"{os.path.basename(path)} is not a readable archive of conda: {error}") from error


def _zstandard() -> "Any":
    try:
        return importlib.import_module("zstandard")
    except ImportError:
        return None


@contextlib.contextmanager
def _decompressed(stream: "IO[bytes]", scratch: str) -> "Iterator[IO[bytes]]":
    """All of a stream, in a file that has no name."""
    length = 0
    try:
        file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - closed below
    except OSError as error:
        raise place.refused(scratch, error) from error
    with file:
        while block := _next(stream):
            length += len(block)
            if length > UNPACKED_LIMIT:
                raise ArtifactError(f"it has more than {UNPACKED_LIMIT} bytes when it is unpacked")
            try:
                _leave_room(file, length)
                file.write(block)
            except OSError as error:
                raise place.refused(scratch, error) from error
        try:
            file.seek(0)
        except OSError as error:
            raise place.refused(scratch, error) from error
        yield file


def _leave_room(file: "IO[bytes]", length: int) -> None:
    """Ends what is large before it has filled the disk for everybody.

    Raises:
        OSError: There would be no room left.
    """
    if length > _LARGE:
        status = os.fstatvfs(file.fileno())
        if status.f_bavail * status.f_frsize < _LARGE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _next(stream: "IO[bytes]") -> bytes:
    zstandard = _zstandard()
    broken = (*_BROKEN, zstandard.ZstdError) if zstandard is not None else _BROKEN
    try:
        return stream.read(_BLOCK)
    except broken as error:
        raise ArtifactError(f"it cannot be decompressed: {error}") from error


def _tar(file: "IO[bytes]", stack: contextlib.ExitStack) -> tarfile.TarFile:
    try:
        return stack.enter_context(tarfile.open(fileobj=file, mode="r:", encoding="utf-8"))
    except _BROKEN as error:
        raise ArtifactError(f"no tar file is in it: {error}") from error


def _members(tar: tarfile.TarFile) -> "Iterator[tarfile.TarInfo]":
    try:
        for count, member in enumerate(tar, start=1):
            if count > MEMBER_LIMIT:
                raise ArtifactError(f"it has more than {MEMBER_LIMIT} members")
            yield member
    except (*_BROKEN, OverflowError) as error:
        raise ArtifactError(f"its tar file is broken: {error}") from error


def _name(name: str) -> str:
    """A member's name as ``info/paths.json`` writes it.

    Raises:
        ArtifactError: It leads out of the package.
    """
    name = name.removeprefix("./").rstrip("/")
    if "\0" in name or "\\" in name or name.startswith("/") or ".." in name.split("/"):
        raise ArtifactError(f"{name!a} is no path that a package may hold")
    return name
