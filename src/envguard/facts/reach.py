"""Which extension modules an import of a distribution surely loads: source files are read, nothing is imported.

Cython modules import others from compiled code, which is not seen: what is listed is right, and it is not all.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from envguard.facts import sure_imports
from envguard.facts.reading import ReadFailure, read

_MODULES = 3000
_BYTES = 24 << 20
"""How much one distribution may make us read; tensorflow, the largest that was seen, has 1,806 modules."""
_CANDIDATES = 200
"""Sources that mention a module of which all are parsed to see whether one of them surely imports it."""
_LOCATED = 20000
_FOLDERS = 200
"""Folders of a namespace package that are looked into."""
_DEPTH = 32
"""Parts of a dotted name."""


class Way(NamedTuple):
    """How a module is reached."""

    module: str
    path: str
    top: str
    """The name whose import leads there."""
    importer: str
    """The file with the import statement; "" for the entrance itself."""


class Place(NamedTuple):
    """Where a module lies."""

    kind: str
    """``extension``, ``package``, ``module`` or ``namespace``."""
    path: str
    """The file; "" for a namespace."""
    folders: tuple[str, ...] = ()
    """Where modules below it are looked for."""


class Reach:
    """The modules of one distribution that its imports surely lead to."""

    def __init__(
        self,
        paths: Sequence[str],
        suffixes: Sequence[str],
        known: sure_imports.Known,
        belongs: Callable[[str], bool],
        *,
        late: Sequence[str] = (),
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            paths: sys.path, absolute, in order.
            suffixes: Those of extension modules, in the order in which the interpreter tries them.
            known: As ``sure_imports.conditions()`` gives it.
            belongs: Says whether a file belongs to the distribution; imports of others are not followed.
            late: Suffixes that the interpreter does not try, looked for where nothing else is found.
        """
        self._paths = tuple(paths)
        self._suffixes = tuple(suffixes)
        self._late = tuple(suffix for suffix in late if suffix not in suffixes)
        self._known = known
        self._belongs = belongs
        self._places: dict[str, Place | None] = {}
        self._sources: dict[str, sure_imports.Source] = {}
        self._bytes = 0

    def asked_for(self, wanted: Iterable[str], sources: Iterable[str], site: str) -> frozenset[str]:
        """Those of some extension modules that a source surely imports, whoever imports that source.

        It is a quick way out: most modules that do not load are imported by nobody or under a condition, and only
        sources that mention one are parsed.

        Args:
            wanted: Absolute paths of the modules.
            sources: Absolute paths; what is no source is passed over.
            site: The folder that module names begin in.
        """
        modules = {_dotted(path, site): path for path in wanted}
        found: set[str] = set()
        for count, (name, place, _data) in enumerate(_candidates(modules, sources, site)):
            if count == _CANDIDATES:
                return frozenset(wanted)
            found.update(modules[each] for each in self._imports(name, place) if each in modules)
        return frozenset(found)

    def does_without(self, wanted: str, sources: Iterable[str], site: str) -> bool:
        """True where sources import an extension module only in a way that goes on without it.

        Args:
            wanted: Absolute path of the module.
            sources: As for ``asked_for``.
            site: The folder that module names begin in.
        """
        module = _dotted(wanted, site)
        without = False
        for count, (name, place, data) in enumerate(_candidates([module], sources, site)):
            forgiven, others = sure_imports.attempts(data)
            if count == _CANDIDATES or module in self._names(others, name, place):
                return False
            without = without or module in self._names(forgiven, name, place)
        return without

    def extensions(
        self, entrances: Iterable[str], wanted: Collection[str] | None = None, *, most: int = _MODULES
    ) -> dict[str, Way]:
        """Absolute path of every extension module that is surely loaded, and how it is reached.

        Args:
            entrances: Dotted names that a user of the distribution imports.
            wanted: Absolute paths; the search is for these only, and ends when all are found.
            most: How many modules are looked at.
        """
        found: dict[str, Way] = {}
        seen: set[str] = set()
        waiting = deque((name, name, "") for start in entrances for name in self._opened(start))
        while waiting and len(seen) < most and self._bytes < _BYTES:
            if wanted is not None and len(found) == len(wanted):
                break
            name, top, importer = waiting.popleft()
            if name in seen:
                continue
            seen.add(name)
            place = self.locate(name)
            if place is None or (place.path and not self._belongs(place.path)):
                continue
            if place.kind == "extension" and (wanted is None or place.path in wanted):
                found.setdefault(place.path, Way(name, place.path, top, importer))
            elif place.path and place.kind != "extension":
                waiting.extend((each, top, place.path) for each in self._imports(name, place))
        return found

    def _opened(self, name: str, depth: int = 0) -> list[str]:
        """A name, or the packages in it where it is a namespace: ``google.protobuf`` for ``google``."""
        place = self.locate(name)
        if place is None or place.kind != "namespace" or depth > 2:
            return [name]
        below = sorted({each for folder in place.folders for each in _subfolders(folder)})
        inner = [f"{name}.{each}" for each in below if self._is_own_package(f"{name}.{each}")]
        return [found for each in inner for found in self._opened(each, depth + 1)]

    def _is_own_package(self, name: str) -> bool:
        place = self.locate(name)
        return place is not None and (place.kind == "namespace" or bool(place.folders and self._belongs(place.path)))

    def locate(self, name: str) -> Place | None:
        """Where importing a dotted name ends, by the rules of importlib's PathFinder."""
        if name in self._places:
            return self._places[name]
        parent, _dot, last = name.rpartition(".")
        above = self.locate(parent) if parent else Place("namespace", "", self._paths)
        place = self._look(above.folders, last) if above is not None and _plausible(last) else None
        if len(self._places) < _LOCATED:
            self._places[name] = place
        return place

    def _look(self, folders: Sequence[str], name: str) -> Place | None:
        portions = []
        for folder in folders:
            base = f"{folder}/{name}"
            is_folder = os.path.isdir(base)
            if is_folder:
                for suffix in self._suffixes:
                    if os.path.isfile(file := f"{base}/__init__{suffix}"):
                        return Place("extension", file, (base,))
                if os.path.isfile(file := f"{base}/__init__.py"):
                    return Place("package", file, (base,))
            for suffix in self._suffixes:
                if os.path.isfile(base + suffix):
                    return Place("extension", base + suffix)
            if os.path.isfile(base + ".py"):
                return Place("module", base + ".py")
            if is_folder:
                portions.append(base)
        if portions:
            return Place("namespace", "", tuple(portions))
        unloaded = (f"{folder}/{name}{suffix}" for folder in folders for suffix in self._late)
        return next((Place("extension", file) for file in unloaded if os.path.isfile(file)), None)

    def _imports(self, name: str, place: Place) -> Iterable[str]:
        """Dotted names of the modules that a source surely imports, those above them first."""
        return self._names(self._read(place.path).imports, name, place)

    def _names(self, imports: Iterable[sure_imports.Imported], name: str, place: Place) -> Iterator[str]:
        package = name if place.kind == "package" else name.rpartition(".")[0]
        for each in imports:
            target = _absolute(each, package)
            parts = target.split(".") if target else []
            if not 0 < len(parts) < _DEPTH:
                continue
            yield from (".".join(parts[: count + 1]) for count in range(len(parts)))
            for taken in each.names:
                if self._is_module(target, taken):
                    yield f"{target}.{taken}"

    def _is_module(self, package: str, name: str) -> bool:
        """True where ``from package import name`` must be a module: the package itself defines no such name."""
        above = self.locate(package)
        if above is None or not above.folders or self.locate(f"{package}.{name}") is None:
            return False
        if above.kind != "package":
            return above.kind == "namespace"
        return name not in self._read(above.path).bound

    def _read(self, path: str) -> sure_imports.Source:
        if path in self._sources:
            return self._sources[path]
        data = _bytes_of(path)
        self._bytes += len(data)
        source = sure_imports.read_source(data, self._known)
        if len(self._sources) < _MODULES:
            self._sources[path] = source
        return source


