"""pylock.toml, the lock of PEP 751: read and selected by ``packaging.pylock``.

What some writers get wrong without harm (pipenv: upload times as text, names that are not normalised) is put right
before it is read; whatever else breaks the specification is refused.
"""

import hashlib
import re

from envguard.environment.interpreter import markers, running
from envguard.errors import LockError
from envguard.formats import _locked, _text, _toml
from envguard.formats._toml import ShapeError
from envguard.model import Artifact, Change, Pin, Selection, Snapshot, Source
from envguard.versions import normalise, parse as parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock

    from envguard.formats._toml import Document, Table
    from envguard.model import Interpreter

NAME = "pylock.toml"
SELECTS = ("groups", "extras")

NEEDED = "26.1"
"""The first version of packaging whose pylock module can select."""

_KNOWN = "1.0"
_LONGEST_VERSION = 40
_HEAD = re.compile(r"\A(?:(?!\[)[^\n]*\n){0,200}?lock-version[ \t]*=")
_FILENAME = re.compile(r"pylock(?:\.[^.]+)?\.toml")
_INDEX = re.compile(r"packages\[(\d{1,6})\]")
_PLAIN = re.compile(r"https?://[\w./+-]+/[\w.+-]+", re.ASCII)
_REMEDY = "lock again with the tool that wrote it"


def recognises(filename: str, head: bytes) -> int:
    """2 where lock-version stands before the first table, 1 where the file is called as PEP 751 asks."""
    if _HEAD.search(_text.peek(head).replace("\r\n", "\n")):
        return 2
    return 1 if _FILENAME.fullmatch(filename) else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:
    """Read a pylock.toml.

    Args:
        data: The file's bytes.
        path: The file; local sources are given relative to its folder.
        selection: Groups beside the lock's default groups, extras, and the interpreter.

    Raises:
        LockError: The file is broken, not for this interpreter, does not hold what was asked for, or packaging is
            too old to read it.
    """
    selection = selection or Selection()
    document = _toml.load(data, path)
    try:
        lines = document.lines("packages")
        notes = _newer(document)
        lock = _lock(document, lines)
        pins = _pins(lock, selection, document, lines)
    except ShapeError as error:
        raise LockError(str(error), path=path, remedy=_REMEDY) from None
    return Snapshot(path=path, format=NAME, sha256=hashlib.sha256(data).hexdigest(), pins=pins, notes=notes)


def _newer(document: "Document") -> tuple[Change, ...]:
    """What is said of a newer minor version, which may hold what is not read; PEP 751 asks for a warning.

    packaging would print one, so it is given the version that it knows.
    """
    written = _toml.text(document.table, "lock-version")
    version, known = parse_version(written[:_LONGEST_VERSION]), parse_version(_KNOWN)
    if version is None or known is None or version.major != known.major or version <= known:
        return ()
    document.table["lock-version"] = _KNOWN
    why = f"lock-version is {written!a}; what is new in it since {_KNOWN} is not read"
    return (
        Change(
            code="EG111", kind="unverifiable", path=document.path, locked=f"lock-version {version}", evidence=(why,)
        ),
    )


def _lock(document: "Document", lines: list[int]) -> "Pylock":
    try:
        from packaging.pylock import Pylock, PylockValidationError

        _selects = Pylock.select
    except (ImportError, AttributeError):
        import packaging

        problem = f"reading pylock.toml needs packaging {NEEDED} or newer, and {packaging.__version__} is installed"
        remedy = f"pip install 'packaging>={NEEDED}'"
        raise LockError(problem, path=document.path, remedy=remedy) from None
    try:
        return Pylock.from_dict(_put_right(document.table))
    except PylockValidationError as error:
        found = _INDEX.search(str(error))
        line = lines[int(found[1])] if found and int(found[1]) < len(lines) else 0
        problem = f"not what PEP 751 asks for: {str(error)[:300]}"
        raise LockError(problem, path=document.path, line=line, remedy=_REMEDY) from None
    except (ValueError, TypeError, RecursionError, AttributeError, KeyError) as error:
        # What packaging's own validation lets through.
        problem = f"not what PEP 751 asks for: {type(error).__name__}"
        raise LockError(problem, path=document.path, remedy=_REMEDY) from None


def _put_right(table: "Table") -> "Table":
    """The table with names as the specification asks for them, of files too, and without upload times given as text.

    Neither says what must be installed. The table is this reader's own, so it is changed in place.
    """
    for package in _toml.tables(table, "packages"):
        if isinstance(package.get("name"), str):
            package["name"] = normalise(package["name"])
        listed = package.get("wheels")
        for file in (package.get("sdist"), package.get("archive"), *(listed if isinstance(listed, list) else ())):
            if isinstance(file, dict):
                _put_file_right(file)
    return table


