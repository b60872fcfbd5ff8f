"""conda's @EXPLICIT list, for ``conda create --file``: one URL for each archive, and no solver."""

from envguard.errors import EnvguardError
from envguard.exporting._archives import platform_of, url_of
from envguard.exporting._plain import comment, some, source_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envguard.exporting._wheels import Wheel
    from envguard.model import Pin, Snapshot

NAME = "explicit"
FILE = "an @EXPLICIT list"
HOLDS = ("conda-hashes", "indexes")  # what pip installed is a comment there

_DIGESTS = ("sha256:", "md5:")
"""In the order of preference."""


def write(snapshot: "Snapshot", wheels: "Mapping[str, tuple[Wheel, ...]]", remarks: list[str]) -> str:  # noqa: ARG001 - conda installs no wheels
    """The URLs; what pip installed follows as comments, which conda skips.

    Raises:
        EnvguardError: A conda package is not exact, or its URL is not known: its channel's place, platform and file
            name cannot be guessed.
    """
    conda = [pin for pin in snapshot.pins if pin.manager == "conda"]
    if not conda:
        raise EnvguardError(f"{FILE} names packages of conda, and {source_name(snapshot)} has none")
    _refuse([pin for pin in conda if pin.unverifiable], "the lock does not pin them")
    urls = {id(pin): url_of(pin) for pin in conda}
    missing = "the URL of their archive (channel, platform, file name) is not known"
    _refuse([pin for pin in conda if not urls[id(pin)]], missing)
    platforms = {platform_of(url) for url in urls.values()} - {"noarch"}
    lines = [f"# exported from {source_name(snapshot)}, sha256 {snapshot.sha256}"]
    lines += [f"# platform: {platform}" for platform in sorted(platforms)]
    lines.append("@EXPLICIT")
    lines += [urls[id(pin)] + _digest(pin) for pin in conda]
    pip = [pin for pin in snapshot.pins if pin.manager == "pip"]
    lines += [_pip(pin) for pin in pip]
    if pip:
        remarks.append(f"{some(pip)}: of pip, which conda skips; written as comments")
    return "\n".join(lines) + "\n"


def _refuse(pins: "list[Pin]", why: str) -> None:
    if pins:
        raise EnvguardError(f"{FILE} cannot name {some(pins)}: {why}", remedy="export to environment instead")


def _pip(pin: "Pin") -> str:
    """A comment; that of an archive has the form which conda-lock gives it and reads."""
    source = pin.source
    if pin.unverifiable:
        return f"# not pinned: {comment(pin.text)}"
    if source is None or source.kind != "archive":
        return f"# pip {pin.name}=={pin.version}"
    digest = "#" + source.digest.replace(":", "=", 1) if source.digest else ""
    return f"# pip {pin.name} @ {source.url}{digest}"


def _digest(pin: "Pin") -> str:
    """``#<md5>`` or ``#sha256:<hex>``, the two forms that conda and rattler both read."""
    for algorithm in _DIGESTS:
        for digest in pin.hashes:
            if digest.startswith(algorithm):
                return "#" + digest.removeprefix("md5:")
    return ""
