"""What pip and uv have in their caches, as far as it is surely the wheel that is meant.

pip keeps responses below ``http-v2``, named by the SHA-224 of their address, and wheels that it built from source below
``wheels``, named by the SHA-224 of where the source came from. uv keeps wheels unpacked in ``archive-v0``; a link named
after the wheel leads there, and a file beside it says from which address it came and what its SHA-256 is. uv links
files of its cache into environments, where somebody may have edited them: what is read is held against RECORD.

Sources: ``pip/_internal/cache.py`` and ``network/cache.py`` of pip 26.3, ``uv-cache`` of uv 0.13.
"""

import glob
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from envguard.change.wheels.wheel_files import Unpacked
from envguard.errors import EnvguardError
from envguard.facts import records
from envguard.facts.reading import RECORD_LIMIT, ReadFailure, read

_POINTER_LIMIT = 1 << 16
_SHORT = {"cpython": "cp", "pypy": "pp"}
"""How pip spells implementations in its keys (PEP 425)."""


def pip_responses(url: str) -> Iterator[str]:
    """The body of pip's cached response for an address, at most one path.

    Args:
        url: With or without credentials; pip leaves them out of its keys.
    """
    hashed = hashlib.sha224(_cache_key(url).encode()).hexdigest()
    entry = os.path.join(_pip(), "http-v2", *hashed[:5], hashed)
    if os.path.isfile(entry) and os.path.isfile(f"{entry}.body"):
        yield f"{entry}.body"


def pip_built(url: str, sha256: str, markers: Mapping[str, str]) -> Iterator[str]:
    """Wheels that pip has built from a source distribution.

    Args:
        url: The address of the source distribution.
        sha256: Its hex digest, where it is known: it is part of pip's key where the index gave it.
        markers: PEP 508 variables of the interpreter that they were built by.
    """
    plain = _without_credentials(url)
    version = "".join(markers["python_version"].split("."))
    name = markers["implementation_name"]
    for digest in ({"sha256": sha256}, {}) if sha256 else ({},):
        key = {"url": plain, **digest, "interpreter_name": _SHORT.get(name, name), "interpreter_version": version}
        text = json.dumps(key, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        hashed = hashlib.sha224(text.encode("ascii")).hexdigest()
        folder = os.path.join(_pip(), "wheels", hashed[:2], hashed[2:4], hashed[4:6], hashed[6:])
        yield from sorted(glob.glob(os.path.join(glob.escape(folder), "*.whl")))


def uv_archives(name: str, url: str, sha256: str) -> Iterator[str]:
    """Folders into which uv unpacked a wheel of that file name from that address, or with that digest.

    Args:
        name: File name of the wheel.
        url: Its address; credentials are not looked at.
        sha256: Its hex digest, where it is known; then a wheel with the same bytes from elsewhere will do.
    """
    distribution, _dash, rest = name.removesuffix(".whl").partition("-")
    version = rest.partition("-")[0]  # uv shortens what follows where it is long
    project = distribution.lower().replace("_", "-").replace(".", "-")
    inner = os.path.join(glob.escape(project), f"{glob.escape(version)}-*.http")
    sought = f"Sha256\xd9@{sha256}".encode("latin-1") if sha256 else _without_credentials(url).encode()
    for bucket in ("pypi", "*/*"):
        for pointer in sorted(glob.glob(os.path.join(glob.escape(_uv()), "wheels-v*", bucket, inner))):
            link = pointer.removesuffix(".http")
            if os.path.isdir(link) and _mentions(pointer, sought, name):
                yield os.path.realpath(link)


def is_as_recorded(files: Unpacked, *, natively: bool) -> bool:
    """True where an unpacked wheel still is what its RECORD lists: the same files, and those that are read unchanged.

    Args:
        files: The wheel.
        natively: Its shared objects are read too.
    """
    found = [name for name in files.sizes if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
    if len(found) != 1:
        return False
    folder = os.path.dirname(found[0])
    try:
        rows = records.parse(files.read(found[0], RECORD_LIMIT))
        return all(_is_recorded(files, row, folder, natively=natively) for row in rows)
    except (records.RecordError, EnvguardError):
        return False


def _is_recorded(files: Unpacked, row: records.Row, folder: str, *, natively: bool) -> bool:
    if not row.hash:
        return True
    if row.path not in files.sizes or (row.size is not None and row.size != files.sizes[row.path]):
        return False
    wanted = row.path.startswith(f"{folder}/") or row.path.endswith("/version.py") or (natively and ".so" in row.path)
    algorithm, _colon, digest = row.hash.partition(":")
    return not wanted or files.digest(row.path, algorithm) == digest


def _mentions(pointer: str, sought: bytes, name: str) -> bool:
    try:
        data = read(pointer, _POINTER_LIMIT)
    except ReadFailure:
        return False
    after = data.partition(sought)[2]
    # An address is followed by padding; one that goes on is another address.
    return sought in data and name.encode() in data and not after[:1].isalnum()


def _cache_key(url: str) -> str:
    """As cachecontrol's ``CacheController.cache_url`` spells an address."""
    parts = urlsplit(_without_credentials(url))
    path = parts.path or "/"
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}" + (f"?{parts.query}" if parts.query else "")


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def _pip() -> str:
    return os.environ.get("PIP_CACHE_DIR", "") or os.path.join(_user_cache(), "pip")


def _uv() -> str:
    return os.environ.get("UV_CACHE_DIR", "") or os.path.join(_user_cache(), "uv")


def _user_cache() -> str:
    return os.environ.get("XDG_CACHE_HOME", "") or os.path.join(os.path.expanduser("~"), ".cache")