def _put_file_right(file: "Table") -> None:
    if isinstance(file.get("upload-time"), str):
        del file["upload-time"]
    url = file.get("url")
    if "name" not in file and "path" not in file and isinstance(url, str) and _PLAIN.fullmatch(url):
        # packaging takes a URL apart at each of the many times at which it asks for the name; this is the same name.
        file["name"] = url.rpartition("/")[2]


def _pins(lock: "Pylock", selection: Selection, document: "Document", lines: list[int]) -> tuple[Pin, ...]:
    from packaging.pylock import PylockSelectError

    from envguard.environment.tags import supported

    path = document.path
    whom = selection.interpreter or running()
    environment = markers(whom)
    _check_applies(lock, environment, whom, path)
    groups = _locked.chosen("group", selection.groups, lock.dependency_groups or (), path)
    try:
        chosen = list(
            lock.select(
                environment=environment,  # type: ignore[arg-type]  # a TypedDict of exactly these keys
                tags=supported(whom),
                extras=_locked.chosen("extra", selection.extras, lock.extras or (), path),
                dependency_groups={*(lock.default_groups or ()), *groups},
            )
        )
    except PylockSelectError as error:
        raise LockError(f"this lock cannot be installed here: {str(error)[:300]}", path=path) from None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise LockError(f"its markers cannot be evaluated: {type(error).__name__}", path=path) from None
    place = {id(package): line for package, line in zip(lock.packages, lines, strict=True)}
    return tuple(_pin(package, artifact, path, place[id(package)]) for package, artifact in chosen)


def _check_applies(lock: "Pylock", environment: "dict[str, str]", whom: "Interpreter", path: str) -> None:
    version = environment["python_full_version"]
    wanted = lock.requires_python
    try:
        excluded = wanted is not None and not wanted.contains(version, prereleases=True)
    except ValueError:  # more digits than int() takes
        raise ShapeError("requires-python is no specifier") from None
    if excluded:
        problem = f"this lock is for Python {wanted}, and the interpreter is {version}"
        raise LockError(problem, path=path, remedy="check with that Python, or lock for this one")
    try:
        fits = not lock.environments or any(marker.evaluate(environment) for marker in lock.environments)
    except ValueError:
        raise ShapeError("a marker of environments that cannot be evaluated") from None
    if not fits:
        problem = f"this lock is not for Python {version} on {whom.system} {whom.machine}"
        raise LockError(problem, path=path, remedy="lock for this platform")


def _pin(package: "Package", artifact: "Any", path: str, line: int) -> Pin:
    files = tuple(_artifact(wheel, path) for wheel in package.wheels or ())
    if package.sdist is not None:
        files = (*files, _artifact(package.sdist, path))
    source = _source(package, path)
    version = None if package.version is None else str(package.version)
    pin = Pin(
        name=package.name,
        version=version,
        path=path,
        line=line,
        text=_locked.text(package.name, version, source),
        hashes=_locked.hashes(files),
        artifacts=files,
        source=source,
        tags=_tags(artifact),
    )
    if version is None and source is None:
        return pin.replace(unverifiable="it gives neither a version nor a source")
    return pin


def _artifact(file: "PackageSdist | PackageWheel", path: str) -> Artifact:
    return Artifact(
        name=file.filename,
        url=_locked.fetched(file.url) if file.url else _locked.local(file.path or "", path),
        hashes=tuple(f"{algorithm}:{digest}".lower() for algorithm, digest in file.hashes.items()),
        size=file.size,
    )


def _tags(artifact: "Any") -> tuple[str, ...]:
    from packaging.utils import parse_wheel_filename

    filename = getattr(artifact, "filename", "")
    return tuple(sorted(map(str, parse_wheel_filename(filename)[-1]))) if filename.endswith(".whl") else ()


def _source(package: "Package", path: str) -> "Source | None":
    """Where a package comes from; None is an index."""
    if (vcs := package.vcs) is not None:
        url = vcs.url or _locked.local(vcs.path or "", path)
        return _locked.vcs(url, vcs.commit_id, subdirectory=vcs.subdirectory or "")
    if (folder := package.directory) is not None:
        subdirectory = folder.subdirectory or ""
        return _locked.directory(folder.path, path, subdirectory=subdirectory, editable=bool(folder.editable))
    if (archive := package.archive) is not None:
        url = archive.url or _locked.local(archive.path or "", path)
        hashes = [f"{algorithm}:{digest}".lower() for algorithm, digest in archive.hashes.items()]
        return _locked.archive(url, hashes, subdirectory=archive.subdirectory or "")
    return None
