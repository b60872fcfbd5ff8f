"""Pins as lines that pip reads (PEP 508, and the options of pip's requirements files)."""

import re

from envguard.exporting._plain import comment, some
from envguard.versions import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envguard.exporting._wheels import Wheel
    from envguard.model import Pin, Source

_VCS = re.compile(r"\b(git|hg|svn|bzr)\+")
_STRONG = ("sha256:", "sha384:", "sha512:")
"""What pip takes for ``--hash``."""


def entries(
    pins: "Sequence[Pin]", wheels: "Mapping[str, tuple[Wheel, ...]]", remarks: list[str]
) -> tuple[list[str], list[str]]:
    """The requirements, and comments for the pins that pin nothing. An editable folder has two lines.

    pip checks hashes of all requirements or of none, so they are written only where all have one.
    """
    exact = [pin for pin in pins if not pin.unverifiable]
    loose = [pin for pin in pins if pin.unverifiable]
    hashes = {id(pin): _hashes(pin, wheels) for pin in exact}
    bare = [pin for pin in exact if not hashes[id(pin)]]
    if bare and len(bare) < len(exact):
        remarks.append(f"hashes are left out: pip wants them for all or none, and {some(bare)} can have none")
    folders = [pin for pin in exact if pin.source is not None and pin.source.kind == "directory"]
    if folders:
        remarks.append(f"{some(folders)}: a local folder, which the file names by its place only")
    if loose:
        remarks.append(f"{some(loose)}: not pinned by the lock, written as a comment")
    written = [_entry(pin, () if bare else hashes[id(pin)]) for pin in exact]
    return written, [f"# not pinned: {comment(pin.text)}  # {comment(pin.unverifiable)}" for pin in loose]


def vcs_of(pin: "Pin") -> str:
    """The version control system of a checkout; its text says which, and git is what else it is."""
    found = _VCS.search(pin.text)
    return found[1] if found else "git"


def _hashes(pin: "Pin", wheels: "Mapping[str, tuple[Wheel, ...]]") -> tuple[str, ...]:
    """Digests that pip can check this pin by; none for what it cannot hash."""
    if pin.source is not None and pin.source.kind != "archive":
        return ()
    if pin.name in wheels:
        return tuple(f"sha256:{wheel.sha256}" for wheel in wheels[pin.name])
    strong = tuple(digest for digest in pin.hashes if digest.startswith(_STRONG))
    if pin.source is not None and pin.source.digest.startswith(_STRONG):
        return strong or (pin.source.digest,)
    return strong


def _entry(pin: "Pin", hashes: tuple[str, ...]) -> str:
    if pin.source is None:
        operator = "==" if parse(pin.version or "") is not None else "==="
        written = f"{pin.name}{operator}{pin.version}"
    else:
        written = _reference(pin, pin.source)
    if pin.source is not None and pin.source.editable and pin.source.kind == "directory":
        # What pip freeze writes there, and the only place for name and version.
        return f"# Editable install with no version control ({pin.name}=={pin.version})\n{written}"
    if pin.marker:
        written += f" ; {pin.marker}"
    return written + "".join(f" --hash={digest}" for digest in hashes)


def _reference(pin: "Pin", source: "Source") -> str:
    """A direct reference (PEP 440)."""
    url = source.url
    fragment = []
    if source.kind == "vcs":
        url = f"{vcs_of(pin)}+{url}" + (f"@{source.revision}" if source.revision else "")
    if source.digest:
        fragment.append(source.digest.replace(":", "=", 1))
    if source.subdirectory:
        fragment.append(f"subdirectory={source.subdirectory}")
    if source.editable:
        if source.kind == "vcs":
            fragment.insert(0, f"egg={pin.name}")
        return f"-e {url}" + ("#" + "&".join(fragment) if fragment else "")
    return f"{pin.name} @ {url}" + ("#" + "&".join(fragment) if fragment else "")
