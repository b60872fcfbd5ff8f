"""uv.lock: what ``uv sync`` installs.

The file holds every platform, extra and group. What applies to an interpreter is found by walking from the project
(``_uv_walk``), as ``uv export --frozen`` does: the group ``dev`` belongs to it by default, ``no-dev`` among the asked
groups leaves it out. Other default groups stand in pyproject.toml alone and must be asked for.
"""

import re

from envguard.environment.interpreter import markers, running
from envguard.errors import LockError
from envguard.formats import _locked, _project, _text, _toml, _uv_walk
from envguard.formats._conditions import Conditions
from envguard.formats._locked import NEEDED, Entry, Wheels
from envguard.formats._toml import ShapeError
from envguard.model import Pin, Selection, Snapshot, Source
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.formats._toml import Document, Table
    from envguard.model import Interpreter

NAME = "uv.lock"
SELECTS = ("groups", "extras")

_VERSION = 1
_DEFAULT_GROUP = "dev"
_WITHOUT = "no-"
_HEAD = re.compile(r"\A(?:#[^\n]*\n|\s)*version = \d{1,9}$", re.MULTILINE)
_MARK = re.compile(r"^requires-python = ", re.MULTILINE)
_REMEDY = "run `uv lock` again"
_PLACES = ("virtual", "editable", "directory", "path")


def recognises(filename: str, head: bytes) -> int:
    """2 where the file begins with a version and says which Python it is for, 1 where it is called uv.lock."""
    text = _text.peek(head).replace("\r\n", "\n")
    if _HEAD.search(text) and _MARK.search(text):
        return 2
    return 1 if filename == NAME else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:
    """Read a uv.lock.

    Args:
        data: The file's bytes.
        path: The file; local sources are given relative to its folder.
        selection: Groups and extras beside the defaults, and the interpreter.

    Raises:
        LockError: The file is broken, of a newer version, not for this interpreter, or what was asked for is not in
            it or excludes itself.
    """
    selection = selection or Selection()
    whom = selection.interpreter or running()
    return _project.snapshot(
        data, path=path, format=NAME, remedy=_REMEDY, read=lambda document: _Reader(document, whom).read(selection)
    )


