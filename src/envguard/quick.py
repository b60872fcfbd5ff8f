"""The path on which everything is pinned: prove it in milliseconds and remember it, or leave it to ``envguard.guard``.

A lock that ``freeze`` wrote holds two things beside its pins: the names of all metadata folders on sys.path, and
``evidence``, a checksum of what these folders hold (``envguard.quick_records``). Where the running environment has the
same, its distributions are those that were frozen.

This path only ever answers "pinned". Anything odd, unreadable or different leaves it for the full pipeline, which alone
explains. It loads no module that a bare interpreter has not loaded already, and stands in one file together with the
memory of ``envguard.latch``: a module costs a tenth of the whole check before it does anything.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from envguard.model import Depth, Report, Verdict

    Found = list[tuple[str, list[str]]]
    Asked = tuple[str | os.PathLike[str] | None, object, object, object, object]

HEADER = "# envguard: lock 1"
OWN_FOLDER = "envguard_lock-"
"""The guard's own metadata folder is never drift, so it is in no digest."""

_FOLDERS = b"\n# envguard: folders "
_EVIDENCE = b"\n# envguard: evidence "
_END = b"\n# envguard: end packages="
SIP = b"siphash:"
_SIP_KEY = 0
_HEX = 64
_LOCK_LIMIT = 64 << 20

EXPECT = "ENVGUARD_EXPECT"
"""Environment variable: the digest of each golden file that this process or a parent found pinned, comma separated."""
# What this process knows; envguard.latch says how it is kept and why.
refusals: "list[BaseException]" = []
passed: "dict[tuple[object, ...], Report]" = {}
publishers: "list[int]" = []
_ALLOWED = (None, "safe", "cautious")
_DEPTHS = (None, "versions", "records")


def assert_pinned(
    lock: "str | os.PathLike[str] | None" = None,
    *,
    depth: "Depth | None" = None,
    allow: "Verdict | None" = None,
    only: "str | Iterable[str] | None" = None,
    sha256: "str | None" = None,
) -> "Report":
    """Refuse to go on unless the environment of this process is the one that was frozen.

    Args:
        lock: The golden file. Default: ENVGUARD_LOCK, else ``[tool.envguard] lock`` or ``envguard.lock`` in the working
            directory or the nearest folder above it.
        depth: ``versions``, ``records``, ``files`` or ``native``; default ``records`` where the lock seals record
            digests.
        allow: Let differences pass that are judged ``safe``, or ``cautious`` and milder. Default: none.
        only: Names or patterns (``torch*``) of the packages to judge; default all.
        sha256: Hex digest that the golden file itself must have.

    Returns:
        The report; its ``verdict`` is ``pinned`` unless ``allow`` let something pass or a bypass was honoured.

    Raises:
        DriftError: Something differs. The error carries the report.
        UnverifiableError: The comparison could not be made, or something in it could not be verified.
        LockError: There is no golden file, or it is broken, or it is not the one that was asked for.
        RuleError: The rule table is broken.
        UsageError: An argument makes no sense.
    """
    try:
        report: Report | None = None
        if not (refusals or only or sha256) and allow in _ALLOWED and depth in _DEPTHS:
            report = _proven_at(lock, depth)
        if report is None:
            from envguard.guard import refuse_unless_pinned

            return refuse_unless_pinned(lock, depth=depth, allow=allow, only=only, sha256=sha256)
        remember((lock, depth, allow, only, sha256), report)
    except Exception as error:
        from envguard.guard import refusal_of

        refusal = refusal_of(error)
        if refusal is error:
            raise
        raise refusal from error
    return report


def _proven_at(lock: "str | os.PathLike[str] | None", depth: "Depth | None") -> "Report | None":
    """The report of a golden file that was named and can be read; None for all else."""
    named = lock or os.environ.get("ENVGUARD_LOCK")
    if not named or "ENVGUARD_LOCK_SHA256" in os.environ:
        return None
    path = os.fspath(named)
    try:
        data = read(path)
    except (OSError, ValueError):
        return None
    return proven(path, data, depth, sys.path)


