"""Is every locked distribution installed?"""

from envguard.checks._pairing import about, installed, pip_pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Environment, Snapshot

NAME = "missing"
CODES = ("EG101",)
DEPTH: "Depth" = "versions"


def blocked(snapshot: "Snapshot", _environment: "Environment") -> str:
    """Why it cannot be said that something is missing."""
    if snapshot.pins and all(pin.optional for pin in snapshot.pins):
        return "the golden file does not say which of its packages are needed here"
    return ""


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each pin for which nothing is installed, whether or not the pin is exact.

    What the lock holds for other platforms, groups or extras may be absent.
    """
    found = installed(environment)
    for pin in pip_pins(snapshot):
        if pin.name not in found and not pin.optional:
            yield about(pin, None, code="EG101", kind="removed", locked=pin.version or pin.text, installed="")
