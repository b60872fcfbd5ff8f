"""Is anything installed that the lock does not name?"""

from envguard.checks._pairing import installed, pip_pins, traits, unspoken
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Depth, Environment, Snapshot

NAME = "unlocked"
CODES = ("EG103",)
DEPTH: "Depth" = "versions"


def blocked(snapshot: "Snapshot", _environment: "Environment") -> str:
    """Why it cannot be said that something is not locked."""
    if snapshot.complete:
        return ""
    return snapshot.incomplete_why or "the golden file names only some of what is installed"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each distribution, and where the lock speaks of conda each conda package, that has no pin."""
    by_conda = {pin.name.lower() for pin in snapshot.pins if pin.manager == "conda"}
    owner = {package.python_name: package.name.lower() for package in environment.conda or () if package.python_name}
    locked = {pin.name for pin in pip_pins(snapshot)}
    for name, distributions in sorted(installed(environment).items()):
        first = distributions[0]
        # Of conda's packages an equal name means the same only where conda installed the distribution.
        conda_name = owner.get(name, name if first.installer == "conda" else "")
        if name in locked or unspoken(name, snapshot) or conda_name in by_conda:
            continue
        yield Change(
            code="EG103",
            kind="added",
            package=name,
            installed=first.version,
            path=first.path,
            evidence=(f"no line of {snapshot.path} names it",),
            traits=traits(None, first),
        )
