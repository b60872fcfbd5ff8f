"""conda-meta: what conda installed into a prefix, read from its own records.

conda itself is never called: ``conda list`` and ``conda env export`` delete records of packages that pip replaced,
and with them the evidence. conda, mamba, micromamba and rattler write the same records with small differences.
"""

import json
import os
import re

from envguard._value import Value
from envguard.environment.metadata import split, split_egg
from envguard.errors import UnverifiableError
from envguard.facts import conda_files
from envguard.facts.direct_url import redact
from envguard.facts.reading import ReadFailure, read as read_file
from envguard.model import Change, CondaPackage
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

RECORD_LIMIT = 64 << 20
"""Bytes of one record; one that lists 60,000 files has about 20 MB."""

_PLATFORM = re.compile(r"noarch|(?:linux|osx|win|freebsd|emscripten|wasi|zos)-[a-z0-9_]+", re.ASCII)
_TOKEN = re.compile(r"/t/[^/]+(?=/|$)")
_OWNED = re.compile(r"(?:^|/)(?:site|dist)-packages/([^/]+)\.(dist|egg)-info(?:/(?:METADATA|PKG-INFO))?$")
_IMPORTABLE = (".py", ".so", ".pyc")


class Metadata(Value):
    """A metadata folder that a package of conda's brought."""

    package: CondaPackage
    path: str
    """Absolute, links resolved."""
    name: str
    """Normalised, from the folder's name."""
    version: str
    """From the folder's name, empty where it tells none."""
    installer: str = ""
    """SHA-256 of INSTALLER as it was installed, where the record tells."""


class Records(Value):
    """What conda-meta says."""

    packages: "tuple[CondaPackage, ...] | None" = None
    """Sorted by name; None where the prefix has no conda-meta."""
    broken: tuple[Change, ...] = ()
    """Records that cannot be read."""
    metadata: tuple[Metadata, ...] = ()
    modules: "frozenset[str]" = frozenset()
    """Absolute paths of files below a site-packages that Python could import."""


def packages(prefix: str) -> tuple[tuple[CondaPackage, ...] | None, tuple[Change, ...]]:
    """The records of a prefix, sorted by name, and observations on those that cannot be read.

    Raises:
        UnverifiableError: As ``read``.
    """
    records = read(prefix)
    return records.packages, records.broken


def read(prefix: str) -> Records:
    """Everything that conda-meta says of a prefix.

    Raises:
        UnverifiableError: conda-meta exists and cannot be listed.
    """
    folder = os.path.join(prefix, "conda-meta")
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return Records()
    except OSError as error:
        problem = f"{folder}: cannot be listed ({(error.strerror or str(error)).lower()})"
        raise UnverifiableError(problem, remedy="make it readable for this user") from error
    found: list[tuple[CondaPackage, Mapping[str, Any]]] = []
    broken: list[Change] = []
    for name in names:
        if name.endswith(".json") and not name.startswith("."):
            package, record = _package(os.path.join(folder, name))
            if isinstance(package, CondaPackage):
                found.append((package, record))
            else:
                broken.append(package)
    found.sort(key=lambda pair: (pair[0].name, pair[0].path))
    metadata, modules = _owned(found, os.path.realpath(prefix))
    return Records(
        packages=tuple(package for package, _record in found),
        broken=tuple(broken),
        metadata=tuple(metadata),
        modules=frozenset(modules),
    )


def brought(prefix: str, packages: "Iterable[CondaPackage]", names: "Collection[str]") -> tuple[Metadata, ...]:
    """The metadata folders that some packages of a prefix brought.

    Args:
        prefix: Links resolved.
        packages: All of the prefix.
        names: conda's names of those that are asked about.
    """
    concerned = [each for each in packages if each.name in names or each.name == "python"]
    found = [(package, record) for each in concerned for package, record in [_package(each.path)]]
    known = [(package, record) for package, record in found if isinstance(package, CondaPackage)]
    metadata, _modules = _owned(known, prefix)
    return tuple(each for each in metadata if each.package.name in names)


def _owned(found: "list[tuple[CondaPackage, Mapping[str, Any]]]", prefix: str) -> tuple[list[Metadata], set[str]]:
    """The metadata folders and the importable files of all packages."""
    site = conda_files.site_packages(next((record for package, record in found if package.name == "python"), None))
    metadata: dict[str, Metadata] = {}
    modules: set[str] = set()
    for package, record in found:
        for listed in _files(record):
            path = listed.replace("\\", "/")
            if "site-packages/" not in path:
                continue
            if path.endswith(_IMPORTABLE):
                modules.add(f"{prefix}/{conda_files.place(path, site)}")
            elif "-info" in path and (match := _OWNED.search(path)):
                each = _metadata(package, f"{prefix}/{conda_files.place(path, site)}", match)
                metadata.setdefault(each.path, each.replace(installer=_installer(record, match[1])))
    return list(metadata.values()), modules


