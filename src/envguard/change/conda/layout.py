"""What installing a conda package puts where, byte for byte, without doing it.

Every file is one of the proven archive, or follows from it and from the prefix. Where the golden file has a manifest,
what installers write in different ways (long first lines, entry points) is made as the golden environment's installer
made it; which one that was shows in the digests.

Sources: ``info/paths.json`` and ``info/link.json`` in conda-build's documentation; ``core/link.py`` of conda.
"""

import hashlib
import os
from typing import NamedTuple

from envguard._value import Value
from envguard.change.conda import record, rewriting
from envguard.change.conda.archive import Contents
from envguard.change.placing.artifact import ArtifactError
from envguard.environment.metadata import split, split_egg
from envguard.facts import bytecode, conda_files
from envguard.facts.conda_files import CONDA
from envguard.facts.reading import sha256_of
from envguard.facts.tree import is_below
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from envguard.facts.tree import Entry
    from envguard.model import Environment

_ENTRY_POINT_MODE = 0o775
"""As rattler gives it to scripts that it writes itself."""
_FAR = 4 << 30
"""Seconds since the epoch beyond which a time is no time."""


class Place(Value):
    """An environment, as far as an installer of conda packages needs to know it."""

    prefix: str
    """Links resolved."""
    written: tuple[str, ...]
    """The prefix as it may stand in files, the likeliest first."""
    site: str
    """Where Python packages go, relative to the prefix."""
    version: str
    """``3.11``."""


class File(NamedTuple):
    """One file to be there."""

    sha256: str
    executable: bool
    mode: int
    time: "float | None"
    """When it was last changed; None is now."""
    member: str
    """Its name in the archive; empty where ``data`` holds it."""
    data: bytes


class Laid(NamedTuple):
    """Everything that a package puts into an environment."""

    files: dict[str, File]
    """By absolute path."""
    links: dict[str, str]
    """Absolute path to what the symbolic link says."""
    rows: "list[dict[str, Any]]"
    """Of its record: what there is, relative to the prefix, whether it has to be put in place or not."""
    owners: frozenset[str]
    """Names under which its files are known: its own, marked as conda's, and those of its Python distributions."""
    about: "dict[str, Any]"
    """``info/index.json``."""
    cannot: tuple[str, ...]
    """What cannot be made as it was, a sentence each."""


def place_of(live: "Environment", site: str = "") -> Place:
    """An environment, as far as an installer of conda packages needs to know it.

    Args:
        live: As it was scanned.
        site: Where Python packages go where no record of ``python`` tells, relative to the prefix; empty takes the
            place that they mostly go to.
    """
    python = next((each for each in live.conda or () if each.name == "python"), None)
    short = ".".join(live.interpreter.version.split(".")[:2])
    prefix = os.path.realpath(live.prefix)
    if python is not None:
        site = conda_files.site_packages(record.loaded(python.path))
    written = tuple(dict.fromkeys((live.prefix, prefix)))
    return Place(prefix=prefix, written=written, site=site or f"lib/python{short}/site-packages", version=short)


def lay_out(
    contents: Contents,
    name: str,
    place: Place,
    *,
    sealed: "Mapping[str, Entry] | None" = None,
    recorded: "Mapping[str, str] | None" = None,
) -> Laid:
    """What a package puts where.

    Args:
        contents: The proven archive.
        name: conda's name of the package.
        place: The environment.
        sealed: Absolute path to entry of the manifest; what it does not list the golden environment had not. Empty
            where there is no manifest.
        recorded: Absolute path to digest of files that an installer wrote anew, as the record says that is there; used
            where nothing is sealed, to choose between ways of writing.

    Raises:
        ArtifactError: It is another package, it would lead out of the environment, or a file of it is broken.
    """
    return _Layout(contents, name, place, sealed or {}, recorded or {}).done()


