"""A wheel to install from: a file, or the folder into which an installer's cache has unpacked one.

What it says of itself is proven against the golden file, and each of its files against its RECORD, before anything of
it is used: a cache that somebody edited gives nothing.
"""

import contextlib
import hashlib
import os

from envguard._value import Value
from envguard.facts import records
from envguard.facts.reading import RECORD_LIMIT, ReadFailure, read, sha256_of
from envguard.versions import is_name, normalise, relation

TYPE_CHECKING = False
if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from envguard.model import Pin

FILE_LIMIT = 8 << 30
"""Bytes of one file of a wheel that are unpacked."""


class ArtifactError(Exception):
    """A wheel that cannot be used.

    Attributes:
        why: In a few words; it may quote the wheel and must be made safe before printing.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Contents:
    """The files of an open wheel, by their names in it."""

    def __init__(self, path: str, archive: "zipfile.ZipFile | None") -> None:
        """Made by ``opened`` only."""
        self.path = path
        self._archive = archive
        self.names: tuple[str, ...] = tuple(archive.namelist() if archive is not None else _listed(path))
        self._infos = {info.filename: info for info in archive.infolist()} if archive is not None else {}
        if len(set(self.names)) != len(self.names):
            raise ArtifactError("a file stands in it twice")

    def size(self, name: str) -> int:
        """Bytes of a file, as the wheel says."""
        return self._infos[name].file_size if self._archive is not None else os.lstat(self._file(name)).st_size

    def executable(self, name: str) -> bool:
        """Whether a file is to be executable."""
        if self._archive is None:
            return bool(os.lstat(self._file(name)).st_mode & 0o111)
        mode = self._infos[name].external_attr >> 16
        return bool(mode & 0o111) and (mode & 0o170000) in (0o100000, 0)

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            ArtifactError: It cannot be read.
        """
        if self._archive is None:
            try:
                return read(self._file(name), FILE_LIMIT)
            except ReadFailure as failure:
                raise ArtifactError(f"{name!a} {failure.why}") from failure
        import zipfile

        try:
            if self._infos[name].file_size > FILE_LIMIT:
                raise ArtifactError(f"{name!a} has more than {FILE_LIMIT} bytes")
            return self._archive.read(name)
        except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile) as error:
            raise ArtifactError(f"{name!a} cannot be unpacked: {error}") from error

    def _file(self, name: str) -> str:
        return os.path.join(self.path, *name.split("/"))


def _listed(folder: str) -> "Iterator[str]":
    for parent, _folders, files in os.walk(folder):
        for name in files:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                yield os.path.relpath(path, folder).replace(os.sep, "/")


@contextlib.contextmanager
def opened(path: str) -> "Iterator[Contents]":
    """A wheel, open for as long as the block runs.

    Raises:
        ArtifactError: It is none.
    """
    if os.path.isdir(path):
        yield Contents(path, None)
        return
    import zipfile

    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"not a readable wheel: {error}") from error
    with archive:
        yield Contents(path, archive)


class Identity(Value):
    """Who a wheel says that it is."""

    name: str
    """Normalised."""
    version: str
    metadata: str
    """Name of its metadata folder."""


def identity(contents: Contents) -> Identity:
    """Name and version, as its one metadata folder is called.

    Raises:
        ArtifactError: It has none, or several.
    """
    found = {name.partition("/")[0] for name in contents.names if name.endswith(".dist-info/RECORD")}
    found = {name for name in found if name.endswith(".dist-info")}
    if len(found) != 1:
        raise ArtifactError(f"a wheel has one .dist-info folder, this has {len(found)}")
    folder = found.pop()
    name, dash, version = folder.removesuffix(".dist-info").partition("-")
    if not dash or not is_name(name):
        raise ArtifactError(f"{folder!a} gives no name and version")
    return Identity(name=normalise(name), version=version, metadata=folder)


def rows(contents: Contents, folder: str) -> "tuple[records.Row, ...]":
    """The rows of its RECORD, under the names that the wheel gives its files.

    Raises:
        ArtifactError: Its RECORD is broken.
    """
    name = f"{folder}/RECORD"
    if contents.size(name) > RECORD_LIMIT:
        raise ArtifactError(f"its RECORD has more than {RECORD_LIMIT} bytes")
    try:
        return records.parse(contents.read(name), levels=0)
    except records.RecordError as error:
        raise ArtifactError(f"its RECORD {error.why}") from error


def unlike(pin: "Pin", path: str) -> str:
    """Why a wheel is not the one that a pin means; "" where it is, as far as the pin says.

    The record digest covers every file that lands in site-packages, the SHA-256 every byte of a wheel file.

    Args:
        pin: Of manager pip, with a version.
        path: A wheel, or the folder of an unpacked one.
    """
    try:
        with opened(path) as contents:
            who = identity(contents)
            if who.name != pin.name or relation(pin.version or "", who.version) != "equal":
                return f"it is {who.name} {who.version}"
            if os.path.isdir(path):
                _refuse_edited(contents, who.metadata)
            if pin.record:
                installed = tuple(records.installed_row(row) for row in rows(contents, who.metadata))
                if records.portable_digest(installed, who.metadata) != pin.record:
                    return "its record digest is not the one that the golden file seals"
    except (ArtifactError, records.RecordError) as error:
        return error.why
    return _unlike_hashes(pin, path)


def _refuse_edited(contents: Contents, folder: str) -> None:
    """Holds each file of an unpacked wheel to its RECORD: what is linked into environments may be edited there."""
    for row in rows(contents, folder):
        algorithm, _colon, wanted = row.hash.partition(":")
        if wanted and hashlib.new(algorithm, contents.read(row.path)).hexdigest() != wanted:
            raise ArtifactError(f"{row.path!a} was edited there")


def _unlike_hashes(pin: "Pin", path: str) -> str:
    wanted = {each.lower() for each in pin.hashes if each.lower().startswith("sha256:")}
    if not wanted:
        return "" if pin.record or not pin.hashes else "the golden file gives no SHA-256 of it"
    if os.path.isdir(path):
        # An unpacked wheel has no hash of its own any more; its record digest, where sealed, has proven the files.
        return "" if pin.record else "unpacked, so that it cannot be held to a hash"
    return "" if f"sha256:{sha256_of(path)}" in wanted else "it has none of the hashes that the golden file gives"


def is_proven_whole(pin: "Pin", path: str) -> bool:
    """True where the SHA-256 of the whole file is one that the pin gives, so that every byte of it is meant."""
    wanted = {each.lower() for each in pin.hashes if each.lower().startswith("sha256:")}
    return bool(wanted) and os.path.isfile(path) and f"sha256:{sha256_of(path)}" in wanted
