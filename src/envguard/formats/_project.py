"""The outside of uv.lock, poetry.lock and pdm.lock: TOML with one table for each package, and errors with its line."""

import hashlib

from envguard.errors import LockError
from envguard.formats import _toml
from envguard.formats._toml import ShapeError
from envguard.model import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from envguard.formats._toml import Document, Table
    from envguard.model import Pin

    Made = TypeVar("Made")

ENTRY = "package"
"""The key of the entries."""


def snapshot(
    data: bytes,
    *,
    path: str,
    format: str,  # noqa: A002 - as in formats.load
    remedy: str,
    read: "Callable[[Document], tuple[Pin, ...]]",
) -> Snapshot:
    """What a lock says.

    Args:
        data: The file's bytes.
        path: The file.
        format: The format's name.
        remedy: What to do about a file that cannot be read.
        read: Makes the pins; it may raise ShapeError.

    Raises:
        LockError: ``read`` refuses the file, or it is no TOML.
    """
    document = _toml.load(data, path)
    try:
        pins = read(document)
    except ShapeError as error:
        raise LockError(f"not a {format} that can be read: {error}", path=path, remedy=remedy) from None
    return Snapshot(path=path, format=format, sha256=hashlib.sha256(data).hexdigest(), pins=pins)


def entries(document: "Document", remedy: str, make: "Callable[[Table, int], Made]") -> "list[Made]":
    """What is made of each entry and its line.

    Raises:
        LockError: An entry has not the form of one; with its line.
        ShapeError: There is no list of entries.
    """

    def made(table: "Table", line: int) -> "Made":
        try:
            return make(table, line)
        except ShapeError as error:
            raise LockError(str(error), path=document.path, line=line, remedy=remedy) from None

    rows = zip(_toml.tables(document.table, ENTRY), document.lines(ENTRY), strict=True)
    return [made(table, line) for table, line in rows]
