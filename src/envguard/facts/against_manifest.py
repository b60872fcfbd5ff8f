"""The files of an environment against the manifest that a freeze wrote.

Everything that lies where the manifest looks must be in it, as it is in it. Three things are compared in another way:

- Byte code in ``__pycache__``: what the manifest holds is right, what has gone is right, and what came later is right
  when Python would not run it or when it is what its source compiles to.
- A package that the lock's pins do not describe any more (another version, removed, added): that is a finding of its
  own, and the manifest speaks of files that it replaced. Its files are compared with its own RECORD.
- In another prefix: files that depend on the place of installation are left out, and that is said.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from envguard.facts import bytecode, differences
from envguard.facts.conda_files import CONDA
from envguard.facts.differences import Difference
from envguard.facts.hashing import Digest, Progress, hash_files
from envguard.facts.manifest import file_entry, link_entry
from envguard.facts.manifest_reading import Memory, Reading
from envguard.facts.ownership import Ownership, conda_folders, nearest_owner, owned_folders, read_ownership
from envguard.facts.records import INSTALLER_NOTES
from envguard.facts.tree import (
    Entry,
    Found,
    Listing,
    absolute,
    is_below,
    list_files,
    list_folders,
    note,
    roots_of,
    symbolic,
)
from envguard.model import CondaPackage, Environment, Pin
from envguard.versions import relation


class Live(NamedTuple):
    """What is on disk, under the names that the manifest uses."""

    roots: dict[str, str]
    doubtful: list[Entry]
    """Entries of the manifest for which no regular file was found to be as recorded."""
    entries: dict[str, Entry]
    """What lies there and is not a file as recorded, by symbolic path; without owners."""
    unread: dict[str, str]
    """Symbolic path to why there is no digest."""
    caches: int
    """Files that numba keeps in ``__pycache__``."""
    found: Found


def compare(
    environment: Environment,
    listing: Listing,
    pins: Iterable[Pin],
    *,
    progress: Progress | None = None,
    reading: Reading | None = None,
    memory: Memory | None = None,
) -> tuple[list[Difference], list[str]]:
    """What differs from the manifest, and what could not be seen.

    Args:
        environment: What ``scan`` found.
        listing: The manifest.
        pins: The lock's pins.
        progress: Called now and then with bytes done and bytes in all.
        reading: Files that are being read already; used if they are those of this environment.
        memory: Files that need not be read again; not asked where they are being read already.
    """
    recorded = dict(listing.roots)
    roots = _match_roots(recorded, roots_of(environment))
    same_place = all(roots.get(name) == path for name, path in recorded.items() if not name.startswith("base"))
    if reading is not None and any(roots.get(name) != path for name, path in reading.roots.items()):
        reading.__exit__()  # of another place
        reading = None
    with contextlib.nullcontext(reading) if reading is not None else Reading(listing, roots, memory) as files:
        live = _observe(listing, roots, files, progress, memory, conda=environment.conda is not None)
    suspects = _suspects(listing, live, same_place=same_place)
    blind = _blind(listing, live, same_place=same_place)
    if not suspects and not live.found.unlisted:
        return [], blind
    return explain(environment, listing, pins, live=live, suspects=suspects, same_place=same_place, blind=blind), blind


def _match_roots(recorded: Mapping[str, str], live: Mapping[str, str]) -> dict[str, str]:
    """The live roots under the names of the manifest.

    A folder is the recorded one if it has the same path, or the same path relative to the prefix, or else the same
    name: a further entry of sys.path must not shift all others. What matches none gets a name of its own.
    """
    prefix = recorded["prefix"]
    matched = {"prefix": live["prefix"]}
    left = {name: path for name, path in live.items() if name != "prefix"}
    wanted = {name: path for name, path in recorded.items() if name != "prefix"}
    moved = {name: live["prefix"] + path[len(prefix) :] for name, path in wanted.items() if is_below(path, prefix)}
    for paths in (wanted, moved, {name: live.get(name, "") for name in wanted}):
        for name, path in paths.items():
            here = next((each for each, folder in left.items() if folder == path), "")
            if here and name not in matched:
                matched[name] = left.pop(here)
    for name, path in left.items():
        kind = name.rstrip("0123456789")
        number = next(number for number in range(1000) if f"{kind}{number}" not in {*matched, *wanted})
        matched[f"{kind}{number}"] = path
    return matched


def _observe(
    listing: Listing,
    roots: dict[str, str],
    reading: Reading,
    progress: Progress | None,
    memory: Memory | None,
    *,
    conda: bool,
) -> Live:
    """Looks for what the manifest does not list while workers read what it lists."""
    recorded, places = reading.numbers, reading.places
    found = _find(listing, roots, conda=conda)
    present, expected = set(found.files), set(places)
    new = sorted(present - expected)
    caches = sum(1 for path in found.files if bytecode.is_runtime_cache(path))
    unlike = reading.unlike(progress)
    # A file that is no regular one any more, or lies behind a link that was none, may well read as recorded.
    doubted = (expected - present) | unlike.keys()
    doubtful = [listing[number] for number, place in zip(recorded, places, strict=True) if place in doubted]
    if memory is not None:
        memory.keep(doubted)
    doubtful += [listing[number] for number, kind in enumerate(listing.kinds) if kind != "f"]
    files = {path: digest for path, digest in unlike.items() if path in present}
    files.update(zip(new, hash_files(new), strict=True))
    unreadable = {symbolic(path, roots): digest.why for path, digest in files.items() if digest.why}
    return Live(roots, doubtful, _entries(files, found, roots), unreadable, caches, found)


def _find(listing: Listing, roots: dict[str, str], *, conda: bool) -> Found:
    """All that lies in the sites, and what the manifest names elsewhere, as what it now is."""
    found = list_files(roots)
    outside = {absolute(path, roots) for path in listing.paths if not path.startswith("{site")}
    if conda:
        beside = list_folders(conda_folders(outside, roots["prefix"]))
        outside.update(beside.files, beside.links, beside.others)
        found.unlisted.update(beside.unlisted)
    for path in sorted(outside - {""}):
        note(path, found)
    return found


def _entries(files: Mapping[str, Digest], found: Found, roots: Mapping[str, str]) -> dict[str, Entry]:
    """Entries of files with a digest, of links and of all else, by symbolic path."""
    named = [(symbolic(path, roots), path, digest) for path, digest in files.items() if not digest.why]
    entries = {symbol: file_entry(path, digest, symbol, "") for symbol, path, digest in named}
    for path, digest in zip(found.links, hash_files(found.links), strict=True):
        symbol = symbolic(path, roots)
        entries[symbol] = link_entry(path, digest, symbol, "")
    for path in found.others:
        symbol = symbolic(path, roots)
        entries[symbol] = Entry(symbol, "o", False, False, 0, "", "")
    return entries


def _suspects(listing: Listing, live: Live, *, same_place: bool) -> list[tuple[str, Entry | None]]:
    """Symbolic path, and entry of the manifest, of everything that is not exactly as recorded."""
    suspects: list[tuple[str, Entry | None]] = []
    for entry in live.doubtful:
        if not same_place and entry.placed:
            continue
        if not _equal(entry, live.entries.get(entry.path), same_place=same_place):
            suspects.append((entry.path, entry))
    if live.entries or live.unread:
        expected = set(listing.paths)
        unexpected = (path for path in (*live.entries, *live.unread) if path not in expected)
        suspects += [(path, None) for path in unexpected if same_place or not _is_note(path)]
    return suspects


def _is_note(path: str) -> bool:
    """True for what an installer writes about itself: another installer, in another prefix, writes other ones."""
    folder, _slash, name = path.rpartition("/")
    return name in INSTALLER_NOTES and folder.endswith(".dist-info")


def _equal(entry: Entry, found: Entry | None, *, same_place: bool) -> bool:
    if found is None:
        return False
    if (entry.kind, entry.executable, entry.sha256) != (found.kind, found.executable, found.sha256):
        return False
    return entry.target == found.target or not same_place


def explain(
    environment: Environment,
    listing: Listing,
    pins: Iterable[Pin],
    *,
    live: Live,
    suspects: list[tuple[str, Entry | None]],
    same_place: bool,
    blind: list[str],
) -> list[Difference]:
    """What is different about paths that are not as the manifest has them.

    Args:
        environment: What ``scan`` found; at least the distributions that the paths may belong to.
        listing: The manifest; at least its entries of these paths.
        pins: The lock's pins, of these distributions.
        live: What is on disk.
        suspects: Symbolic paths, and what the manifest has there.
        same_place: The environment lies where it lay when the manifest was made.
        blind: What could not be seen is added here.
    """
    ownership = read_ownership(environment)
    folders = owned_folders(environment, ownership)
    sites = [path for name, path in live.roots.items() if name.startswith("site")]
    moved = _moved(environment, listing, pins, live.roots)
    replaced = {entry.path for entry in listing if entry.owner in moved}
    by_record = _rows_of(ownership, moved)
    found: list[Difference] = []
    cached: list[tuple[str, Entry | None, str]] = []
    for symbol, entry in suspects:
        path = absolute(symbol, live.roots) or symbol
        owner = nearest_owner(path, ownership, folders) if path.startswith("/") else ""
        owner = owner or (entry.owner if entry is not None else "")
        if bytecode.is_cached(path):
            if symbol in live.entries or symbol in live.unread:
                cached.append((path, entry if same_place else None, owner))
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


def _blind(listing: Listing, live: Live, *, same_place: bool) -> list[str]:
    blind = []
    if not same_place:
        placed = sum(1 for entry in listing if entry.placed)
        blind.append(
            f"{placed} files that depend on the place of installation (console scripts, RECORD, INSTALLER, "
            f"pyvenv.cfg): the manifest was made in {dict(listing.roots)['prefix']}"
        )
    if live.caches:
        blind.append(f"{live.caches} compiled functions that numba keeps in __pycache__ and writes at run time")
    blind += [f"{path}: what lies behind this link, outside the environment" for path in live.found.linked_folders]
    return blind
