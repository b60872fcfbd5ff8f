"""Reading the files of one metadata folder, whether it lies on disk or in a zip file."""

import os

from envguard.environment.folders import Vanished
from envguard.errors import UnverifiableError
from envguard.facts.reading import METADATA_LIMIT, ReadFailure, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol
    from zipfile import ZipFile

    class Contents(Protocol):
        """The files of one metadata folder."""

        names: frozenset[str]

        def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
            """The bytes of one file, or ReadFailure."""


class Folder:
    """A metadata folder on disk.

    Raises:
        ReadFailure: It is no folder, or may not be listed.
        Vanished: It was there when its parent was listed.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.names = frozenset(os.listdir(path))
        except FileNotFoundError as error:
            if os.path.islink(path):
                raise ReadFailure(path, "a link that leads nowhere") from error
            raise Vanished(path) from error
        except NotADirectoryError as error:
            raise ReadFailure(path, "a file where a folder should be") from error
        except OSError as error:
            raise ReadFailure(path, (error.strerror or str(error)).lower()) from error

    def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
        """The bytes of one file.

        Raises:
            ReadFailure: See ``facts.reading.read``.
            Vanished: It is listed, and is gone.
        """
        path = os.path.join(self.path, name)
        try:
            return read(path, limit)
        except ReadFailure as failure:
            if failure.missing and name in self.names and not os.path.islink(path):
                raise Vanished(path) from failure
            raise


class Archived:
    """A metadata folder in a zip file."""

    def __init__(self, archive: "ZipFile", prefix: str, names: frozenset[str]) -> None:
        self.archive = archive
        self.prefix = prefix
        self.names = names

    def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
        """The bytes of one member.

        Raises:
            ReadFailure: It is missing, larger than ``limit`` bytes, or cannot be unpacked.
        """
        import struct
        import zlib
        from zipfile import BadZipFile

        path = f"{self.archive.filename}/{self.prefix}{name}"
        if name not in self.names:
            raise ReadFailure(path, "missing", missing=True)
        try:
            with self.archive.open(self.prefix + name) as member:
                data = member.read(limit + 1)
        except (OSError, BadZipFile, zlib.error, struct.error, RuntimeError, EOFError, ValueError) as error:
            # RuntimeError: encrypted; NotImplementedError, which derives from it: an unknown compression
            raise ReadFailure(path, f"cannot be unpacked: {error}") from error
        if len(data) > limit:
            raise ReadFailure(path, f"more than the {limit} bytes that are read")
        return data


def archived(archive: "ZipFile", below: str) -> "Iterator[tuple[str, Archived]]":
    """Every metadata folder directly below a folder of a zip file, with its name, sorted.

    Args:
        archive: An open zip file.
        below: The folder in it that is on sys.path, ending in ``/``, or "" for its root.
    """
    files: dict[str, set[str]] = {}
    for member in archive.namelist():
        if not member.startswith(below):
            continue
        folder, slash, name = member[len(below) :].partition("/")
        if slash and name and (folder.endswith((".dist-info", ".egg-info")) or folder == "EGG-INFO"):
            files.setdefault(folder, set()).add(name)
    for folder in sorted(files):
        yield folder, Archived(archive, f"{below}{folder}/", frozenset(files[folder]))


def open_archive(path: str) -> "ZipFile":
    """A zip file that is an entry of sys.path.

    Raises:
        UnverifiableError: It cannot be read as one.
    """
    import struct
    from zipfile import BadZipFile, ZipFile

    try:
        return ZipFile(path)
    except (OSError, BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        problem = f"{path}: this zip file on sys.path cannot be read"
        raise UnverifiableError(problem, remedy="take it off sys.path, or unpack it") from error
