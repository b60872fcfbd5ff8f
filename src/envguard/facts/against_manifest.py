"""The files of an environment against the manifest that a freeze wrote.

Everything that lies where the manifest looks must be in it, as it is in it. Three things are compared in another way:

- Byte code in ``__pycache__``: what the manifest holds is right, what has gone is right, and what came later is right
  when Python would not run it or when it is what its source compiles to.
- A package that the lock's pins do not describe any more (another version, removed, added): that is a finding of its
  own, and the manifest speaks of files that it replaced. Its files are compared with its own RECORD.
- In another prefix: files that depend on the place of installation are left out, and that is said.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from envguard.facts import bytecode
from envguard.facts.differences import Difference
from envguard.facts.hashing import Digest, Progress, hash_files
from envguard.facts.manifest import file_entry, link_entry
from envguard.facts.manifest_differences import explain
from envguard.facts.manifest_reading import Memory, Reading
from envguard.facts.ownership import conda_folders
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
from envguard.model import Environment, Pin


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


class Look(NamedTuple):
    """What lies where a manifest looks, beside it."""

    live: Live
    suspects: list[tuple[str, Entry | None]]
    """Symbolic path, and entry of the manifest, of everything that is not exactly as recorded."""
    blind: list[str]
    """What could not be seen, a sentence each."""
    same_place: bool

    @property
    def shows_nothing(self) -> bool:
        """True where all is as recorded and all could be seen."""
        return not (self.suspects or self.live.found.unlisted or self.blind)


def look(
    listing: Listing,
    live: Mapping[str, str],
    *,
    conda: bool,
    progress: Progress | None = None,
    reading: Reading | None = None,
    memory: Memory | None = None,
    find: Callable[[], Found] | None = None,
) -> Look:
    """Holds every file to the manifest.

    Args:
        listing: The manifest.
        live: ``roots_of`` what is looked at.
        conda: It is an environment of conda's.
        progress: Called now and then with bytes done and bytes in all.
        reading: Files that are being read already; used if they are those of this environment.
        memory: Files that need not be read again; not asked where they are being read already.
        find: What lies there, where that is not all that lies in the sites.
    """
    recorded = dict(listing.roots)
    roots = match_roots(recorded, live)
    same_place = all(roots.get(name) == path for name, path in recorded.items() if not name.startswith("base"))
    if reading is not None and any(roots.get(name) != path for name, path in reading.roots.items()):
        reading.__exit__()  # of another place
        reading = None
    with contextlib.nullcontext(reading) if reading is not None else Reading(listing, roots, memory) as files:
        there = find or (lambda: _find(listing, roots, conda=conda))
        found = _observe(listing, roots, files, progress, memory, find=there)
    suspects = _suspects(listing, found, same_place=same_place)
    return Look(found, suspects, _blind(listing, found, same_place=same_place), same_place)


def compare(
    environment: Environment,
    listing: Listing,
    pins: Iterable[Pin],
    *,
    progress: Progress | None = None,
    reading: Reading | None = None,
    memory: Memory | None = None,
    seen: Look | None = None,
) -> tuple[list[Difference], list[str]]:
    """What differs from the manifest, and what could not be seen.

    Args:
        environment: What ``scan`` found.
        listing: The manifest.
        pins: The lock's pins.
        progress: As for ``look``.
        reading: As for ``look``.
        memory: As for ``look``.
        seen: A look at this environment, where there was one already.
    """
    if seen is None:
        conda = environment.conda is not None
        seen = look(listing, roots_of(environment), conda=conda, progress=progress, reading=reading, memory=memory)
    blind = list(seen.blind)
    if not seen.suspects and not seen.live.found.unlisted:
        return [], blind
    return explain(environment, listing, pins, seen=seen, blind=blind), blind


def match_roots(recorded: Mapping[str, str], live: Mapping[str, str]) -> dict[str, str]:
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
    find: Callable[[], Found],
) -> Live:
    """Looks for what the manifest does not list while workers read what it lists."""
    recorded, places = reading.numbers, reading.places
    found = find()
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
