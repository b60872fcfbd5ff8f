"""What a planned change would do, as ``envguard plan`` found it out. Values only, as in ``envguard.model``."""

from envguard._value import Value


class Move(Value):
    """One distribution that would be installed, replaced or removed."""

    name: str
    """Normalised (PEP 503)."""
    kind: str
    """added removed upgraded downgraded different variant source rebuilt reinstalled."""
    before: str = ""
    """The version that is installed now; empty for none."""
    after: str = ""
    """The version that would be installed; empty for a removal."""
    requested: bool = False
    """It was named in the request, and not brought by another package."""
    chain: tuple[str, ...] = ()
    """From the package that was named in the request over those that require one another to this one."""
    asks: str = ""
    """The requirement by which the last but one of ``chain`` asks for it, such as ``numpy>=2``."""
    url: str = ""
    """Where the artifact lies, without credentials."""
    path: str = ""
    """The artifact, where it is a file or folder of this machine."""
    hashes: tuple[str, ...] = ()
    """``algorithm:hex`` of the artifact, as the installer or the file says."""
    size: "int | None" = None
    """Bytes of the artifact; None where nobody says."""
    unpacked: "int | None" = None
    """Bytes that it takes once installed; None where that is not known."""
    yanked: str = ""
    """Why the release was withdrawn from its index (PEP 592); empty where it was not."""
    traits_before: tuple[str, ...] = ()
    traits_after: tuple[str, ...] = ()
    cuda_added: tuple[str, ...] = ()
    """Requirements for CUDA packages that the version installed now does not have."""
    build_before: str = ""
    """The build of the conda package that is installed now; empty for what is none of conda's."""
    build_after: str = ""
    """The build of the conda package that would be installed."""


class Proposal(Value):
    """A change set as an installer would make it."""

    request: str
    """What was asked for, in its own words."""
    installer: str
    """Which program resolved it, with its version, such as ``pip 26.3``."""
    command: str
    """What makes exactly this change; empty where nothing would change or nothing can be installed."""
    trial: str = ""
    """The command that tries it in a copy of the environment."""
    moves: tuple[Move, ...] = ()
    held: bool = True
    """The golden set held what was not named in the request."""
    unseen: int = 0
    """How many of what the report could not see, the first ones, concern this change and not what is installed now."""

    @property
    def download(self) -> int:
        """Bytes of all artifacts whose size is known."""
        return sum(move.size or 0 for move in self.moves)

    @property
    def unsized(self) -> int:
        """How many artifacts have no known size."""
        return sum(1 for move in self.moves if move.after and move.size is None)
