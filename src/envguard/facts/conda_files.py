"""The files of a conda package, as its record in conda-meta lists them.

A record holds the digest of each file in the package and, where installing changed it, the digest in the prefix: conda
writes the prefix into files that hold a long placeholder. Where only the first is known, the way back is taken: the
prefix in the file is replaced by the placeholder again.

Paths begin at the prefix. In packages for any Python (``noarch: python``) conda leaves ``site-packages/`` and
``python-scripts/`` as they are in the package, rattler writes where they went to; both are understood.
"""

import hashlib
import os
import re
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

CONDA = "conda:"
"""What stands before the name of a package of conda's, where it could be taken for a Python distribution's."""
_SITE = "site-packages/"
_SCRIPTS = "python-scripts/"
_SHEBANG_LIMIT = 127
"""Bytes of a first line that Linux reads; conda replaces a longer one by ``#!/usr/bin/env``."""
_VERSION = re.compile(r"(\d+\.\d+)")


class CondaFile(NamedTuple):
    """One file of a package."""

    path: str
    """Relative to the prefix, with ``/``."""
    package: str
    """conda's name."""
    link: bool = False
    sha256: str = ""
    """Hex digest of the file as it was installed; empty where the record does not tell."""
    packed: str = ""
    """Hex digest in the package, before the prefix was written; only where ``sha256`` is empty."""
    placeholder: str = ""
    """What stands for the prefix in the package; empty for a file without it."""
    binary: bool = False
    original: str = ""
    """Where it belongs, where rattler put it aside since another package has a file of that name; else empty."""


def of_record(record: "Mapping[str, Any]", site: str) -> "Iterator[CondaFile]":
    """The files of one record; entries that are no files below the prefix are left out.

    Args:
        record: The parsed JSON.
        site: Where Python packages go, relative to the prefix: ``site_packages()``.
    """
    name = record.get("name")
    package = name if isinstance(name, str) else ""
    listed = record.get("paths_data")
    rows = listed.get("paths") if isinstance(listed, dict) else None
    if not isinstance(rows, list) or not rows:
        files = record.get("files")
        rows = [{"_path": file} for file in files] if isinstance(files, list) else []
    for row in rows:
        if isinstance(row, dict) and isinstance(path := row.get("_path"), str):
            relative = place(path, site)
            if relative:
                original = _text(row, "original_path")
                file = _file(row, relative, package)
                yield file._replace(original=place(original, site)) if original else file


def _file(row: "Mapping[str, Any]", path: str, package: str) -> CondaFile:
    placeholder = _text(row, "prefix_placeholder")
    packed, installed = _text(row, "sha256"), _text(row, "sha256_in_prefix")
    return CondaFile(
        path=path,
        package=package,
        link=row.get("path_type") == "softlink",
        sha256=(installed or ("" if placeholder else packed)).lower(),
        packed=packed.lower() if placeholder and not installed else "",
        placeholder=placeholder,
        binary=row.get("file_mode") == "binary",
    )


def _text(row: "Mapping[str, Any]", key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def place(path: str, site: str) -> str:
    """Where a listed path lies below the prefix; "" for one that leads out of it."""
    path = path.replace("\\", "/")
    if path.startswith(_SITE):
        path = f"{site}/{path[len(_SITE) :]}"
    elif path.startswith(_SCRIPTS):
        path = f"bin/{path[len(_SCRIPTS) :]}"
    if "\0" in path or path.startswith("/"):
        return ""
    path = os.path.normpath(path)
    return "" if path in ("", ".", "..") or path.startswith("../") else path


def site_packages(python: "Mapping[str, Any] | None") -> str:
    """Where Python packages go, relative to the prefix, as the record of ``python`` says.

    Args:
        python: Its record; None where there is none, and then the place is not known.
    """
    if python is None:
        return "site-packages"
    told = _text(python, "python_site_packages_path")
    version = _VERSION.match(_text(python, "version"))
    if told:
        return told.replace("\\", "/").strip("/")
    return f"lib/python{version[1]}/site-packages" if version else "site-packages"


def without_prefix(data: bytes, file: CondaFile, prefix: str) -> str:
    """The digest that a file had in its package: the prefix in it is replaced by the placeholder again.

    Args:
        data: The file's bytes.
        file: Its row, with a placeholder.
        prefix: The folder that was written into it.

    Returns:
        A hex digest; empty where there is no way back, since conda shortened a first line that was too long.
    """
    here, placeholder = os.fsencode(prefix), file.placeholder.encode()
    if not file.binary:
        if data.startswith(b"#!/usr/bin/env ") and len(here) + 20 > _SHEBANG_LIMIT:
            return ""
        # A short prefix, such as /env, is also part of other paths, such as /usr/bin/env.
        alone = re.compile(rb"(?<![\w.-])" + re.escape(here))
        return hashlib.sha256(alone.sub(lambda _match: placeholder, data)).hexdigest()
    longer = len(placeholder) - len(here)

    def restore(match: "re.Match[bytes]") -> bytes:
        text, padding = match[1], match[2]
        used = longer * text.count(here)
        return text.replace(here, placeholder) + padding[used:] if used < len(padding) else match[0]

    # In a binary, a text ends with a NUL, and what the prefix is shorter is filled up with NULs behind it.
    pattern = re.compile(b"(" + re.escape(here) + rb"[^\0]*)(\0+)")
    return hashlib.sha256(pattern.sub(restore, data)).hexdigest()