def read(path: str) -> bytes:
    """The bytes of a golden file, 64 MiB at most.

    Raises:
        OSError, ValueError: It cannot be read, or there can be no file of that name.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        chunks = []
        # A chunk of just the file's size: the kernel need not map a page that stays unused.
        size = min(os.fstat(descriptor).st_size + 1, 1 << 20)
        room = _LOCK_LIMIT
        while room > 0 and (chunk := os.read(descriptor, size)):
            chunks.append(chunk)
            room -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def proven(path: str, data: bytes, depth: "Depth | None", paths: "Sequence[object]") -> "Report | None":
    """The report of a golden file that the running environment was proven to equal; None where that needs more.

    Args:
        path: Of the golden file.
        data: Its bytes.
        depth: ``versions``, ``records`` or None, as in ``assert_pinned``.
        paths: sys.path.
    """
    seal = sealed(data)
    if seal is None:
        return None
    reached = depth or ("records" if b" record=sha256:" in data else "versions")
    found = prove(data, reached, paths)
    if found is None:
        return None
    return PinnedReport(  # type: ignore[return-value] # it stands for a Report
        {
            "lock": path,
            "format": "envguard.lock",
            "data": data,
            "seal": seal[1],
            "prefix": sys.prefix,
            "depth": reached,
            "packages": seal[0],
            "installed": count(found),
        }
    )


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
    if not words or len(seal) != _HEX + 1 + len(SIP) + 16 + 1 or not count.isdigit():
        return None
    digest = seal[:_HEX].decode("ascii", "replace")
    if checksum(memoryview(data)[: -17 - len(SIP)]) != seal[_HEX + 1 :].decode("ascii", "replace")[:-1]:
        from hashlib import sha256

        if sha256(data[: start + 1]).hexdigest() != digest:
            return None
    return int(count), digest


def checksum(data: "bytes | memoryview") -> str:
    """The checksum at the end of a lock, with its name: ``siphash:`` and 16 hex digits."""
    import _imp  # built in and loaded at every start

    return SIP.decode() + _imp.source_hash(_SIP_KEY, data).hex()


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


def prove(data: bytes, depth: str, paths: "Sequence[object]") -> "Found | None":
    """Try to prove that the running environment is the one that was frozen.

    Args:
        data: The bytes of a lock whose seal was checked.
        depth: ``versions`` or ``records``.
        paths: sys.path.

    Returns:
        The metadata folders that were found, or None: not proven.
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
    return found


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
        # One text of all names: each search of it costs less than looking at ten names.
        joined = "\n".join(listing)
        joined = f"\n{joined}\n"
        if ("~" in joined and "\n~" in joined) or "\n-" in joined:
            return None
        if ".egg" in joined and (".egg\n" in joined or ".egg-link\n" in joined):
            return None
        number = joined.count("-info\n")
        if number:
            metadata = [name for name in listing if "-info" in name]
            if len(metadata) != number:  # some have it elsewhere than at the end
                metadata = [name for name in metadata if name.endswith("-info")]
            if OWN_FOLDER in joined:
                _drop_own(metadata, joined)
            found.append((entry, metadata))
        listings.append((entry, listing, number > 0))
    if not count(found) or _shadowed(listings):
        return None
    return found


def _drop_own(metadata: "list[str]", joined: str) -> None:
    """Takes out the guard's own metadata folder, found in the text of all names."""
    start = f"\n{OWN_FOLDER}"
    at = joined.find(start)
    while at >= 0:
        own = joined[at + 1 : joined.find("\n", at + 1)]
        if own in metadata:
            metadata.remove(own)
        at = joined.find(start, at + 1)


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
    """A checksum of what the metadata folders hold; empty where something is there and cannot be read."""
    from envguard import quick_records

    content = quick_records.content(found)
    return checksum(content) if content else ""


