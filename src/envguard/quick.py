"""The path on which everything is pinned: prove it in milliseconds, or say nothing.

A lock that ``freeze`` wrote holds two things beside its pins: the names of all metadata folders on sys.path, and
``evidence``, a checksum of the bytes of every RECORD, the head of every METADATA, and every direct_url.json. Where the
running environment has the same, its distributions are those that were frozen.

This path only ever answers "pinned". Anything odd, unreadable or different leaves it for the full pipeline, which alone
explains. It loads no module that a bare interpreter has not loaded already.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Found = list[tuple[str, list[str]]]

HEADER = "# envguard: lock 1"
OWN_FOLDER = "envguard_lock-"
"""The guard's own metadata folder is never drift, so it is in no digest."""

_FOLDERS = b"\n# envguard: folders "
_EVIDENCE = b"\n# envguard: evidence "
_END = b"\n# envguard: end packages="
_SIP = b"siphash:"
_SIP_KEY = 0
_HEX = 64
_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_RECORD_LIMIT = 64 << 20
_METADATA_HEAD = 4096
# Where the packages that tell their own variant keep it; at depth records these files are read as well.
VARIANT_FILES = (("torch-", "torch/version.py"), ("torchvision-", "torchvision/version.py"))


def sealed(data: bytes) -> "tuple[int, str] | None":
    """Check the seal of a lock: the sha256 of all bytes above the last line, and a checksum of that line and them.

    The seal has no key, so it shows accidents and edits, not forgery; whoever can forge one can forge the other. For
    that the checksum is as good as the sha256, and is there without an import. It is PEP 552's source hash, which
    differs between Python versions: where it does not fit, the sha256 decides.

    Returns:
        The number of packages that the last line states, and the seal's hex digest; None when ``data`` is no sealed
        lock or the seal does not fit.
    """
    start = data.rfind(_END)
    if start < 0 or not data.startswith(HEADER.encode()):
        return None
    count, words, seal = data[start + len(_END) :].partition(b" sha256:")
    if not words or len(seal) != _HEX + 1 + len(_SIP) + 16 + 1 or not count.isdigit():
        return None
    digest = seal[:_HEX].decode("ascii", "replace")
    if checksum(memoryview(data)[: -17 - len(_SIP)]) != seal[_HEX + 1 :].decode("ascii", "replace")[:-1]:
        from hashlib import sha256

        if sha256(data[: start + 1]).hexdigest() != digest:
            return None
    return int(count), digest


def checksum(data: "bytes | memoryview") -> str:
    """The checksum at the end of a lock, with its name: ``siphash:`` and 16 hex digits."""
    import _imp  # built in and loaded at every start

    return _SIP.decode() + _imp.source_hash(_SIP_KEY, data).hex()


def is_checksum(text: str) -> bool:
    """True for what ``checksum`` and ``evidence`` write."""
    digits = text.removeprefix(_SIP.decode())
    return len(text) - len(digits) == len(_SIP) and len(digits) == 16 and not digits.strip("0123456789abcdef")


def head(*, implementation: str, version: str, soabi: str, system: str, machine: str, libc: str) -> str:
    """The first three lines of a lock: its format, and the interpreter and platform that it was made for."""
    platform = f"{system} {machine} {libc}".rstrip()
    return f"{HEADER}\n# envguard: interpreter {implementation} {version} {soabi}\n# envguard: platform {platform}\n"


def running_head() -> "str | None":
    """The head of a lock made by the running interpreter; None where that needs the full pipeline to find out."""
    import _imp  # built in and loaded at every start

    suffixes = _imp.extension_suffixes()
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        return None
    version = sys.version_info
    if not suffixes or not libc or version.releaselevel != "final":
        return None
    soabi = suffixes[0].rpartition(".so")[0].lstrip(".")
    number = f"{version[0]}.{version[1]}.{version[2]}"
    return head(
        implementation=sys.implementation.name,
        version=number,
        soabi=soabi,
        system=sys.platform,
        machine=os.uname().machine,
        libc=libc,
    )


def prove(data: bytes, depth: str, paths: "Sequence[object]") -> "int | None":
    """Try to prove that the running environment is the one that was frozen.

    Args:
        data: The bytes of a lock whose seal was checked.
        depth: ``versions`` or ``records``.
        paths: sys.path.

    Returns:
        How many metadata folders were found, or None: not proven.
    """
    expected = running_head()
    if expected is None or not data.startswith(expected.encode()):
        return None
    wanted = _after(_FOLDERS, data)
    found = folders(paths) if wanted else None
    if found is None or names(found) != wanted:
        return None
    if depth == "records" and evidence(found) != _after(_EVIDENCE, data):
        return None
    return count(found)


def has_records(data: bytes) -> bool:
    """True for a lock that seals record digests."""
    return b" record=sha256:" in data


