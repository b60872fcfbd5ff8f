"""EG220: files of other packages that what arrives would overwrite.

pip, uv and conda install over the files of another package without a word, or with one that nobody reads. Equal content
does no harm, nor does the ``__init__.py`` of a namespace package; what differs is whose code runs from then on, and
removing either breaks both. pip takes a distribution of conda's away before it installs another version, and leaves
conda's record, which from then on speaks of files that are not there.
"""

import os
import re
from collections.abc import Iterator

from envguard.change.planning.resulting import Result, natives
from envguard.change.wheels.incoming import Incoming
from envguard.facts import clobbered, records
from envguard.facts.conda_files import CONDA
from envguard.facts.natives import Natives
from envguard.facts.ownership import Owned
from envguard.model import Change

SHOWN = 3
"""Files that a change names; its counts are exact."""
_RUN_OR_LOADED = re.compile(r"(?:^|/)s?bin/[^/]+$|\.so(?:\.[\w.-]+)?$")
"""Files of conda's outside site-packages whose loss somebody notices."""


def changes(result: Result) -> Iterator[Change]:
    """One change for each arriving package and owner of files that it would overwrite with other content."""
    with natives(result.live) as facts:
        claimed = _claimed(facts, result)
    sites = tuple(dict.fromkeys((f"{result.site}/", *(f"{place}/" for place in result.after.paths))))
    for incoming, rows in _arriving(result):
        owners: dict[str, list[tuple[Owned, Owned]]] = {}
        for row in rows:
            other = claimed.get(row.path)
            if other is not None and other.owner != row.owner:
                owners.setdefault(other.owner, []).append((other, row))
            else:
                claimed[row.path] = row
        for owner, pairs in sorted(owners.items()):
            change = _change(incoming, owner, pairs, sites, result)
            if change is not None:
                yield change


def _claimed(facts: Natives, result: Result) -> dict[str, Owned]:
    """Absolute path to who has it and stays; of conda's packages only what no RECORD lists."""
    ownership = facts.ownership
    claimed = {row.path: row for row in ownership.rows if row.owner not in result.gone}
    gone = result.coming.gone if result.coming is not None else frozenset()
    for path, file in ownership.conda.items():
        staying = next((name for name in ownership.conda_packages[path] if name not in gone), "")
        if staying and path not in claimed and _counts(path):
            digest = f"sha256:{file.sha256}" if file.sha256 and not file.link else ""
            claimed[path] = Owned(path, digest, None, CONDA + staying)
    return claimed


def _arriving(result: Result) -> Iterator[tuple[Incoming, list[Owned]]]:
    """Everything that arrives, with the files that count."""
    if result.coming is None:
        for incoming in result.arriving:
            rows = [row for row in incoming.files if not row.path.startswith("../") and _counts(row.path)]
            yield incoming, [Owned(f"{result.site}/{row.path}", row.hash, row.size, incoming.name) for row in rows]
        return
    for package in result.coming.packages:
        if package.record is not None:
            owner = CONDA + package.record.name
            rows = [row for row in package.files if _counts(row.path)]
            yield package.said, [Owned(f"{result.place}/{row.path}", row.hash, row.size, owner) for row in rows]


def _counts(path: str) -> bool:
    return ".dist-info/" not in path and not records.is_bytecode(path)


def _change(
    incoming: Incoming, owner: str, pairs: "list[tuple[Owned, Owned]]", sites: tuple[str, ...], result: Result
) -> "Change | None":
    differing = [pair for pair in pairs if _differ(*pair)]
    replaces = _replaces(incoming, owner, result)
    if not differing and not replaces:
        return None
    telling = [pair for pair in differing if _is_telling(pair, sites)]
    unknown = sum(not (one.hash and other.hash) for one, other in pairs)
    shown = telling or differing or pairs
    named = _named(owner, result)
    same = len(pairs) - len(differing) - unknown
    counts = f"{len(differing)} with other bytes, {same} with the same"
    counts += f", {unknown} without a hash" if unknown else ""
    return Change(
        code="EG220",
        kind="overwrites" if telling or replaces else "noted",
        package=incoming.name,
        locked=named,
        installed=f"{incoming.name} {incoming.version}",
        path=shown[0][0].path,
        evidence=(
            f"{_counted(len(pairs))} of {named} would be overwritten: {counts}",
            *(f"{_short(pair[0].path, result)} has other bytes" for pair in shown[:SHOWN] if _differ(*pair)),
            *([f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else []),
            *(["conda's record of it would stay, and speak of files that are not there any more"] if replaces else []),
            f"removing {incoming.name} or {owner.removeprefix(CONDA)} later removes the files of both",
        ),
        traits=incoming.traits,
    )


def _replaces(incoming: Incoming, owner: str, result: Result) -> bool:
    """True for a wheel that takes the place of the distribution which a package of conda's brought."""
    if result.coming is not None or not owner.startswith(CONDA):
        return False
    package = next((each for each in result.live.conda or () if CONDA + each.name == owner), None)
    return package is not None and package.python_name == incoming.name


def _is_telling(pair: "tuple[Owned, Owned]", sites: tuple[str, ...]) -> bool:
    of_conda = any(each.owner.startswith(CONDA) for each in pair)
    outside = not any(pair[0].path.startswith(site) for site in sites)
    if of_conda and outside:
        return _RUN_OR_LOADED.search(pair[0].path) is not None
    return clobbered.is_telling(pair, True, sites)


def _named(owner: str, result: Result) -> str:
    if owner.startswith(CONDA):
        name = owner.removeprefix(CONDA)
        package = next((each for each in result.after.conda or () if each.name == name), None)
        return f"{name} {package.version} (conda)" if package is not None else f"{name} (conda)"
    where = result.after if owner in result.gone else result.live  # what conda puts over pip's has two of one name
    known = (*where.distributions, *result.after.distributions)
    current = next((each for each in known if each.name == owner), None)
    return f"{owner} {current.version}" if current is not None else owner


def _short(path: str, result: Result) -> str:
    short = path.removeprefix(f"{result.site}/")
    return short if short != path else path.removeprefix(f"{os.path.realpath(result.live.prefix)}/")


def _differ(one: Owned, other: Owned) -> bool:
    comparable = bool(one.hash and other.hash) and one.hash.partition(":")[0] == other.hash.partition(":")[0]
    return comparable and one.hash != other.hash


def _counted(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
