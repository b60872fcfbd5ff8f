"""What a plan says of conda's own packages: they are no distributions, and some of them bring one."""

import os
import re

from envguard.change.conda import record
from envguard.change.installers import _conda_transaction
from envguard.facts import conda_files, evidence
from envguard.facts.ownership import Owned
from envguard.model import Distribution
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from envguard.change.installers.request import Request
    from envguard.model import CondaPackage, Environment, Pin, Snapshot
    from envguard.proposal import Move

_CUDA_BUILD = re.compile(r"cuda|cu\d\d", re.IGNORECASE)


def names(words: "Iterable[str]", live: "Environment") -> tuple[str, ...]:
    """The names of conda's packages as a plan speaks of the packages."""
    here = {package.name: package for package in live.conda or ()}
    return tuple(_conda_transaction.name_of(word, here) for word in words)


def installed(
    found: "Mapping[str, Distribution]", live: "Environment", request: "Request", concerned: "Collection[str]" = ()
) -> "dict[str, Distribution]":
    """What is installed under each name, with the version that conda records: that is compared with another of its.

    Args:
        found: The distributions.
        live: The environment.
        request: What is asked for.
        concerned: Names of which the files are looked at, too.
    """
    if request.installer != "conda":
        return dict(found)
    here = {package.name: package for package in live.conda or ()}
    told = dict(found)
    for package in here.values():
        name = _conda_transaction.name_of(package.name, here)
        known = found.get(name) if package.python_name else None
        if known is None:
            folder = os.path.dirname(package.path)
            known = Distribution(
                name=name, version=package.version, path=package.path, location=folder, installer="conda"
            )
            if name in concerned:
                known = known.replace(traits=_proven(package))
        traits = {*known.traits, *traits_of(package.build)}
        told[name] = known.replace(version=package.version, traits=tuple(sorted(traits)))
    return told


def _proven(package: "CondaPackage") -> tuple[str, ...]:
    """What the compiled files of a package show that is no distribution."""
    prefix = os.path.realpath(os.path.dirname(os.path.dirname(package.path)))
    listed = conda_files.of_record(record.loaded(package.path), "site-packages")
    rows = [Owned(f"{prefix}/{file.path}", "", None, package.name) for file in listed if not file.link]
    itself = Distribution(name=package.name, version=package.version, path=package.path, location=prefix)
    proven = evidence.of(itself, rows).traits
    return proven if package.subdir != "noarch" or "native" in proven else (*proven, "pure")


def with_builds(moved: "Iterable[Move]", live: "Environment", request: "Request") -> "tuple[Move, ...]":
    """The moves, with the build that is there now."""
    if request.installer != "conda":
        return tuple(moved)
    here = {package.name: package for package in live.conda or ()}
    builds = {_conda_transaction.name_of(name, here): package.build for name, package in here.items()}
    return tuple(move.replace(build_before=builds.get(move.name, "")) for move in moved)


def traits_of(build: str) -> tuple[str, ...]:
    """What a build string says."""
    return ("conda", "cuda") if _CUDA_BUILD.search(build) else ("conda",)


def pins(snapshot: "Snapshot", live: "Environment", request: "Request") -> "dict[str, Pin]":
    """The golden pins of the packages that the request's installer manages, by the names of the moves."""
    if request.installer != "conda":
        return {pin.name: pin for pin in snapshot.pins if pin.manager == "pip" and pin.name}
    here = {package.name: package for package in live.conda or ()}
    found = {_conda_transaction.name_of(pin.name, here): pin for pin in snapshot.pins if pin.manager == "conda"}
    by_pip = {pin.name: pin for pin in snapshot.pins if pin.manager == "pip" and pin.name}
    # Where a lock of pip's names what conda installed, its pin is what was validated.
    python = {normalise(each.python_name) for each in here.values() if each.python_name}
    return {**{name: pin for name, pin in by_pip.items() if name in python}, **found}
