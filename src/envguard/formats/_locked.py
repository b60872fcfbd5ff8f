"""What the readers of project locks share: from an entry of a lock to pins.

A project lock holds more than one environment: packages of other platforms, groups and extras stand in it too. A
reader says of each entry how much it is needed here; ``settle`` makes pins of them and never picks one of several
versions by itself.
"""

import functools
import os

from envguard._value import Value
from envguard.errors import LockError
from envguard.facts.direct_url import redact
from envguard.formats import _toml
from envguard.formats._toml import ShapeError
from envguard.model import Artifact, Pin, Source
from envguard.versions import is_name, normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.formats._toml import Table
    from envguard.model import Interpreter

OUT, OPTIONAL, UNKNOWN, NEEDED = "out", "optional", "unknown", "needed"
"""How much an entry is needed here: not at all, perhaps, to be seen by who depends on it, surely."""

_NAMES = ("file", "filename", "name")
"""Under which key a file's name stands, where it is not the end of its URL."""
_NAME_LIMIT = 400
"""Characters of a wheel's file name that are looked at."""


class Entry(Value):
    """One entry of a lock, as a pin, and how much it is needed."""

    pin: Pin
    need: str
    edges: tuple[tuple[str, bool], ...] = ()
    """What it depends on, by name, and whether that holds here."""


class Wheels:
    """Which of an entry's wheels the interpreter would take."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._interpreter = interpreter
        self._ranks: dict[str, int] = {}
        self._pythons: frozenset[str] = frozenset()

    def best(self, files: "Iterable[str]") -> tuple[str, ...]:
        """The tags of the wheel that an installer prefers, sorted; none where no wheel fits."""
        if not self._ranks:
            self._ranks, self._pythons = _ranked(self._interpreter)
        best: tuple[int, tuple[str, ...]] = (len(self._ranks), ())
        for file in files:
            if tags_of := self._tags_of(file):
                rank = min(self._ranks.get(tag, len(self._ranks)) for tag in tags_of)
                if rank < best[0]:
                    best = rank, tuple(sorted(tags_of))
        return best[1]

    def _tags_of(self, file: str) -> list[str]:
        """The tags in a wheel's name; none for another file, and none where it is for other Pythons."""
        pieces = file[:-4].rsplit("-", 3) if file.endswith(".whl") and len(file) < _NAME_LIMIT else ()
        if len(pieces) != 4 or self._pythons.isdisjoint(pythons := pieces[1].split(".")):
            return []
        abis, platforms = pieces[2].split("."), pieces[3].split(".")
        return [f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms]

    def fit(self, files: "Sequence[str]") -> bool:
        """False where there are files, and none of them can be installed here."""
        return not files or not all(file.endswith(".whl") for file in files) or bool(self.best(files))


@functools.lru_cache(maxsize=4)
def _ranked(interpreter: "Interpreter") -> "tuple[dict[str, int], frozenset[str]]":
    """Every tag with its place among those that the interpreter accepts, and the Pythons in them."""
    from envguard.environment.tags import supported

    tags = supported(interpreter)
    ranks = {str(tag): rank for rank, tag in reversed(list(enumerate(tags)))}
    return ranks, frozenset(tag.interpreter for tag in tags)


def settle(entries: "list[Entry]") -> tuple[Pin, ...]:
    """The pins of a lock, in the order of its lines.

    What is needed goes before what may be absent. Several versions of one name that are left become one pin which
    cannot be verified, since the lock does not say which of them applies.
    """
    by_name: dict[str, list[Entry]] = {}
    for entry in _decided(entries):
        if entry.need != OUT:
            by_name.setdefault(entry.pin.name, []).append(entry)
    return tuple(_one(same_name) for same_name in by_name.values())


def _decided(entries: "list[Entry]") -> "list[Entry]":
    """The entries, those of unknown need decided by who depends on them.

    What nothing in the lock depends on was asked for by the project itself. What it needs under conditions that hold
    here is needed too; the rest may be absent.
    """
    if not any(entry.need == UNKNOWN for entry in entries):
        return entries
    referred = {name for entry in entries for name, _holds in entry.edges}
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.pin.name, []).append(entry)
    roots = [e for e in entries if e.need == NEEDED or (e.need == UNKNOWN and e.pin.name not in referred)]
    needed = {id(entry) for entry in roots}
    while roots:
        names = {name for name, holds in roots.pop().edges if holds}
        for child in (child for name in names for child in by_name.get(name, ())):
            if id(child) not in needed and child.need == UNKNOWN:
                needed.add(id(child))
                roots.append(child)
    return [
        entry.replace(need=NEEDED if id(entry) in needed else OPTIONAL) if entry.need == UNKNOWN else entry
        for entry in entries
    ]


def _one(entries: "list[Entry]") -> Pin:
    """The pin of one name."""
    needed = [entry.pin for entry in entries if entry.need == NEEDED]
    pins = needed or [entry.pin.replace(optional=True) for entry in entries]
    first = pins[0]
    if len(pins) == 1:
        return first
    different = {(pin.version, pin.source) for pin in pins}
    if len(different) == 1:
        return together(pins)
    several = ", ".join(sorted({pin.text for pin in pins}))
    why = f"the lock holds {several} and does not say which applies here"
    return Pin(name=first.name, path=first.path, line=first.line, text=first.text, unverifiable=why,
               optional=first.optional)  # fmt: skip


