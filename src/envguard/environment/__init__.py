"""What is installed: every entry of sys.path, conda's records, the interpreter and the platform.

Nothing of the judged environment is imported or run. What cannot be read is an error or an observation, never
"nothing there".
"""

import os
import sys

from envguard._value import Value
from envguard.environment import conda, conda_pip, entries, folders, interpreter, metadata, paths
from envguard.environment.distributions import Found
from envguard.environment.folding import fold
from envguard.errors import UnverifiableError, UsageError
from envguard.facts import origin, owners
from envguard.model import DEPTHS, Change, Distribution, Environment, Interpreter
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.model import Depth

__all__ = ["Place", "by_name", "place_of", "scan"]


class Place(Value):
    """Which interpreter is judged, and where its packages are looked for."""

    interpreter: Interpreter
    executable: str
    prefix: str
    entries: tuple[str, ...]
    blind: tuple[str, ...] = ()
    running: str = ""
    """The folder of the running envguard package, where it judges its own process."""


def scan(
    *,
    paths: "Sequence[str] | None" = None,
    python: str | None = None,
    depth: "Depth" = "records",
    prefix: str | None = None,
    may_be_empty: bool = False,
    only: "frozenset[str] | None" = None,
) -> Environment:
    """Read what is installed.

    Args:
        paths: Entries of a sys.path; None takes sys.path of this process, or of ``python``.
        python: Another interpreter, or the folder of its environment; None is this process.
        depth: ``versions`` believes the names of metadata folders; deeper, their files must agree with them.
        prefix: Where conda-meta is looked for; None takes sys.prefix of the interpreter.
        may_be_empty: No error where nothing is installed: for those who are about to put something there.
        only: Normalised names of the distributions that are read; None reads all.

    Raises:
        UnverifiableError: An entry cannot be listed, something changed while it was read, nothing is installed, or
            this process cannot tell (frozen application, ``python -S``).
        UsageError: ``python`` is no interpreter, or ``depth`` is unknown.
    """
    if depth not in DEPTHS:
        raise UsageError(f"unknown depth {depth!a}", remedy=f"one of {', '.join(DEPTHS)}")
    place = place_of(paths, python)
    root = prefix if prefix is not None else place.prefix
    listings = folders.listings(place.entries)
    if only is not None:
        listings = tuple(_of_names(listing, only) for listing in listings)
    markers = interpreter.markers(place.interpreter)
    found = fold(entries.read(listings, markers))
    if depth == "versions":
        found = [_by_name(each) for each in found]
    records = conda.read(root)
    installed = tuple(each.distribution for each in found if each.distribution is not None)
    if not installed and not may_be_empty:
        raise _nothing([listing.path for listing in listings])
    on_path = tuple(listing.path for listing in listings)
    installed = conda_pip.settled(records.metadata, installed)
    observed, remarks = _second_look(place, on_path, found, installed, records.modules)
    observed += conda_pip.disagreements(records.metadata, installed, on_path)
    broken = tuple(each.broken for each in found if each.broken is not None)
    return Environment(
        prefix=root,
        paths=on_path,
        interpreter=place.interpreter,
        executable=place.executable,
        distributions=installed,
        conda=records.packages,
        depth=depth,
        observations=(*broken, *records.broken, *observed),
        blind=(*place.blind, *remarks, *_unverified(installed)),
    )


def _of_names(listing: folders.Listing, names: "frozenset[str]") -> folders.Listing:
    return listing.replace(candidates=tuple(each for each in listing.candidates if _told(each)[0] in names))


def _told(candidate: folders.Candidate) -> tuple[str, str]:
    """Normalised name and version, as the name of a metadata folder or file says them."""
    split = metadata.split if candidate.kind == "dist-info" else metadata.split_egg
    name, version = split(candidate.stem)
    return normalise(name), version


def by_name(place: Place) -> tuple[Distribution, ...]:
    """Everything that is installed, as the name of its metadata says it: no file of any of it is read.

    Raises:
        UnverifiableError: An entry of sys.path cannot be listed.
    """
    return tuple(
        Distribution(name=name, version=version, path=each.path, location=each.location, kind=each.kind)
        for listing in folders.listings(place.entries)
        for each in listing.candidates
        for name, version in (_told(each),)
    )


