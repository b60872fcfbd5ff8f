"""The truth about an environment, told without envguard: every byte below a folder, by a walk of its own.

Digests are remembered by (inode, size, mtime, ctime), so asking again costs a stat for each file.
"""

import hashlib
import os
import stat
from pathlib import Path

State = dict[str, tuple[str, bool]]
"""Path below the root -> (digest, link target or "fifo", and the executable bit)."""


class Oracle:
    """Remembers what it has read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[tuple[int, int, int, int], str] = {}

    def state(self) -> State:
        """Every file, link and folder below the root, without bytecode: that follows from the sources."""
        seen: State = {}
        for folder, folders, files in os.walk(self.root):
            if "__pycache__" in folders:
                folders.remove("__pycache__")
            for name in files:
                path = os.path.join(folder, name)
                seen[os.path.relpath(path, self.root)] = self._of(path)
            for name in folders:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    seen[os.path.relpath(path, self.root)] = (f"link {os.readlink(path)}", False)
        return seen

    def _of(self, path: str) -> tuple[str, bool]:
        status = os.lstat(path)
        executable = bool(status.st_mode & 0o111)
        if stat.S_ISLNK(status.st_mode):
            return f"link {os.readlink(path)}", False
        if not stat.S_ISREG(status.st_mode):
            return "not a regular file", executable
        if os.path.basename(path) == "RECORD":
            return _rows(path), executable
        key = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if key not in self._known:
            self._known[key] = _digest(path)
        return self._known[key], executable


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _rows(path: str) -> str:
    """A RECORD says the same in any order, and rows of bytecode come and go."""
    with open(path, "rb") as file:
        rows = sorted(row for row in file.read().split(b"\n") if b".pyc," not in row)
    return hashlib.sha256(b"\n".join(rows)).hexdigest()