def folders(paths: "Iterable[object]") -> "Found | None":
    """Every metadata folder on the path, in no order: each sys.path entry with the names in it.

    The guard's own is left out.

    Returns:
        None where names alone prove nothing: an entry that cannot be listed, no metadata at all, leftovers and eggs, or
        a module that an earlier folder offers under the name of one in a later folder.
    """
    found: Found = []
    listings: list[tuple[str, list[str], bool]] = []
    for entry in paths:
        if not isinstance(entry, str):
            return None
        try:
            listing = os.listdir(entry or ".")
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            return None
        joined = "\n".join(listing)
        joined = f"\n{joined}\n"
        if "\n~" in joined or "\n-" in joined or (".egg" in joined and (".egg\n" in joined or ".egg-link\n" in joined)):
            return None
        has_metadata = "-info\n" in joined
        if has_metadata:
            metadata = [name for name in listing if name[-5:] == "-info"]
            if OWN_FOLDER in joined:
                metadata = [name for name in metadata if not name.startswith(OWN_FOLDER)]
            found.append((entry, metadata))
        listings.append((entry, listing, has_metadata))
    if not count(found) or _shadowed(listings):
        return None
    return found


def count(found: "Found") -> int:
    """How many metadata folders there are."""
    return sum([len(metadata) for _entry, metadata in found])


def names(found: "Found") -> str:
    """The sorted names of metadata folders, wherever they lie, as they stand in a lock."""
    together: list[str] = []
    for _entry, metadata in found:
        together += metadata
    together.sort()
    return " ".join(together)


def evidence(found: "Found") -> str:
    """A checksum of what the metadata folders hold; empty where something is there and cannot be read.

    It is made of 64-bit SipHashes (see ``sealed``), which need no import and pass a file at three times the speed of
    sha256. They tell every accident. Whoever means to deceive depth records need not find two files of one hash: a
    RECORD says what its author wrote into it, under any hash. Depth files alone reads what is really there.
    """
    pieces: list[bytes] = []
    whole, head_only = bytearray(1 << 16), bytearray(_METADATA_HEAD)
    try:
        for name, entry in sorted([(name, entry) for entry, metadata in found for name in metadata]):
            folder = f"{entry}/{name}" if entry else name
            _add(pieces, f"{folder}/RECORD", whole)
            _add(pieces, f"{folder}/METADATA", head_only, once=True)
            _add(pieces, f"{folder}/direct_url.json", whole)
            for start, file in VARIANT_FILES:
                if name.startswith(start):
                    _add(pieces, f"{entry}/{file}", head_only, once=True)
            pieces.append(f"{name}{len(name):16d}".encode("utf-8", "surrogateescape"))
    except OSError:
        return ""
    return checksum(b"".join(pieces))


def _add(pieces: "list[bytes]", path: str, buffer: bytearray, *, once: bool = False) -> None:
    """Hash a file through one buffer, since fresh ones cost more than the hashing; a missing file counts as such.

    The hashes of its parts are followed by its length in fixed width, so that no two files look the same.
    """
    from _imp import source_hash  # built in and loaded at every start

    try:
        descriptor = os.open(path, _READ_ONLY)
    except FileNotFoundError:
        pieces.append(b"         missing")
        return
    try:
        view = memoryview(buffer)
        target = [buffer]
        length = size = os.readv(descriptor, target)
        while size:
            pieces.append(source_hash(_SIP_KEY, view[:size]))
            size = 0 if once else os.readv(descriptor, target)
            length += size
            if length > _RECORD_LIMIT:
                raise OSError("endless")
    finally:
        os.close(descriptor)
    pieces.append(b"%16d" % length)


def _shadowed(listings: "list[tuple[str, list[str], bool]]") -> bool:
    """True where a folder offers a module that a later folder with metadata holds too.

    The standard library comes first by design and is left out. This is a suspicion only; facts.origin decides.
    """
    standard = os.path.dirname(os.__file__)
    later: list[tuple[str, set[str]]] = []
    for entry, listing, has_metadata in reversed(listings):
        if entry.startswith(standard) and not has_metadata:
            continue
        for place, names in later:
            if any(_hides(f"{entry or '.'}/{name}", name, place, names) for name in listing):
                return True
        if has_metadata:
            later.append((entry, set(listing)))
    return False


def _hides(path: str, name: str, place: str, names: "set[str]") -> bool:
    """True where importing the stem of ``name`` would, or might, find ``path`` instead of what ``place`` holds."""
    stem, dot, suffix = name.partition(".")
    if name == "__pycache__" or (dot and suffix not in ("py", "pyc") and name[-3:] != ".so"):
        return False
    is_module = f"{stem}.py" in names or any(f"{stem}{ending}" in names for ending in _extension_suffixes())
    if not is_module and stem not in names:
        return False
    # A folder without __init__ loses to any regular package or module, wherever that lies (PEP 420).
    return bool(dot) or _is_package(path) or not (is_module or _is_package(f"{place}/{stem}"))


def _is_package(folder: str) -> bool:
    try:
        return any(name.startswith("__init__.") for name in os.listdir(folder))
    except OSError:
        return False


def _extension_suffixes() -> "list[str]":
    import _imp

    return _imp.extension_suffixes()


def _after(directive: bytes, data: bytes) -> str:
    start = data.find(directive)
    if start < 0:
        return ""
    start += len(directive)
    return data[start : data.find(b"\n", start)].decode("ascii", "replace")
