"""The directory is the registry: a module in a folder is registered by being there.

``pkgutil.iter_modules`` takes a folder that cannot be listed for an empty one. For a guard that would mean: no checks,
so nothing differs.
"""

import os

from envguard.errors import UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def modules(path: "Iterable[str]", *, besides: "Iterable[str]" = ()) -> list[str]:
    """Names of the modules in a package's folder, sorted; those with a leading underscore are helpers.

    Args:
        path: The package's ``__path__``.
        besides: Further helpers.

    Raises:
        UnverifiableError: The folder cannot be listed, or holds no module.
    """
    folder = next(iter(path))
    try:
        listed = os.listdir(folder)
    except OSError as error:
        problem = f"the guard cannot list its own folder: {(error.strerror or '').lower()}"
        raise UnverifiableError(f"{folder}: {problem}", remedy="repair the installation of envguard-lock") from error
    found = sorted(name.removesuffix(".py") for name in listed if name.endswith(".py") or "." not in name)
    names = [name for name in found if name[0] not in "_." and name not in besides]
    if not names:
        raise UnverifiableError(f"{folder}: the guard's own folder is empty", remedy="install envguard-lock again")
    return names
