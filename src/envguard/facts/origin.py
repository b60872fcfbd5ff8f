"""Import origin (EG112): would a name be imported from the distribution that owns it?

The metadata may be perfect while ``import six`` loads a ``six.py`` from the working folder. This module follows
importlib's PathFinder over the path entries without importing anything: within one entry a package with ``__init__``
comes before modules, extension modules before sources before byte code, and a folder without ``__init__`` is a
namespace portion, which loses to any regular package or module of a later entry.

Sources: ``FileFinder.find_spec`` in CPython's ``importlib/_bootstrap_external.py``, ``zipimport``, PEP 420.
"""

import os
import sys

from envguard.errors import UnverifiableError
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from envguard.facts.records import Row
    from envguard.model import Distribution

INCIDENTAL = frozenset(
    {"benchmarks", "build", "conftest", "doc", "docs", "example", "examples", "samples", "scripts", "setup", "tests"}
)
"""Names that wheels install by mistake and projects have in their own folder. They are looked at only where a
distribution has no other name."""

_ALWAYS_STANDARD = sys.stdlib_module_names | {"test"}
"""The standard library comes first on every path; a backport of such a name loses by design."""

_IMPORTABLE = (".py", ".pyc", ".so", ".pyd")
_ARCHIVE_SUFFIXES = (".pyc", ".py")
_DEPTH = 3
"""How many levels of namespace packages are followed: google.cloud.storage."""


def suffixes_for(soabi: str) -> tuple[str, ...]:
    """Suffixes of modules on POSIX in the order in which an interpreter looks for them.

    Args:
        soabi: Such as ``cpython-311-x86_64-linux-gnu`` (PEP 3149).
    """
    return (f".{soabi}.so", ".abi3.so", ".so", ".py", ".pyc")


def entrances(rows: "Iterable[Row]") -> frozenset[str]:
    """The files that an import of a distribution's own names lands on.

    Of a regular package that is its ``__init__``, of a module the file itself, of a namespace package what lies in
    it: ``{"six.py", "google/protobuf/__init__.py"}``.

    Args:
        rows: Rows of its RECORD.
    """
    modules = [row[0] for row in rows if row[0].endswith(_IMPORTABLE) and "__pycache__/" not in row[0]]
    packages = {path.rpartition("/")[0] for path in modules if "/__init__." in path}
    found = set()
    for path in modules:
        parts = path.split("/")
        if len(parts) > 2 and parts[0] in packages:
            continue  # quick way out for nearly every file of a large package
        name = _module_name(path)
        if name.count(".") < _DEPTH and _is_importable(name) and not _inside_package(path, packages):
            found.add(path)
    return frozenset(found)


def top_level(rows: "Iterable[Row]") -> tuple[str, ...]:
    """The names that a distribution can be imported by, sorted: ``("six",)``, ``("google",)``.

    Args:
        rows: Rows of its RECORD.
    """
    return tuple(sorted({_module_name(path).partition(".")[0] for path in entrances(rows)}))


def find(
    paths: "Sequence[str]",
    distributions: "Sequence[Distribution]",
    owned: "Mapping[str, Collection[str]]",
    *,
    suffixes: "Sequence[str] | None" = None,
    absent: "Mapping[str, str] | None" = None,
    known: "Collection[str]" = (),
) -> tuple[Change, ...]:
    """Every distribution of which a name would be imported from a file that no distribution owns.

    Quiet on purpose: a file that another installed distribution owns (that one is judged by itself), namespace
    packages spread over folders, names of the standard library, names like ``tests``, and distributions in editable
    mode, whose code lies elsewhere by intent. Finders other than PathFinder are not seen.

    Args:
        paths: sys.path in order; an empty entry is the working folder. Include the user site where it is active.
        distributions: What was found on them.
        owned: ``Distribution.path`` to ``entrances(rows)``. A distribution without an entry there (no RECORD) is
            held to its ``top_level`` and ``location``; where ``top_level`` is empty, all of ``location`` may be its.
        suffixes: Module suffixes in order of precedence, ``suffixes_for(soabi)`` for another interpreter; None takes
            the running one's.
        absent: Names to import that should come from a distribution that is not installed, with its name. Anything
            found for them is reported, a mere folder too: Python imports it as an empty namespace package.
        known: Absolute paths of further files that somebody answers for, such as those that conda-meta lists.

    Returns:
        Changes of kind ``shadowed``, one for each distribution and winning file, sorted by name and path.
    """
    search = _Search(paths, suffixes or _running_suffixes())
    mine = {item.path: _absolute(item, owned[item.path]) for item in distributions if item.path in owned}
    everything = frozenset(known).union(*mine.values())
    unlisted = _unlisted(item for item in distributions if item.path not in owned)
    found = set()
    for item in distributions:
        if _is_editable(item):
            continue
        for name, expected in _names(item, mine.get(item.path)).items():
            winner = search.origin(name, everything)
            if winner and not (_below(winner, name, unlisted) or _legitimate(winner, expected, everything)):
                found.add(_shadowed(item, name, winner, expected))
    for name, package in (absent or {}).items():
        place = search.origin(name, everything) or search.portion(name)
        if place and place not in everything:
            found.add(_imposter(package, name, place))
    return tuple(sorted(_one_per_file(found), key=lambda change: (change.package, change.path)))


