"""The files that a manifest lists, read by workers; and those that need not be read again."""

import os
import stat
from collections.abc import Iterable, Mapping

from envguard.facts.hashing import Digest, Hashing, Progress
from envguard.facts.standing import state as state_of
from envguard.facts.tree import Listing, absolutes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self


class Memory:
    """Files that were read a moment ago and were as recorded, for one who looks twice while nobody else may write.

    A file is not read again while device, inode, size and both of its times are what they were before it was read: the
    time of the last change of its status cannot be set by a program.
    """

    def __init__(self, right: Mapping[str, tuple[int, ...]] | None = None) -> None:
        """Nothing is known, or what was kept: path to state of files that were as recorded."""
        self._seen: dict[str, tuple[int, ...]] = {}
        self._right = dict(right or {})
        self.known = 0
        """How many files were not read when it was last asked."""
        self.asked = 0
        """How many files there are."""

    @property
    def right(self) -> Mapping[str, tuple[int, ...]]:
        """Paths of files that were as recorded when they were last looked at, with the state that they had before."""
        return self._right

    def unchanged(self, places: Iterable[str]) -> set[str]:
        """Which of these were right, and are what they were; notes what all of them are now."""
        self._seen = {place: state for place in places if (state := _state(place))}
        found = {place for place, state in self._seen.items() if self._right.get(place) == state}
        self.known, self.asked = len(found), len(self._seen)
        return found

    def keep(self, wrong: Iterable[str]) -> None:
        """Remembers what was noted, without what turned out wrong."""
        self._right = self._seen
        for place in wrong:
            self._right.pop(place, None)


def _state(path: str) -> tuple[int, ...]:
    try:
        status = os.lstat(path)
    except OSError:
        return ()
    return state_of(status) if stat.S_ISREG(status.st_mode) else ()


class Reading:
    """The regular files of a manifest, read by workers while the caller does something else.

    It may begin before anything is known of the environment: where that turns out to lie elsewhere, it was in vain.
    """

    def __init__(self, listing: Listing, roots: Mapping[str, str], memory: Memory | None = None) -> None:
        """Nothing is started before the context is entered.

        Args:
            listing: The manifest.
            roots: Where its files are looked for.
            memory: Files that need not be read again.
        """
        self.roots = dict(roots)
        self.numbers = [number for number, kind in enumerate(listing.kinds) if kind == "f"]
        self.places = absolutes(listing.paths, self.numbers, self.roots)
        known = memory.unchanged(self.places) if memory is not None else set()
        self._read, self._read_places = self.numbers, self.places
        if known:
            unread = [index for index, place in enumerate(self.places) if place not in known]
            self._read = [self.numbers[index] for index in unread]
            self._read_places = [self.places[index] for index in unread]
        sizes = [listing.sizes[number] for number in self._read]
        self._hashing = Hashing(self._read_places, sizes=sizes, is_expected=self._is_recorded)
        self._listing = listing

    def _is_recorded(self, index: int, sha256: str, executable: bool) -> bool:
        number = self._read[index]
        return self._listing.digests[number] == sha256 and self._listing.executables[number] == executable

    def unlike(self, progress: Progress | None) -> dict[str, Digest]:
        """What was read and is not as recorded, by place; waits for the workers."""
        return {self._read_places[index]: digest for index, digest in self._hashing.wait(progress).items()}

    def __enter__(self) -> "Self":
        """Starts the workers."""
        self._hashing.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends the workers, whatever they are doing."""
        self._hashing.__exit__()
