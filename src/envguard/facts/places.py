"""Where the bytes of a file come from: this disk, or something that looks like a folder, such as a commit."""

import os

from envguard.facts.reading import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Protocol

    class Files(Protocol):
        """Answers for paths as a person or another file writes them."""

        def read(self, path: str, limit: int) -> bytes:
            """The bytes of a regular file; raises ``ReadFailure``."""

        def real(self, path: str) -> str:
            """The absolute path behind all symbolic links."""

        def identity(self, path: str) -> "Hashable | None":
            """The same for two paths of one file; None where there is none."""


class Disk:
    """What lies on this disk now."""

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a regular file.

        Raises:
            ReadFailure: As ``envguard.facts.reading.read``.
        """
        return read(path, limit)

    def real(self, path: str) -> str:
        """The absolute path behind all symbolic links."""
        return os.path.realpath(path)

    def identity(self, path: str) -> "Hashable | None":
        """Device and inode."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        return status.st_dev, status.st_ino


DISK = Disk()
