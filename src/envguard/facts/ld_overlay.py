"""A folder that lies over another: how the loader would find files if what is in it were installed."""

import os
from typing import NamedTuple

_HOPS = 40
"""Links that lead to one another; Linux follows as many."""


class Overlay(NamedTuple):
    """What a change would put in place, and what it would take away."""

    place: str
    """Where it would be put: site-packages, or the prefix of a conda environment; absolute, links resolved."""
    folder: str
    """Where what arrives was unpacked, laid out as in ``place``; absolute, links resolved."""
    hidden: frozenset[str]
    """Absolute paths of files that are there and would not be."""

    def real(self, path: str) -> str:
        """Where the file lies that would answer to a path; "" where none would.

        A link is followed as it would lead: from what arrives to what stays, and the other way round.
        """
        first = found = self._single(path)
        for _hop in range(_HOPS):
            if not found or not os.path.islink(found):
                break
            here = self._moved(found, self.folder, self.place) or found
            found = self._single(os.path.normpath(os.path.join(os.path.dirname(here), os.readlink(found))))
        else:
            return ""
        # $ORIGIN is the folder of the link, so the link itself is the answer wherever it leads to the right file.
        return first if found and os.path.realpath(first) == os.path.realpath(found) else found

    def twin(self, folder: str) -> str:
        """The folder of the other side, whose files would lie in the same place; "" for a folder outside both."""
        return self._moved(folder, self.place, self.folder) or self._moved(folder, self.folder, self.place)

    def _single(self, path: str) -> str:
        """The file or link that would have a path."""
        here = self._moved(path, self.folder, self.place) or path
        over = self._moved(here, self.place, self.folder)
        if over and os.path.lexists(over):
            return over
        return "" if here in self.hidden else here

    def _moved(self, path: str, old: str, new: str) -> str:
        return f"{new}{path[len(old) :]}" if path == old or path.startswith(f"{old}/") else ""