class _Reader:
    def __init__(self, document: "Document", whom: "Interpreter") -> None:
        self._path = document.path
        self._table = document.table
        self._whom = whom
        self._environment = markers(whom)
        self._check_version()
        self._entries = _toml.tables(self._table, _project.ENTRY)
        self._lines = document.lines(_project.ENTRY)
        self._packages = _project.entries(document, _REMEDY, lambda table, _line: _uv_walk.package(table))
        self._manifest = _toml.section(self._table, "manifest")

    def read(self, selection: Selection) -> tuple[Pin, ...]:
        self._check_applies()
        start = self._start(selection)
        conflicts = self._conflicts()
        spoken_of = frozenset(atom for conflict in conflicts for atom in conflict)
        reached, active = _uv_walk.walk(self._packages, start, self._environment, spoken_of)
        for conflict in conflicts:
            if len(both := sorted(label for atom, label in conflict.items() if atom in active)) > 1:
                raise LockError(f"{' and '.join(both)} exclude each other", path=self._path, remedy="choose one")
        wheels = Wheels(self._whom)
        entries = [entry for index in reached for entry in self._entry(index, start.roots, wheels)]
        return _locked.settle(entries)

    def _check_version(self) -> None:
        version = self._table.get("version")
        if version == _VERSION and version is not True:
            return
        problem = f"version {ascii(version)[:20]} of uv.lock is not read, only {_VERSION}"
        raise LockError(problem, path=self._path, line=1, remedy="update envguard, or export with `uv export`")

    def _check_applies(self) -> None:
        from packaging.specifiers import SpecifierSet

        wanted = _toml.text(self._table, "requires-python")
        version = self._environment["python_full_version"]
        try:
            fits = SpecifierSet(wanted).contains(version, prereleases=True)
        except ValueError:  # InvalidSpecifier, or more digits than int() takes
            raise ShapeError("requires-python is no specifier") from None
        if not fits:
            problem = f"this lock is for Python {wanted}, and the interpreter is {version}"
            raise LockError(problem, path=self._path, remedy="check with that Python, or lock for this one")
        supported = _toml.texts(self._table, "supported-markers")
        conditions = Conditions(self._environment)
        if supported and not any(map(conditions.hold, supported)):
            where = f"{self._whom.system} {self._whom.machine}"
            raise LockError(f"this lock is not for {where}", path=self._path, remedy="lock for this platform")

    def _start(self, selection: Selection) -> "_uv_walk.Start":
        """The project is what lies in the lock's own folder; a workspace without a project is all its members."""
        roots = [
            index
            for index, package in enumerate(self._packages)
            if any(key in ("virtual", "editable", "directory") and value == "." for key, value in package.source)
        ]
        if not roots:
            members = {normalise(member) for member in _toml.texts(self._manifest, "members")}
            roots = [
                index
                for index, package in enumerate(self._packages)
                if package.name in members and package.source[0][0] in _PLACES
            ]
        loose = _uv_walk.edges(self._manifest, "requirements")
        if self._packages and not roots and not loose:
            raise ShapeError("it names no project to begin with")
        own = _toml.section(self._manifest, "dependency-groups")
        groups = self._groups(selection, roots, set(own))
        return _uv_walk.Start(
            roots=tuple(roots),
            extra_edges=loose + tuple(e for key in own if normalise(key) in groups for e in _uv_walk.edges(own, key)),
            extras=_locked.chosen("extra", selection.extras, self._known_extras(roots), self._path),
            groups=groups,
        )

    def _groups(self, selection: Selection, roots: list[int], own: set[str]) -> tuple[str, ...]:
        known = {normalise(each) for each in own} | {_DEFAULT_GROUP}
        for root in roots:
            known |= self._packages[root].groups.keys()
            metadata = _toml.section(self._entries[root], "metadata")
            known |= set(map(normalise, _toml.section(metadata, "requires-dev")))
        known |= {_WITHOUT + each for each in known}
        asked = set(_locked.chosen("group", selection.groups, known, self._path)) | {_DEFAULT_GROUP}
        return tuple(sorted(each for each in asked if _WITHOUT + each not in asked))

    def _known_extras(self, roots: list[int]) -> set[str]:
        known: set[str] = set()
        for root in roots:
            metadata = _toml.section(self._entries[root], "metadata")
            known |= self._packages[root].extras.keys() | set(_toml.texts(metadata, "provides-extras"))
        return known

    def _conflicts(self) -> list[dict[str, str]]:
        """Made-up extras of which one at most can be active, each with what it stands for."""
        found = self._table.get("conflicts", [])
        if not isinstance(found, list) or not all(isinstance(each, list) for each in found):
            raise ShapeError("conflicts is no list of lists")
        return [dict(map(_conflicting, _toml.tables({"conflicts": each}, "conflicts"))) for each in found]

    def _entry(self, index: int, roots: tuple[int, ...], wheels: Wheels) -> "list[Entry]":
        """The entry as a pin; none for a project that is not itself installed."""
        try:
            return self._entry_of(index, roots, wheels)
        except ShapeError as error:
            raise LockError(str(error), path=self._path, line=self._lines[index], remedy=_REMEDY) from None

    def _entry_of(self, index: int, roots: tuple[int, ...], wheels: Wheels) -> "list[Entry]":
        package, table = self._packages[index], self._entries[index]
        if package.source[0][0] == "virtual":
            return []
        sdist = _toml.section(table, "sdist")
        tables = [*_toml.tables(table, "wheels"), sdist] if sdist else _toml.tables(table, "wheels")
        # A registry may be a folder, at which the paths of its files start.
        files = _locked.artifacts(tables, self._path, dict(package.source).get("registry", ""))
        hashes = _locked.hashes(files)
        source = _source(dict(package.source), hashes, self._path)
        if package.version is None and source is None:
            raise ShapeError(f"{package.name} has no version")
        pin = Pin(
            name=package.name,
            version=package.version,
            path=self._path,
            line=self._lines[index],
            text=_locked.text(package.name, package.version, source),
            hashes=hashes,
            artifacts=() if source is not None else files,
            source=source,
            tags=wheels.best(file.name for file in files),
            optional=index in roots,  # `uv sync --no-install-project` is how images are built
        )
        return [Entry(pin=pin, need=NEEDED)]


def _conflicting(item: "Table") -> tuple[str, str]:
    name = normalise(_toml.text(item, "package"))
    for kind in ("extra", "group"):
        if found := _toml.text(item, kind):
            return _uv_walk.atom(kind, name, normalise(found)), f"{kind} {normalise(found)}"
    return _uv_walk.atom("project", name, ""), f"project {name}"


def _source(source: "dict[str, str]", hashes: tuple[str, ...], lock: str) -> "Source | None":
    """Where an entry comes from; None is an index, whichever."""
    subdirectory = source.get("subdirectory", "")
    if "registry" in source:
        return None
    if "git" in source:
        return _checkout(source["git"])
    if "url" in source:
        return _locked.archive(source["url"], hashes, subdirectory=subdirectory)
    if "path" in source:
        return _locked.archive(_locked.local(source["path"], lock), hashes)
    for key in ("editable", "directory"):
        if key in source:
            return _locked.directory(source[key], lock, editable=key == "editable")
    raise ShapeError(f"a source of unknown kind: {ascii(', '.join(source))[:80]}")


def _checkout(place: str) -> Source:
    """``https://host/x.git?subdirectory=s&rev=r#commit``."""
    from urllib.parse import unquote

    address, _hash, commit = place.partition("#")
    url, _mark, query = address.partition("?")
    said = dict(part.partition("=")[::2] for part in query.split("&"))
    return _locked.vcs(url, commit, subdirectory=unquote(said.get("subdirectory", "")))
