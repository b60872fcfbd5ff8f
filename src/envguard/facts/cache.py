"""What was read from files once, kept for the next process: facts of bytes, never a verdict.

An entry belongs to a record digest, so it holds for the same wheel in every environment of a user. It lies in
``envguard/evidence-1`` below XDG_CACHE_HOME, or ``~/.cache``, and may be deleted at any time. ENVGUARD_CACHE=off
switches the cache off.

Nothing is believed that somebody else could have written: folders and files must belong to the effective user, must not
be links and must not be writable for others. Whatever is wrong with the cache, the answer is that nothing is known, and
the files themselves are read. Entries are replaced as a whole, so any number of processes may write at once.

Source: XDG Base Directory Specification 0.8.
"""

import json
import os
import re
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
"""Stands in the folder's name and in every entry."""
SIZE_LIMIT = 8 << 20
"""Bytes of an entry; the largest seen, of a distribution with 1,400 shared objects, has 300 KB."""
BYTES_LIMIT = 128 << 20
"""Bytes of an entry that is no JSON; 100,000 files of an environment are 9 MB."""

_FOLDERS = ("envguard", f"evidence-{FORMAT}")
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_OTHERS_MAY_WRITE = 0o022


def load(record: str) -> "dict[str, Any] | None":
    """What is known about a distribution.

    Args:
        record: Its record digest, ``sha256:<hex>``.

    Returns:
        None where there is no entry that can be believed.
    """
    try:
        entry = json.loads(_kept(_name(record), SIZE_LIMIT))
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or entry.get("format") != FORMAT or entry.get("record") != record:
        return None
    return entry


def store(record: str, facts: "dict[str, Any]") -> None:
    """Keep what is known about a distribution, or do nothing where that is not possible.

    Args:
        record: Its record digest, ``sha256:<hex>``.
        facts: Whatever JSON can hold.
    """
    data = json.dumps({"format": FORMAT, "record": record, **facts}, separators=(",", ":")).encode("ascii")
    _keep(_name(record), data, SIZE_LIMIT)


def load_bytes(key: str) -> bytes:
    """What was kept under a key that is no record digest; empty where there is nothing that can be believed.

    Args:
        key: ``sha256:<hex>``.
    """
    return _kept(_name(key, "bytes"), BYTES_LIMIT)


def store_bytes(key: str, data: bytes) -> None:
    """Keep bytes under a key, or do nothing where that is not possible.

    Args:
        key: ``sha256:<hex>``.
        data: What to keep.
    """
    _keep(_name(key, "bytes"), data, BYTES_LIMIT)


def _kept(name: str, limit: int) -> bytes:
    """What a file of the cache holds; empty where there is nothing that can be believed."""
    folder = _open_folder(create=False) if name else None
    if folder is None:
        return b""
    try:
        return _read(name, folder, limit)
    except OSError:
        return b""
    finally:
        os.close(folder)


def _keep(name: str, data: bytes, limit: int) -> None:
    folder = _open_folder(create=True) if name and len(data) <= limit else None
    if folder is None:
        return
    try:
        _replace(name, data, folder)
    except OSError:
        return  # a full or read-only disk is no reason to fail
    finally:
        os.close(folder)


def is_on() -> bool:
    """False where nothing can be kept: there is no cache directory, or none is wanted."""
    return bool(_base())


def _name(record: str, suffix: str = "json") -> str:
    algorithm, _colon, digest = record.partition(":")
    return f"{digest}.{suffix}" if algorithm == "sha256" and _DIGEST.fullmatch(digest) else ""


def _base() -> str:
    """The user's cache directory; empty where there is none, or none is wanted."""
    if os.environ.get("ENVGUARD_CACHE", "").lower() == "off":
        return ""
    told = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(told):
        return told
    home = os.environ.get("HOME", "")
    return os.path.join(home, ".cache") if os.path.isabs(home) else ""


def _open_folder(*, create: bool) -> int | None:
    """A descriptor of the folder of entries; None where there is none that can be believed."""
    base = _base()
    if not base:
        return None
    try:
        if create:
            os.makedirs(base, 0o700, exist_ok=True)
        descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # may be a link of the user's own
    except (OSError, ValueError):
        return None
    for name in _FOLDERS:
        below = _open_below(descriptor, name, create=create)
        os.close(descriptor)
        if below is None:
            return None
        descriptor = below
    return descriptor


def _open_below(parent: int, name: str, *, create: bool) -> int | None:
    try:
        if create:
            _make(name, parent)
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return None
    if _is_ours(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


def _make(name: str, parent: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & _OTHERS_MAY_WRITE


def _read(name: str, folder: int, limit: int = SIZE_LIMIT) -> bytes:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _is_ours(status) or status.st_size > limit:
            return b""
        return file.read(limit)


def _replace(name: str, data: bytes, folder: int) -> None:
    temporary = f".{name}.{os.getpid()}.{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
