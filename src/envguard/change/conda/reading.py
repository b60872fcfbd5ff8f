"""Reads conda packages that would be put in: their archives, wherever they are to be had, and what is in them."""

import contextlib
import os
import re

from envguard._value import Value
from envguard.change.conda import archive as archives, layout, supply, unpacking
from envguard.change.conda.archive import CHANNEL, Contents
from envguard.change.placing.artifact import ArtifactError
from envguard.errors import EnvguardError
from envguard.facts.reading import why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.change.conda.unpacking import Unpacked
    from envguard.change.installers.conda_archive import Archive
    from envguard.change.placing.supply import Supply
    from envguard.model import Environment, Pin

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]*", re.ASCII)
"""Name, version and build: they become the name of a file."""
_UNASKED = (
    "no archive of it was found, and the network was not asked (give the folder that it lies in with --find-links)"
)


class Read(Value):
    """One archive that was read."""

    unpacked: "Unpacked"
    size: int
    """Bytes of the archive."""
    sha256: str
    how: str
    """``file``, ``conda-cache`` or ``download``."""
    script: bool
    """It has a script that conda runs after it was put in place."""


class Reader:
    """Reads archives into one folder.

    Attributes:
        root: Where what is to be looked at lies then, laid out as the prefix; links resolved.
        place: The environment that it is for.
    """

    def __init__(
        self, live: "Environment", folder: str, *, native: bool, offline: bool, find_links: "Sequence[str]"
    ) -> None:
        """Nothing is read before it is asked for.

        Args:
            live: The environment.
            folder: An empty one, for what is unpacked and for what is fetched.
            native: Shared objects are to be looked at too.
            offline: Nothing is asked of the network.
            find_links: Folders with archives.

        Raises:
            EnvguardError: The folder cannot be written.
        """
        self.root = os.path.join(os.path.realpath(folder), "prefix")
        self._fetched = os.path.join(os.path.realpath(folder), "archives")
        try:
            os.makedirs(self.root, exist_ok=True)
            os.makedirs(self._fetched, exist_ok=True)
        except OSError as error:
            raise EnvguardError(f"cannot be written: {why(error)}", path=folder) from error
        self._live = live
        self._native = native
        self._offline = offline
        self._find_links = find_links
        self.place = layout.place_of(live)

    def read(self, wanted: "Archive") -> Read:
        """Read one archive.

        Raises:
            EnvguardError: It is not to be had, is not the one that was meant, or is broken.
            UsageError: A folder of ``find_links`` cannot be listed.
        """
        if not all(_WORD.fullmatch(word) for word in (wanted.name, wanted.version, wanted.build)):
            said = f"{wanted.name!a} {wanted.version!a} {wanted.build!a}"
            raise EnvguardError(f"{said} is no name, version and build of a package")
        pin = supply.pin(wanted)
        try:
            return self._opened(self._supplied(pin), pin)
        except ArtifactError as error:
            raise EnvguardError(error.why) from error
        finally:
            self._forget_fetched()

    def _supplied(self, pin: "Pin") -> "Supply":
        found = supply.find(
            [pin],
            find_links=self._find_links,
            offline=self._offline,
            prefix=self._live.prefix,
            download_to=self._fetched,
            giver=CHANNEL,
        )[supply.key(pin)]
        if not found.path:
            raise EnvguardError(_UNASKED if found.why == supply.UNASKED else found.why)
        return found

    def _opened(self, found: "Supply", pin: "Pin") -> Read:
        with archives.opened(found.path, pin.hashes, self._fetched, giver=CHANNEL) as contents:
            laid = layout.lay_out(contents, pin.name, self.place)
            inside = " ".join(str(laid.about.get(key)) for key in ("name", "version", "build"))
            said = f"{pin.name} {pin.version} {pin.build}"
            if inside != said:
                raise ArtifactError(f"it is {inside!a} inside, and the channel says {said}")
            unpacked = unpacking.unpack(contents, laid, pin, self.place, self.root, native=self._native)
            return Read(
                unpacked=unpacked,
                size=contents.size,
                sha256=contents.digests["sha256"],
                how=self._how(found),
                script=_has_script(contents, pin),
            )

    def _forget_fetched(self) -> None:
        """Removes what the network gave: of hundreds of archives one at a time has to have room."""
        for name in os.listdir(self._fetched):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self._fetched, name))

    def _how(self, found: "Supply") -> str:
        if os.path.dirname(found.path) == self._fetched:
            return "download"
        return "conda-cache" if found.origin == supply.CACHE else "file"


def _has_script(contents: Contents, pin: "Pin") -> bool:
    return any(f"bin/.{pin.name}-{when}-link.sh" in contents.names for when in ("pre", "post"))
