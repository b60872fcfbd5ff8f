"""EG220: files of other distributions that arriving wheels would overwrite.

pip and uv install over the files of another distribution without a word. Equal content does no harm, nor does the
``__init__.py`` of a namespace package; what differs is whose code runs from then on, and removing either breaks both.
"""

from collections.abc import Iterator

from envguard.change.incoming import Incoming
from envguard.change.resulting import Result, natives
from envguard.facts import clobbered, records
from envguard.facts.ownership import Owned
from envguard.model import Change

SHOWN = 3
"""Files that a change names; its counts are exact."""


def changes(result: Result) -> Iterator[Change]:
    """One change for each arriving wheel and owner of files that it would overwrite with other content."""
    with natives(result.live) as facts:
        claimed = {row.path: row for row in facts.ownership.rows if row.owner not in result.gone}
    sites = tuple(dict.fromkeys((f"{result.site}/", *(f"{place}/" for place in result.after.paths))))
    for incoming in result.arriving:
        owners: dict[str, list[tuple[Owned, Owned]]] = {}
        for row in _rows(incoming, result.site):
            other = claimed.get(row.path)
            if other is not None and other.owner != row.owner:
                owners.setdefault(other.owner, []).append((other, row))
            else:
                claimed[row.path] = row
        for owner, pairs in sorted(owners.items()):
            change = _change(incoming, owner, pairs, sites, result)
            if change is not None:
                yield change


def _rows(incoming: Incoming, site: str) -> Iterator[Owned]:
    for row in incoming.files:
        if not row.path.startswith("../") and ".dist-info/" not in row.path and not records.is_bytecode(row.path):
            yield Owned(f"{site}/{row.path}", row.hash, row.size, incoming.name)


def _change(
    incoming: Incoming, owner: str, pairs: "list[tuple[Owned, Owned]]", sites: tuple[str, ...], result: Result
) -> "Change | None":
    differing = [pair for pair in pairs if _differ(*pair)]
    if not differing:
        return None
    telling = [pair for pair in differing if clobbered.is_telling(pair, True, sites)]
    unknown = sum(not (one.hash and other.hash) for one, other in pairs)
    shown = telling or differing
    current = next((each for each in result.after.distributions if each.name == owner), None)
    named = f"{owner} {current.version}" if current is not None else owner
    same = len(pairs) - len(differing) - unknown
    counts = f"{len(differing)} with other bytes, {same} with the same"
    counts += f", {unknown} without a hash" if unknown else ""
    return Change(
        code="EG220",
        kind="overwrites" if telling else "noted",
        package=incoming.name,
        locked=named,
        installed=f"{incoming.name} {incoming.version}",
        path=shown[0][0].path,
        evidence=(
            f"{_counted(len(pairs))} of {named} would be overwritten: {counts}",
            *(f"{pair[0].path.removeprefix(f'{result.site}/')} has other bytes" for pair in shown[:SHOWN]),
            *([f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else []),
            f"removing {incoming.name} or {owner} later removes the files of both",
        ),
        traits=incoming.traits,
    )


def _differ(one: Owned, other: Owned) -> bool:
    comparable = bool(one.hash and other.hash) and one.hash.partition(":")[0] == other.hash.partition(":")[0]
    return comparable and one.hash != other.hash


def _counted(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
