"""What the artifacts of a resolution say of themselves: read where they can be, else as the installer tells it."""

import os
from urllib.parse import urlsplit

from envguard._value import Value
from envguard.change.wheels import incoming
from envguard.change.wheels.incoming import Incoming
from envguard.change.wheels.local import local_path
from envguard.environment import interpreter
from envguard.errors import EnvguardError
from envguard.facts import wheel
from envguard.facts.direct_url import redact
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envguard.change.conda.coming import Coming
    from envguard.change.installers.resolution import Arrival
    from envguard.model import Environment

CODE = "EG208"


class Arriving(Value):
    """Everything that would be installed."""

    read: tuple[Incoming, ...]
    """In the order of the arrivals; of what could not be read, what the installer says of it."""
    unread: tuple[Change, ...]
    """One for each artifact that could not be read, with the reason."""
    coming: "Coming | None" = None
    """Of a change of conda's packages, all that is known of it."""
    unseen: tuple[str, ...] = ()
    """What else cannot be known, a sentence each."""

    @property
    def distributions(self) -> tuple[Incoming, ...]:
        """The Python distributions that would be installed."""
        return self.read if self.coming is None else self.coming.distributions


def look(
    arrivals: "Sequence[Arrival]",
    live: "Environment",
    *,
    native: bool,
    unpack: str,
    offline: bool,
    find_links: "Sequence[str]",
) -> Arriving:
    """What would be installed.

    Args:
        arrivals: As the installer gives them.
        live: What is installed.
        native: Read compiled files too.
        unpack: Folder for what ``native`` unpacks.
        offline: Nothing is asked of the network.
        find_links: Folders with artifacts.
    """
    markers = interpreter.markers(live.interpreter)
    found: list[Incoming] = []
    unread: list[Change] = []
    for arrival in arrivals:
        sha256 = next((each[7:] for each in arrival.hashes if each.startswith("sha256:")), "")
        why = _why_not(arrival)
        if not why:
            try:
                said = incoming.read(
                    arrival.url,
                    native=native,
                    unpack=unpack,
                    offline=offline,
                    sha256=sha256,
                    yanked=arrival.yanked,
                    find_links=find_links,
                    markers=markers,
                )
                why = _contradiction(arrival, said)
                found += [] if why else [said]
            except EnvguardError as error:
                why = str(error)
        if why:
            unread.append(unreadable(arrival, why))
            found.append(as_told(arrival, markers))
    return Arriving(read=tuple(found), unread=tuple(unread))


def _why_not(arrival: "Arrival") -> str:
    if not arrival.url:
        return "the installer does not say which artifact it would take"
    if arrival.editable:
        return "an editable install is a link to a working folder, whose content can be anything"
    if not urlsplit(arrival.url).path.endswith(".whl"):
        what = "a folder" if os.path.isdir(local_path(arrival.url)) else "a source archive"
        what = "a repository" if "+" in urlsplit(arrival.url).scheme else what
        return f"{what}: what will be built from it is not known before it is built"
    return ""


def _contradiction(arrival: "Arrival", said: Incoming) -> str:
    if (said.name, said.version) != (arrival.name, arrival.version):
        return f"it is {said.name} {said.version} inside, and the installer says {arrival.name} {arrival.version}"
    return ""


def unreadable(arrival: "Arrival", why: str) -> Change:
    """The statement about an artifact that could not be read."""
    return Change(
        code=CODE,
        kind="unopened",
        package=arrival.name,
        installed=f"{arrival.name} {arrival.version}",
        path=redact(arrival.url) if arrival.url else "",
        evidence=(why,),
        traits=("conda",) if arrival.build else (),
    )


def as_told(arrival: "Arrival", markers: "Mapping[str, str]") -> Incoming:
    """What the installer alone says; no trait is stated that only files show."""
    requires = arrival.requires or ()
    traits = wheel.traits(
        arrival.name,
        arrival.version,
        requires=requires,
        environment=markers,
        editable=arrival.editable,
    )
    if arrival.build:
        from envguard.change.planning.condas import traits_of

        traits = tuple(sorted({*traits, *traits_of(arrival.build), *(("pure",) if arrival.is_pure else ())}))
    return Incoming(
        name=arrival.name,
        version=arrival.version,
        requires=requires,
        requires_python=arrival.requires_python,
        traits=traits,
        size=arrival.size,
        yanked=arrival.yanked,
        origin=redact(arrival.url) if arrival.url else "",
    )
