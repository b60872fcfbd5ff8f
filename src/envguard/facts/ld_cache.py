"""``/etc/ld.so.cache``: where ldconfig has seen each library.

The format stands in glibc, ``sysdeps/generic/dl-cache.h``: a header of 48 bytes, entries of 24 bytes, strings. An older
format may come first; ldconfig wrote both until glibc 2.32, and the newer one follows it.
"""

import os
import struct

from envguard.facts.reading import ReadFailure, read as read_file

_LIMIT = 8 << 20
"""Bytes. A full desktop has 200 KB."""
_NAME_LIMIT = 4096
"""PATH_MAX: the loader could not open a longer name."""
_TEXT_LIMIT = 64 << 20
"""Bytes of all names together: entries may point into the same string, so the file's size does not bound them."""

_OLD_MAGIC = b"ld.so-1.7.0"
_OLD_HEADER = 16
_OLD_ENTRY = 12
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER = 48
_ENTRY = 24
_BIG_ENDIAN = 3


class CacheError(Exception):
    """The bytes are no cache that glibc would read.

    Attributes:
        why: In a few words.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def read(path: str = "/etc/ld.so.cache") -> dict[str, tuple[str, ...]]:
    """What a cache file lists; nothing where there is none, as the loader then goes on without.

    Raises:
        CacheError: There is one, and it cannot be read.
    """
    try:
        return parse(read_file(path, _LIMIT))
    except ReadFailure as failure:
        if failure.missing:
            return {}
        raise CacheError(failure.why) from failure


def parse(data: bytes) -> dict[str, tuple[str, ...]]:
    """Name of each library to the paths where it lies, in the order of the file, which is that of preference.

    Paths for other machines and for better processors are among them: the loader looks at each file.

    Raises:
        CacheError: Whatever is wrong with the bytes.
    """
    start = _start(data)
    if len(data) < start + _HEADER:
        raise CacheError("ends within its header")
    order = ">" if data[start + 28] & 3 == _BIG_ENDIAN else "<"
    (count,) = struct.unpack_from(f"{order}I", data, start + len(_NEW_MAGIC))
    room = (len(data) - start - _HEADER) // _ENTRY
    if count > room:
        raise CacheError(f"says that it has {count} entries and has room for {room}")
    found: dict[str, list[str]] = {}
    text = 0
    for number in range(count):
        key, value = struct.unpack_from(f"{order}II", data, start + _HEADER + _ENTRY * number + 4)
        name, path = _string(data, start + key), _string(data, start + value)
        text += len(name) + len(path)
        if text > _TEXT_LIMIT:
            raise CacheError(f"names more than {_TEXT_LIMIT} bytes of paths")
        found.setdefault(name, []).append(path)
    return {name: tuple(paths) for name, paths in found.items()}


def _start(data: bytes) -> int:
    """Where the newer format begins: offsets of strings count from there."""
    if data.startswith(_NEW_MAGIC):
        return 0
    if not data.startswith(_OLD_MAGIC) or len(data) < _OLD_HEADER:
        raise CacheError("is no cache of glibc")
    for order in "<>":
        (count,) = struct.unpack_from(f"{order}I", data, _OLD_HEADER - 4)
        start: int = (_OLD_HEADER + _OLD_ENTRY * count + 7) & ~7  # aligned as the structure that follows
        if data[start : start + len(_NEW_MAGIC)] == _NEW_MAGIC:
            return start
    raise CacheError("has only the format of glibc 2.1")


def _string(data: bytes, offset: int) -> str:
    end = data.find(b"\0", offset, offset + _NAME_LIMIT)
    if end < 0:
        raise CacheError("a name lies outside of the file, or does not end")
    return os.fsdecode(data[offset:end])
