"""What an installer answers to the question what it would do. Values only."""

from envguard._value import Value
from envguard.change.installers.conda_archive import Archive


class Arrival(Value):
    """One distribution that would be installed."""

    name: str
    """Normalised."""
    version: str
    url: str = ""
    """Where the artifact lies, as the installer says it: it may hold credentials."""
    hashes: tuple[str, ...] = ()
    """``algorithm:hex``."""
    size: "int | None" = None
    requested: bool = False
    """The installer says that it was named."""
    direct: bool = False
    """Asked for by a URL or path, not by name from an index."""
    editable: bool = False
    yanked: str = ""
    """Why it was withdrawn; ``withdrawn`` where no reason is given."""
    extras: tuple[str, ...] = ()
    """Extras that were asked for with it."""
    requires: "tuple[str, ...] | None" = None
    """Requires-Dist; None where the installer does not say."""
    requires_python: str = ""
    build: str = ""
    """conda's build; empty for what is no package of conda's."""
    is_pure: bool = False
    """The channel of a conda package promises that it holds no compiled code."""
    is_python: bool = True
    """It is a Python distribution, as far as is known before it is there."""


class Resolution(Value):
    """What would be done, or why nothing can be done."""

    installer: str
    """Program and version, such as ``pip 26.3``."""
    arrivals: tuple[Arrival, ...] = ()
    removals: tuple[str, ...] = ()
    """Normalised names of what would be removed and not replaced."""
    problem: str = ""
    """Why there is no answer, in one line; empty where there is one."""
    conflict: bool = False
    """``problem`` is that requirements and constraints cannot be met together, and no failure of the installer."""
    clashes: tuple[str, ...] = ()
    """What the installer names as the conflict, a requirement each."""
    archives: tuple[Archive, ...] = ()
    """The conda packages that would be put in; empty where it is no change of conda's."""
    unlinked: tuple[str, ...] = ()
    """conda's names of what would be taken out and not replaced."""
