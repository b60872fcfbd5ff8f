"""From the entries of sys.path to the distributions in them."""

import os

from envguard.environment import contents, distributions, folders
from envguard.environment.distributions import Found
from envguard.errors import UnverifiableError
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envguard.environment.folders import Listing


def read(listings: "Sequence[Listing]", markers: "Mapping[str, str]") -> list[Found]:
    """Everything that describes a distribution, in the order of sys.path.

    Args:
        listings: As ``folders.listings`` gives them.
        markers: PEP 508 environment of the judged interpreter.

    Raises:
        UnverifiableError: Something changed while it was read.
    """
    settled = [_settled(listing, markers) for listing in listings]
    for listing, _found in settled:
        now = folders.look(listing.path)
        if now is None or now.signature != listing.signature:
            raise _unstable(listing.path)
    return [found for _listing, content in settled for found in content]


def _settled(listing: "Listing", markers: "Mapping[str, str]") -> "tuple[Listing, list[Found]]":
    """The content of one entry; where something in it vanished meanwhile it is listed and read once more."""
    try:
        return listing, _content(listing, markers)
    except folders.Vanished:
        again = folders.look(listing.path)
    if again is None:
        raise _unstable(listing.path)
    try:
        return again, _content(again, markers)
    except folders.Vanished as error:
        raise _unstable(listing.path) from error


def _unstable(path: str) -> UnverifiableError:
    problem = f"{path}: the environment changed while it was read"
    return UnverifiableError(problem, remedy="wait until the installer is done, then check again")


def _content(listing: "Listing", markers: "Mapping[str, str]") -> list[Found]:
    if listing.archive:
        return list(_archived(listing, markers))
    found = []
    for candidate in listing.candidates:
        link = candidate.kind == "egg-link"
        found.append((distributions.linked if link else distributions.of_candidate)(candidate, markers))
    found += [Found(broken=_leftover(path)) for path in listing.leftovers]
    found += [Found(broken=_no_egg(path)) for path in listing.eggs if folders.is_broken_egg(path)]
    return found


def _archived(listing: "Listing", markers: "Mapping[str, str]") -> "Iterable[Found]":
    below = listing.path[len(listing.archive) :].strip("/").replace(os.sep, "/")
    with contents.open_archive(listing.archive) as archive:
        for name, files in contents.archived(archive, below + "/" if below else ""):
            stem = os.path.basename(listing.path) if name == "EGG-INFO" else name
            candidate = folders.Candidate(
                kind="zip",
                path=os.path.join(listing.path, name),
                location=listing.path,
                stem=stem.rpartition(".")[0] or stem,
            )
            yield distributions.of_contents(candidate, files, markers)


def _leftover(path: str) -> Change:
    """What pip renamed and did not get to delete: an upgrade or removal was interrupted."""
    return Change(
        code="EG109",
        kind="broken",
        package=_owner(path),
        path=path,
        evidence=(f"left behind by an interrupted installation: {os.path.basename(path)!a}",),
    )


def _owner(path: str) -> str:
    """The distribution that a leftover metadata folder belonged to, as its METADATA says."""
    from envguard.environment import metadata
    from envguard.facts import reading
    from envguard.versions import is_name, normalise

    for file in ("METADATA", "PKG-INFO"):
        try:
            name = metadata.parse(reading.read(os.path.join(path, file)), strict=False).name
        except reading.ReadFailure:
            continue
        if is_name(name):
            return normalise(name)
    return ""


def _no_egg(path: str) -> Change:
    name = os.path.basename(path).removesuffix(".egg").partition("-")[0]
    evidence = "named like an egg, and neither a folder with EGG-INFO nor a zip file"
    return Change(code="EG109", kind="broken", package=name, path=path, evidence=(evidence,))
