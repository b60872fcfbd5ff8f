"""Where the golden artifacts are to be had: a folder of wheels, the installers' caches, the index.

Whatever is found is proven before it is used: against the record digest that the lock seals, and against the SHA-256
where the lock gives one. What cannot be found or proven is named with the reason, and nothing is done about it.
"""

import os
from urllib.parse import urlsplit

from envguard._value import Value
from envguard.change.placing import artifact
from envguard.change.wheels.local import local_path
from envguard.environment.interpreter import running
from envguard.versions import normalise, relation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envguard.model import Interpreter, Pin


class Supply(Value):
    """What was found for one pin."""

    pin: "Pin"
    path: str = ""
    """A wheel file, or the folder of an unpacked one; empty where there is none that is proven."""
    origin: str = ""
    """Where it comes from, in words."""
    why: str = ""
    """Why there is none."""

    @property
    def proof(self) -> str:
        """What the artifact was held against."""
        if self.pin.manager == "conda":
            return "SHA-256" if any(each.startswith("sha256:") for each in self.pin.hashes) else "MD5"
        if self.pin.record:
            return "record digest"
        return "SHA-256" if self.pin.hashes else "name and version only: the golden file seals no digest"


def find(
    pins: "Iterable[Pin]",
    *,
    find_links: "Sequence[str]" = (),
    offline: bool = False,
    python: "Interpreter | None" = None,
    download_to: str = "",
    caches: bool = True,
    judged: str = "",
    named: bool = False,
) -> dict[str, Supply]:
    """The golden artifact of each pin, proven.

    Args:
        pins: Of manager pip.
        find_links: Folders with wheels, asked first.
        offline: Do not ask the index.
        python: For whom; None is the running interpreter.
        download_to: Folder for what the index gives; "" does not ask the index.
        caches: Whether pip's and uv's caches are looked at.
        judged: Prefix of the environment that is being repaired: nothing of it is run.
        named: Wheels that were asked for by a path or URL are looked for, too, but not in the index.

    Returns:
        Normalised name to what was found, for every pin.
    """
    found: dict[str, Supply] = {}
    refused: dict[str, list[str]] = {}
    wanted: dict[str, Pin] = {}
    for pin in pins:
        why = cannot(pin) if named else not_a_wheel(pin)
        if why:
            found[pin.name] = Supply(pin=pin, why=why)
        else:
            wanted[pin.name] = pin
    for path, origin in _candidates(wanted, found, find_links, caches=caches):
        _consider(path, origin, wanted, found, refused)
    missing = [pin for name, pin in wanted.items() if name not in found and pin.source is None]
    if missing and download_to and not offline:
        from envguard.change.placing import _download

        for pin, path, why in _download.wheels(missing, download_to, python or running(), judged=judged):
            if path:
                _consider(path, "the index", wanted, found, refused)
            else:
                refused.setdefault(pin.name, []).append(f"the index: {why}")
    for name, pin in wanted.items():
        if name not in found:
            unasked = offline or not download_to
            why = _why(refused.get(name, []), offline=unasked) if pin.source is None else not_a_wheel(pin)
            found[name] = Supply(pin=pin, why=why)
    return found


def cannot(pin: "Pin") -> str:
    """Why neither a wheel of an index nor one that was named can stand for a pin; "" where one can."""
    why = not_a_wheel(pin)
    source = pin.source
    is_named_wheel = (
        source is not None
        and source.kind == "archive"
        and urlsplit(source.url).path.endswith(".whl")
        and not not_a_wheel(pin.replace(source=None))
    )
    # Only the sealed digest tells it from another wheel of the same name and version.
    return "" if is_named_wheel and pin.record else why


def not_a_wheel(pin: "Pin") -> str:
    """Why no wheel can stand for a pin; "" where one can."""
    if pin.manager != "pip":
        return "a conda package"
    if pin.source is not None:
        kind = "editable installation" if pin.source.editable else f"{pin.source.kind} source"
        return f"it comes from {pin.source.url} ({kind}), which no index has"
    if pin.unverifiable or pin.version is None:
        return pin.unverifiable or "the golden file gives no exact version"
    return ""


def _candidates(
    wanted: "dict[str, Pin]", found: "dict[str, Supply]", find_links: "Sequence[str]", *, caches: bool
) -> "Iterator[tuple[str, str]]":
    """Paths that may be one of the wanted wheels, and where they lie; asked for only while something is missing."""
    for pin in wanted.values():
        path = local_path(pin.source.url) if pin.source is not None else ""
        if os.path.isfile(path):
            yield path, "the path that it was installed from"
    for folder in find_links:
        for path in _wheels_in(folder, wanted):
            yield path, folder
    if not caches:
        return
    from envguard.change.placing import _caches

    for path, origin in _caches.candidates(wanted, lambda: len(found.keys() & wanted.keys()) == len(wanted)):
        yield path, origin


def _wheels_in(folder: str, wanted: "dict[str, Pin]") -> "Iterator[str]":
    from envguard.errors import UsageError

    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"--find-links: {why}: {folder!a}", remedy="give a folder with wheels") from error
    for name in names:
        if name.endswith(".whl") and is_named_like(name, wanted):
            yield os.path.join(folder, name)


def is_named_like(file: str, wanted: "dict[str, Pin]") -> bool:
    """True where a wheel's file name gives the name and version of a pin (PEP 427)."""
    parts = file.removesuffix(".whl").split("-")
    pin = wanted.get(normalise(parts[0])) if len(parts) >= 5 else None
    return pin is not None and relation(pin.version or "", parts[1].replace("_", "+")) == "equal"


def _consider(
    path: str,
    origin: str,
    wanted: "dict[str, Pin]",
    found: "dict[str, Supply]",
    refused: "dict[str, list[str]]",
) -> None:
    name = _named(path)
    pin = wanted.get(name)
    if pin is None or name in found:
        return
    why = artifact.unlike(pin, path)
    if why:
        refused.setdefault(name, []).append(f"{os.path.basename(path)} in {origin}: {why}")
    else:
        found[name] = Supply(pin=pin, path=path, origin=origin)


def _named(path: str) -> str:
    if path.endswith(".whl"):
        return normalise(os.path.basename(path).partition("-")[0])
    try:
        with artifact.opened(path) as contents:
            return artifact.identity(contents).name
    except artifact.ArtifactError:
        return ""


def _why(refused: "list[str]", *, offline: bool) -> str:
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        return f"not the golden artifact: {refused[0]}{more}"
    return "no wheel of it was found" + (", and the index was not asked" if offline else "")
