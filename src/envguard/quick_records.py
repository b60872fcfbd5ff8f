"""What the quick path compares at depth records: hashes of what the metadata folders hold.

They cover the bytes of every RECORD, the head of every METADATA, and every direct_url.json. At depth versions nobody
needs it, so it is a module of its own. It loads nothing that a bare interpreter has not loaded.
"""

import os
from _imp import source_hash  # built in and loaded at every start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.quick import Found

_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_RECORD_LIMIT = 64 << 20
_METADATA_HEAD = 4096
_MISSING = b"         missing"
_SIP_KEY = 0
# Where the packages that tell their own variant keep it; at depth records these files are read as well.
VARIANT_FILES = (("torch-", "torch/version.py"), ("torchvision-", "torchvision/version.py"))
_VARIED = tuple([start for start, _file in VARIANT_FILES])


def content(found: "Found") -> bytes:
    """Hashes of what the metadata folders hold; empty where something is there and cannot be read.

    They are 64-bit SipHashes (see ``quick.sealed``), which need no import and pass a file at three times the speed of
    sha256. They tell every accident. Whoever means to deceive depth records need not find two files of one hash: a
    RECORD says what its author wrote into it, under any hash. Depth files alone reads what is really there.
    """
    pieces: list[bytes] = []
    # One buffer for all files, since fresh ones cost more than the hashing.
    whole, head = memoryview(bytearray(1 << 16)), memoryview(bytearray(_METADATA_HEAD))
    try:
        for name, entry in sorted([(name, entry) for entry, metadata in found for name in metadata]):
            folder = f"{entry}/{name}" if entry else name
            _add(pieces, f"{folder}/RECORD", whole)
            _add(pieces, f"{folder}/METADATA", head, once=True)
            # Most have none, and an exception costs more than the question.
            if os.access(f"{folder}/direct_url.json", os.F_OK):
                _add(pieces, f"{folder}/direct_url.json", whole)
            else:
                pieces.append(_MISSING)
            if name.startswith(_VARIED):
                for start, file in VARIANT_FILES:
                    if name.startswith(start):
                        _add(pieces, f"{entry}/{file}", head, once=True)
            pieces.append(f"{name}{len(name):16d}".encode("utf-8", "surrogateescape"))
    except OSError:
        return b""
    return b"".join(pieces)


def _add(pieces: "list[bytes]", path: str, view: memoryview, *, once: bool = False) -> None:
    """Hash a file; a missing file counts as such.

    The hashes of its parts are followed by its length in fixed width, so that no two files look the same.
    """
    try:
        descriptor = os.open(path, _READ_ONLY)
    except FileNotFoundError:
        pieces.append(_MISSING)
        return
    try:
        target = [view]
        length = size = os.readv(descriptor, target)
        while size:
            pieces.append(source_hash(_SIP_KEY, view[:size]))
            if once:
                break
            size = os.readv(descriptor, target)
            length += size
            if length > _RECORD_LIMIT:
                raise OSError("endless")
    finally:
        os.close(descriptor)
    pieces.append(b"%16d" % length)
