"""The path on which everything is pinned: prove it in a millisecond, or say nothing.

A lock that ``freeze`` wrote holds two digests beside its pins. ``folders`` covers the names of all metadata folders on
sys.path; ``evidence`` covers the bytes of every RECORD, the head of every METADATA, and every direct_url.json. Where
the digests of the running environment are the same, the set of distributions is the one that was frozen.

This path only ever answers "pinned". Anything odd, unreadable or different leaves it for the full pipeline, which alone
explains. It loads no module that a bare interpreter has not loaded already, apart from a hash function.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from envguard.model import Report

HEADER = "# envguard: lock 1"
OWN_FOLDER = "envguard_lock-"
"""The guard's own metadata folder is never drift, so it is in no digest."""

_FOLDERS = b"\n# envguard: folders sha256:"
_EVIDENCE = b"\n# envguard: evidence sha256:"
_END = b"\n# envguard: end packages="
_HEX = 64
_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_RECORD_LIMIT = 64 << 20
_METADATA_HEAD = 4096
# Where the packages that tell their own variant keep it; at depth records these files are read as well.
VARIANT_FILES = (("torch-", "torch/version.py"), ("torchvision-", "torchvision/version.py"))


def sealed(data: bytes) -> "tuple[int, str, str] | None":
    """Check the seal of a lock.

    Returns:
        The number of packages that the last line states, that line's seal, and the sha256 of the whole file; None when
        ``data`` is no sealed lock or the seal does not fit.
    """
    start = data.rfind(_END)
    if start < 0 or not data.startswith(HEADER.encode()):
        return None
    count, space, seal = data[start + len(_END) :].partition(b" sha256:")
    digest = _sha256()(data[: start + 1])
    if not space or digest.hexdigest().encode() + b"\n" != seal or not count.isdigit():
        return None
    digest.update(data[start + 1 :])
    return int(count), seal[:_HEX].decode(), digest.hexdigest()


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
    wanted = _digest_after(_FOLDERS, data)
    found = folders(paths) if wanted else None
    if found is None or names_digest(found) != wanted:
        return None
    if depth == "versions":
        return len(found)
    wanted = _digest_after(_EVIDENCE, data)
    if not wanted or evidence_digest(found) != wanted:
        return None
    return len(found)


def has_evidence(data: bytes) -> bool:
    """True for a lock that seals record digests."""
    return _EVIDENCE in data or b" record=sha256:" in data


def folders(paths: "Iterable[object]") -> "list[tuple[str, str]] | None":
    """Every metadata folder on the path, as sorted ``(name, sys.path entry)``; the guard's own is left out.

    Returns:
        None where names alone prove nothing: an entry that cannot be listed, no metadata at all, or a module that an
        earlier folder offers under the name of one in a later folder.
    """
    found: list[tuple[str, str]] = []
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
        metadata = [
            (name, entry)
            for name in listing
            if name[-5:] == "-info" or name[0] in "~-" or name.endswith((".egg", ".egg-link"))
        ]
        found += metadata
        listings.append((entry, listing, bool(metadata)))
    found = [item for item in found if not item[0].startswith(OWN_FOLDER)]
    found.sort()
    if not found or _shadowed(listings):
        return None
    return found


def names_digest(found: "Iterable[tuple[str, str]]") -> str:
    """The digest of the names of metadata folders, wherever they lie."""
    text = "\n".join([name for name, _entry in found])
    return str(_sha256()(text.encode("utf-8", "surrogateescape")).hexdigest())


def evidence_digest(found: "Sequence[tuple[str, str]]") -> str:
    """The digest of what the metadata folders hold; empty where something could not be read."""
    digest = _fast_sha256()()
    for name, entry in found:
        folder = f"{entry}/{name}" if entry else name
        pieces = [
            _read(f"{folder}/RECORD", _RECORD_LIMIT),
            _read(f"{folder}/METADATA", _METADATA_HEAD),
            _read(f"{folder}/direct_url.json", _RECORD_LIMIT),
        ]
        pieces += [_read(f"{entry}/{file}", _METADATA_HEAD) for start, file in VARIANT_FILES if name.startswith(start)]
        # Lengths keep two pieces from flowing into one another.
        digest.update(f"{name} {[len(piece) for piece in pieces]}\n".encode("utf-8", "surrogateescape"))
        for piece in pieces:
            digest.update(piece)
    return str(digest.hexdigest())


