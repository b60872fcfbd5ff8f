"""From the conda packages that would be put in and taken out to the distributions that would move.

A distribution is named as Python names it where a record in the environment says which one the package is. Whatever
is not known to be one keeps conda's name.
"""

from envguard.change.installers.resolution import Arrival, Resolution
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.change.installers.conda_archive import Archive
    from envguard.model import CondaPackage, Environment


def resolution(
    installer: str,
    archives: "Sequence[Archive]",
    unlinked: "Iterable[str]",
    named: "Iterable[str]",
    live: "Environment",
) -> Resolution:
    """What would be done.

    Args:
        installer: Who says so.
        archives: What would be put in.
        unlinked: conda's names of what would be taken out, replaced or not.
        named: conda's names in the request.
        live: The environment.
    """
    here = {package.name: package for package in live.conda or ()}
    asked = set(named)
    arrivals = tuple(
        Arrival(
            name=name_of(each.name, here),
            version=each.version,
            build=each.build,
            url=each.url,
            hashes=each.hashes,
            size=each.size,
            requested=each.name in asked,
            is_pure=each.is_noarch,
            is_python=bool(here[each.name].python_name) if each.name in here else each.is_python,
        )
        for each in archives
    )
    there = {each.name for each in archives}
    gone = tuple(name for name in unlinked if name not in there)
    return Resolution(
        installer=installer,
        arrivals=arrivals,
        removals=tuple(name_of(name, here) for name in gone),
        archives=tuple(archives),
        unlinked=gone,
    )


def name_of(conda_name: str, here: "dict[str, CondaPackage]") -> str:
    """By which name a package is spoken of."""
    package = here.get(conda_name)
    return normalise(package.python_name or conda_name if package is not None else conda_name)


def spec_name(spec: str) -> str:
    """The package that a spec of conda's names: ``conda-forge::numpy>=2``, ``numpy 2.*``, ``numpy[version='>1']``."""
    bare = spec.rpartition("::")[2].strip()
    at = next((index for index, sign in enumerate(bare) if sign in " =<>!~["), len(bare))
    return bare[:at].lower()
