"""Proven wheels as files that an installer takes, in a folder that holds nothing else."""

import os
import shutil
import zipfile

from envguard.change.placing.supply import Supply
from envguard.errors import UnverifiableError
from envguard.model import Pin


def lay_out(supplies: "list[Supply]", folder: str, *, keep: bool = False) -> None:
    """Put each wheel into a folder under a name that says what it is.

    Args:
        supplies: Each with a path.
        folder: Made where it is missing.
        keep: The wheels will outlive the places where they lie now.

    Raises:
        UnverifiableError: The system refused, or nothing says for which platforms a wheel is.
    """
    os.makedirs(folder, exist_ok=True)
    for each in supplies:
        place = os.path.join(folder, _file_name(each))
        try:
            if os.path.isdir(each.path):
                _pack(each.path, place)
            else:
                _link(each.path, place, keep=keep)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UnverifiableError(f"{error.filename or place}: {why}") from error


def _file_name(supply: Supply) -> str:
    name = os.path.basename(supply.path)
    return name if name.endswith(".whl") else file_name(supply.pin)


def file_name(pin: Pin) -> str:
    """The name of a pin's wheel (PEP 427), from the tags that the lock seals.

    Raises:
        UnverifiableError: It seals none.
    """
    parts = [tag.split("-", 2) for tag in pin.tags]
    if not parts or any(len(part) != 3 for part in parts):
        raise UnverifiableError(
            f"{pin.name} {pin.version}: the golden file does not say for which platforms its wheel is",
            remedy="give the folder with the wheel by --find-links",
        )
    sets = (".".join(dict.fromkeys(part[place] for part in parts)) for place in range(3))
    return f"{pin.name.replace('-', '_')}-{pin.version}-{'-'.join(sets)}.whl"


def _link(source: str, place: str, *, keep: bool) -> None:
    if keep:
        shutil.copyfile(source, place)
    elif not os.path.lexists(place):
        os.symlink(os.path.abspath(source), place)


def _pack(folder: str, place: str) -> None:
    """A wheel of what an installer's cache has unpacked; stored, since it is read once."""
    with zipfile.ZipFile(place + ".part", "w", zipfile.ZIP_STORED) as wheel:
        for parent, _folders, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(parent, name)
                if not os.path.islink(path):
                    wheel.write(path, os.path.relpath(path, folder))
    os.replace(place + ".part", place)
