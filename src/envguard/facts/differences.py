"""Differences between files, and how they are gathered into changes: one for each package and kind."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from envguard.facts.conda_files import CONDA
from envguard.model import Change

SHOWN = 20
"""Files of one change that its evidence names; the count is always exact."""
_STARTUP_MODULES = frozenset({"sitecustomize", "usercustomize"})


class Difference(NamedTuple):
    """One file that is not as it should be."""

    kind: str
    """``edited``, ``deleted-file``, ``added-file``, ``mode``, ``bytecode`` or ``startup``."""
    package: str
    path: str
    """Absolute."""
    what: str
    """What was expected and what was found."""


def of(kind: str, package: str, path: str, what: str, sites: Iterable[str]) -> Difference:
    """A difference; of kind ``startup`` where Python reads the file at every start."""
    if is_startup(path, sites):
        return Difference("startup", package, path, f"{kind}: {what}")
    return Difference(kind, package, path, what)


def is_startup(path: str, sites: Iterable[str]) -> bool:
    """True for what Python reads at every start: pyvenv.cfg, and .pth files, sitecustomize and usercustomize of a site.

    Source: the documentation of the module ``site``.
    """
    folder, name = os.path.split(path)
    if name == "pyvenv.cfg":
        return True
    site = next((each for each in sites if path.startswith(each + "/")), "")
    if not site:
        return False
    module = path[len(site) + 1 :].partition("/")[0].partition(".")[0]
    return module in _STARTUP_MODULES or (folder == site and name.endswith(".pth"))


def gather(differences: Iterable[Difference]) -> tuple[Change, ...]:
    """One EG108 change for each package and kind, with exact counts and the first files named."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for difference in differences:
        groups.setdefault((difference.package, difference.kind), []).append(difference)
    return tuple(_change(package, kind, sorted(group)) for (package, kind), group in sorted(groups.items()))


def _change(package: str, kind: str, group: list[Difference]) -> Change:
    evidence = [f"{each.path}: {each.what}" for each in group[:SHOWN]]
    count = "1 file" if len(group) == 1 else f"{len(group)} files"
    if len(group) > SHOWN:
        evidence.append(f"and {len(group) - SHOWN} more")
    return Change(
        code="EG108",
        kind=kind,
        package=package.removeprefix(CONDA),
        path=group[0].path,
        evidence=(count, *evidence),
        traits=("conda",) if package.startswith(CONDA) else (),
    )
