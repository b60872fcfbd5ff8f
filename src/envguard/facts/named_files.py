"""The files of some packages of an environment, found without touching those of any other.

Whose a file is stands in the manifest and in the RECORDs of what is installed. In the folders of the named packages
there may be more: what neither knows is somebody's, and only to tell whose are the RECORDs of the others read, never
their files. What lies where none of the named packages has a folder is not looked for.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from envguard.facts import bytecode
from envguard.facts.against_manifest import match_roots
from envguard.facts.ownership import Ownership, conda_folders, nearest_owner, owned_folders, read_ownership
from envguard.facts.tree import (
    Entry,
    Found,
    Listing,
    absolutes,
    is_below,
    list_folders,
    note,
    note_link,
    roots_of,
    symbolic,
)
from envguard.model import Distribution, Environment


class NamedFiles:
    """What belongs to some packages: in the manifest, in RECORDs, and on disk."""

    def __init__(
        self, live: Environment, others: Sequence[Distribution], owners: frozenset[str], listing: "Listing | None"
    ) -> None:
        """Reads the RECORDs of the named packages, and conda's records.

        Args:
            live: The distributions that are named, and all packages of conda's.
            others: The distributions that are not, by their names alone.
            owners: The packages, named as ``nearest_owner`` names them.
            listing: The manifest; None where there is none.
        """
        self.owners = owners
        self.live = live
        self.all = live.replace(distributions=(*live.distributions, *others))
        self.narrow = read_ownership(live)
        known = roots_of(self.all)
        self.roots = match_roots(dict(listing.roots), known) if listing is not None else known
        self.rows = {row.path for row in self.narrow.rows if row.owner in owners}
        self.rows |= {path for path, owner in self.narrow.conda_owners.items() if owner in owners}
        self._paths = listing.paths if listing is not None else ()
        self.sealed = _part(listing, owners, {symbolic(path, self.roots) for path in self.rows})
        places = absolutes(self.sealed.paths, range(len(self.sealed)), self.roots)
        self.expected = {*places, *self.rows} - {""}

    @cached_property
    def ownership(self) -> Ownership:
        """What every RECORD says."""
        return read_ownership(self.all)

    @cached_property
    def folders(self) -> dict[str, str]:
        """Which of all packages has a folder to itself."""
        return owned_folders(self.all, self.ownership)

    @cached_property
    def _all_sealed(self) -> set[str]:
        return set(self._paths)

    def find(self) -> Found:
        """What lies where the named packages have files."""
        found = Found([], [], [], {}, [])
        sites = [path for name, path in self.roots.items() if name.startswith("site")]
        metadata = {
            f"{os.path.realpath(each.location)}/{os.path.basename(each.path)}/" for each in self.live.distributions
        }
        folders = {folder for path in self.expected | metadata for folder in _above(path, sites)}
        for path in sorted(self.expected):
            if os.path.dirname(path) in sites:
                _note(path, found, self.roots)
            elif os.path.dirname(path) not in folders:
                note(path, found)
        strange = self._enter(folders, sites, found)
        if self.live.conda is not None:
            strange += self._beside(sites, found)
        for path in filter(self._is_named, strange):
            _note(path, found, self.roots)
        return found

    def _enter(self, folders: set[str], sites: Iterable[str], found: Found) -> list[str]:
        """Notes what is expected in folders of the sites; what else lies there is given back."""
        real, strange = set(sites), []
        others = self._folders_of_others(folders)
        for folder in sorted(folders):
            if os.path.dirname(folder) not in real:
                continue  # whatever is in its place is no folder, so that each file of it is missing
            try:
                if not stat.S_ISDIR(os.lstat(folder).st_mode):
                    _note(folder, found, self.roots)
                    continue
                real.add(folder)
                for path, is_folder in _names(folder):
                    if path in self.expected and not is_folder:
                        _note(path, found, self.roots)
                    elif not is_folder:
                        strange.append(path)
                    elif path not in folders and path not in others:
                        strange += _all_below(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                found.unlisted[folder] = (error.strerror or str(error)).lower()
        return strange

    def _folders_of_others(self, folders: set[str]) -> set[str]:
        """Folders that the manifest knows, and in which nothing of the named packages lies."""
        tops = tuple({symbolic(folder, self.roots) + "/" for folder in folders})
        sites = [path for name, path in self.roots.items() if name.startswith("site")]
        numbers = [number for number, path in enumerate(self._paths) if path.startswith(tops)] if tops else []
        below = {os.path.dirname(path) for path in absolutes(self._paths, numbers, self.roots)}
        return {each for folder in below for each in (folder, *_above(folder, sites))} - folders

    def _beside(self, sites: Sequence[str], found: Found) -> list[str]:
        """What lies in the folders outside the sites into which conda put files of the named packages."""
        outside = [path for path in self.expected if not any(is_below(path, site) for site in sites)]
        beside = list_folders(conda_folders(outside, self.roots["prefix"]))
        found.unlisted.update(beside.unlisted)
        return [path for path in (*beside.files, *beside.links, *beside.others) if path not in self.expected]

    def _is_named(self, path: str) -> bool:
        """True for what nobody lists and what lies in a folder that a named package has to itself."""
        if symbolic(path, self.roots) in self._all_sealed:
            return False
        source = bytecode.source_of(path) if bytecode.is_cached(path) else None
        if source is not None and source[0] in self.expected:
            return True
        if source is not None and symbolic(source[0], self.roots) in self._all_sealed:
            return False
        return nearest_owner(path, self.ownership, self.folders) in self.owners

    def owners_beside(self, path: str) -> list[str]:
        """Who else lists a file."""
        entry = self.entry(path)
        listed = {row.owner for row in self.ownership.rows if row.path == path}
        listed |= {self.ownership.conda_owners.get(path, ""), entry.owner if entry is not None else ""}
        return sorted(listed - self.owners - {""})

    def entry(self, path: str) -> "Entry | None":
        """What the manifest says of a file that concerns the named packages."""
        return self._entries.get(symbolic(path, self.roots))

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self.sealed}


def _part(listing: "Listing | None", owners: frozenset[str], rows: set[str]) -> Listing:
    """The entries of a manifest that somebody owns, or lists by now."""
    if listing is None:
        return Listing((), ())
    numbers = [
        number
        for number, (path, owner) in enumerate(zip(listing.paths, listing.owners, strict=True))
        if owner in owners or path in rows
    ]
    return Listing((listing[number] for number in numbers), listing.roots)


def _above(path: str, sites: Iterable[str]) -> Iterator[str]:
    """The folders above a path that lie in a site, which itself is none of them."""
    site = next((each for each in sites if path.startswith(each + "/")), "")
    folder = os.path.dirname(path)
    while site and folder != site:
        yield folder
        folder = os.path.dirname(folder)


def _names(folder: str) -> list[tuple[str, bool]]:
    """What is in a folder, and whether it is one itself; the folder tells, nothing in it is touched."""
    with os.scandir(folder) as entries:
        return [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]


def _all_below(folder: str) -> Iterator[str]:
    for path, is_folder in _names(folder):
        if is_folder:
            yield from _all_below(path)
        else:
            yield path


def _note(path: str, found: Found, roots: dict[str, str]) -> None:
    """Adds a path as what it is; of a folder nothing, since what was expected there is missing."""
    if os.path.islink(path):
        note_link(path, found, roots)
    elif not os.path.isdir(path):
        note(path, found)
