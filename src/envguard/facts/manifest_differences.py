"""What it means that files are not as a manifest has them: which package, which kind of change, and why.

A file that is unlike the manifest may still be right: byte code that Python wrote, and files of a package that was
replaced, which is a finding of its own.
"""

import os
from collections.abc import Iterable, Mapping

from envguard.facts import bytecode, differences
from envguard.facts.conda_files import CONDA
from envguard.facts.differences import Difference
from envguard.facts.ownership import Ownership, nearest_owner, owned_folders, read_ownership
from envguard.facts.tree import Entry, Found, Listing, absolute, is_below
from envguard.model import CondaPackage, Environment, Pin
from envguard.versions import relation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.against_manifest import Look


def explain(
    environment: Environment,
    listing: Listing,
    pins: Iterable[Pin],
    *,
    seen: "Look",
    blind: list[str],
    ownership: Ownership | None = None,
    folders: dict[str, str] | None = None,
    about: frozenset[str] | None = None,
) -> list[Difference]:
    """The differences that the suspects of a look are.

    Args:
        environment: What ``scan`` found.
        listing: The manifest.
        pins: The lock's pins.
        seen: The look.
        blind: Receives what could not be decided, a sentence each.
        ownership: What the RECORDs say, where they were read already.
        folders: ``owned_folders()`` of both, where they are known already.
        about: Owners that may have moved; what others have put over their files since is no excuse. None is all.
    """
    live = seen.live
    ownership = ownership if ownership is not None else read_ownership(environment)
    folders = folders if folders is not None else owned_folders(environment, ownership)
    sites = [path for name, path in live.roots.items() if name.startswith("site")]
    moved = _moved(environment, listing, pins, live.roots)
    moved = moved if about is None else moved & about
    replaced = {entry.path for entry in listing if entry.owner in moved}
    by_record = _rows_of(ownership, moved)
    found: list[Difference] = []
    cached: list[tuple[str, Entry | None, str]] = []
    for symbol, entry in seen.suspects:
        path = absolute(symbol, live.roots) or symbol
        owner = nearest_owner(path, ownership, folders) if path.startswith("/") else ""
        owner = owner or (entry.owner if entry is not None else "")
        if bytecode.is_cached(path):
            if symbol in live.entries or symbol in live.unread:
                cached.append((path, entry if seen.same_place else None, owner))
            continue
        if bytecode.is_runtime_cache(path):
            continue
        if path in by_record:
            what = _unlike_record(live.entries.get(symbol), by_record[path])
            kind = "edited"
        elif owner in moved and (symbol in replaced or entry is not None):
            continue
        else:
            kind, what = _describe(entry, live.entries.get(symbol), live.unread.get(symbol, ""))
        if what and not _is_below_unlisted(path, live.found):
            found.append(differences.of(kind, owner, path, what + _hard_links(path, kind), sites))
    for path, why in live.found.unlisted.items():
        owner = ownership.owners.get(path) or nearest_owner(path + "/", ownership, folders)
        found.append(Difference("edited", owner, path, f"not listed: {why}"))
    found += _judge_cached(cached, environment, blind)
    return found


def _moved(environment: Environment, listing: Listing, pins: Iterable[Pin], roots: Mapping[str, str]) -> set[str]:
    """Names whose installed version is not the one that was frozen: the manifest speaks of another artifact.

    What no pin names, such as the guard itself, is the one that was frozen if the manifest knows its metadata folder.
    """
    pins = tuple(pins)
    pinned = {pin.name: pin.version or "" for pin in pins if pin.manager == "pip"}
    sealed = {os.path.dirname(absolute(entry.path, roots)) for entry in listing if ".dist-info/" in entry.path}
    moved = pinned.keys() - {distribution.name for distribution in environment.distributions} if pinned else set()
    for distribution in environment.distributions:
        if distribution.name in pinned:
            same = relation(pinned[distribution.name], distribution.version) == "equal"
        else:
            same = os.path.realpath(distribution.path) in sealed
        if not same:
            moved.add(distribution.name)
    return moved | _moved_by_conda(environment, pins)


