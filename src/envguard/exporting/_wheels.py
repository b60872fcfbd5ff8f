"""Which wheel of a folder each pin means: the lock may know an artifact's content without its file name or sha256."""

import os

from envguard._value import Value
from envguard.errors import EnvguardError, UsageError
from envguard.facts import records
from envguard.facts.reading import sha256_of
from envguard.versions import relation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Pin, Snapshot


class Wheel(Value):
    """A wheel file that a pin means."""

    name: str
    """File name."""
    path: str
    """Relative to the folder that the export is for, with ``/``."""
    sha256: str
    size: int
    """Bytes."""


def find(folder: str, snapshot: "Snapshot", base: str) -> dict[str, tuple[Wheel, ...]]:
    """Wheels by the name of the pin that means them.

    A wheel fits by name and version; where the lock seals a record digest, or gives tags or sha256, by those too.

    Raises:
        UsageError: The folder cannot be listed.
        EnvguardError: A wheel of the right version is there, and its content is not what the lock seals.
    """
    pins = {pin.name: pin for pin in snapshot.pins if pin.manager == "pip" and pin.source is None and pin.version}
    found: dict[str, tuple[Wheel, ...]] = {}
    refused: dict[str, str] = {}
    for file in _listed(folder):
        name, version, tags = _parsed(file)
        pin = pins.get(name)
        if pin is None or relation(pin.version or "", version) != "equal":
            continue
        if pin.tags and not set(pin.tags) & set(tags):
            continue
        why, wheel = _proven(pin, os.path.join(folder, file), base)
        if wheel is not None:
            found[name] = (*found.get(name, ()), wheel)
        else:
            refused[name] = why
    for name, why in refused.items():
        if name not in found:
            raise EnvguardError(why, remedy="give the wheels that the environment was made of")
    return found


def _listed(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".whl"))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"--wheels: {why}: {folder!a}", remedy="give a folder with wheels") from error


def _parsed(file: str) -> tuple[str, str, tuple[str, ...]]:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        name, version, _build, tags = parse_wheel_filename(file)
    except (InvalidWheelFilename, ValueError):
        return "", "", ()
    return name, str(version), tuple(map(str, tags))


def _proven(pin: "Pin", path: str, base: str) -> "tuple[str, Wheel | None]":
    """The wheel, or why it is not the one that the lock means."""
    try:
        digest = sha256_of(path)
        folder, rows = records.rows_from_wheel(path)
    except (OSError, records.RecordError) as error:
        return f"{path!a} cannot be read: {error}", None
    if pin.record and records.portable_digest(rows, folder) != pin.record:
        return f"{path!a} is not the wheel that {pin.name} was installed from: its record digest differs", None
    wanted = [each for each in pin.hashes if each.startswith("sha256:")]
    if wanted and f"sha256:{digest}" not in wanted:
        return f"{path!a} has none of the hashes that {pin.name} is pinned by", None
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(base or os.curdir))
    name = os.path.basename(path)
    return "", Wheel(name=name, path=relative.replace(os.sep, "/"), sha256=digest, size=os.path.getsize(path))
