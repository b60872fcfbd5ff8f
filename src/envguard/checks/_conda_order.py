"""What conda itself makes of versions and of specs that are not exact; only py-rattler knows it, where it is installed.

conda orders versions in another way than PEP 440, so ``packaging`` is never asked.
"""

import functools
import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.model import CondaPackage


def same_version(locked: str, installed: str) -> bool:
    """True for equal texts, and for texts that conda takes for the same version, such as 1.2 and 1.2.0."""
    if locked == installed:
        return True
    rattler = _rattler()
    if rattler is None:
        return False
    try:
        return bool(rattler.Version(locked) == rattler.Version(installed))
    except Exception:  # noqa: BLE001 - what conda's order cannot read is equal to nothing but itself
        return False


def contradicts(spec: str, package: "CondaPackage") -> bool:
    """True where a record is certainly not what a spec allows, such as 1.2 for ``zlib >=1.3``.

    That it is allowed proves nothing: a range pins no version.
    """
    rattler = _rattler()
    if rattler is None or not spec:
        return False
    try:
        record = rattler.PackageRecord(
            name=package.name,
            version=package.version,
            build=rattler.BuildString(package.build),
            build_number=0,
            subdir=package.subdir or "noarch",
        )
        wanted = rattler.MatchSpec(spec.rpartition("::")[2])
    except Exception:  # noqa: BLE001 - a spec that cannot be read contradicts nothing, and stays unverifiable
        return False
    return not wanted.matches(record)


@functools.cache
def _rattler() -> "Any":
    try:
        return importlib.import_module("rattler")
    except ImportError:
        return None
