"""Which distribution owns which file: RECORD, and conda's own records for what conda installed."""

import json
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from envguard.facts import bytecode, conda_files, records
from envguard.facts.conda_files import CONDA, CondaFile
from envguard.facts.reading import RECORD_LIMIT, ReadFailure, read
from envguard.facts.tree import base_of, is_below
from envguard.model import Distribution, Environment


class Owned(NamedTuple):
    """One row of a RECORD with the file that it means."""

    path: str
    """Absolute, normalised."""
    hash: str
    """``algorithm:hex``, empty where the row has none."""
    size: int | None
    owner: str
    """Normalised name."""


class Ownership(NamedTuple):
    """What the RECORDs of an environment say."""

    rows: list[Owned]
    owners: dict[str, str]
    """Absolute path to normalised name; the first that claims a file has it."""
    unusable: dict[str, str]
    """Normalised name of each distribution without a usable RECORD, and why."""
    outside: list[tuple[str, str]]
    """Name and path of files that a RECORD claims outside the environment; they are never opened."""
    conda: dict[str, CondaFile]
    """Absolute path to the row of conda's records: what it installed, without what pip has replaced since. It rewrites
    the prefix in some files after the RECORD was made."""
    conda_owners: dict[str, str]
    """Absolute path to the owner of a file of conda's: the distribution that the package is, or ``conda:NAME``."""
    conda_packages: dict[str, tuple[str, ...]]
    """Absolute path to conda's names of all packages that list it, or whose file of that name was put aside."""

    def of(self, owners: "frozenset[str]") -> "Ownership":
        """What some packages list; who owns a file is known of all."""
        return self._replace(
            rows=[row for row in self.rows if row.owner in owners],
            unusable={name: why for name, why in self.unusable.items() if name in owners},
            outside=[each for each in self.outside if each[0] in owners],
            conda={path: file for path, file in self.conda.items() if self.conda_owners[path] in owners},
        )


def read_ownership(environment: Environment) -> Ownership:
    """What every RECORD, and every record of conda, says. What cannot be read is listed in ``unusable``."""
    found = Ownership([], {}, {}, [], {}, {}, {})
    prefix = os.path.realpath(environment.prefix)
    for distribution in environment.distributions:
        _add(distribution, prefix, found)
    _add_conda(environment, found)
    return found


def _add(distribution: Distribution, prefix: str, found: Ownership) -> None:
    name = distribution.name
    if distribution.kind != "dist-info":
        found.unusable.setdefault(name, f"{distribution.kind} has no RECORD")
        return
    try:
        rows = records.parse(read(os.path.join(distribution.path, "RECORD"), RECORD_LIMIT))
    except ReadFailure as failure:
        found.unusable.setdefault(name, f"RECORD {failure.why}")
        return
    except records.RecordError as error:
        found.unusable.setdefault(name, f"RECORD {error.why}")
        return
    site = os.path.realpath(distribution.location)
    allowed = [folder for folder in (site, prefix, base_of(site)) if folder]
    for row in rows:
        if row.path.startswith("../"):
            path = os.path.normpath(os.path.join(site, row.path))
            if not any(is_below(path, folder) for folder in allowed):
                found.outside.append((name, row.path))
                continue
        else:
            path = f"{site}/{row.path}"
        found.rows.append(Owned(path, row.hash, row.size, name))
        found.owners.setdefault(path, name)


