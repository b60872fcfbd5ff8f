"""What the loader would meet in the compiled files of an environment: the values that resolving gives."""

from typing import NamedTuple

from envguard.facts.natives import NativeFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.elf import Elf, Reference, VersionNeed
    from envguard.facts.providers import Providers
    from envguard.facts.reach import Way


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
    gone: str = ""
    """Where the RECORD of the owner lists it, although it is not there."""


class MissingSymbol(NamedTuple):
    """A reference that is not weak and that nothing defines."""

    reference: "Reference"
    requester: str
    owner: str


class MissingVersion(NamedTuple):
    """A version that the file which is found for a library does not define."""

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
    """Not looked for where a library is missing."""
    versions: tuple[MissingVersion, ...]
    siblings: tuple[str, ...]
    """Paths of numbered variants of it beside it."""
    torchless: tuple[str, ...]
    """Names of torch's GPU libraries that it needs of a torch built without them."""
    way: "Way | None"
    """How an import surely loads it; None where none does."""
    linked: "tuple[Elf, ...]"
    """What is loaded with it: the file itself, then in the order of the search for symbols."""


class Resolution(NamedTuple):
    """The answer for a whole environment."""

    broken: tuple[Broken, ...] = ()
    """Sorted by path."""
    driver: tuple[MissingLibrary, ...] = ()
    """Libraries of the driver that are needed and absent: a fact about the host."""
    judged: int = 0
    """How many files were resolved."""
    providers: "Providers | None" = None
    """Who was counted on; None where nothing could be resolved."""
