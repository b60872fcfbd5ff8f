"""The files of an environment against the RECORDs that came with them, where a lock has no manifest.

A RECORD is as good as its seal: where the lock holds its digest, a file and its row cannot be edited together. What
RECORD does not know stays unseen: executable bits, byte code, data that was added, and what Python reads at start
besides modules.
"""

import hashlib
import os
from collections.abc import Iterable

from envguard.facts import bytecode, differences
from envguard.facts.differences import Difference
from envguard.facts.hashing import Digest, Progress, hash_files
from envguard.facts.ownership import Owned, Ownership, nearest_owner, owned_folders, read_ownership
from envguard.facts.reading import ReadFailure, read
from envguard.facts.tree import Found, is_below, list_files, roots_of
from envguard.model import Environment, Pin

_IMPORTABLE = (".py", ".so", ".pyc", ".pth", ".pyd")
_READ_LIMIT = 1 << 30
_VIRTUALENV = frozenset({"_virtualenv.pth", "_virtualenv.py"})
"""Files that virtualenv and uv put beside the packages of a new environment; no RECORD lists them."""


def compare(
    environment: Environment, pins: Iterable[Pin], *, progress: Progress | None = None
) -> tuple[list[Difference], list[str]]:
    """What differs from the RECORDs, and what could not be seen."""
    roots = roots_of(environment)
    sites = [path for name, path in roots.items() if name.startswith("site")]
    ownership = read_ownership(environment)
    found = list_files(roots)
    blind = _blind(environment, ownership, found, pins)
    differing = _compare_rows(ownership, progress, sites, blind)
    differing += _find_added(environment, ownership, found, sites, blind)
    for folder, why in found.unlisted.items():
        differing.append(Difference("edited", "", folder, f"not listed: {why}"))
    return differing, blind


def _compare_rows(
    ownership: Ownership, progress: Progress | None, sites: list[str], blind: list[str]
) -> list[Difference]:
    rows = _comparable(ownership, blind)
    sizes = [row.size or 0 for row in rows]
    digests = hash_files([row.path for row in rows], sizes=sizes, progress=progress)
    linked = _linked_owners(rows)
    found = []
    for row, digest in zip(rows, digests, strict=True):
        kind, what = _unlike(row, digest, ownership.conda.get(row.path, ""))
        if not kind and row.owner not in linked and os.path.islink(row.path):
            kind, what = "edited", f"a link to {os.readlink(row.path)}, RECORD lists a file"
        if kind:
            found.append(differences.of(kind, row.owner, row.path, what, sites))
    if linked:
        blind.append(f"installed as links, which RECORD cannot tell from links put there later: {_some(linked)}")
    return found


def _comparable(ownership: Ownership, blind: list[str]) -> list[Owned]:
    """Rows with a hash. Byte code follows its own rule, whatever RECORD says: installers compile it anew."""
    rows: dict[str, Owned] = {}
    without = 0
    for row in ownership.rows:
        if row.hash and not bytecode.is_cached(row.path):
            rows.setdefault(row.path, row)
        elif not row.hash and not row.path.endswith((".pyc", ".dist-info/RECORD")):
            without += 1
    if without:
        blind.append(f"{without} files that RECORD lists without a hash")
    return list(rows.values())


def _unlike(row: Owned, digest: Digest, conda: str) -> tuple[str, str]:
    """Kind of change and what differs; two empty strings where the file is the one that RECORD lists."""
    if digest.why == "missing":
        return "deleted-file", "missing, RECORD lists it"
    if digest.why:
        return "edited", f"cannot be read: {digest.why}"
    algorithm, _colon, expected = row.hash.partition(":")
    actual = digest.sha256 if algorithm == "sha256" else _other_digest(row.path, algorithm)
    if actual == expected or (conda and digest.sha256 == conda):
        return "", ""
    size = f", {row.size} bytes" if row.size is not None else ""
    return (
        "edited",
        f"{algorithm} {expected[:12]}{size} in RECORD, {actual[:12]}, {digest.size} bytes found",
    )


def _other_digest(path: str, algorithm: str) -> str:
    try:
        return hashlib.new(algorithm, read(path, _READ_LIMIT)).hexdigest()
    except (ReadFailure, ValueError) as error:
        return str(error)  # equal to no digest


def _linked_owners(rows: list[Owned]) -> set[str]:
    """Distributions that an installer put there as links into its cache: most of their files are links."""
    files: dict[str, int] = {}
    links: dict[str, int] = {}
    for row in rows:
        files[row.owner] = files.get(row.owner, 0) + 1
        if os.path.islink(row.path):
            links[row.owner] = links.get(row.owner, 0) + 1
    return {owner for owner, count in links.items() if count * 2 > files[owner] and count > 1}


def _find_added(
    environment: Environment, ownership: Ownership, found: Found, sites: list[str], blind: list[str]
) -> list[Difference]:
    """What Python could import and nobody owns. Added data is counted only: programs write caches."""
    folders = owned_folders(environment, ownership)
    unowned_sites = {
        os.path.realpath(each.location) for each in environment.distributions if each.name in ownership.unusable
    }
    added = []
    data, unsure = 0, 0
    for path in (*found.files, *found.links, *found.others):
        if path in ownership.owners or path in ownership.conda or path in sites:
            continue
        if bytecode.is_cached(path) or bytecode.is_runtime_cache(path) or _is_virtualenv(path, sites):
            continue
        owner = nearest_owner(path, ownership, folders)
        if not path.endswith(_IMPORTABLE) and path not in found.links:
            data += 1
        elif not owner and any(is_below(path, site) for site in unowned_sites):
            unsure += 1
        else:
            added.append(differences.of("added-file", owner, path, "in no RECORD", sites))
    if data:
        blind.append(f"{data} files that no RECORD lists and Python does not import")
    if unsure:
        blind.append(f"{unsure} modules that may belong to a distribution without RECORD: {_some(ownership.unusable)}")
    return added


def _is_virtualenv(path: str, sites: list[str]) -> bool:
    folder, name = os.path.split(path)
    return name in _VIRTUALENV and folder in sites


def _blind(environment: Environment, ownership: Ownership, found: Found, pins: Iterable[Pin]) -> list[str]:
    unsealed = {pin.name for pin in pins if pin.manager == "pip" and not pin.record and not pin.unverifiable}
    unsealed &= {distribution.name for distribution in environment.distributions}
    blind = ["without a manifest: executable bits, byte code in __pycache__, pyvenv.cfg, and edits of RECORD itself"]
    if unsealed:
        blind.append(
            f"an edit of a file together with its row in RECORD, which the lock does not seal: {_some(unsealed)}"
        )
    if ownership.unusable:
        blind.append(f"files of distributions without a usable RECORD: {_some(ownership.unusable)}")
    if ownership.outside:
        blind.append(f"{len(ownership.outside)} files that a RECORD claims outside the environment")
    blind += [f"{path}: what lies behind this link, outside the environment" for path in found.linked_folders]
    return blind


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:5]) + (f" and {len(ordered) - 5} more" if len(ordered) > 5 else "")
