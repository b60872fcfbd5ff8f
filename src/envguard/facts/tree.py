"""Which files belong to an environment, under names that mean the same in another prefix.

Every file below each folder that holds installed distributions belongs to it, owned or not: Python imports what lies
there and asks no RECORD. Each such folder is a root with a symbolic name: ``{site0}``, ``{site1}`` in the order of
sys.path. ``{prefix}`` is the environment's prefix, for scripts, shared data and pyvenv.cfg; ``{base1}`` takes its
place for a ``{site1}`` that lies elsewhere, such as the user site.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

from envguard.model import Environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

_LAYOUT = re.compile(r"(/(?:local/)?lib(?:64)?/(?:python|pypy)\d[\w.]*/(?:site|dist)-packages)$", re.ASCII)
OWN_FILES = frozenset({"envguard.lock", "envguard.lock.files"})
"""The lock itself, where an application's folder is the root: it cannot seal itself."""


class Entry(NamedTuple):
    """One file of an environment, as it was found."""

    path: str
    """``{root}/relative/path``."""
    kind: str
    """``f`` file, ``l`` symbolic link to a file (or to nothing), ``o`` anything else."""
    executable: bool
    placed: bool
    """Its content depends on where and how the environment was installed, such as the first line of a script."""
    size: int
    """Bytes; of the target for a link."""
    sha256: str
    """Hex digest of the content, of the target's for a link; empty for a link to nothing and for kind ``o``."""
    owner: str
    """Normalised name of the distribution that lists it, or empty."""
    target: str = ""
    """What a link says."""


class Listing(Sequence[Entry]):
    """Entries, sorted by path, together with the roots that their paths begin with.

    It is kept as columns: of 100,000 entries a check asks for the few that differ, and only those are made.
    """

    def __init__(self, entries: Iterable[Entry], roots: Iterable[tuple[str, str]]) -> None:
        """Takes entries apart.

        Args:
            entries: Sorted by path.
            roots: Symbolic name and absolute path of each.
        """
        columns: tuple[Any, ...] = tuple(zip(*entries, strict=True)) or ((),) * len(Entry._fields)
        self._fill(columns, roots)

    @classmethod
    def of_columns(cls, columns: Sequence[Sequence[Any]], roots: Iterable[tuple[str, str]]) -> "Self":
        """The same from the fields of an ``Entry``, in their order, with the values of all entries in each."""
        made = cls.__new__(cls)
        made._fill(columns, roots)
        return made

    def _fill(self, columns: Sequence[Sequence[Any]], roots: Iterable[tuple[str, str]]) -> None:
        self._columns = columns
        self.roots = tuple(roots)
        self.paths: Sequence[str] = columns[0]
        self.kinds: Sequence[str] = columns[1]
        self.executables: Sequence[bool] = columns[2]
        self.sizes: Sequence[int] = columns[4]
        self.digests: Sequence[str] = columns[5]
        self.owners: Sequence[str] = columns[6]

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Entry]:
        return map(Entry._make, zip(*self._columns, strict=True))

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> "Listing": ...
    def __getitem__(self, place: int | slice) -> "Entry | Listing":
        parts = (column[place] for column in self._columns)
        return Entry._make(parts) if isinstance(place, int) else Listing.of_columns(tuple(parts), self.roots)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Listing):
            return NotImplemented
        return self.roots == other.roots and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list


class Found(NamedTuple):
    """What lies below the roots: names only, nothing was opened."""

    files: list[str]
    links: list[str]
    others: list[str]
    unlisted: dict[str, str]
    """Folders that could not be listed, single files of which nothing could be told, and why."""
    linked_folders: list[str]
    """Links to folders outside all roots: what lies behind them is not looked at."""


def roots_of(environment: Environment) -> dict[str, str]:
    """Symbolic name to absolute path of every root, links resolved, in a stable order."""
    projects = source_folders(environment)
    holders = {os.path.realpath(each.location) for each in environment.distributions}.difference(projects)
    return roots_at(environment.prefix, environment.paths, holders)


def roots_at(prefix: str, paths: Iterable[str], holders: "set[str]") -> dict[str, str]:
    """The roots of an environment whose distributions lie in certain folders.

    Args:
        prefix: Of the environment.
        paths: Entries of sys.path.
        holders: The folders, links resolved.
    """
    prefix = os.path.realpath(prefix)
    roots = {"prefix": prefix}
    for number, site in enumerate(_sites(paths, holders)):
        roots[f"site{number}"] = site
        base = base_of(site)
        if base and not is_below(site, prefix):
            roots[f"base{number}"] = base
    return roots


def _sites(paths: Iterable[str], holders: "set[str]") -> list[str]:
    in_order = [path for path in map(os.path.realpath, paths) if path in holders]
    distinct = list(dict.fromkeys([*in_order, *sorted(holders)]))
    return [path for path in distinct if not any(is_below(path, other) for other in distinct if other != path)]


