"""conda-meta: what conda installed into a prefix, read from its own records.

conda itself is never called: ``conda list`` and ``conda env export`` delete records of packages that pip replaced,
and with them the evidence. conda, mamba, micromamba and rattler write the same records with small differences.
"""

import json
import os
import re

from envguard.environment.metadata import split, split_egg
from envguard.errors import UnverifiableError
from envguard.facts.direct_url import redact
from envguard.facts.reading import ReadFailure, read
from envguard.model import Change, CondaPackage
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

RECORD_LIMIT = 64 << 20
"""Bytes of one record; one that lists 60,000 files has about 20 MB."""

_PLATFORM = re.compile(r"noarch|(?:linux|osx|win|freebsd|emscripten|wasi|zos)-[a-z0-9_]+", re.ASCII)
_TOKEN = re.compile(r"/t/[^/]+(?=/|$)")
_OWNED = re.compile(r"(?:^|/)(?:site|dist)-packages/([^/]+)\.(dist|egg)-info(?:/(?:METADATA|PKG-INFO))?$")


def packages(prefix: str) -> tuple[tuple[CondaPackage, ...] | None, tuple[Change, ...]]:
    """The records of a prefix, sorted by name, and observations on those that cannot be read.

    Returns:
        None in place of the records where the prefix has no conda-meta.

    Raises:
        UnverifiableError: conda-meta exists and cannot be listed.
    """
    folder = os.path.join(prefix, "conda-meta")
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return None, ()
    except OSError as error:
        problem = f"{folder}: cannot be listed ({(error.strerror or str(error)).lower()})"
        raise UnverifiableError(problem, remedy="make it readable for this user") from error
    found: list[CondaPackage] = []
    broken: list[Change] = []
    for name in names:
        if name.endswith(".json") and not name.startswith("."):
            package = _package(os.path.join(folder, name))
            (found if isinstance(package, CondaPackage) else broken).append(package)  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda package: (package.name, package.path))), tuple(broken)


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


def _package(path: str) -> CondaPackage | Change:
    try:
        record = json.loads(read(path, RECORD_LIMIT))
    except ReadFailure as failure:
        return _broken(path, f"cannot be read: {failure.why}")
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return _broken(path, "is not JSON")
    if not isinstance(record, dict):
        return _broken(path, "is not a JSON object")
    name, version = _text(record, "name"), _text(record, "version")
    build = _text(record, "build") or _text(record, "build_string")
    missing = [key for key, value in (("name", name), ("version", version), ("build", build)) if not value]
    if missing:
        return _broken(path, f"has no {' and no '.join(missing)}", package=name)
    return CondaPackage(
        name=name,
        version=version,
        build=build,
        channel=channel(_text(record, "channel") or _text(record, "url").rpartition("/")[0]),
        subdir=_text(record, "subdir") or _subdir(_text(record, "channel")),
        digest=_digest(record),
        url=redact(_TOKEN.sub("", _text(record, "url"))),
        path=path,
        python_name=_python_name(name, record.get("files")),
    )


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


def _python_name(name: str, files: object) -> str:
    """The distribution that the package installed: its own metadata folder says so, no table of names is needed."""
    if not isinstance(files, list):
        return ""
    owned = set()
    for file in files:
        match = _OWNED.search(file.replace("\\", "/")) if isinstance(file, str) and "-info" in file else None
        if match is not None:
            owned.add(normalise(split(match[1])[0] if match[2] == "dist" else split_egg(match[1])[0]))
    if normalise(name) in owned or not owned:
        return normalise(name) if owned else ""
    return min(owned)