def _metadata(package: CondaPackage, path: str, match: "re.Match[str]") -> Metadata:
    if path.endswith(("/METADATA", "/PKG-INFO")):
        path = os.path.dirname(path)
    name, version = _name_and_version(match)
    return Metadata(package=package, path=path, name=name, version=version)


def _installer(record: "Mapping[str, Any]", stem: str) -> str:
    """The digest of INSTALLER in a metadata folder, as it was installed."""
    paths = record.get("paths_data")
    rows = paths.get("paths") if isinstance(paths, dict) else None
    for row in rows if isinstance(rows, list) else ():
        path = row.get("_path") if isinstance(row, dict) else None
        if isinstance(path, str) and path.replace("\\", "/").endswith(f"/{stem}.dist-info/INSTALLER"):
            return _text(row, "sha256_in_prefix") or _text(row, "sha256")
    return ""


def _files(record: "Mapping[str, Any]") -> "Iterable[str]":
    files = record.get("files")
    return (file for file in files if isinstance(file, str)) if isinstance(files, list) else ()


def channel(url: str) -> str:
    """The channel's name: ``conda-forge`` of any URL of it, with or without platform, token, label or credentials."""
    path = url.partition("://")[2].partition("/")[2] if "://" in url else url
    path = re.split(r"[?#]", path, maxsplit=1)[0]
    parts = [part for part in _TOKEN.sub("", "/" + path).split("/") if part]
    if parts and _PLATFORM.fullmatch(parts[-1]):
        parts.pop()
    if len(parts) >= 3 and parts[-2] == "label":
        return "/".join(parts[-3:])
    if len(parts) >= 2 and parts[-2] == "pkgs":
        return "/".join(parts[-2:])
    return parts[-1] if parts else ""


def package(path: str) -> "CondaPackage | None":
    """What one record says; None where it is none."""
    found, _record = _package(path)
    return found if isinstance(found, CondaPackage) else None


def _package(path: str) -> "tuple[CondaPackage | Change, Mapping[str, Any]]":
    """What a record says in short, and all of it."""
    try:
        record = json.loads(read_file(path, RECORD_LIMIT))
    except ReadFailure as failure:
        return _broken(path, f"cannot be read: {failure.why}"), {}
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return _broken(path, "is not JSON"), {}
    if not isinstance(record, dict):
        return _broken(path, "is not a JSON object"), {}
    name, version = _text(record, "name"), _text(record, "version")
    build = _text(record, "build") or _text(record, "build_string")
    missing = [key for key, value in (("name", name), ("version", version), ("build", build)) if not value]
    if missing:
        return _broken(path, f"has no {' and no '.join(missing)}", package=name), record
    package = CondaPackage(
        name=name,
        version=version,
        build=build,
        channel=channel(_text(record, "channel") or _text(record, "url").rpartition("/")[0]),
        subdir=_text(record, "subdir") or _subdir(_text(record, "channel")),
        digest=_digest(record),
        url=redact(_TOKEN.sub("", _text(record, "url"))),
        path=path,
        python_name=_python_name(name, record),
    )
    return package, record


def _broken(path: str, why: str, package: str = "") -> Change:
    stem = os.path.basename(path).removesuffix(".json")
    name = package or (stem.rsplit("-", 2)[0] if stem.count("-") >= 2 else stem)
    return Change(code="EG109", kind="broken", package=name, path=path, evidence=(f"this record of conda {why}",))


def _text(record: "Mapping[str, Any]", key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _subdir(url: str) -> str:
    last = url.rstrip("/").rpartition("/")[2]
    return last if _PLATFORM.fullmatch(last) else ""


def _digest(record: "Mapping[str, Any]") -> str:
    for algorithm in ("sha256", "md5"):
        value = _text(record, algorithm)
        if value:
            return f"{algorithm}:{value.lower()}"
    return ""


def _python_name(name: str, record: "Mapping[str, Any]") -> str:
    """The distribution that the package installed: its own metadata folder says so, no table of names is needed."""
    matches = (_OWNED.search(file.replace("\\", "/")) for file in _files(record) if "-info" in file)
    owned = {_name_and_version(match)[0] for match in matches if match is not None}
    if normalise(name) in owned:
        return normalise(name)
    return min(owned, default="")


def _name_and_version(match: "re.Match[str]") -> tuple[str, str]:
    name, version = split(match[1]) if match[2] == "dist" else split_egg(match[1])
    return normalise(name), version
