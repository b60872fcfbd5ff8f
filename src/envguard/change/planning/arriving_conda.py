"""What the conda packages of a resolution say of themselves: read from their archives, else as the channel tells it.

Which distributions a package brings is asked of the folder that it was unpacked in, by the same scan that looks at what
is installed: what is said of a package before and after it is installed comes from one place.
"""

import os

from envguard._value import Value
from envguard.change.conda.coming import Coming, Package
from envguard.change.conda.reading import Read, Reader
from envguard.change.planning import arriving, condas
from envguard.change.planning.arriving import Arriving
from envguard.change.wheels.incoming import Incoming
from envguard.environment import conda, conda_pip, entries, folders, interpreter, metadata
from envguard.environment.folding import fold
from envguard.errors import EnvguardError, UsageError
from envguard.facts.direct_url import redact
from envguard.facts.evidence import Evidence
from envguard.facts.reading import METADATA_LIMIT, ReadFailure, read
from envguard.model import CondaPackage, Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envguard.change.installers.conda_archive import Archive
    from envguard.change.installers.resolution import Arrival, Resolution
    from envguard.facts.evidence import FileFacts
    from envguard.model import Change, Environment


class _Scanned(Value):
    """What a scan of the folder finds."""

    packages: "dict[str, CondaPackage]"
    """By conda's name."""
    distributions: "dict[str, list[tuple[Distribution, frozenset[str]]]]"
    """By conda's name of who brings them; with the paths in RECORD, relative to site-packages."""
    broken: "dict[str, str]"
    """conda's name to what is wrong with the metadata that it brings."""


def look(
    resolution: "Resolution",
    live: "Environment",
    *,
    native: bool,
    unpack: str,
    offline: bool,
    find_links: "Sequence[str]",
) -> Arriving:
    """What would be put in.

    Args:
        resolution: As conda or py-rattler gives it.
        live: What is installed.
        native: Read compiled files too.
        unpack: Folder for what is unpacked.
        offline: Nothing is asked of the network.
        find_links: Folders with archives.

    Raises:
        UsageError: A folder of ``find_links`` cannot be listed.
        EnvguardError: ``unpack`` cannot be written.
    """
    reader = Reader(live, unpack, native=native, offline=offline, find_links=find_links)
    outcomes = _read_all(resolution.archives, reader, live)
    markers = interpreter.markers(live.interpreter)
    scanned = _scan(reader, markers)
    packages: list[Package] = []
    unread: list[Change] = []
    unseen: list[str] = []
    for arrival, archive in zip(resolution.arrivals, resolution.archives, strict=True):
        outcome = outcomes[archive.name]
        why = outcome if isinstance(outcome, str) else scanned.broken.get(archive.name, "")
        if not why and archive.name not in scanned.packages:
            why = "its info/index.json makes no record that conda could use"
        if isinstance(outcome, str) or why:
            unread.append(arriving.unreadable(arrival, why))
            packages.append(_as_told(arrival, markers))
            continue
        packages.append(_package(arrival, archive, outcome, scanned, native=native))
        if outcome.script:
            unseen.append(f"{archive.name}: what its script does, which conda runs when it puts it in place")
    gone = frozenset((*resolution.unlinked, *(each.name for each in resolution.archives)))
    coming = Coming(packages=tuple(packages), gone=gone, root=reader.root, site=reader.place.site)
    return Arriving(
        read=tuple(each.said for each in packages), unread=tuple(unread), coming=coming, unseen=tuple(unseen)
    )


def _read_all(archives: "Sequence[Archive]", reader: Reader, live: "Environment") -> "dict[str, Read | str]":
    """What was read by conda's name of the package, or why it was not."""
    other = _other_python(archives, live)
    if other:
        return {each.name: other for each in archives}
    return {each.name: _read(each, reader) for each in archives}


def _read(archive: "Archive", reader: Reader) -> "Read | str":
    try:
        return reader.read(archive)
    except UsageError:
        raise
    except EnvguardError as error:
        return str(error)


def _other_python(archives: "Sequence[Archive]", live: "Environment") -> str:
    """Why nothing can be said of the environment as it would be; "" where Python stays what it is."""
    here = live.interpreter.version.split(".")[:2]
    for each in archives:
        if each.name == "python" and each.version.split(".")[:2] != here:
            there = ".".join(each.version.split(".")[:2])
            return f"Python {there} would come in the place of {'.'.join(here)}: what it would find is not known before"
    return ""


