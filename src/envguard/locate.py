"""Where is the golden file? The argument, else ENVGUARD_LOCK, else the nearest one from the working directory up."""

import os

from envguard.errors import LockError

FILE_NAME = "envguard.lock"
VARIABLE = "ENVGUARD_LOCK"


def locate(lock: "str | os.PathLike[str] | None", *, start: str = ".") -> str:
    """The path of the golden file.

    Upward from ``start``, a folder's ``[tool.envguard] lock`` (pyproject.toml or envguard.toml) comes before an
    ``envguard.lock`` beside it.

    Raises:
        LockError: None was named and none was found: without a golden file nothing can be called pinned.
    """
    if lock is not None:
        return os.fspath(lock)
    if named := os.environ.get(VARIABLE):
        return named
    folder = os.path.abspath(start)
    while True:
        found = _configured(folder) or os.path.join(folder, FILE_NAME)
        if os.path.isfile(found):
            return found
        parent = os.path.dirname(folder)
        if parent == folder:
            raise LockError(
                f"no golden file: neither an argument, nor {VARIABLE}, nor {FILE_NAME} here or in a folder above",
                path=os.path.abspath(start),
                remedy="make one with `envguard freeze` in the environment that was validated",
            )
        folder = parent


def _configured(folder: str) -> str:
    """The lock that this folder's configuration names, or "". TOML is parsed only where the table may be there."""
    for name in ("envguard.toml", "pyproject.toml"):
        path = os.path.join(folder, name)
        try:
            with open(path, "rb") as file:
                text = file.read(1 << 20)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            continue
        except OSError as error:
            raise LockError(f"cannot be read: {error.strerror}", path=path) from error
        if b"lock" in text and (name == "envguard.toml" or b"envguard" in text):
            from envguard import config

            found = config.find(folder)
            return found.lock if found is not None and found.lock else ""
    return ""
