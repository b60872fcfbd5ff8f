"""Shared objects, each opened once, and when the loader would take two paths for the same file."""

import os
from typing import NamedTuple

from envguard.facts.elf import Elf, ElfError
from envguard.facts.reading import ReadFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.ld_overlay import Overlay

_CLASSES = {1: 32, 2: 64}


class _Opened(NamedTuple):
    """What came of opening a file."""

    elf: Elf | None
    header: bytes | None
    """The first bytes of a file that could be read and is no usable ELF file."""


_NOTHING = _Opened(None, None)


class Files:
    """Files that were opened, by the paths under which they were asked for."""

    def __init__(self, over: "Overlay | None" = None) -> None:
        """Nothing is opened before it is asked for.

        Args:
            over: What is looked at in the place of some paths.
        """
        self._over = over
        self._by_path: dict[str, _Opened] = {}
        self._by_place: dict[tuple[str, int, int], _Opened] = {}
        self._identities: dict[Elf, object] = {}

    def open(self, path: str) -> Elf | None:
        """The file at an absolute path; None where it is no ELF file that can be read.

        ``$ORIGIN`` is the folder in which the loader finds a file, also where the file there is a link to another
        folder: the same file in two folders is therefore two ``Elf``. In one folder it is one, whatever its names.
        """
        if path not in self._by_path:
            self._by_path[path] = self._open(path)
        return self._by_path[path].elf

    def stops(self, path: str, machine: int, bits: int) -> bool:
        """The loader gives up at the file that ``open`` gave None for: it is no ELF file, or a broken one.

        It looks further where it may not open the file, and where the header is one of another machine or class
        (``open_verify`` in elf/dl-load.c).
        """
        header = self._by_path[path].header
        if header is None:
            return False
        if header[:4] != b"\x7fELF" or len(header) < 20:
            return True
        little = header[5] == 1
        return (int.from_bytes(header[18:20], "little" if little else "big"), _CLASSES.get(header[4])) == (
            machine,
            bits,
        )

    def identity(self, elf: Elf) -> object:
        """Equal for two ``Elf`` of the same file: the loader loads a file once (device and inode, elf/dl-load.c)."""
        return self._identities.get(elf, elf)

    def asked(self) -> tuple[str, ...]:
        """Every path that was asked for, whether or not there was anything."""
        return tuple(self._by_path)

    def close(self) -> None:
        """Close and forget them all."""
        for opened in self._by_place.values():
            if opened.elf is not None:
                opened.elf.close()
        self._by_place.clear()
        self._by_path.clear()
        self._identities.clear()

    def _open(self, path: str) -> _Opened:
        path = path if self._over is None else self._over.real(path)
        try:
            status = os.stat(path)
        except (OSError, ValueError):  # ValueError: a NUL in the path
            return _NOTHING
        place = os.path.realpath(os.path.dirname(path)), status.st_dev, status.st_ino
        if place not in self._by_place:
            self._by_place[place] = _read(path)
            opened = self._by_place[place].elf
            if opened is not None:
                self._identities[opened] = place[1:]
        return self._by_place[place]


def _read(path: str) -> _Opened:
    try:
        return _Opened(Elf.open(path), None)
    except ElfError:
        return _Opened(None, _header(path))
    except ReadFailure:
        return _NOTHING


def _header(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # a regular file: it was opened as one before
            return file.read(20)
    except OSError:
        return None