def source_folders(environment: Environment) -> tuple[str, ...]:
    """Entries of sys.path that are a project's source folder: they hold ``.egg-info`` and nothing installed.

    Their files change while people work on them and are not taken as the environment's.
    """
    kinds: dict[str, set[str]] = {}
    for each in environment.distributions:
        kinds.setdefault(os.path.realpath(each.location), set()).add(each.kind)
    return tuple(
        sorted(path for path, found in kinds.items() if found == {"egg-info"} and not path.endswith("-packages"))
    )


def base_of(site: str) -> str:
    """The folder that scripts and data of a site-packages go to, or "" for a layout that is not an installer's."""
    base, layout, _rest = _LAYOUT.split(site) if _LAYOUT.search(site) else ("", "", "")
    return base if layout else ""


def is_below(path: str, folder: str) -> bool:
    """True where ``path`` lies in ``folder``, or is it. Both must be absolute and normalised."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def symbolic(path: str, roots: Mapping[str, str]) -> str:
    """``{root}/relative`` for an absolute path, by the innermost root that holds it; "" for a path outside all."""
    holders = [(len(folder), name) for name, folder in roots.items() if is_below(path, folder)]
    if not holders:
        return ""
    length, name = max(holders)
    return "{" + name + "}" + path[length:] if path[length:] else "{" + name + "}/."


def absolute(path: str, roots: Mapping[str, str]) -> str:
    """The absolute path of ``{root}/relative``; "" where there is no such root."""
    name, _brace, rest = path[1:].partition("}")
    if name not in roots:
        return ""
    return roots[name] if rest == "/." else roots[name] + rest


def absolutes(paths: Sequence[str], numbers: Iterable[int], roots: Mapping[str, str]) -> list[str]:
    """``absolute`` of some of many paths."""
    folders = {"{" + name: folder for name, folder in roots.items()}
    made = []
    for number in numbers:
        name, _brace, rest = paths[number].partition("}")
        made.append(folders[name] + rest if name in folders and rest != "/." else absolute(paths[number], roots))
    return made


def list_files(roots: Mapping[str, str]) -> Found:
    """Everything below the ``site`` roots, by the types that the folders themselves tell: no file is touched."""
    found = Found([], [], [], {}, [])
    for name, folder in roots.items():
        if not name.startswith("site"):
            continue
        if os.path.isfile(folder):  # an egg or a zip archive on sys.path
            found.files.append(folder)
        else:
            _walk(folder, found, roots)
    return found


def by_folder(roots: Mapping[str, str]) -> tuple[dict[str, list[str]], bool]:
    """Every folder below the ``site`` roots with the names of the files in it, and whether there is nothing else."""
    found: dict[str, list[str]] = {}
    whole = True
    todo = [folder for name, folder in roots.items() if name.startswith("site")]
    tops = set(todo)
    while todo:
        folder = todo.pop()
        skipped = OWN_FILES if folder in tops else frozenset()
        names, folders, others = names_in(folder)
        found[folder] = [name for name in names if name not in skipped]
        todo += [f"{folder}/{name}" for name in folders]
        whole = whole and not others
    return found, whole


def names_in(folder: str) -> tuple[list[str], list[str], list[str]]:
    """The names of the files, of the folders and of all else in a folder.

    Raises:
        OSError: It cannot be listed.
    """
    files: list[str] = []
    folders: list[str] = []
    others: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                files.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                others.append(entry.name)
    return files, folders, others


def list_folders(folders: Iterable[str]) -> Found:
    """The files and links directly in some folders; folders in them are not looked at."""
    found = Found([], [], [], {}, [])
    for folder in folders:
        _list_folder(folder, found)
    return found


def note(path: str, found: Found) -> None:
    """Adds one path as what it is: nothing where nothing is there, and an error where that cannot be told."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the path
        return
    except OSError as error:
        found.unlisted[path] = (error.strerror or str(error)).lower()
        return
    if stat.S_ISLNK(mode):
        found.links.append(path)
    elif stat.S_ISREG(mode):
        found.files.append(path)
    else:
        found.others.append(path)


def _list_folder(folder: str, found: Found) -> None:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    found.links.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    found.files.append(entry.path)
                elif not entry.is_dir(follow_symlinks=False):
                    found.others.append(entry.path)
    except (FileNotFoundError, NotADirectoryError):
        return  # what was in it is missing, each file of it
    except OSError as error:
        found.unlisted[folder] = (error.strerror or str(error)).lower()


def _walk(top: str, found: Found, roots: Mapping[str, str]) -> None:
    folders = [top]
    while folders:
        folder = folders.pop()
        skipped = OWN_FILES if folder == top else ()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):  # asked first, since nearly all are
                        if not skipped or entry.name not in skipped:
                            found.files.append(entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.is_symlink():
                        note_link(entry.path, found, roots)
                    else:
                        found.others.append(entry.path)
        except FileNotFoundError:
            continue  # gone since its parent was listed: whatever it held is missing
        except OSError as error:
            found.unlisted[folder] = (error.strerror or str(error)).lower()


def note_link(path: str, found: Found, roots: Mapping[str, str]) -> None:
    """Adds a symbolic link, and says where what lies behind it is not looked at."""
    if os.path.isdir(path) and not any(is_below(os.path.realpath(path), folder) for folder in roots.values()):
        found.linked_folders.append(path)
    found.links.append(path)
