"""conda packages made by hand, sound ones and others, and the places that they are for."""

import bz2
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from envguard.change.conda.layout import Place
from envguard.model import Pin

PLACEHOLDER = "/opt/build" + "_placehold" * 12
INDEX = {"name": "libfoo", "version": "1.0", "build": "h1_0", "build_number": 0, "depends": [], "subdir": "linux-64"}
Member = tuple[str, bytes | str, int]
"""Name; bytes of a file or what a link says; permission bits."""


def row(path: str, data: bytes, **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(data), **more}


def written(path: str, data: bytes, mode: str) -> dict[str, Any]:
    """A row of a file that holds the placeholder."""
    return row(path, data, prefix_placeholder=PLACEHOLDER, file_mode=mode)


def members_of(
    files: dict[str, bytes],
    *,
    rows: "list[dict[str, Any]] | None" = None,
    links: "dict[str, str] | None" = None,
    about: "dict[str, bytes] | None" = None,
    **index: Any,
) -> list[Member]:
    """What a package holds, ``info/`` included."""
    links = links or {}
    listed = rows if rows is not None else [row(path, data) for path, data in files.items()]
    listed = [*listed, *({"_path": path, "path_type": "softlink"} for path in links)]
    said = {
        "info/index.json": json.dumps({**INDEX, **index}).encode(),
        "info/paths.json": json.dumps({"paths": listed, "paths_version": 1}).encode(),
        **(about or {}),
    }
    made: list[Member] = [(path, data, 0o644) for path, data in said.items()]
    made += [(path, data, 0o755 if path.startswith("bin/") else 0o644) for path, data in files.items()]
    return [*made, *((path, target, 0o777) for path, target in links.items())]


def tar(members: "list[Member]") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content, mode in members:
            member = tarfile.TarInfo(name)
            member.mode, member.mtime = mode, 1_700_000_000
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def pack(folder: Path, members: "list[Member]", *, name: str = "libfoo-1.0-h1_0") -> Path:
    """A package in the old format."""
    path = folder / f"{name}.tar.bz2"
    path.write_bytes(bz2.compress(tar(members)))
    return path


def pack_new(folder: Path, members: "list[Member]", *, name: str = "libfoo-1.0-h1_0") -> Path:
    """A package in the new format."""
    import zstandard

    path = folder / f"{name}.conda"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        for part in ("info", "pkg"):
            chosen = [each for each in members if each[0].startswith("info/") is (part == "info")]
            archive.writestr(f"{part}-{name}.tar.zst", zstandard.ZstdCompressor().compress(tar(chosen)))
    return path


def pin_of(path: Path, **more: Any) -> Pin:
    given = {
        "name": "libfoo", "version": "1.0", "build": "h1_0", "manager": "conda",
        "hashes": (f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",), **more,
    }  # fmt: skip
    return Pin(**given)


def place(prefix: str) -> Place:
    return Place(prefix=prefix, written=(prefix,), site="lib/python3.11/site-packages", version="3.11")