def _by_name(found: Found) -> Found:
    """What the name of a metadata folder says, whatever its files say: depth versions reads names only.

    The files are read all the same, for the traits by which a difference is judged.
    """
    told = found.distribution
    if told is None or told.kind != "dist-info" or found.broken is None:
        return found
    stem = os.path.basename(told.path).removesuffix(".dist-info")
    if stem.count("-") != 1:
        return Found(distribution=told, rows=found.rows)  # no installer writes such a name: METADATA is asked
    name, version = metadata.split(stem)
    return Found(distribution=told.replace(name=normalise(name), version=version), rows=found.rows)


def place_of(given: "Sequence[str] | None", python: str | None) -> Place:
    """Which environment is meant by entries of a sys.path, by another interpreter, or by neither.

    Raises:
        UnverifiableError, UsageError: As ``scan``.
    """
    if python is not None:
        identity, layout = interpreter.ask(python)
        search, remarks = paths.search_path(layout, identity.version, os.environ)
        return Place(
            interpreter=identity,
            executable=layout.executable,
            prefix=layout.prefix,
            entries=tuple(given) if given is not None else search,
            blind=remarks if given is None else (),
        )
    here = Place(
        interpreter=interpreter.running(),
        executable=sys.executable or "/proc/self/exe",  # an embedded interpreter does not know its own
        prefix=sys.prefix,
        entries=tuple(sys.path if given is None else given),
    )
    if given is not None:
        return here
    _refuse_if_blind()
    return here.replace(running=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _refuse_if_blind() -> None:
    """A process whose sys.path does not show what it imports must not be told that nothing drifted."""
    standard = os.path.dirname(getattr(os, "__file__", "") or "")
    if getattr(sys, "frozen", False) or not os.path.isdir(standard):
        problem = "this is a frozen application: its packages have no metadata, so what they are cannot be verified"
        raise UnverifiableError(problem, remedy="check the environment before it is frozen, with envguard check")
    if sys.flags.no_site and "site" not in sys.modules:
        problem = "python runs with -S, so site-packages is not on sys.path"
        raise UnverifiableError(problem, remedy="start python without -S")


def _nothing(listed: list[str]) -> UnverifiableError:
    where = ", ".join(listed) or "no folder of sys.path exists"
    problem = f"no distribution is installed, which is taken for a scan of the wrong place ({where})"
    return UnverifiableError(problem, remedy="check that the right interpreter is judged, and how it is started")


def _second_look(
    place: Place,
    on_path: tuple[str, ...],
    found: "Sequence[Found]",
    installed: tuple[Distribution, ...],
    known: "frozenset[str]",
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Who owns what: names that would be imported from elsewhere, and other owners of the guard's own files."""
    rows = {each.distribution.path: each.rows for each in found if each.distribution is not None and each.rows}
    entrances = {path: origin.entrances(listed) for path, listed in rows.items()}
    suffixes = origin.suffixes_for(place.interpreter.soabi)
    shadowed = origin.find(on_path, installed, entrances, suffixes=suffixes)
    if shadowed and known:  # what conda's packages own besides their RECORDs is asked for where it matters only
        shadowed = origin.find(on_path, installed, entrances, suffixes=suffixes, known=known)
    claimed, remarks = owners.second_owner(installed, rows, running=place.running)
    return (*shadowed, *claimed), remarks


def _unverified(installed: tuple[Distribution, ...]) -> tuple[str, ...]:
    """What is installed and tells nothing about its artifact."""
    archived = sorted({each.name for each in installed if each.kind == "zip"})
    bare = sorted({each.name for each in installed if not each.record and each.kind != "zip"})
    remarks = []
    if archived:
        remarks.append(f"in a zip file, so their files are not verified: {_some(archived)}")
    if bare:
        remarks.append(f"without a usable RECORD, so which artifact they come from is not known: {_some(bare)}")
    return tuple(remarks)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
