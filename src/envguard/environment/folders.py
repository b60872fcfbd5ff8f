"""What lies in each entry of sys.path: listed once, classified by name, and never taken for empty when unreadable.

A folder that may not be listed (mode 000 or 711) looks to ``importlib.metadata`` like one with nothing in it, while
Python can still import from it. Here it is an error.
"""

import os
import stat

from envguard._value import Value
from envguard.errors import UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    Kind = Literal["dist-info", "egg-info", "egg", "egg-link", "zip"]

SUFFIXES: "dict[str, Kind]" = {".dist-info": "dist-info", ".egg-info": "egg-info", ".egg-link": "egg-link"}
"""Names of metadata beside the packages that it describes."""
_SITE_FOLDERS = ("site-packages", "dist-packages")


class Vanished(Exception):  # noqa: N818 - tells the scan to look again, never shown
    """Something that was listed a moment ago is gone."""


class Candidate(Value):
    """Something whose name says that it describes an installed distribution."""

    kind: "Kind"
    path: str
    location: str
    stem: str
    """The name without its suffix."""


class Listing(Value):
    """One entry of sys.path, and the names in it that matter."""

    path: str
    """Absolute."""
    identity: tuple[int, int]
    """Device and inode: ``lib`` and ``lib64`` are often one folder."""
    archive: str = ""
    """The zip file that this entry is, or lies in; empty for a folder."""
    candidates: tuple[Candidate, ...] = ()
    leftovers: tuple[str, ...] = ()
    """Paths of what an interrupted installer left behind."""
    eggs: tuple[str, ...] = ()
    """Paths of eggs in this folder, which Python imports from once a ``.pth`` or pkg_resources adds them."""
    signature: tuple[tuple[str, int, int, int], ...] = ()
    """Name, inode, mtime and ctime (ns) of everything that matters; equal before and after, or the scan is void."""


def listings(entries: "Iterable[object]") -> tuple[Listing, ...]:
    """Every entry of a sys.path that exists, in order, each folder once; eggs that lie in them follow.

    Args:
        entries: As in sys.path: "" is the working directory; what is no text is ignored, as Python's import does.

    Raises:
        UnverifiableError: An entry exists and cannot be listed.
    """
    found: dict[tuple[int, int], Listing] = {}
    for entry in entries:
        if isinstance(entry, str):
            _add(found, entry)
    for listing in tuple(found.values()):
        for egg in listing.eggs:
            if _is_egg(egg):
                _add(found, egg)
    return tuple(found.values())


def look(entry: str) -> Listing | None:
    """The listing of one entry of sys.path, None where there is nothing.

    Raises:
        UnverifiableError: It exists and cannot be listed, or is neither a folder nor a zip file.
    """
    try:
        path = os.path.abspath(entry)
    except FileNotFoundError:
        return None  # a relative entry, and the working folder was deleted: Python skips it too
    except OSError as error:
        raise _unlistable(entry or "the working folder", error) from error
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _inside_archive(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _unlistable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        return _folder(path, status)
    return _archive(path, path, status)


def names(path: str) -> tuple[str, ...]:
    """The sorted names in a folder. OSError is the caller's to explain."""
    return tuple(sorted(os.listdir(path)))


def _add(found: dict[tuple[int, int], Listing], entry: str) -> None:
    listing = look(entry)
    if listing is not None:
        found.setdefault(listing.identity, listing)


def _folder(path: str, status: os.stat_result) -> Listing | None:
    try:
        listed = names(path)
    except FileNotFoundError:
        return None  # gone since it was asked about: nothing can be imported from it
    except OSError as error:
        raise _unlistable(path, error) from error
    candidates = tuple(_candidates(path, listed))
    leftovers = tuple(os.path.join(path, name) for name in listed if _is_leftover(path, name, bool(candidates)))
    eggs = tuple(os.path.join(path, name) for name in listed if name.endswith(".egg"))
    watched = sorted({*(candidate.path for candidate in candidates), *leftovers, *eggs})
    return Listing(
        path=path,
        identity=(status.st_dev, status.st_ino),
        candidates=candidates,
        leftovers=leftovers,
        eggs=eggs,
        signature=tuple(_state(each) for each in watched),
    )


def _candidates(path: str, listed: "Sequence[str]") -> "Iterable[Candidate]":
    for name in listed:
        stem, dot, suffix = name.rpartition(".")
        kind = SUFFIXES.get(dot + suffix)
        if kind is not None and stem[:1] not in ("~", "-"):
            yield Candidate(kind=kind, path=os.path.join(path, name), location=path, stem=stem)
    if path.endswith(".egg") and "EGG-INFO" in listed:
        stem = os.path.basename(path).removesuffix(".egg")
        yield Candidate(kind="egg", path=os.path.join(path, "EGG-INFO"), location=path, stem=stem)


def _is_leftover(path: str, name: str, has_metadata: bool) -> bool:
    """True for a name that pip gives to what it is about to delete: the first letter becomes ``~``, once ``-``."""
    if name[:1] == "-":
        return name.endswith((".dist-info", ".egg-info"))
    if name[:1] != "~":
        return False
    in_site = has_metadata or os.path.basename(path) in _SITE_FOLDERS
    return in_site or name.endswith((".dist-info", ".egg-info"))


def _is_egg(path: str) -> bool:
    """True for an egg that says what it is; one that does not is reported by the scan of its folder."""
    import zipfile

    return os.path.isdir(os.path.join(path, "EGG-INFO")) or (os.path.isfile(path) and zipfile.is_zipfile(path))


def is_broken_egg(path: str) -> bool:
    """True for what is named like an egg and is none."""
    return not _is_egg(path)


def _inside_archive(path: str) -> Listing | None:
    """Python also imports from a folder in a zip file: ``/a/b.zip/lib``."""
    outer = os.path.dirname(path)
    while outer != os.path.dirname(outer):
        try:
            status = os.stat(outer)
        except (FileNotFoundError, NotADirectoryError):
            outer = os.path.dirname(outer)
            continue
        except OSError as error:
            raise _unlistable(path, error) from error
        return _archive(path, outer, status) if stat.S_ISREG(status.st_mode) and _is_zip(outer) else None
    return None


def _archive(path: str, archive: str, status: os.stat_result) -> Listing:
    if not stat.S_ISREG(status.st_mode) or not _is_zip(archive):
        problem = f"{path}: this entry of sys.path is neither a folder nor a zip file"
        raise UnverifiableError(problem, remedy="take it off sys.path or PYTHONPATH")
    identity = (status.st_dev, status.st_ino)
    if path != archive:
        identity = (status.st_dev, hash((status.st_ino, path)))
    return Listing(path=path, identity=identity, archive=archive, signature=(_state(archive),))


def _is_zip(path: str) -> bool:
    import zipfile

    try:
        with open(path, "rb") as file:
            return zipfile.is_zipfile(file)
    except OSError as error:
        raise _unlistable(path, error) from error


def _state(path: str) -> tuple[str, int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (path, 0, 0, 0)  # a dangling link, or gone: reading it will tell
    return (path, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def _unlistable(path: str, error: Exception) -> UnverifiableError:
    why = (getattr(error, "strerror", None) or str(error)).lower()
    problem = f"{path}: this entry of sys.path cannot be listed ({why}), so what is installed there is not known"
    return UnverifiableError(problem, remedy="make it readable for this user, or take it off sys.path")