def _add_conda(environment: Environment, found: Ownership) -> None:
    """The files of conda-meta; a record that cannot be read owns nothing, and the scan reports it.

    The paths in a record begin at the folder that holds its conda-meta. In an environment that would be, that of a
    package which arrives is not the prefix.
    """
    packages = environment.conda or ()
    if not packages:
        return
    # Where pip installed over a package or removed it, the record speaks of files that have gone. That was said.
    outdated = {each.path for each in environment.observations if each.kind in ("clobbered", "leftover")}
    listed = {package.path: _record(package.path) for package in packages}
    python = next((listed[package.path] for package in packages if package.name == "python"), None)
    site = conda_files.site_packages(python)
    for package in packages:
        owner = package.python_name or CONDA + package.name
        prefix, itself = os.path.realpath(os.path.dirname(os.path.dirname(package.path))), (package.name,)
        for file in conda_files.of_record(listed[package.path], site):
            path = f"{prefix}/{file.path}"
            if package.path in outdated and (path in found.owners or not os.path.lexists(path)):
                continue
            if path in found.conda and found.conda[path].sha256 != file.sha256:
                file = file._replace(sha256="", packed="")  # noqa: PLW2901 - two packages brought it: either may be there
            found.conda[path] = file
            found.conda_owners.setdefault(path, owner)
            for claimed in (path, f"{prefix}/{file.original}") if file.original else (path,):
                known = found.conda_packages.get(claimed)
                found.conda_packages[claimed] = itself if known is None else (*known, package.name)


def _record(path: str) -> "dict[str, Any]":
    try:
        record = json.loads(read(path, RECORD_LIMIT))
    except (ReadFailure, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def conda_folders(paths: Iterable[str], prefix: str) -> list[str]:
    """Folders outside site-packages into which conda installed files: what appears in them may be run or loaded.

    The prefix itself, where people keep their own files, and ``var``, where programs write, are left out.

    Args:
        paths: Absolute paths of files that were installed.
        prefix: The prefix, links resolved.
    """
    folders = {os.path.dirname(path) for path in paths}
    left_out = (prefix, f"{prefix}/var", f"{prefix}/conda-meta")
    return sorted(
        folder
        for folder in folders
        if is_below(folder, prefix)
        and folder != prefix
        and "-packages/" not in f"{folder}/"
        and not folder.endswith("/__pycache__")
        and not any(is_below(folder, each) for each in left_out[1:])
    )


def owned_folders(environment: Environment, ownership: Ownership) -> dict[str, str]:
    """Absolute folder to the one distribution that has files in it; "" where several share it."""
    folders = _folders_around(environment)
    for row in ownership.rows:
        folder = os.path.dirname(row.path)
        while (known := folders.get(folder)) not in (row.owner, ""):
            folders[folder] = row.owner if known is None else ""
            folder = os.path.dirname(folder)
    _add_conda_folders(folders, ownership)
    for each in environment.distributions:
        folders[f"{os.path.realpath(each.location)}/{os.path.basename(each.path)}"] = each.name
    return folders


def _add_conda_folders(folders: dict[str, str], ownership: Ownership) -> None:
    for path, owner in ownership.conda_owners.items():
        if path in ownership.owners:
            continue
        folder = os.path.dirname(path)
        while (known := folders.get(folder)) not in (owner, ""):
            folders[folder] = owner if known is None else ""
            folder = os.path.dirname(folder)


def _folders_around(environment: Environment) -> dict[str, str]:
    """Every site-packages and what lies above it: nobody owns those."""
    around = {"/": ""}
    prefix = os.path.realpath(environment.prefix)
    shared = {f"{prefix}/{name}" for name in ("bin", "etc", "include", "lib", "libexec", "share", "ssl", "var")}
    for folder in {os.path.realpath(each.location) for each in environment.distributions} | shared:
        while folder not in around:
            around[folder] = ""
            folder = os.path.dirname(folder)  # noqa: PLW2901 - climbs to the root
    return around


def nearest_owner(path: str, ownership: Ownership, folders: dict[str, str]) -> str:
    """The owner of a file, or else the distribution that has the folder it lies in to itself; "" for none.

    Byte code belongs to whom its source belongs: ``__pycache__`` beside the modules of a site has no owner.

    Args:
        path: Absolute.
        ownership: What the RECORDs say.
        folders: ``owned_folders()`` of the same environment.
    """
    if path in ownership.owners:
        return ownership.owners[path]
    if path in ownership.conda_owners:
        return ownership.conda_owners[path]
    compiled_from = bytecode.source_of(path) if bytecode.is_cached(path) else None
    if compiled_from is not None:
        return nearest_owner(compiled_from[0], ownership, folders)
    folder = os.path.dirname(path)
    while folder not in folders:
        folder = os.path.dirname(folder)
    return folders[folder]