def together(pins: "Sequence[Pin]") -> Pin:
    """The first of several pins of the same thing, with the files of all."""
    return pins[0].replace(
        hashes=tuple(sorted({each for pin in pins for each in pin.hashes})),
        artifacts=tuple(dict.fromkeys(each for pin in pins for each in pin.artifacts)),
    )


def name(table: "Table") -> str:
    """The normalised name of an entry.

    Raises:
        ShapeError: It has none.
    """
    found = _toml.text(table, "name")
    if not is_name(found):
        raise ShapeError(f"not the name of a package: {found[:80]!a}")
    return normalise(found)


def version(table: "Table") -> "str | None":
    """The version of an entry, None where it gives none.

    Raises:
        ShapeError: It has a version that is no text, or an empty one.
    """
    if "version" not in table:
        return None
    found = _toml.text(table, "version")
    if not found or not found.isprintable() or " " in found:
        raise ShapeError(f"not a version: {found[:80]!a}")
    return found


def artifacts(files: "Iterable[Table]", lock: str, folder: str = "") -> tuple[Artifact, ...]:
    """The files of an entry, as uv, Poetry and PDM describe them.

    Args:
        files: Their tables.
        lock: The lock, at whose folder a relative path starts.
        folder: Where their own paths start, relative to that.

    Raises:
        ShapeError: A field is of the wrong kind.
    """
    return tuple(_artifact(file, lock, folder) for file in files)


def _artifact(file: "Table", lock: str, folder: str) -> Artifact:
    url, digest, size = _toml.text(file, "url"), _toml.text(file, "hash").lower(), file.get("size")
    if size is not None and type(size) is not int:
        raise ShapeError("size is no number")
    key = next((key for key in _NAMES if key in file), "")
    named = _toml.text(file, key) if key else ""
    if not url and (path := _toml.text(file, "path")):
        url = local(os.path.join(folder, path), lock)
    return Artifact(
        name=file_name(named or url), url=fetched(url), hashes=(digest,) if ":" in digest else (), size=size
    )


def file_name(place: str) -> str:
    """The name of the file at a URL or path."""
    name = place.partition("?")[0].partition("#")[0].rpartition("/")[2]
    if "%" not in name:
        return name
    from urllib.parse import unquote

    return unquote(name)


def fetched(url: str) -> str:
    """Where a file lies, without credentials; empty where that cannot be said without the query."""
    return "" if "?" in url else remote(url)


def hashes(files: "Iterable[Artifact]") -> tuple[str, ...]:
    """The digests of an entry's files."""
    return tuple(sorted({digest for file in files for digest in file.hashes}))


def text(pin_name: str, pin_version: "str | None", source: "Source | None") -> str:
    """An entry as a requirement."""
    if pin_version is not None:
        return f"{pin_name}=={pin_version}"
    return f"{pin_name} @ {source.url}" if source is not None else pin_name


def local(place: str, lock: str) -> str:
    """The ``file:`` URL of a path, as direct_url.json has it; a relative path starts at the lock's folder."""
    from urllib.parse import quote  # what pathname2url does here; its module costs more than most locks

    if place.lower().startswith("file:"):
        return redact(place)
    absolute = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(lock)), place))
    return "file://" + quote(absolute)


def remote(url: str) -> str:
    """A URL without credentials, query and fragment."""
    if "@" in url or "?" in url or "#" in url:
        return redact(url).partition("#")[0]
    return url  # nothing that could be one; locks have thousands of such


def vcs(url: str, revision: str, *, subdirectory: str = "", editable: bool = False) -> Source:
    """A checkout.

    Raises:
        ShapeError: The commit is missing.
    """
    if not revision:
        raise ShapeError("a checkout without its commit")
    return Source(kind="vcs", url=remote(url), revision=revision, subdirectory=subdirectory, editable=editable)


def archive(url: str, files: "Iterable[str]" = (), *, subdirectory: str = "") -> Source:
    """A file that is fetched by its URL; ``files`` are the digests that it may have."""
    known = [digest for digest in files if digest.startswith("sha256:")]
    digest = known[0] if len(known) == 1 else ""
    return Source(kind="archive", url=remote(url), digest=digest, subdirectory=subdirectory)


def directory(place: str, lock: str, *, subdirectory: str = "", editable: bool = False) -> Source:
    """A folder; a relative one starts at the lock's."""
    return Source(kind="directory", url=local(place, lock), subdirectory=subdirectory, editable=editable)


def chosen(kind: str, asked: "Iterable[str]", known: "Iterable[str]", path: str) -> tuple[str, ...]:
    """The groups or extras that were asked for, normalised.

    Raises:
        LockError: The lock does not know one of them.
    """
    names = {normalise(each) for each in known}
    found = tuple(normalise(each) for each in asked)
    for each in found:
        if each not in names:
            there = ", ".join(sorted(names)) or "none"
            raise LockError(f"the lock has no {kind} {each!r}", path=path, remedy=f"it has {there}")
    return found
