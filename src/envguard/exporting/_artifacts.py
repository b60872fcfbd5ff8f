"""Which of a pin's files another tool can install: those that the lock places, digests and names as standards ask."""

import re

from envguard._value import Value
from envguard.exporting._plain import is_word
from envguard.versions import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.version import Version

    from envguard.model import Artifact, Pin

_HASH = re.compile(r"[a-z0-9_]+:[0-9a-f]+", re.ASCII)


class Usable(Value):
    """The files of a pin that can be fetched and checked."""

    wheels: "tuple[Artifact, ...]" = ()
    sdist: "Artifact | None" = None
    left_out: int = 0
    """How many others the lock lists: installers, eggs, a second source archive."""


def of(pin: "Pin") -> Usable:
    """What a pin of an index can be installed from; nothing where the lock does not say where its files lie."""
    version = parse(pin.version or "")
    wheels: list[Artifact] = []
    sdists: list[Artifact] = []
    for artifact in pin.artifacts if version is not None else ():
        kind = _kind(artifact.name, pin.name, version) if _is_fixed(artifact) else ""
        if kind:
            (wheels if kind == "wheel" else sdists).append(artifact)
    sdists.sort(key=lambda each: (not each.name.endswith(".tar.gz"), each.name))  # the one that PEP 625 asks for
    usable = Usable(wheels=tuple(sorted(wheels, key=lambda each: each.name)), sdist=sdists[0] if sdists else None)
    used = len(usable.wheels) + (usable.sdist is not None)
    return usable.replace(left_out=len(pin.artifacts) - used) if used else usable


def _is_fixed(artifact: "Artifact") -> bool:
    """True where it can be found and checked, and what the lock says of it is fit to be written."""
    words = is_word(artifact.name) and is_word(artifact.url)
    return words and bool(artifact.url and artifact.hashes) and all(map(_HASH.fullmatch, artifact.hashes))


def _kind(file: str, name: str, version: "Version | None") -> str:
    """``wheel`` or ``sdist`` of that distribution; empty for any other file."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        if file.endswith(".whl"):
            return "wheel" if parse_wheel_filename(file)[:2] == (name, version) else ""
        return "sdist" if parse_sdist_filename(file) == (name, version) else ""
    except (InvalidSdistFilename, InvalidWheelFilename, ValueError):
        return ""
