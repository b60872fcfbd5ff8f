"""A change of conda's packages that was not made: what would come, as its archives say, and what would go. Values."""

from envguard._value import Value
from envguard.change.wheels.incoming import Incoming
from envguard.facts.records import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import CondaPackage


class Package(Value):
    """One package that would be put in."""

    said: Incoming
    """All of it in short, under the name and version that the plan has for it."""
    record: "CondaPackage | None" = None
    """As conda-meta will have it; its path is where it was unpacked. None where its archive was not read."""
    files: tuple[Row, ...] = ()
    """What installing it puts in place: path relative to the prefix, digest (none for a link), size."""
    distributions: tuple[Incoming, ...] = ()
    """The Python distributions that it brings; where it was not read, the one that it is taken for, if any."""


class Coming(Value):
    """A change of conda's packages."""

    packages: tuple[Package, ...] = ()
    """In the order of the arrivals."""
    gone: frozenset[str] = frozenset()
    """conda's names of what would be taken out, replaced or not."""
    root: str = ""
    """The folder that they were unpacked in, laid out as the prefix; absolute, links resolved."""
    site: str = ""
    """Where Python packages go, relative to the prefix."""

    @property
    def distributions(self) -> tuple[Incoming, ...]:
        """Of all packages."""
        return tuple(each for package in self.packages for each in package.distributions)
