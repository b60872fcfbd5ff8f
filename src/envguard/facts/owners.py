"""The guard's own files (EG904): are they the guard's, and only the guard's?

An unrelated project named EnvGuard installs a package and a command of the same name. pip and uv overwrite one with
the other without a word, and a guard that was replaced answers nothing. So other owners are looked for, and the files
of the installed guard are held against its own RECORD.
"""

import hashlib
import os

from envguard.errors import UnverifiableError
from envguard.facts import reading
from envguard.facts.records import INSTALLER_NOTES
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envguard.facts.records import Row
    from envguard.model import Distribution

OWN_NAME = "envguard-lock"
PACKAGE = "envguard"
COMMANDS = frozenset({"envguard", "envguard.exe", "envguard-script.py"})
SIZE_LIMIT = 16 << 20
"""Bytes of one of our own files that are read."""


def second_owner(
    distributions: "Sequence[Distribution]",
    rows: "Mapping[str, Sequence[Row]]",
    *,
    running: str = "",
) -> "tuple[tuple[Change, ...], tuple[str, ...]]":
    """Who else claims the guard's files, and which of them are not what its RECORD says.

    Args:
        distributions: What is installed.
        rows: ``Distribution.path`` to the rows of its RECORD.
        running: The folder of the ``envguard`` package that runs, where it judges its own environment; else empty.

    Returns:
        Changes of kind ``second-owner``, and sentences about what could not be verified.
    """
    changes: list[Change] = []
    blind: list[str] = []
    folders: set[str] = set()
    for item in distributions:
        if item.name != OWN_NAME:
            changes += _claims(item, rows.get(item.path, ()))
            continue
        folders.add(os.path.realpath(os.path.join(item.location, PACKAGE)))
        if "editable" in item.traits or (item.source is not None and item.source.editable):
            blind.append(f"{OWN_NAME} is installed in editable mode, so its own files are not verified")
            running = ""
        elif rows.get(item.path):
            changes += _altered(item, rows[item.path])
        else:
            blind.append(f"{OWN_NAME} has no usable RECORD, so its own files are not verified")
    if running and os.path.realpath(running) not in folders:
        blind.append(f"envguard runs from {running}, which no RECORD lists, so its own files are not verified")
    return tuple(changes), tuple(blind)


def _claims(item: "Distribution", rows: "Sequence[Row]") -> "Iterator[Change]":
    # Hardly any of some 70,000 rows has the name in it, so that is asked first.
    claimed = [row.path for row in rows if PACKAGE in row.path and (_is_own(row.path) or _is_command(row.path))]
    if claimed:
        yield Change(
            code="EG904",
            kind="second-owner",
            package=item.name,
            installed=item.version,
            path=item.path,
            evidence=tuple(f"{item.name} {item.version} claims {path}" for path in sorted(set(claimed))),
        )


def _is_own(path: str) -> bool:
    """A file of our package, or one beside it such as ``envguard.so``, which an import may find instead."""
    return path.startswith((PACKAGE + "/", PACKAGE + ".")) and "__pycache__/" not in path


def _is_metadata(row: "Row", folder: str) -> bool:
    """A file of our metadata folder that came with the wheel, such as ``entry_points.txt``."""
    return row.path.startswith(folder) and bool(row.hash) and row.path[len(folder) :] not in INSTALLER_NOTES


def _is_command(path: str) -> bool:
    folder, _slash, file = path.rpartition("/")
    return file in COMMANDS and folder.rpartition("/")[2] in ("bin", "Scripts")


def _altered(item: "Distribution", rows: "Sequence[Row]") -> "Iterator[Change]":
    metadata = os.path.basename(item.path) + "/"
    listed = {row.path: row for row in rows if _is_own(row.path) or _is_metadata(row, metadata)}
    for path, row in sorted(listed.items()):
        file = os.path.join(item.location, *path.split("/"))
        if why := _difference(file, row):
            yield _own_change(item, file, why)
    for path in sorted(set(_files(item.location)) - listed.keys()):
        file = os.path.join(item.location, *path.split("/"))
        yield _own_change(item, file, f"{path} is not in the RECORD of {OWN_NAME}")


def _difference(file: str, row: "Row") -> str:
    try:
        content = reading.read(file, SIZE_LIMIT)
    except reading.ReadFailure as failure:
        return f"{row.path} is in the RECORD of {OWN_NAME}, and is {failure.why}"
    algorithm, _colon, digest = row.hash.partition(":")
    if not digest:
        return f"{row.path} has no hash in the RECORD of {OWN_NAME}"
    if hashlib.new(algorithm, content).hexdigest() != digest:
        return f"{row.path} is not the file that the RECORD of {OWN_NAME} names"
    return ""


def _files(location: str) -> "Iterable[str]":
    """Files below the own package that Python could load, relative to site-packages, with ``/``."""
    for folder, folders, files in os.walk(os.path.join(location, PACKAGE), onerror=_raise):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in files:
            if name.endswith((".py", ".pyc", ".so", ".pyd")):
                yield os.path.relpath(os.path.join(folder, name), location).replace(os.sep, "/")


def _raise(error: OSError) -> None:
    """What cannot be listed cannot be verified; os.walk would pass over it."""
    problem = f"{error.filename}: the guard's own folder cannot be listed: {(error.strerror or '').lower()}"
    raise UnverifiableError(problem, remedy="repair the installation of envguard-lock") from error


def _own_change(item: "Distribution", file: str, why: str) -> Change:
    return Change(
        code="EG904",
        kind="second-owner",
        package=item.name,
        installed=item.version,
        path=file,
        evidence=(why,),
    )