def _shadowed(listings: "list[tuple[str, list[str], bool]]") -> bool:
    """True where a folder offers a module that a later folder with metadata holds too.

    The standard library comes first by design and is left out. This is a suspicion only; facts.origin decides.
    """
    standard = os.path.dirname(os.__file__)
    ours = [each for each in listings if each[1] and (each[2] or not each[0].startswith(standard))]
    if len(ours) < 2:
        return False
    later: list[tuple[str, set[str]]] = []
    for entry, listing, has_metadata in reversed(ours):
        for place, names in later:
            if _may_clash(listing, names):
                from envguard.quick_shadows import hides

                if any(hides(f"{entry or '.'}/{name}", name, place, names) for name in listing):
                    return True
        if has_metadata:
            later.append((entry, set(listing)))
    return False


def _may_clash(listing: "list[str]", names: "set[str]") -> bool:
    """True where ``names`` hold a module or folder of the same stem as one of ``listing``; else nothing is hidden."""
    import _imp  # built in and loaded at every start

    stems = [name.partition(".")[0] for name in listing]
    if not names.isdisjoint(stems):
        return True
    endings = (".py", *_imp.extension_suffixes())
    return any(not names.isdisjoint([stem + ending for stem in stems]) for ending in endings)


def _after(directive: bytes, data: bytes) -> str:
    start = data.find(directive)
    if start < 0:
        return ""
    start += len(directive)
    return data[start : data.find(b"\n", start)].decode("ascii", "replace")


class PinnedReport:
    """Stands for the ``Report`` of a pinned environment until somebody reads more of it than that it is pinned.

    Loading the values costs as much as half the check, and most services only want not to be refused.
    """

    __slots__ = ("_facts", "_report", "seal")
    pinned = True
    verdict = "pinned"
    findings = ()

    def __init__(self, facts: "dict[str, Any]") -> None:
        self._facts = facts
        self._report: Report | None = None
        self.seal: str = facts["seal"]

    def full(self) -> "Report":
        """The report that this object stands for."""
        if self._report is None:
            from envguard.guard import report_of

            self._report = report_of(self._facts)
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

    @property  # type: ignore[misc] # object's __class__ can be written, this one need not be
    def __class__(self) -> type:
        # isinstance(report, envguard.Report) holds for every report.
        from envguard.model import Report

        return Report


def remember(asked: "Asked", report: "Report") -> None:
    """Keep the report of a check that passed, for this process and its future forks, and tell its children.

    Args:
        asked: The arguments of ``assert_pinned`` in order: lock, depth, allow, only, sha256.
        report: What was found.

    Raises:
        LockError: A parent expects other golden files than this one.
    """
    named = expected()
    if not named:
        publish([report.seal])
    # A parent names a golden file by its seal; somebody may have done so by the sha256 of its bytes.
    elif report.seal not in named and report.lock_sha256 not in named:
        from envguard.latch import expect

        expect(report.seal)
    passed[question(*asked)] = report


def publish(digests: "list[str]") -> None:
    """Tell children that this process found these golden files pinned."""
    os.environ[EXPECT] = f"{','.join(digests)}@{sys.prefix}"
    publishers[:] = [os.getpid()]


def expected() -> "list[str]":
    """What a parent, or whoever set the variable by hand, expects of a process of this environment."""
    digests, mark, prefix = os.environ.get(EXPECT, "").partition("@")
    return [] if not digests or (mark and prefix != sys.prefix) else digests.split(",")


def question(
    lock: "str | os.PathLike[str] | None", depth: object, allow: object, only: "Any", sha256: object
) -> "tuple[object, ...]":
    """Equal for two calls that ask the same, what a missing argument falls back to included."""
    environ = os.environ
    chosen = os.fspath(lock) if lock is not None else environ.get("ENVGUARD_LOCK", "")
    folder = "" if chosen.startswith("/") else _working_folder()
    patterns = only if only is None or isinstance(only, str) else tuple(only)
    return chosen, folder, depth, allow, patterns, sha256 or environ.get("ENVGUARD_LOCK_SHA256")


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted, so no relative path means anything; the check itself says so
        return ""
