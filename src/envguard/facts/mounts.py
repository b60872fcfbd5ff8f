"""On which file systems a change of a file shows in its change time, whoever makes it and however.

Linux updates the change time of a local file at every write, rename, link and change of its status, and no program can
set it. Others are not believed: NFS, FUSE and 9p show what a server says, tmpfs and ZFS do not notice (at once) what is
written through a mapping. Nor is an environment into which something else is mounted, such as a single file of another
file system.

Sources: proc_pid_mountinfo(5); ``file_update_time`` and ``page_mkwrite`` of Linux.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from envguard.facts.reading import ReadFailure, opened
from envguard.facts.tree import is_below

TRUSTED = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "overlay"})
_TABLE = "/proc/self/mountinfo"
_LIMIT = 16 << 20
_OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """One row of the table of mounts."""

    point: str
    kind: str
    """Type of the file system."""
    upper: str
    """Where an overlay writes; empty for others."""


def are_trusted(folders: Iterable[str], mounts: "list[Mount] | None" = None) -> bool:
    """True where every change below all of these folders shows in a change time.

    Args:
        folders: Absolute, links resolved.
        mounts: The table of mounts; None reads that of this process.
    """
    table = read() if mounts is None else mounts
    return bool(table) and all(_is_trusted(folder, table) for folder in folders)


def read() -> list[Mount]:
    """The mounts that this process sees, in the order in which they were made; empty where that is not known."""
    try:
        with opened(_TABLE) as (descriptor, _status), open(descriptor, "rb", closefd=False) as file:
            text = file.read(_LIMIT).decode("utf-8", "surrogateescape")
    except ReadFailure:
        return []
    return parse(text)


def parse(text: str) -> list[Mount]:
    """The rows of a table of mounts; empty where one of them is not understood."""
    rows = []
    for line in text.splitlines():
        before, dash, after = line.partition(" - ")
        place, told = before.split(" "), after.split(" ")
        if not dash or len(place) < 6 or len(told) < 3:
            return []
        upper = next((each[9:] for each in told[2].split(",") if each.startswith("upperdir=")), "")
        rows.append(Mount(_plain(place[4]), told[0], _plain(upper)))
    return rows


def _is_trusted(folder: str, table: list[Mount]) -> bool:
    if any(mount.point != folder and is_below(mount.point, folder) for mount in table):
        return False
    holder = _holder(folder, table)
    if holder is None or holder.kind not in TRUSTED:
        return False
    # The folder of an overlay may lie where this process does not see it; then its own root is asked, an overlay too.
    above = _holder(holder.upper, table) if holder.upper.startswith("/") else None
    return above is None or above.kind in TRUSTED


def _holder(path: str, table: list[Mount]) -> "Mount | None":
    """The mount that a path lies in: of several over one another the last."""
    holders = [(len(mount.point), number) for number, mount in enumerate(table) if is_below(path, mount.point)]
    return table[max(holders)[1]] if holders else None


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda code: chr(int(code[1], 8)), text)