def _scan(reader: Reader, markers: "Mapping[str, str]") -> _Scanned:
    records = conda.read(reader.root)
    site = os.path.join(reader.root, reader.place.site)
    found = fold(entries.read(folders.listings([site] if os.path.isdir(site) else []), markers))
    brought = {each.path: each.package.name for each in records.metadata}
    rows = {each.distribution.path: each.rows for each in found if each.distribution is not None}
    distributions: dict[str, list[tuple[Distribution, frozenset[str]]]] = {}
    installed = (each.distribution for each in found if each.distribution is not None)
    for item in conda_pip.settled(records.metadata, installed):
        owner = brought.get(_place(item.path))
        if owner is not None:
            listed = frozenset(row.path for row in rows[item.path])
            distributions.setdefault(owner, []).append((item, listed))
    broken: dict[str, str] = {}
    for each in found:
        change = each.broken
        if change is not None and (owner := brought.get(_place(change.path))) is not None:
            broken[owner] = f"{os.path.basename(change.path)}: {'; '.join(change.evidence)}"
    return _Scanned(
        packages={each.name: each for each in records.packages or ()}, distributions=distributions, broken=broken
    )


def _place(path: str) -> str:
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _package(arrival: "Arrival", archive: "Archive", found: Read, scanned: _Scanned, *, native: bool) -> Package:
    unpacked, record = found.unpacked, scanned.packages[archive.name]
    common = Incoming(
        name=arrival.name,
        version=arrival.version,
        read_natively=native or not unpacked.has_natives,
        sha256=found.sha256,
        verified=True,
        origin=redact(archive.url) if archive.url else "",
        how=found.how,
    )
    brought = scanned.distributions.get(archive.name, [])
    alone = len(brought) == 1
    distributions = tuple(_distribution(item, rows, common, unpacked.natives, alone=alone) for item, rows in brought)
    named = [each for each in distributions if each.name == arrival.name]
    main = next(iter((*named, *distributions)), None)
    said = common.replace(
        requires=main.requires if main is not None else (),
        size=found.size,
        unpacked=sum(row.size or 0 for row in unpacked.files),
        natives=unpacked.natives,
        traits=_traits(arrival, record, distributions, found),
    )
    return Package(said=said, record=record, files=unpacked.files, distributions=distributions)


def _traits(
    arrival: "Arrival", record: CondaPackage, distributions: "Sequence[Incoming]", found: Read
) -> tuple[str, ...]:
    """Of a whole package; ``pure`` where nothing in it is compiled and it is Python code, or data for any platform."""
    traits = {*condas.traits_of(arrival.build), *(trait for each in distributions for trait in each.traits)}
    traits.update(Evidence(name=arrival.name, files=found.unpacked.natives).traits)
    pure = arrival.is_pure or all("pure" in each.traits for each in distributions)
    pure = pure and (bool(distributions) or record.subdir == "noarch")
    traits.discard("pure")
    if found.unpacked.has_natives:
        traits.add("native")
    elif pure and "native" not in traits:
        traits.add("pure")
    return tuple(sorted(traits))


def _distribution(
    item: Distribution, rows: frozenset[str], common: Incoming, natives: "Sequence[FileFacts]", *, alone: bool
) -> Incoming:
    mine = tuple(
        each for each in natives if each.path in rows or (alone and not rows and not each.path.startswith(".."))
    )
    traits = {*item.traits, *Evidence(name=item.name, files=mine).traits}
    return common.replace(
        name=item.name,
        version=item.version,
        requires=item.requires,
        requires_python=_requires_python(item),
        record=item.record,
        traits=tuple(sorted(traits)),
        variant=item.variant,
        top_level=item.top_level,
        natives=mine,
        unpacked_in=item.location,
        scanned=item,
    )


def _requires_python(item: Distribution) -> str:
    paths = [*(os.path.join(item.path, name) for name in ("METADATA", "PKG-INFO")), item.path]
    path = next((each for each in paths if os.path.isfile(each)), "")
    try:
        return metadata.parse(read(path, METADATA_LIMIT), strict=False).requires_python
    except ReadFailure:
        return ""


def _as_told(arrival: "Arrival", markers: "Mapping[str, str]") -> Package:
    said = arriving.as_told(arrival, markers)
    return Package(said=said, distributions=(said,) if arrival.is_python else ())
