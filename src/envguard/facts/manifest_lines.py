"""Single entries of a manifest, found in its text: for one who asks for a few of 100,000.

The text is that which a lock seals, and somebody has read all of it before: here nothing is proven but that.
"""

from envguard.facts.manifest import entry_of_line, escape, read_head, read_sealed
from envguard.facts.tree import Entry


class Lines:
    """The text of a manifest. Its lines are sorted by path, so one of them is found by halving."""

    def __init__(self, text: str, path: str) -> None:
        """Takes the whole text, head and end included.

        Args:
            text: The file's content.
            path: The file, for messages.

        Raises:
            LockError: It has not the head of a manifest.
        """
        self._text = text
        self._first, roots = read_head(text, path)
        self.roots = dict(roots)
        self._last = text.rfind("\n", 0, -1) + 1

    def get(self, path: str) -> "Entry | None":
        """The entry of ``{root}/relative/path``."""
        start = self._at_least(escape(path))
        entry = self._entry(start) if start < self._last else None
        return entry if entry is not None and entry.path == path else None

    def below(self, folder: str, limit: int) -> list[Entry]:
        """The first entries below ``{root}/relative/folder``, at most ``limit``."""
        found: list[Entry] = []
        start = self._at_least(escape(folder) + "/")
        while start < self._last and len(found) < limit:
            entry = self._entry(start)
            if not entry.path.startswith(folder + "/"):
                break
            found.append(entry)
            start = self._text.find("\n", start) + 1
        return found

    def _at_least(self, wanted: str) -> int:
        """Where the first line begins whose path does not come before another one, as both are written."""
        low, high = self._first, self._last
        while low < high:
            start = self._text.rfind("\n", low, (low + high) // 2) + 1 or low
            end = self._text.find("\n", start)
            line = self._text[start:end]
            if line[line.find(" {") + 1 :].partition("\t")[0] < wanted:
                low = end + 1
            else:
                high = start
        return low

    def _entry(self, start: int) -> Entry:
        return entry_of_line(self._text[start : self._text.find("\n", start)])


def load(path: str, sha256: str) -> Lines:
    """The text of a manifest file.

    Args:
        path: The file.
        sha256: Hex digest that its bytes must have, as the lock says.

    Raises:
        LockError: The file is missing, or not the sealed one.
    """
    return Lines(read_sealed(path, sha256).decode("ascii", "replace"), path)