def _candidates(modules: Collection[str], sources: Iterable[str], site: str) -> Iterator[tuple[str, Place, bytes]]:
    """The sources that mention one of some modules, with their own names."""
    for path in sources:
        if path.endswith(".py"):
            name, data = _dotted(path, site), _bytes_of(path)
            if any(_mentions(data, name, module) for module in modules):
                yield name, Place("package" if path.endswith("/__init__.py") else "module", path), data


def _mentions(data: bytes, source: str, module: str) -> bool:
    """Whether a source can import a module: it has its name, and that of the package unless it lies beside it."""
    package, _dot, stem = module.rpartition(".")
    beside = source in (package, f"{package}.{source.rpartition('.')[2]}")
    return (beside or _has_word(package.rpartition(".")[2], data)) and _has_word(stem, data)


def _has_word(word: str, data: bytes) -> bool:
    return re.search(rb"(?<!\w)" + re.escape(word.encode()) + rb"(?!\w)", data) is not None


def _bytes_of(path: str) -> bytes:
    try:
        return read(path, sure_imports.SOURCE_LIMIT)
    except ReadFailure:
        return b""


def _dotted(path: str, site: str) -> str:
    """``numba.np.ufunc.tbbpool`` for the path of a module below ``site``."""
    folders = os.path.relpath(path, site).split("/")
    stem = folders.pop().partition(".")[0]
    return ".".join(folders if stem == "__init__" else [*folders, stem])


def _subfolders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir()][:_FOLDERS]
    except OSError:
        return []


def _plausible(name: str) -> bool:
    return 0 < len(name) <= 255 and name.isidentifier()


def _absolute(imported: sure_imports.Imported, package: str) -> str:
    """The dotted name that an import means inside ``package``; "" where it leads out of every package."""
    if not imported.level:
        return imported.module
    base = package
    for _ in range(imported.level - 1):
        base = base.rpartition(".")[0]
    if not base:
        return ""
    return f"{base}.{imported.module}" if imported.module else base
