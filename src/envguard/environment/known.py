"""When may what was known of an environment still be believed, and when may it be kept?

Its files and folders are held to their states (``facts.standing``). Here is what a verdict depends on besides: the
golden file, the interpreter and the machine, every other entry of sys.path, and the guard itself.
"""

import os
import time
from hashlib import sha256

from envguard import __version__
from envguard.environment import interpreter
from envguard.facts import cache, mounts, standing
from envguard.facts.standing import Clock
from envguard.facts.tree import Listing, absolutes, by_folder, is_below, roots_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from envguard.environment import Place
    from envguard.model import Environment, Report, Snapshot


def keep(
    place: "Place",
    live: "Environment",
    snapshot: "Snapshot",
    listing: Listing,
    *,
    report: "Report",
    clock: Clock,
    right: "Mapping[str, tuple[int, ...]] | None" = None,
) -> None:
    """Keeps what is known of an environment, all of which was just read; or does nothing where that is not possible.

    Args:
        place: Which one, as it was found.
        live: What is installed in it.
        snapshot: The golden file.
        listing: The manifest that it seals.
        report: What came of it.
        clock: Made before the first file was read.
        right: Paths of files that are as the manifest has them, with the state that each had before it was read.
    """
    roots = roots_of(live)
    prefix = roots["prefix"]
    sites = [folder for name, folder in roots.items() if name.startswith("site")]
    if not cache.is_on() or dict(listing.roots) != roots or not mounts.are_trusted({prefix, *sites}):
        return
    try:
        folders, whole = by_folder(roots)
    except OSError:
        return  # what cannot be listed can change unseen
    outside = _outside(listing, roots)
    # Where nobody looked before the reading, a folder that was renamed meanwhile would not show in the files below it.
    if not all(standing.is_settled(folder, clock) for folder in (*sites, *(() if right is not None else [prefix]))):
        return
    files = {**folders, **{folder: names for folder, names in outside.items() if folder not in folders}}
    if report.pinned:
        everything = (f"{folder}/{name}" for folder, names in files.items() for name in names)
        right = {**dict.fromkeys(everything, ()), **(right or {})}
    if right is None:
        return
    moved = [folder for folder in folders if not standing.is_settled(folder, clock)]
    right = _without(right, moved)
    whole = whole and report.pinned and not report.notes and live.conda is None and set(listing.kinds) <= {"f"}
    told = {
        **circumstances(place, prefix, sites, youngest=int((clock.began - standing.SETTLED) * 1e9)),
        "whole": whole,
        "lock": snapshot.sha256,
        "roots": roots,
        "taken": time.strftime("%Y-%m-%d %H:%M", time.localtime(clock.began)),
        "report": _answer(report),
    }
    made = standing.of_folders(told, files, right, outside.keys() - folders.keys(), clock)
    if made is not None:
        standing.keep(prefix, made)


def is_kept(live: "Environment", snapshot: "Snapshot") -> bool:
    """True where something is known already of this environment beside this golden file."""
    return standing.told(os.path.realpath(live.prefix)).get("lock") == snapshot.sha256


def believed(told: "Mapping[str, Any]", place: "Place", prefix: str) -> bool:
    """True where all that a verdict depends on besides files is what it was."""
    roots = told.get("roots")
    if not told.get("whole") or not isinstance(roots, dict) or roots.get("prefix") != prefix:
        return False
    sites = [folder for name, folder in roots.items() if name.startswith("site")]
    now = circumstances(place, prefix, sites)
    return all(told.get(name) == value for name, value in now.items()) and mounts.are_trusted({prefix, *sites})


def circumstances(
    place: "Place", prefix: str, sites: "Iterable[str]", *, youngest: "int | None" = None
) -> "dict[str, Any]":
    """What a verdict depends on besides the files of an environment, as JSON has it.

    Args:
        place: Which environment.
        prefix: Links resolved.
        sites: Its folders with installed distributions, each file of which is held to its state.
        youngest: Change time in nanoseconds from which a folder is not kept, since it may change again unseen.
    """
    entries: list[list[object]] = []
    for entry in place.entries:
        path = os.path.realpath(entry)
        is_site = any(is_below(path, site) for site in sites)
        entries.append([entry, path, *([] if is_site else _state(path, youngest))])
    return {
        "guard": [__version__, _own_files()],
        "interpreter": repr(place.interpreter),
        "markers": sorted(f"{name}={value}" for name, value in interpreter.markers(place.interpreter).items()),
        "executable": place.executable,
        "running": place.running,
        "blind": [*place.blind],
        "entries": entries,
        "conda": os.path.lexists(f"{prefix}/conda-meta"),
    }


def _state(path: str, youngest: "int | None") -> list[int]:
    try:
        status = os.stat(path)
    except OSError:
        return []
    if youngest is not None and status.st_ctime_ns >= youngest:
        return [*standing.UNKNOWN]
    return [*standing.state(status)]


def _own_files() -> str:
    """The guard's own modules and tables: another release, or an edit, may see something else."""
    digest = sha256()
    todo = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        todo.append(entry.path)
                else:
                    told = standing.state(entry.stat(follow_symlinks=False))
                    digest.update(f"{entry.path}\0{told}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _outside(listing: Listing, roots: "Mapping[str, str]") -> dict[str, list[str]]:
    """Files of the manifest that lie in no site, by folder."""
    numbers = [
        number
        for number, path in enumerate(listing.paths)
        if not path.startswith("{site") and listing.kinds[number] == "f"
    ]
    found: dict[str, list[str]] = {}
    for path in absolutes(listing.paths, numbers, roots):
        folder, _slash, name = path.rpartition("/")
        found.setdefault(folder, []).append(name)
    return found


def _without(right: "Mapping[str, tuple[int, ...]]", folders: "list[str]") -> "Mapping[str, tuple[int, ...]]":
    """Without what lies below some folders."""
    tops = tuple(f"{folder}/" for folder in folders)
    return {path: state for path, state in right.items() if not path.startswith(tops)} if tops else right


def _answer(report: "Report") -> "dict[str, Any]":
    return {
        "packages": report.packages,
        "installed": report.installed,
        "checks": [*report.checks],
        "skipped": [*report.skipped],
        "blind": [*report.blind],
    }