class _Layout:
    def __init__(
        self,
        contents: Contents,
        name: str,
        place: Place,
        sealed: "Mapping[str, Entry]",
        recorded: "Mapping[str, str]",
    ) -> None:
        self._contents = contents
        self._place = place
        self._sealed = sealed
        self._recorded = recorded
        self._index = contents.about("info/index.json")
        if str(self._index.get("name")).lower() != name.lower():
            raise ArtifactError(f"it is the package {self._index.get('name')!a}")
        self._is_noarch_python = self._index.get("noarch") == "python"
        self._owners = frozenset({CONDA + str(self._index["name"]), *distributions(contents.names)})
        self._files: dict[str, File] = {}
        self._links: dict[str, str] = {}
        self._rows: list[dict[str, Any]] = []
        self._cannot: list[str] = []

    def done(self) -> Laid:
        for row in self._listed():
            path = self._path(row)
            if row.get("path_type") == "directory":
                continue
            if row.get("path_type") == "softlink" or self._contents.link(str(row["_path"])):
                self._add_link(path, row)
            else:
                self._add_file(path, row)
        if self._is_noarch_python:
            for line in self._entry_points():
                self._add_entry_point(line)
        self._refuse_ways_through_links()
        rows = sorted(self._rows, key=lambda row: str(row["_path"]).split("/"))
        return Laid(self._files, self._links, rows, self._owners, self._index, tuple(self._cannot))

    def _listed(self) -> "Iterator[dict[str, Any]]":
        rows = self._contents.about("info/paths.json").get("paths")
        if not isinstance(rows, list):
            raise ArtifactError("it has no info/paths.json, which lists its files: packages before 2016 have not")
        for row in rows:
            if not isinstance(row, dict) or not _is_text(row.get("_path")):
                raise ArtifactError("its info/paths.json is broken")
            yield row

    def _path(self, row: "Mapping[str, Any]") -> str:
        """Where a row's file goes."""
        written = str(row["_path"])
        relative = conda_files.place(written, self._place.site if self._is_noarch_python else "site-packages")
        if not self._is_noarch_python and written.startswith("python-scripts/"):
            relative = written
        if not relative or "\\" in written or ".." in written.split("/"):
            raise ArtifactError(f"{written!a} is no path that a package may hold")
        path = f"{self._place.prefix}/{relative}"
        if path in self._files or path in self._links:
            raise ArtifactError(f"{written!a} stands in it twice")
        if is_below(path, f"{self._place.prefix}/conda-meta"):
            raise ArtifactError(f"{written!a} lies where conda keeps its records")
        return path

    def _add_link(self, path: str, row: "Mapping[str, Any]") -> None:
        target = self._contents.link(str(row["_path"]))
        if not target or "\0" in target:
            raise ArtifactError(f"{row['_path']!a} is listed as a link, and is none")
        digest = hexdigest(os.fsencode(target))
        self._note(path, row, path_type="softlink", sha256_in_prefix=digest)
        entry = self._sealed.get(path)
        if self._is_not_golden(path):
            return
        if entry is not None and (entry.kind != "l" or entry.target != target):
            self._differs(path, entry, "links elsewhere in the archive")
            return
        self._links[path] = target

    def _add_file(self, path: str, row: "Mapping[str, Any]") -> None:
        member = str(row["_path"])
        placeholder = row.get("prefix_placeholder")
        if placeholder and not (isinstance(placeholder, str) and _is_text(placeholder)):
            raise ArtifactError(f"{member!a} has a placeholder that is none")
        if placeholder:
            self._add_rewritten(path, row, placeholder.encode())
            return
        digest = row.get("sha256")
        if not isinstance(digest, str) or len(digest) != 64:
            digest = hexdigest(self._contents.read(member))
        self._note(path, row)
        self._settle(path, member, [(digest.lower(), b"")], is_written=False)

    def _add_rewritten(self, path: str, row: "Mapping[str, Any]", placeholder: bytes) -> None:
        member = str(row["_path"])
        data = self._contents.read(member)
        _require(row, data)
        binary = row.get("file_mode") == "binary"
        write = rewriting.binaries if binary else rewriting.texts
        try:
            ways = [way for prefix in self._place.written for way in write(data, placeholder, os.fsencode(prefix))]
        except ValueError as error:
            raise ArtifactError(f"{member!a}: {error}") from error
        digest, size = self._settle(path, member, [(hexdigest(way), way) for way in ways], is_written=True)
        self._note(path, row, sha256_in_prefix=digest, size_in_bytes=size)

    def _entry_points(self) -> "list[str]":
        noarch = self._contents.about("info/link.json").get("noarch")
        lines = noarch.get("entry_points") if isinstance(noarch, dict) else None
        return [str(line) for line in lines] if isinstance(lines, list) else []

    def _add_entry_point(self, line: str) -> None:
        try:
            name, module, function = rewriting.entry_point(line)
        except ValueError as error:
            raise ArtifactError(str(error)) from error
        path = f"{self._place.prefix}/bin/{name}"
        if path in self._files or path in self._links:
            raise ArtifactError(f"{name!a} is a file and an entry point of it")
        python = f"bin/python{self._place.version}"
        interpreters = [os.fsencode(f"{prefix}/{python}") for prefix in self._place.written]
        ways = [way for each in interpreters for way in rewriting.entry_points(module, function, each)]
        digest, size = self._settle(path, "", [(hexdigest(way), way) for way in ways], is_written=True)
        row = {"_path": f"bin/{name}", "path_type": "unix_python_entry_point"}
        self._note(path, row, sha256=digest, size_in_bytes=size)

    def _settle(self, path: str, member: str, ways: "list[tuple[str, bytes]]", *, is_written: bool) -> tuple[str, int]:
        """Takes the way that is sealed, or else recorded, or else the first.

        Returns:
            Digest and bytes of the file that will be there.
        """
        entry = self._sealed.get(path)
        wanted = (entry.sha256 if entry is not None and entry.kind == "f" else "") or self._recorded.get(path, "")
        digest, data = next((way for way in ways if way[0] == wanted), ways[0])
        if self._is_not_golden(path):
            return digest, len(data)
        if entry is not None and (entry.kind != "f" or entry.sha256 not in ("", digest)):
            self._differs(path, entry, "is another in the archive, or was written in a way that is not known here")
            return entry.sha256, entry.size
        mode = self._contents.mode(member) if member else _ENTRY_POINT_MODE
        executable = entry.executable if entry is not None else bool(mode & 0o111)
        mode = (mode | 0o111 if executable else mode & ~0o111) if executable != bool(mode & 0o111) else mode
        time = self._contents.time(member) if member else None
        time = time if time is not None and 0 <= time < _FAR else None
        self._files[path] = File(digest, executable, mode, time, "" if is_written else member, data)
        return digest, len(data)

    def _is_not_golden(self, path: str) -> bool:
        """True for what the golden environment did not have, and for what it had from another package."""
        if not self._sealed:
            return False
        entry = self._sealed.get(path)
        return entry is None or entry.owner not in ("", *self._owners)

    def _differs(self, path: str, entry: "Entry", why: str) -> None:
        """Says that a file cannot be made, unless it is there as it should be, or is byte code, which may go."""
        if not bytecode.is_cached(path) and not _is_sealed(path, entry):
            self._cannot.append(f"{path}: {why}")

    def _note(self, path: str, row: "Mapping[str, Any]", **more: object) -> None:
        """Adds the row of a file to what the record will say."""
        said = {**row, "_path": path[len(self._place.prefix) + 1 :], **more}
        said.pop("no_link", None)
        self._rows.append(said)

    def _refuse_ways_through_links(self) -> None:
        for path in (*self._files, *self._links):
            folder = os.path.dirname(path)
            while is_below(folder, self._place.prefix):
                if folder in self._links:
                    raise ArtifactError(f"{path[len(self._place.prefix) + 1 :]!a} lies behind a link of the package")
                folder = os.path.dirname(folder)


def hexdigest(data: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def _is_text(value: object) -> bool:
    """True for a text without lone surrogates, which no path and no file can hold."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _require(row: "Mapping[str, Any]", data: bytes) -> None:
    wanted = row.get("sha256")
    if isinstance(wanted, str) and wanted and hexdigest(data) != wanted.lower():
        raise ArtifactError(f"{row['_path']!a} is not what its info/paths.json lists")


def _is_sealed(path: str, entry: "Entry") -> bool:
    """True where what is there is what the manifest says."""
    try:
        if entry.kind == "l":
            return os.readlink(path) == entry.target
        return entry.kind == "f" and not os.path.islink(path) and sha256_of(path) == entry.sha256
    except OSError:
        return False


def distributions(names: "Iterable[str]") -> "Iterator[str]":
    """Normalised names of the Python distributions that a package brings.

    Args:
        names: Of its files.
    """
    for name in names:
        folder, _slash, below = name.partition("site-packages/")[2].partition("/")
        if folder.endswith(".dist-info") and below:
            yield normalise(split(folder.removesuffix(".dist-info"))[0])
        elif folder.endswith(".egg-info"):
            yield normalise(split_egg(folder.removesuffix(".egg-info"))[0])
