"""Is any distribution installed more than once in one place?

Two copies in two entries of sys.path are an everyday thing (a venv that sees the system's packages has two pips): the
first one answers, and it is compared like any other. Two metadata folders in one place are what an interrupted or a
foolish install leaves, and who answers depends on the order of the file system.
"""

from envguard.checks._pairing import installed, pip_pins, traits, unspoken
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Depth, Environment, Snapshot

NAME = "duplicate"
CODES = ("EG106",)
ALONE = True
DEPTH: "Depth" = "versions"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each name with more than one metadata folder in one place, with all its folders."""
    pins = {pin.name: pin for pin in pip_pins(snapshot)}
    for name, distributions in sorted(installed(environment).items()):
        places = [distribution.location for distribution in distributions]
        if len(places) == len(set(places)) or (name not in pins and unspoken(name, snapshot)):
            continue
        pin = pins.get(name)
        first = distributions[0]
        yield Change(
            code="EG106",
            kind="duplicate",
            package=name,
            locked=(pin.version or "") if pin else "",
            installed=", ".join(distribution.version or "?" for distribution in distributions),
            path=distributions[1].path,
            evidence=(
                *(f"{distribution.version or 'no version'} in {distribution.path}" for distribution in distributions),
                "which one answers depends on the order of the file system",
            ),
            traits=traits(pin, first),
        )
