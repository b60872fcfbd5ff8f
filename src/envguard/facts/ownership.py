"""Which distribution owns which file: RECORD, and conda's own records for what conda installed."""

import json
import os
from typing import NamedTuple

from envguard.facts import bytecode, records
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
    conda: dict[str, str]
    """Absolute path to SHA-256 of files as conda installed them: it rewrites the prefix in some of them after the
    RECORD was made."""


def read_ownership(environment: Environment) -> Ownership:
    """What every RECORD, and every record of conda, says. What cannot be read is listed in ``unusable``."""
    found = Ownership([], {}, {}, [], _conda_files(environment))
    prefix = os.path.realpath(environment.prefix)
    for distribution in environment.distributions:
        _add(distribution, prefix, found)
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


def _conda_files(environment: Environment) -> dict[str, str]:
    """SHA-256 by path from conda-meta; a record that cannot be read owns nothing, and the scan reports it."""
    prefix = os.path.realpath(environment.prefix)
    found: dict[str, str] = {}
    for package in environment.conda or ():
        try:
            record = json.loads(read(package.path, RECORD_LIMIT))
            rows = record["paths_data"]["paths"]
        except (ReadFailure, ValueError, RecursionError, KeyError, TypeError):
            continue
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and isinstance(path := row.get("_path"), str):
                digest = row.get("sha256_in_prefix") or row.get("sha256") or ""
                found[os.path.normpath(os.path.join(prefix, path))] = digest if isinstance(digest, str) else ""
    return found


def owned_folders(environment: Environment, ownership: Ownership) -> dict[str, str]:
    """Absolute folder to the one distribution that has files in it; "" where several share it."""
    folders = _folders_around(environment)
    for row in ownership.rows:
        folder = os.path.dirname(row.path)
        while (known := folders.get(folder)) not in (row.owner, ""):
            folders[folder] = row.owner if known is None else ""
            folder = os.path.dirname(folder)
    for each in environment.distributions:
        folders[f"{os.path.realpath(each.location)}/{os.path.basename(each.path)}"] = each.name
    return folders


def _folders_around(environment: Environment) -> dict[str, str]:
    """Every site-packages and what lies above it: nobody owns those."""
    around = {"/": ""}
    for folder in {os.path.realpath(each.location) for each in environment.distributions}:
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
    compiled_from = bytecode.source_of(path) if bytecode.is_cached(path) else None
    if compiled_from is not None:
        return nearest_owner(compiled_from[0], ownership, folders)
    folder = os.path.dirname(path)
    while folder not in folders:
        folder = os.path.dirname(folder)
    return folders[folder]