def _read(path: str, limit: int) -> bytes:
    """The first ``limit`` bytes of a file, empty where there is none: what is missing shows as a length of 0."""
    try:
        descriptor = os.open(path, _READ_ONLY)
    except OSError:
        return b""
    try:
        data = os.read(descriptor, min(limit, 1 << 20))
        if len(data) < 1 << 20:
            return data
        chunks = [data]
        while len(data) == 1 << 20 and len(chunks) < limit >> 20:
            data = os.read(descriptor, 1 << 20)
            chunks.append(data)
        return b"".join(chunks)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _shadowed(listings: "list[tuple[str, list[str], bool]]") -> bool:
    """True where a folder offers a module that a later folder with metadata holds too.

    The standard library comes first by design and is left out. This is a suspicion only; facts.origin decides.
    """
    standard = os.path.dirname(os.__file__)
    later: set[str] = set()
    for entry, listing, has_metadata in reversed(listings):
        if entry.startswith(standard) and not has_metadata:
            continue
        if later and any(_offers(name, later) for name in listing):
            return True
        if has_metadata:
            later.update(listing)
    return False


def _offers(name: str, later: "set[str]") -> bool:
    stem, dot, suffix = name.partition(".")
    if (dot and suffix not in ("py", "pyc") and name[-3:] != ".so") or stem == "__pycache__":
        return False
    if stem in later or f"{stem}.py" in later:
        return True
    import _imp

    return any(f"{stem}{ending}" in later for ending in _imp.extension_suffixes())


def _digest_after(directive: bytes, data: bytes) -> str:
    start = data.find(directive)
    if start < 0:
        return ""
    start += len(directive)
    return data[start : start + _HEX].decode("ascii", "replace")


def _sha256() -> "Callable[[bytes], Any]":
    """A sha256 whose import is cheap: OpenSSL costs ten times more to load than the few kilobytes cost to hash."""
    try:
        from _sha256 import sha256  # Python 3.10 and 3.11
    except ImportError:
        try:
            from _sha2 import sha256  # Python 3.12 and later
        except ImportError:
            from hashlib import sha256
    return sha256  # type: ignore[no-any-return]


def _fast_sha256() -> "Callable[[], Any]":
    """A sha256 that uses the CPU's SHA instructions, for megabytes."""
    try:
        from _hashlib import openssl_sha256
    except ImportError:
        from hashlib import sha256

        return sha256
    return openssl_sha256  # type: ignore[no-any-return]


class PinnedReport:
    """Stands for the ``Report`` of a pinned environment until somebody reads more of it than that it is pinned.

    Loading the values costs as much as half the check, and most services only want not to be refused.
    """

    __slots__ = ("_facts", "_report")
    pinned = True
    verdict = "pinned"
    findings = ()

    def __init__(self, facts: "dict[str, Any]") -> None:
        self._facts = facts
        self._report: Report | None = None

    @property
    def lock_sha256(self) -> str:
        """Hex digest of the golden file."""
        return str(self._facts["lock_sha256"])

    def full(self) -> "Report":
        """The report that this object stands for."""
        if self._report is None:
            from envguard.model import Report

            self._report = Report(**self._facts)
        return self._report

    def __getattr__(self, name: str) -> object:
        return getattr(self.full(), name)

    def __repr__(self) -> str:
        return repr(self.full())

    def __eq__(self, other: object) -> bool:
        return bool(self.full() == (other.full() if type(other) is PinnedReport else other))

    def __hash__(self) -> int:
        return hash(self.full())

    def __reduce__(self) -> "tuple[Any, ...]":
        return self.full().__reduce__()

    @property
    def __class__(self) -> type:  # type: ignore[override]
        # isinstance(report, envguard.Report) holds for every report.
        from envguard.model import Report

        return Report


def pinned_report(path: str, depth: str, seal: "tuple[int, str, str]", found: int) -> "Report":
    """The report of an environment that was proven to be pinned."""
    return PinnedReport(  # type: ignore[return-value] # it stands for a Report
        {
            "lock": path,
            "format": "envguard.lock",
            "lock_sha256": seal[2],
            "prefix": sys.prefix,
            "depth": depth,
            "packages": seal[0],
            "installed": found,
            "checks": ("quick",),
        }
    )