class _Search:
    """PathFinder without imports. Every folder is listed once."""

    def __init__(self, paths: "Sequence[str]", suffixes: "Sequence[str]") -> None:
        self._paths = list(dict.fromkeys(os.path.abspath(path or os.curdir) for path in paths))
        self._suffixes = tuple(suffixes)
        self._listings: dict[str, frozenset[str]] = {}
        self._found: dict[tuple[str, ...], tuple[str, list[str]]] = {}

    def origin(self, name: str, owned: "Collection[str]") -> str:
        """The file that importing a dotted name ends at, or that keeps it from being found; empty for none."""
        folders, done = self._paths, ""
        for part in name.split("."):
            done = f"{done}.{part}"
            file, portions = self._look(done, folders, part)
            if file and done != "." + name:
                if file not in owned or "__init__." not in os.path.basename(file):
                    return file
                # An owned __init__ above another distribution's module: a namespace package of the old kind, whose
                # __path__ covers every folder of that name.
                portions = [folder for base in folders if os.path.isdir(folder := os.path.join(base, part))]
            elif file:
                return file
            folders = portions
        return ""

    def portion(self, name: str) -> str:
        """The first folder of a namespace package of this top-level name, empty for none."""
        _file, portions = self._look("." + name, self._paths, name)
        return portions[0] if portions else ""

    def _look(self, dotted: str, folders: "list[str]", part: str) -> "tuple[str, list[str]]":
        key = (dotted, *folders)
        if key not in self._found:
            self._found[key] = self._search(folders, part)
        return self._found[key]

    def _search(self, folders: "list[str]", part: str) -> "tuple[str, list[str]]":
        portions: list[str] = []
        for folder in folders:
            if file := self._in_folder(folder, part, portions):
                return file, []
        return "", portions

    def _in_folder(self, folder: str, part: str, portions: "list[str]") -> str:
        """The file that one path entry has for a name; a folder without ``__init__`` is added to ``portions``."""
        listing = self._listing(folder)
        base = os.path.join(folder, part)
        is_folder = part in listing and os.path.isdir(base)
        if is_folder:
            for suffix in self._suffixes:
                if os.path.isfile(file := os.path.join(base, "__init__" + suffix)):
                    return file
        for suffix in self._suffixes:
            if part + suffix in listing and os.path.isfile(base + suffix):
                return base + suffix
        for suffix in _ARCHIVE_SUFFIXES:  # in a zip, members are listed with their folders
            for member in (f"{part}/__init__{suffix}", part + suffix):
                if "\0" + member in listing:
                    return os.path.join(folder, member)
        if is_folder:
            portions.append(base)
        return ""

    def _listing(self, folder: str) -> frozenset[str]:
        known = self._listings.get(folder)
        if known is None:
            known = self._listings[folder] = _list(folder)
        return known


def _list(folder: str) -> frozenset[str]:
    """Names in a folder; members of a zip archive with a NUL before them; nothing for what importlib skips too."""
    try:
        return frozenset(os.listdir(folder))
    except NotADirectoryError:
        return _list_archive(folder)
    except (FileNotFoundError, PermissionError, ValueError):  # ValueError: a NUL in the path
        return frozenset()
    except OSError as error:
        problem = f"{folder}: cannot be listed: {(error.strerror or '').lower()}"
        raise UnverifiableError(problem, remedy="run the check again once it can be read") from error


