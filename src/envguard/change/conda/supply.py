"""Where the archives of conda packages are to be had: a folder, a channel on disk, conda's caches, their URL.

Whatever is found is held to the digest that the golden file pins, or that a solver names, before it is used. What
cannot be found or proven is named with the reason, and nothing is done about it.
"""

import os
import re
from urllib.parse import unquote, urlsplit

from envguard.change.conda import archive, caches
from envguard.change.conda.archive import GOLDEN, Giver
from envguard.change.placing.supply import Supply
from envguard.change.wheels import remote
from envguard.change.wheels.local import local_path
from envguard.change.wheels.wheel_files import check_room
from envguard.errors import EnvguardError, UsageError
from envguard.facts.conda_files import CONDA
from envguard.model import Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envguard.change.installers.conda_archive import Archive
    from envguard.model import Environment

UNASKED = "no archive of it was found, and the network was not asked"
"""Why there is none where the network may not be asked."""
CACHE = "conda's cache"
"""The origin of what was found there."""
ARCHIVE_LIMIT = 16 << 30
"""Bytes of an archive that are fetched."""
_BLOCK = 1 << 20
_SUBDIR = re.compile(r"noarch|[a-z]+-[a-z0-9_]+", re.ASCII)


def find(
    pins: "Iterable[Pin]",
    *,
    find_links: "Sequence[str]" = (),
    offline: bool = False,
    prefix: str = "",
    urls: "Mapping[str, str] | None" = None,
    download_to: str = "",
    giver: Giver = GOLDEN,
) -> dict[str, Supply]:
    """The archive of each pin, proven.

    Args:
        pins: Of manager conda.
        find_links: Folders with archives, or with a channel's folders of them; asked first.
        offline: Do not ask the network.
        prefix: Of the environment, whose caches are looked at; "" looks at none.
        urls: conda's name to the URL of its archive, where the golden file says none.
        download_to: Folder for what the network gives; "" does not ask it.
        giver: Who gives the digests of the pins.

    Returns:
        ``key`` of each pin to what was found.

    Raises:
        UsageError: A folder cannot be listed.
    """
    pins = list(pins)
    folders = [(folder, folder) for link in find_links for folder in (link, *_subdirs(link))]
    if prefix:
        folders += [(folder, CACHE) for folder in caches.folders(prefix)]
    to = "" if offline else download_to
    return {key(pin): _find(pin, folders, (urls or {}).get(pin.name, ""), to, giver) for pin in pins}


def pin(archive: "Archive") -> "Pin":
    """What ``find`` looks for, where a solver and no golden file says which archive is meant."""
    return Pin(
        name=archive.name,
        version=archive.version,
        build=archive.build,
        hashes=archive.hashes,
        manager="conda",
        url=archive.url,
    )


def urls(pins: "Iterable[Pin]", live: "Environment") -> dict[str, str]:
    """Conda's name to the URL of the golden archive, of those pins of which the record that is there tells it."""
    builds = {(each.name.lower(), each.version, each.build): each.url for each in live.conda or ()}
    found = ((pin.name, builds.get((pin.name.lower(), pin.version or "", pin.build), "")) for pin in pins)
    return {name: url for name, url in found if url}


def key(pin: "Pin") -> str:
    """What a pin is called where those of pip and of conda stand together: a name may be one of both."""
    return CONDA + pin.name if pin.manager == "conda" else pin.name


def cannot(pin: "Pin", giver: Giver = GOLDEN) -> str:
    """Why no archive can stand for a pin; "" where one can."""
    if pin.unverifiable or not pin.version or not pin.build or "*" in pin.build:
        return pin.unverifiable or giver.inexact
    if not any(each.lower().startswith(("sha256:", "md5:")) for each in pin.hashes):
        return giver.none
    return ""


def _subdirs(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"--find-links: {why}: {folder!a}", remedy="give a folder with archives or wheels") from error
    paths = (os.path.join(folder, name) for name in names if _SUBDIR.fullmatch(name))
    return [path for path in paths if os.path.isdir(path)]


def _find(pin: "Pin", folders: "Sequence[tuple[str, str]]", url: str, download_to: str, giver: Giver) -> Supply:
    why = cannot(pin, giver)
    if why:
        return Supply(pin=pin, why=why)
    refused: list[str] = []
    url = pin.url or url
    for path, origin in _candidates(pin, folders, url):
        why = _unless(archive.unreadable(path), path) or _unlike(pin, path, path, giver)
        if not why:
            return Supply(pin=pin, path=path, origin=origin)
        refused.append(why)
    if download_to and urlsplit(url).scheme in ("http", "https"):
        path = os.path.join(download_to, _name(url))
        shown = remote.shown(url)
        why = _unless(archive.unreadable(path) or _fetched(url, path), shown) or _unlike(pin, path, shown, giver)
        if not why:
            return Supply(pin=pin, path=path, origin=shown)
        refused.append(why)
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        return Supply(pin=pin, why=f"{refused[0]}{more}")
    if not url:
        return Supply(pin=pin, why="no archive of it was found, and no URL of it is known")
    return Supply(pin=pin, why="no archive of it was found" if download_to else UNASKED)


def _candidates(pin: "Pin", folders: "Sequence[tuple[str, str]]", url: str) -> "Iterator[tuple[str, str]]":
    """Files that may be the archive, and where they lie."""
    stem = f"{pin.name}-{pin.version}-{pin.build}"
    names = dict.fromkeys([_name(url), *(stem + suffix for suffix in archive.SUFFIXES)])
    for folder, origin in folders:
        for name in names:
            path = os.path.join(folder, name)
            if name and os.path.isfile(path):
                yield path, origin
    local = local_path(url)
    if local and os.path.isfile(local):
        yield local, "its channel on disk"


def _name(url: str) -> str:
    """The file name of an archive; "" where a URL ends in none."""
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    return name if name.endswith(archive.SUFFIXES) and "/" not in name and "\0" not in name else ""


def _unless(why: str, shown: str) -> str:
    """A reason with what it speaks of; "" where there is none."""
    return f"{shown}: {why}" if why else ""


def _unlike(pin: "Pin", path: str, shown: str, giver: Giver) -> str:
    """Why a file is not the archive of a pin; "" where it is."""
    try:
        with open(path, "rb") as file:
            why = archive.unlike(archive.digests(file.read), pin.hashes, giver)
    except OSError as error:
        return f"{shown}: cannot be read: {(error.strerror or str(error)).lower()}"
    return f"{giver.other}: {shown}: {why}" if why else ""


def _fetched(url: str, path: str) -> str:
    """Fetches an archive; why there is none, or ""."""
    length = 0
    try:
        with remote.answer(url) as answer, open(path, "wb") as file:
            announced = answer.headers.get("Content-Length", "")
            check_room(int(announced) if announced.isdigit() else 0, os.path.dirname(path), remote.shown(url))
            while block := answer.read(_BLOCK):
                length += len(block)
                if length > ARCHIVE_LIMIT:
                    return f"more than {ARCHIVE_LIMIT} bytes"
                file.write(block)
    except EnvguardError as error:
        return error.problem
    return ""
