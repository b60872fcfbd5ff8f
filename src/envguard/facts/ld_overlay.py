"""A folder that lies over site-packages: how the loader would find files if what is in it were installed."""

import os
from typing import NamedTuple


class Overlay(NamedTuple):
    """What a change would put in place, and what it would take away."""

    site: str
    """site-packages, absolute, links resolved."""
    folder: str
    """Where what arrives was unpacked, laid out as in site-packages; absolute, links resolved."""
    hidden: frozenset[str]
    """Absolute paths of files that are there and would not be."""

    def real(self, path: str) -> str:
        """Where the file lies that would answer to a path; "" where none would."""
        over = self._moved(path, self.site, self.folder)
        if over and os.path.exists(over):
            return over
        under = self._moved(path, self.folder, self.site)
        if under and not os.path.lexists(path):
            path = under
        return "" if path in self.hidden else path

    def twin(self, folder: str) -> str:
        """The folder of the other side, whose files would lie in the same place; "" for a folder outside both."""
        return self._moved(folder, self.site, self.folder) or self._moved(folder, self.folder, self.site)

    def _moved(self, path: str, old: str, new: str) -> str:
        return f"{new}{path[len(old) :]}" if path == old or path.startswith(f"{old}/") else ""