def _list_archive(path: str) -> frozenset[str]:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset("\0" + name for name in archive.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return frozenset()


def _names(item: "Distribution", files: "frozenset[str] | None") -> "dict[str, str]":
    """Dotted names of a distribution with the file or folder where each should be found."""
    if files is None:
        names = {name: os.path.abspath(item.location) for name in item.top_level}
    else:
        names = {_module_name(os.path.relpath(file, os.path.abspath(item.location))): file for file in sorted(files)}
    telling = {name: file for name, file in names.items() if name.partition(".")[0] not in _ALWAYS_STANDARD}
    return {name: file for name, file in telling.items() if name.partition(".")[0] not in INCIDENTAL} or telling


def _unlisted(distributions: "Iterable[Distribution]") -> frozenset[str]:
    """What distributions without RECORD may own: paths without suffix, or a whole folder ended by a separator."""
    places: set[str] = set()
    for item in distributions:
        location = os.path.abspath(item.location)
        places.update(os.path.join(location, name) for name in item.top_level or ("",))
    return frozenset(places)


def _below(winner: str, name: str, places: "Collection[str]") -> bool:
    """True where a distribution without RECORD may own the winning file."""
    top = name.partition(".")[0]
    return any(
        winner.startswith(place) if place.endswith(os.sep) else winner.startswith((place + os.sep, place + "."))
        for place in places
        if place.endswith((os.sep, os.sep + top))
    )


def _legitimate(winner: str, expected: str, owned: "Collection[str]") -> bool:
    if winner in owned:
        return True
    # The same folder by another name (lib64 and lib), or a link to the owned file.
    real, file = os.path.realpath(winner), os.path.basename(winner)
    return any(real == os.path.realpath(other) for other in (expected, *owned) if os.path.basename(other) == file)


def _shadowed(item: "Distribution", name: str, winner: str, expected: str) -> Change:
    return Change(
        code="EG112",
        kind="shadowed",
        package=item.name,
        installed=item.version,
        path=winner,
        evidence=(f"import {name} finds {winner}, which no distribution owns", f"{item.name} has {expected}"),
        traits=item.traits,
    )


def _imposter(package: str, name: str, place: str) -> Change:
    return Change(
        code="EG112",
        kind="shadowed",
        package=package,
        path=place,
        evidence=(f"import {name} finds {place}", f"{package} is not installed"),
    )


def _one_per_file(changes: "Iterable[Change]") -> "Iterable[Change]":
    """One statement where a file hides several modules of a distribution."""
    first: dict[tuple[str, str], Change] = {}
    for change in sorted(changes, key=lambda change: change.evidence):
        first.setdefault((change.package, change.path), change)
    return first.values()


def _absolute(item: "Distribution", files: "Iterable[str]") -> frozenset[str]:
    location = os.path.abspath(item.location)
    return frozenset(os.path.join(location, *file.split("/")) for file in files)


def _is_editable(item: "Distribution") -> bool:
    return "editable" in item.traits or (item.source is not None and item.source.editable) or item.kind == "egg-link"


def _module_name(path: str) -> str:
    """``google/protobuf/__init__.py`` is ``google.protobuf``; ``_x.cpython-311-x86_64-linux-gnu.so`` is ``_x``."""
    folders = path.replace(os.sep, "/").split("/")
    stem = folders.pop().partition(".")[0]
    return ".".join(folders if stem == "__init__" and folders else [*folders, stem])


def _is_importable(name: str) -> bool:
    return all(part.isidentifier() and part not in ("__init__", "__main__") for part in name.split("."))


def _inside_package(path: str, packages: "Collection[str]") -> bool:
    """True for a file of a regular package other than its own ``__init__``."""
    folder, _slash, file = path.rpartition("/")
    if folder in packages and not file.startswith("__init__."):
        return True
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in packages:
            return True
    return False


def _running_suffixes() -> tuple[str, ...]:
    from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES

    return (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES, *BYTECODE_SUFFIXES)
