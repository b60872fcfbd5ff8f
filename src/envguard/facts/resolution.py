"""What the loader would meet in each compiled file of an environment: the values that resolving gives."""

from typing import NamedTuple

from envguard.facts.natives import NativeFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.elf import Elf, Reference, VersionNeed


class MissingLibrary(NamedTuple):
    """A library that is needed and that nothing provides."""

    name: str
    """As it is asked for: ``libcudnn.so.9``."""
    requester: str
    """Absolute path of the file that asks for it, which may be one that the broken file loads."""
    owner: str
    """Who owns the requester, as ``NativeFile.owner``."""
    rivals: tuple[str, ...] = ()
    """Other generations of it that the environment has: ``("libcudnn.so.8",)``."""
    listed: bool = True
    """False where it is no DT_NEEDED and only a version of it is asked for."""


class MissingSymbol(NamedTuple):
    """A strong reference that nothing defines."""

    reference: "Reference"
    requester: str
    owner: str


class MissingVersion(NamedTuple):
    """A version of a library that the file which is found for it does not define."""

    need: "VersionNeed"
    provider: str
    """Absolute path of the library that is found."""
    requester: str
    owner: str


class Broken(NamedTuple):
    """A file that does not load, or loads only where something else happens to be loaded before it."""

    file: NativeFile
    kind: str
    """``ext``: an extension module; ``linked``: loaded by another file; ``plugin``: the rest."""
    severity: str
    """Kind of change: ``unloadable``, ``doubtful`` or ``noted``."""
    why: str
    """What the severity rests on, a few words."""
    libraries: tuple[MissingLibrary, ...]
    """Without those of the driver."""
    symbols: tuple[MissingSymbol, ...]
    versions: tuple[MissingVersion, ...]
    siblings: tuple[str, ...]
    """Paths of numbered variants of it beside it."""
    torchless: tuple[str, ...]
    """Names of torch's GPU libraries that it needs of a torch built without them."""
    reached: bool
    """An import of its distribution surely loads it."""
    linked: "tuple[Elf, ...]" = ()
    """What is loaded with it, in the order of the search for symbols."""


class Resolution(NamedTuple):
    """The answer for a whole environment."""

    broken: tuple[Broken, ...]
    """Sorted by path."""
    driver: tuple[MissingLibrary, ...]
    """Libraries of the driver that are needed and absent: a fact about the host."""
    judged: int
    """How many files were resolved."""
    names: frozenset[str]
    """Every SONAME and file name of the environment's libraries."""
