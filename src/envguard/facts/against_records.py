"""The files of an environment against the RECORDs that came with them, where a lock has no manifest.

In a conda environment the records of conda-meta list more: files of packages without Python, and those into which
conda wrote the prefix after their RECORD was made. A file is right if either says so.

A RECORD is as good as its seal: where the lock holds its digest, a file and its row cannot be edited together. What
RECORD does not know stays unseen: executable bits, byte code, data that was added, and what Python reads at start
besides modules.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping

from envguard.facts import bytecode, differences
from envguard.facts.conda_files import CondaFile, without_prefix
from envguard.facts.differences import Difference
from envguard.facts.hashing import Digest, Hashing, Progress, hash_files
from envguard.facts.ownership import Owned, Ownership, conda_folders, nearest_owner, owned_folders, read_ownership
from envguard.facts.reading import ReadFailure, read
from envguard.facts.tree import Found, is_below, list_files, list_folders, roots_of
from envguard.model import Environment, Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.named_files import NamedFiles

_IMPORTABLE = (".py", ".so", ".pyc", ".pth", ".pyd")
_READ_LIMIT = 1 << 30
_UNKNOWN = "unknown"
"""In place of a kind of change: nothing tells what the file should be."""
_VIRTUALENV = frozenset({"_virtualenv.pth", "_virtualenv.py"})
"""Files that virtualenv and uv put beside the packages of a new environment; no RECORD lists them."""


def compare(
    environment: Environment,
    pins: Iterable[Pin],
    *,
    progress: Progress | None = None,
    named: "NamedFiles | None" = None,
) -> tuple[list[Difference], list[str]]:
    """What differs from the RECORDs, and what could not be seen.

    Args:
        environment: What ``scan`` found.
        pins: The lock's pins.
        progress: As in ``check``.
        named: The files that are looked at, where those are not all.
    """
    roots = roots_of(environment)
    sites = [path for name, path in roots.items() if name.startswith("site")]
    ownership = read_ownership(environment) if named is None else named.ownership.of(named.owners)
    without_hash: list[str] = []
    rows = _comparable(ownership, without_hash)
    expected = [row.hash.removeprefix("sha256:") for row in rows]

    def is_expected(index: int, sha256: str, _executable: bool) -> bool:
        return expected[index] == sha256

    sizes = [row.size or 0 for row in rows]
    with Hashing([row.path for row in rows], sizes=sizes, is_expected=is_expected) as hashing:
        found = list_files(roots) if named is None else _only(named.find(), lambda path: _is_in(path, sites))
        links = _links(rows, found)
        blind = _blind(environment, ownership, found, pins) + without_hash
        unowned: list[str] = []
        folders = owned_folders(environment, ownership) if named is None else named.folders
        added = _find_added(environment, ownership, found, folders, sites=sites, blind=unowned)
        unlike = hashing.wait(progress)
    differing = _compare_rows(rows, unlike, links, ownership, sites=sites, blind=blind)
    if environment.conda is not None:
        differing += _compare_conda(ownership, sites, blind)
        beside = list_folders(conda_folders(ownership.conda, roots["prefix"]))
        if named is not None:  # in a folder that others share, what is new is nobody's
            beside = _only(beside, lambda path: nearest_owner(path, ownership, folders) in named.owners)
        differing += _find_added_outside(ownership, folders, beside, sites, blind)
    differing += added
    blind += unowned
    for folder, why in found.unlisted.items():
        differing.append(Difference("edited", "", folder, f"not listed: {why}"))
    return differing, blind


def _only(found: Found, is_meant: Callable[[str], bool]) -> Found:
    """What was found, as far as it is meant; what could not be listed stays."""
    kept = [[path for path in paths if is_meant(path)] for paths in (found.files, found.links, found.others)]
    return found._replace(files=kept[0], links=kept[1], others=kept[2])


def _is_in(path: str, sites: list[str]) -> bool:
    return any(is_below(path, site) for site in sites)


def _compare_rows(
    rows: list[Owned],
    unlike: Mapping[int, Digest],
    links: set[str],
    ownership: Ownership,
    *,
    sites: list[str],
    blind: list[str],
) -> list[Difference]:
    """What differs, of the files with another digest than their row has, and of links."""
    linked = _linked_owners(rows, links)
    found = []
    for index, row in enumerate(rows):
        if index not in unlike and row.path not in links:
            continue
        kind, what = _unlike(row, unlike[index], ownership.conda.get(row.path)) if index in unlike else ("", "")
        if not kind and row.owner not in linked and row.path in links:
            kind, what = "edited", f"a link to {os.readlink(row.path)}, RECORD lists a file"
        if kind == _UNKNOWN:
            blind.append(f"{row.path}: conda wrote the prefix into it and shortened its first line")
        elif kind:
            found.append(differences.of(kind, row.owner, row.path, what, sites))
    if linked:
        blind.append(f"installed as links, which RECORD cannot tell from links put there later: {_some(linked)}")
    return found


def _links(rows: list[Owned], found: Found) -> set[str]:
    """The files of some rows that are symbolic links: below the sites their folders told that already."""
    told = {*found.files, *found.links}
    links = set(found.links)
    return {row.path for row in rows if (row.path in links if row.path in told else os.path.islink(row.path))}


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


def _unlike(row: Owned, digest: Digest, conda: CondaFile | None) -> tuple[str, str]:
    """Kind of change and what differs; two empty strings where the file is the one that RECORD lists."""
    if digest.why == "missing":
        return "deleted-file", "missing, RECORD lists it"
    if digest.why:
        return "edited", f"cannot be read: {digest.why}"
    algorithm, _colon, expected = row.hash.partition(":")
    actual = digest.sha256 if algorithm == "sha256" else _other_digest(row.path, algorithm)
    if actual == expected or (conda is not None and conda.sha256 == digest.sha256):
        return "", ""
    if conda is not None and conda.packed:
        return _unlike_packed(row.path, conda, digest)
    size = f", {row.size} bytes" if row.size is not None else ""
    return (
        "edited",
        f"{algorithm} {expected[:12]}{size} in RECORD, {actual[:12]}, {digest.size} bytes found",
    )


def _unlike_packed(path: str, file: CondaFile, digest: Digest) -> tuple[str, str]:
    """The same for a file into which conda wrote the prefix, without saying what came of it."""
    try:
        data = read(path, _READ_LIMIT)
    except ReadFailure as failure:
        return "edited", f"cannot be read: {failure.why}"
    prefix = path[: -len(file.path) - 1]
    packed = without_prefix(data, file, prefix)
    if not packed:
        return _UNKNOWN, ""
    if packed == file.packed:
        return "", ""
    what = f"sha256 {file.packed[:12]} in conda's record, {packed[:12]}"
    return "edited", f"{what} with the prefix taken out, {digest.size} bytes found"


def _compare_conda(ownership: Ownership, sites: list[str], blind: list[str]) -> list[Difference]:
    """The files that conda lists and no RECORD speaks of with a hash."""
    by_record = {row.path for row in ownership.rows if row.hash}
    rows = {path: file for path, file in ownership.conda.items() if path not in by_record}
    rows = {path: file for path, file in rows.items() if not path.endswith(".pyc")}
    links = {path: file for path, file in rows.items() if file.link}
    files = {path: file for path, file in rows.items() if not file.link}
    found = []
    for path in links:
        if not os.path.islink(path):
            kind = "edited" if os.path.lexists(path) else "deleted-file"
            found.append(_of_conda(kind, path, "no link, conda's record lists one", ownership, sites))
    unknown = 0
    for (path, file), digest in zip(files.items(), hash_files(list(files)), strict=True):
        kind, what = _unlike_conda(path, file, digest)
        if kind == _UNKNOWN:
            unknown += 1
        elif kind:
            found.append(_of_conda(kind, path, what, ownership, sites))
    if unknown:
        blind.append(f"{unknown} files that conda lists without a digest")
    return found


def _of_conda(kind: str, path: str, what: str, ownership: Ownership, sites: list[str]) -> Difference:
    return differences.of(kind, ownership.conda_owners[path], path, what, sites)


def _unlike_conda(path: str, file: CondaFile, digest: Digest) -> tuple[str, str]:
    if digest.why == "missing":
        return "deleted-file", "missing, conda's record lists it"
    if digest.why:
        return "edited", f"cannot be read: {digest.why}"
    if file.packed:
        return _unlike_packed(path, file, digest)
    if not file.sha256:
        return _UNKNOWN, ""
    if file.sha256 == digest.sha256:
        return "", ""
    return "edited", f"sha256 {file.sha256[:12]} in conda's record, {digest.sha256[:12]}, {digest.size} bytes found"


def _find_added_outside(
    ownership: Ownership, folders: dict[str, str], beside: Found, sites: list[str], blind: list[str]
) -> list[Difference]:
    """Libraries and modules that appeared in folders outside site-packages into which conda installed files."""
    added, others = [], 0
    for path in (*beside.files, *beside.links, *beside.others):
        if path in ownership.conda_owners or path in ownership.owners:
            continue
        name = os.path.basename(path)
        if name.endswith(_IMPORTABLE) or ".so." in name:
            owner = nearest_owner(path, ownership, folders)
            added.append(differences.of("added-file", owner, path, "in no RECORD, and conda does not list it", sites))
        else:
            others += 1
    if others:
        blind.append(f"{others} files outside site-packages that neither conda nor a RECORD lists")
    added += [Difference("edited", "", folder, f"not listed: {why}") for folder, why in beside.unlisted.items()]
    return added


def _other_digest(path: str, algorithm: str) -> str:
    try:
        return hashlib.new(algorithm, read(path, _READ_LIMIT)).hexdigest()
    except (ReadFailure, ValueError) as error:
        return str(error)  # equal to no digest


def _linked_owners(rows: list[Owned], linked: set[str]) -> set[str]:
    """Distributions that an installer put there as links into its cache: most of their files are links."""
    if not linked:
        return set()
    files: dict[str, int] = {}
    links: dict[str, int] = {}
    for row in rows:
        files[row.owner] = files.get(row.owner, 0) + 1
        if row.path in linked:
            links[row.owner] = links.get(row.owner, 0) + 1
    return {owner for owner, count in links.items() if count * 2 > files[owner] and count > 1}


def _find_added(
    environment: Environment,
    ownership: Ownership,
    found: Found,
    folders: dict[str, str],
    *,
    sites: list[str],
    blind: list[str],
) -> list[Difference]:
    """What Python could import and nobody owns. Added data is counted only: programs write caches."""
    unowned_sites = {
        os.path.realpath(each.location) for each in environment.distributions if each.name in ownership.unusable
    }
    added = []
    data, unsure = 0, 0
    for path in (*found.files, *found.links, *found.others):
        if path in ownership.owners or path in ownership.conda_owners or path in sites:
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
