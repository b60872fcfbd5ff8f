"""Which findings concern packages of conda's, and which golden pin puts each of them right."""

import hashlib

from envguard.change.conda import supply
from envguard.environment.metadata import split
from envguard.facts.conda_files import CONDA
from envguard.versions import normalise, relation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.change.placing.seen import Seen
    from envguard.model import Change, CondaPackage, Pin

_INSTALLER = "/INSTALLER"
_BY_CONDA = frozenset(hashlib.sha256(data).hexdigest() for data in (b"conda", b"conda\n"))
"""Digests of INSTALLER as conda's packages bring it."""
_OF_RECORDS = ("EG113", "EG114")


class Side:
    """conda's side of an environment and of its golden file."""

    def __init__(self, seen: "Seen") -> None:
        """Reads what is known of both."""
        self._live = seen.live.conda or ()
        self._pins = {pin.name.lower(): pin for pin in seen.snapshot.pins if pin.manager == "conda"}
        self._pip = {pin.name: pin for pin in seen.snapshot.pins if pin.manager == "pip" and pin.name}
        self._brought = {each.python_name: each.name for each in self._live if each.python_name}
        self._sealed = frozenset(_brought_by_conda(seen)) if self._pins else frozenset()
        self._is_sealed = seen.listing is not None
        self._is_condas = seen.live.conda is not None or _is_where_it_was_frozen(seen)
        self._python = seen.live.interpreter.version.partition("+")[0]
        others = ("", "conda")
        self._by_others = {each.name for each in seen.live.distributions if each.installer not in others}

    @property
    def is_golden(self) -> bool:
        """True where the golden file says anything of conda's packages."""
        return bool(self._pins)

    def has(self, change: "Change") -> bool:
        """True for a change of a package of conda's."""
        if "conda" in change.traits or change.code in _OF_RECORDS:
            return True
        return change.package in self._brought if change.code == "EG103" else self.owns(change.package)

    def owns(self, name: str) -> bool:
        """True for a package of conda's, and for a distribution that one brings, or brought when it was golden.

        conda's graphviz and that of the index are two projects: an equal name alone proves nothing.
        """
        if name.startswith(CONDA) or name in self._brought or name in self._sealed:
            return True
        pin, other = self._pins.get(name), self._pip.get(name)
        if pin is None or other is None:
            return pin is not None and name not in self._by_others
        return not self._is_sealed and relation(pin.version or "", other.version or "") == "equal"

    def pin(self, name: str) -> "Pin | None":
        """The golden pin of what is called so: a package, marked or not, or a distribution that one brings."""
        bare = name.removeprefix(CONDA)
        if not name.startswith(CONDA):
            bare = self._brought.get(name, name)
        return self._pins.get(bare.lower())

    def packages(self, name: str) -> "tuple[CondaPackage, ...]":
        """What is installed under a package's name, or under that of a distribution that it brings."""
        bare = name.removeprefix(CONDA)
        return tuple(each for each in self._live if bare in (each.name, each.python_name))

    def is_brought_by_unknown(self, name: str) -> bool:
        """True for a golden distribution of conda's of which nothing says any more which package brings it."""
        return name in self._sealed and self.pin(name) is None

    def by_hand(self, name: str) -> str:
        """How conda itself puts a package back."""
        pin = self.pin(name)
        if pin is None:
            return "which the golden file does not name"
        spec = "=".join(filter(None, (pin.name, pin.version or "", pin.build)))
        return f"for conda to put back: conda install --force-reinstall --no-deps '{spec}'"

    def cannot(self, pin: "Pin") -> str:
        """Why a package is left for conda itself to put back; "" where an archive can."""
        why = supply.cannot(pin) or self._no_environment_of_condas() or self._another_python(pin)
        return f"{why}; {self.by_hand(CONDA + pin.name)}" if why else ""

    def _no_environment_of_condas(self) -> str:
        return "" if self._is_condas else "this is no environment of conda's: it has no conda-meta"

    def _another_python(self, pin: "Pin") -> str:
        """Why nothing can be put where the golden Python would look for it; "" where that is the one that is there."""
        python = self._pins.get("python")
        golden = python.version or "" if python is not None else self._python
        parts = 3 if pin.name == "python" else 2
        if golden.split(".")[:parts] == self._python.split(".")[:parts]:
            return ""
        return f"the environment's Python is {self._python} instead of {golden}"


def _is_where_it_was_frozen(seen: "Seen") -> bool:
    return seen.listing is not None and dict(seen.listing.roots)["prefix"] == seen.prefix


def _brought_by_conda(seen: "Seen") -> "Iterator[str]":
    """Distributions that a package of conda's had brought when the environment was frozen."""
    for path, entry in seen.sealed().items():
        if path.endswith(_INSTALLER) and entry.sha256 in _BY_CONDA:
            folder = path.removesuffix(_INSTALLER).rpartition("/")[2]
            yield normalise(split(folder.removesuffix(".dist-info"))[0])
