"""Shared objects, each opened once, and when the loader would take two paths for the same file."""

import os

from envguard.facts.elf import Elf, ElfError
from envguard.facts.reading import ReadFailure


class Files:
    """Files that were opened, by the paths under which they were asked for."""

    def __init__(self) -> None:
        self._by_path: dict[str, Elf | None] = {}
        self._by_place: dict[tuple[str, int, int], Elf | None] = {}
        self._identities: dict[Elf, object] = {}
        self._invalid: set[str] = set()

    def open(self, path: str) -> Elf | None:
        """The file at an absolute path; None where it is no ELF file that can be read.

        ``$ORIGIN`` is the folder in which the loader finds a file, also where the file there is a link to another
        folder: the same file in two folders is therefore two ``Elf``. In one folder it is one, whatever its names.
        """
        if path not in self._by_path:
            self._by_path[path] = self._open(path)
        return self._by_path[path]

    def is_invalid(self, path: str) -> bool:
        """There is a file that may be read, and it is no ELF file: the loader gives up there."""
        return path in self._invalid

    def identity(self, elf: Elf) -> object:
        """Equal for two ``Elf`` of the same file: the loader loads a file once (device and inode, elf/dl-load.c)."""
        return self._identities.get(elf, elf)

    def close(self) -> None:
        """Close and forget them all."""
        for elf in self._by_place.values():
            if elf is not None:
                elf.close()
        self._by_place.clear()
        self._by_path.clear()
        self._identities.clear()

    def _open(self, path: str) -> Elf | None:
        try:
            status = os.stat(path)
        except (OSError, ValueError):  # ValueError: a NUL in the path
            return None
        place = os.path.realpath(os.path.dirname(path)), status.st_dev, status.st_ino
        if place not in self._by_place:
            self._by_place[place] = self._read(path)
            opened = self._by_place[place]
            if opened is not None:
                self._identities[opened] = place[1:]
        return self._by_place[place]

    def _read(self, path: str) -> Elf | None:
        try:
            return Elf.open(path)
        except ElfError:
            self._invalid.add(path)
        except ReadFailure:
            pass  # the loader, too, goes on to the next folder
        return None
