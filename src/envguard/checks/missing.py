"""Is every locked distribution installed?"""

from envguard.checks._pairing import about, installed, pip_pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Environment, Snapshot

NAME = "missing"
CODES = ("EG101",)
DEPTH: "Depth" = "versions"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each pin for which nothing is installed, whether or not the pin is exact."""
    found = installed(environment)
    for pin in pip_pins(snapshot):
        if pin.name not in found:
            yield about(pin, None, code="EG101", kind="removed", locked=pin.version or pin.text, installed="")
