"""pylock.toml (PEP 751), for ``pip install -r pylock.toml`` and ``uv pip sync pylock.toml``.

The format fixes files: each package of an index needs file name, place and hash of its artifacts. They are those of
the wheels that are shown, else those that the lock lists. A lock that pins versions alone cannot be written so.
"""

import json

from envguard.errors import EnvguardError
from envguard.exporting import _artifacts
from envguard.exporting._artifacts import Usable
from envguard.exporting._plain import some, source_name
from envguard.exporting._requirement import vcs_of
from envguard.versions import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envguard.exporting._wheels import Wheel
    from envguard.model import Artifact, Interpreter, Pin, Snapshot, Source

NAME = "pylock"
FILE = "pylock.toml"
HOLDS = ("interpreter", "records", "variants", "markers", "indexes")
FOR_ONE = True

Fields = dict[str, "str | int | bool | list[str] | dict[str, str]"]


def write(snapshot: "Snapshot", wheels: "Mapping[str, tuple[Wheel, ...]]", remarks: list[str]) -> str:
    """One ``[[packages]]`` for each pin.

    Raises:
        EnvguardError: Some pins are not exact, are of conda, or are of an index and their artifacts are not known.
    """
    _refuse([pin for pin in snapshot.pins if pin.manager == "conda"], "conda packages have no place in it")
    pins = [pin for pin in snapshot.pins if pin.manager == "pip"]
    _refuse([pin for pin in pins if pin.unverifiable], "the lock does not pin them")
    _refuse([pin for pin in pins if pin.source is not None and not _is_fixed(pin.source)], "no digest of their archive")
    listed = {id(pin): _artifacts.of(pin) for pin in pins if pin.source is None and pin.name not in wheels}
    _refuse_unknown([pin for pin in pins if id(pin) in listed and listed[id(pin)] == Usable()])
    if others := sum(usable.left_out for usable in listed.values()):
        remarks.append(f"{others} files that the lock lists are left out: installers, eggs, second source archives")
    head: Fields = {"lock-version": "1.0"}
    if snapshot.interpreter is not None:
        head |= _for_whom(snapshot.interpreter)
    head["created-by"] = "envguard"
    lines = [f"# exported from {source_name(snapshot)}, sha256 {snapshot.sha256}", *_pairs(head)]
    for pin in sorted(pins, key=lambda each: (each.name, each.version or "", each.marker)):
        files = _listed(listed[id(pin)]) if id(pin) in listed else _shown(wheels.get(pin.name, ()))
        lines += ["", "[[packages]]", *_package(pin, files)]
    return "\n".join(lines) + "\n"


def _refuse(pins: "list[Pin]", why: str, remedy: str = "") -> None:
    if pins:
        raise EnvguardError(f"{FILE} cannot name {some(pins)}: {why}", remedy=remedy)


def _refuse_unknown(pins: "list[Pin]") -> None:
    """Names without a place (poetry.lock, most files of PDM) are of no more use here than none."""
    remedy = "--wheels FOLDER with the wheels that were installed"
    _refuse([pin for pin in pins if not pin.artifacts], "file name and hash of their artifacts are not known", remedy)
    _refuse(pins, "the lock does not say where their artifacts lie, with a hash", remedy)


def _is_fixed(source: "Source") -> bool:
    return source.kind == "directory" or bool(source.revision if source.kind == "vcs" else source.digest)


def _for_whom(interpreter: "Interpreter") -> Fields:
    minor = ".".join(interpreter.version.split(".")[:2])
    facts = {
        "implementation_name": interpreter.implementation,
        "sys_platform": interpreter.system,
        "platform_machine": interpreter.machine,
    }
    return {
        "environments": [" and ".join(f"{name} == '{value}'" for name, value in facts.items())],
        "requires-python": f"=={minor}.*",
    }


def _shown(wheels: "Sequence[Wheel]") -> "list[Fields]":
    """The wheels of a folder."""
    return [{"name": each.name, "path": each.path, "size": each.size, "hashes": {"sha256": each.sha256}}
            for each in wheels]  # fmt: skip


def _listed(usable: Usable) -> "list[Fields]":
    """The files that a lock lists; the source archive last, as the standard has one beside the wheels."""
    files = [*usable.wheels, *((usable.sdist,) if usable.sdist is not None else ())]
    return [_file(artifact) for artifact in files]


def _file(artifact: "Artifact") -> Fields:
    fields: Fields = {"name": artifact.name, "url": artifact.url}
    if artifact.size is not None:
        fields["size"] = artifact.size
    pairs = (digest.partition(":")[::2] for digest in artifact.hashes)
    return {**fields, "hashes": dict(sorted(pairs))}


def _package(pin: "Pin", files: "list[Fields]") -> list[str]:
    fields: Fields = {"name": pin.name}
    # The version of what is built from a folder may change with it, so the standard wants none there.
    is_folder = pin.source is not None and pin.source.kind == "directory"
    if pin.version and not is_folder and parse(pin.version) is not None:
        fields["version"] = pin.version
    if pin.marker:
        fields["marker"] = pin.marker
    lines = _pairs(fields)
    if pin.source is not None:
        lines += [f"[packages.{pin.source.kind}]", *_pairs(_direct(pin, pin.source))]
    for file in files:
        is_wheel = str(file["name"]).endswith(".whl")
        lines += ["[[packages.wheels]]" if is_wheel else "[packages.sdist]", *_pairs(file)]
    sealed: Fields = {"record": pin.record, "variant": pin.variant or ""}
    if any(sealed.values()):
        lines += ["[packages.tool.envguard]", *_pairs({key: value for key, value in sealed.items() if value})]
    return lines


def _direct(pin: "Pin", source: "Source") -> Fields:
    fields: Fields
    if source.kind == "vcs":
        fields = {"type": vcs_of(pin), "url": source.url, "commit-id": source.revision}
    elif source.kind == "directory":
        from urllib.request import url2pathname

        fields = {"path": url2pathname(source.url.removeprefix("file://"))}
        if source.editable:
            fields["editable"] = True
    else:
        algorithm, _colon, digest = source.digest.partition(":")
        fields = {"url": source.url, "hashes": {algorithm: digest}}
    if source.subdirectory:
        fields["subdirectory"] = source.subdirectory
    return fields


def _pairs(fields: Fields) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in fields.items()]


def _value(value: "str | int | bool | list[str] | dict[str, str]") -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {json.dumps(held)}" for key, held in value.items()) + "}"
    # JSON's texts, numbers, booleans and arrays of ASCII are TOML's.
    return json.dumps(value)