def _moved_by_conda(environment: Environment, pins: Iterable[Pin]) -> set[str]:
    """Owners of files of conda packages that are not those which were frozen, or that pip has replaced since."""
    moved = {change.package for change in environment.observations if change.kind == "clobbered"}
    left = {pin.name: pin for pin in pins if pin.manager == "conda"}
    if not left:
        return moved
    for package in environment.conda or ():
        pin = left.pop(package.name, None)
        if pin is None or not _is_frozen(package, pin):
            moved |= {CONDA + package.name, package.python_name}
    return (moved | {CONDA + name for name in left}) - {""}


def _is_frozen(package: CondaPackage, pin: Pin) -> bool:
    same = (pin.version, pin.build) == (package.version, package.build)
    return same and (not pin.hashes or not package.digest or package.digest in pin.hashes)


def _rows_of(ownership: Ownership, names: set[str]) -> dict[str, str]:
    """Path to expected SHA-256 of what the RECORDs of some distributions list with one."""
    rows = {
        row.path: row.hash.removeprefix("sha256:")
        for row in ownership.rows
        if row.owner in names and (row.hash.startswith("sha256:") or not row.hash)
    }
    # conda writes the prefix into files after their RECORD was made.
    for path, owner in ownership.conda_owners.items():
        if owner in names:
            file = ownership.conda[path]
            rows[path] = "" if file.link else file.sha256
    return rows


def _unlike_record(found: Entry | None, expected: str) -> str:
    """Why a file is not what its own RECORD says; "" where it is, or where RECORD gives no hash."""
    if found is None:
        return "missing, RECORD lists it"
    if not expected or (found.kind == "f" and found.sha256 == expected):
        return ""
    if found.kind != "f":
        return "not a regular file, RECORD lists one"
    return f"sha256 {expected[:12]} in RECORD, {found.sha256[:12]} found"


def _describe(entry: Entry | None, found: Entry | None, unread: str) -> tuple[str, str]:
    """Kind of change, and what differs."""
    if found is None and unread and unread != "missing":
        return "edited", f"cannot be read: {unread}"
    if entry is None:
        return "added-file", f"not in the manifest; {_content(found)}"
    if found is None:
        return "deleted-file", f"missing; {_content(entry)} expected"
    if entry.kind != found.kind or entry.target != found.target:
        return "edited", f"{_content(entry)} expected, {_content(found)} found"
    if entry.sha256 != found.sha256:
        return "edited", f"{_content(entry)} expected, {_content(found)} found"
    return "mode", "was executable" if entry.executable else "became executable"


def _content(entry: Entry | None) -> str:
    if entry is None:
        return "gone again"
    if entry.kind == "o":
        return "neither file nor link"
    content = f"sha256 {entry.sha256[:12]}, {entry.size} bytes" if entry.sha256 else "nothing readable"
    return f"a link to {entry.target}: {content}" if entry.kind == "l" else content


def _hard_links(path: str, kind: str) -> str:
    """A remark on an edited file that other environments or a cache share."""
    if kind != "edited":
        return ""
    try:
        links = os.lstat(path).st_nlink
    except OSError:
        return ""
    return f"; {links} hard links share it: clear the installer's cache before repairing" if links > 1 else ""


def _is_below_unlisted(path: str, found: Found) -> bool:
    return any(is_below(path, folder) for folder in found.unlisted)


def _judge_cached(
    cached: list[tuple[str, Entry | None, str]], environment: Environment, blind: list[str]
) -> list[Difference]:
    judged = bytecode.judge([path for path, _entry, _owner in cached], environment)
    found = []
    unknown = 0
    for path, entry, owner in cached:
        verdict, why = judged[path]
        if verdict == "poisoned":
            found.append(Difference("bytecode", owner, path, f"Python would run it, and {why}"))
        elif verdict == "unused" and entry is not None:
            found.append(Difference("bytecode", owner, path, f"changed since the freeze, and not by Python: {why}"))
        elif verdict == "unknown":
            unknown += 1
    if unknown:
        blind.append(
            f"{unknown} files of byte code newer than the freeze: no interpreter to compile their sources with"
        )
    return found
