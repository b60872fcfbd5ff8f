"""Where conda and pip installed into one another's way.

conda's record of a package names the metadata folder that it brought. pip knows nothing of these records: after
``pip install`` over a package of conda's, or ``pip uninstall`` of one, the record stays as it was, and conda goes on
believing it.
"""

import os
from hashlib import sha256

from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.environment.conda import Metadata
    from envguard.model import Distribution

_CONDA = ("", "conda")
"""INSTALLER of what conda installs; before 2018 its packages had none."""


def disagreements(
    metadata: "Iterable[Metadata]", distributions: "Sequence[Distribution]", paths: "Iterable[str]"
) -> tuple[Change, ...]:
    """Each metadata folder of a conda record that is gone, or that another installer has replaced.

    Args:
        metadata: What the records name.
        distributions: What was found.
        paths: Entries of sys.path that were read; of folders elsewhere nothing is known.
    """
    read = {os.path.realpath(path) for path in paths}
    found = _by_place(distributions)
    changes = []
    for each in metadata:
        site = os.path.dirname(each.path)
        if site not in read:
            continue
        present = found.get((site, each.name), [])
        own = next((item for item in present if os.path.basename(item.path) == os.path.basename(each.path)), None)
        if own is not None and not _is_conda(own, each):
            changes.append(_clobbered(each, own))
        elif own is None and present:
            changes.append(_clobbered(each, present[0]))
        elif own is None and not os.path.lexists(each.path):
            changes.append(_leftover(each))
    return tuple(sorted(changes, key=lambda change: (change.package, change.path)))


def settled(metadata: "Iterable[Metadata]", distributions: "Iterable[Distribution]") -> "tuple[Distribution, ...]":
    """The distributions, those marked as conda's that its records prove to be so.

    Some conda packages say ``pip`` in INSTALLER, and most name a folder of the machine that built them in
    direct_url.json; neither is where they come from.
    """
    owned = {each.path: each for each in metadata}
    return tuple(
        item.replace(installer="conda", source=None)
        if (each := owned.get(_place(item))) is not None and _is_conda(item, each)
        else item
        for item in distributions
    )


def _is_conda(item: "Distribution", each: "Metadata") -> bool:
    if item.installer in _CONDA or not each.installer:
        return item.installer in _CONDA
    return each.installer in {sha256(f"{item.installer}{end}".encode()).hexdigest() for end in ("", "\n", "\r\n")}


def _place(item: "Distribution") -> str:
    return os.path.join(os.path.realpath(item.location), os.path.basename(item.path))


def _by_place(distributions: "Iterable[Distribution]") -> "dict[tuple[str, str], list[Distribution]]":
    found: dict[tuple[str, str], list[Distribution]] = {}
    for item in distributions:
        found.setdefault((os.path.realpath(item.location), item.name), []).append(item)
    return found


def _clobbered(each: "Metadata", item: "Distribution") -> Change:
    package = each.package
    return Change(
        code="EG113",
        kind="clobbered",
        package=item.name,
        locked=each.version or package.version,
        installed=item.version,
        path=package.path,
        evidence=(
            f"conda-meta records {package.name} {package.version} {package.build} with {each.path}",
            f"{item.installer or 'an unknown installer'} put {item.version} in {item.path}",
        ),
        traits=tuple(sorted({*item.traits, "conda"})),
    )


def _leftover(each: "Metadata") -> Change:
    package = each.package
    return Change(
        code="EG114",
        kind="leftover",
        package=each.name,
        locked=each.version or package.version,
        path=package.path,
        evidence=(
            f"conda-meta records {package.name} {package.version} {package.build}",
            f"{each.path} is gone",
        ),
        traits=("conda",),
    )
