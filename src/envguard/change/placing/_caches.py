"""Whole wheels in the caches of pip and uv.

pip keeps the wheels that it built under their names, and what it downloaded as bodies without names. uv keeps each
wheel unpacked in ``archive-v0``, and links its files into environments: whoever edits an installed file in place edits
the cache too, which is why each file is held to its digest when it is used.
"""

import contextlib
import os
import zipfile

from envguard.versions import normalise, relation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from envguard.model import Pin


def candidates(wanted: "Mapping[str, Pin]", done: "Callable[[], bool]") -> "Iterator[tuple[str, str]]":
    """Paths that may be a wanted wheel, and the name of the cache; ends once ``done`` says so."""
    for source, name in (
        (_built_by_pip, "pip's cache"),
        (_unpacked_by_uv, "uv's cache"),
        (_fetched_by_pip, "pip's cache"),
    ):
        if done():
            return
        for path in source(wanted):
            yield path, name
            if done():
                return


def pip_cache() -> str:
    """The folder of pip's cache; "" where there is none."""
    return os.environ.get("PIP_CACHE_DIR") or _below_cache_home("pip")


def uv_cache() -> str:
    """The folder of uv's cache; "" where there is none."""
    return os.environ.get("UV_CACHE_DIR") or _below_cache_home("uv")


def _below_cache_home(name: str) -> str:
    base = os.environ.get("XDG_CACHE_HOME") or ""
    if not os.path.isabs(base):
        home = os.environ.get("HOME", "")
        base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    return os.path.join(base, name) if base else ""


def _is_wanted(folder: str, wanted: "Mapping[str, Pin]") -> bool:
    name, dash, version = folder.removesuffix(".dist-info").partition("-")
    pin = wanted.get(normalise(name))
    return bool(dash) and pin is not None and relation(pin.version or "", version) == "equal"


def _built_by_pip(wanted: "Mapping[str, Pin]") -> "Iterator[str]":
    for parent, _folders, files in os.walk(os.path.join(pip_cache(), "wheels")):
        for name in files:
            parts = name.split("-")
            if name.endswith(".whl") and len(parts) >= 5 and _is_wanted("-".join(parts[:2]), wanted):
                yield os.path.join(parent, name)


def _unpacked_by_uv(wanted: "Mapping[str, Pin]") -> "Iterator[str]":
    top = os.path.join(uv_cache(), "archive-v0") if uv_cache() else ""
    with contextlib.suppress(OSError):
        for entry in sorted(os.listdir(top)) if top else ():
            folder = os.path.join(top, entry)
            with contextlib.suppress(OSError):
                if any(name.endswith(".dist-info") and _is_wanted(name, wanted) for name in os.listdir(folder)):
                    yield folder


def _fetched_by_pip(wanted: "Mapping[str, Pin]") -> "Iterator[str]":
    """Bodies of answers that are a wheel: the name of its metadata folder says of what."""
    for parent, _folders, files in os.walk(os.path.join(pip_cache(), "http-v2")):
        for name in files:
            path = os.path.join(parent, name)
            if name.endswith(".body") and _holds_wanted(path, wanted):
                yield path


def _holds_wanted(path: str, wanted: "Mapping[str, Pin]") -> bool:
    try:
        with open(path, "rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
            with zipfile.ZipFile(file) as archive:
                tops = {name.partition("/")[0] for name in archive.namelist() if name.endswith(".dist-info/RECORD")}
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False
    return any(_is_wanted(top, wanted) for top in tops)
