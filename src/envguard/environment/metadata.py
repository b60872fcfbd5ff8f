"""METADATA and PKG-INFO: name, version and requirements, read as bytes and never believed blindly.

pip drops a distribution whose METADATA it cannot read, hangs on one that is a FIFO, or stops with a traceback;
``importlib.metadata`` answers None. Here every such state is stated in words.

Sources: the core metadata specification, PEP 376 and PEP 427 (how folder names are built).
"""

import re

from envguard._value import Value
from envguard.versions import is_name, normalise, relation

_FIELD = re.compile(r"([!-9;-~]*):(.*)")
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
_FIELDS = frozenset({"name", "version", "requires-dist", "requires-python"})
_EGG_STEM = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+)(?:-py[^-]+(?:-.+)?)?)?")


class Headers(Value):
    """What the headers of one metadata file say."""

    name: str = ""
    """As written; the first of several."""
    version: str = ""
    requires: tuple[str, ...] = ()
    """The values of Requires-Dist."""
    requires_python: str = ""
    """The value of Requires-Python; the first of several."""
    faults: tuple[str, ...] = ()
    """What is wrong with the file, in words."""


def parse(data: bytes, *, strict: bool = True) -> Headers:
    """The headers of a metadata file.

    Args:
        data: The file's bytes.
        strict: The whole file must be UTF-8, as METADATA must; an old PKG-INFO may hold a description that is not.
    """
    if not data:
        return Headers(faults=("is empty",))
    if not data.strip(b"\0"):
        return Headers(faults=("is nothing but NUL bytes",))
    faults = []
    if strict and not _is_utf8(data):
        faults.append("is not UTF-8")
    fields = _fields(data)
    names, versions = fields.get("name", []), fields.get("version", [])
    faults += [*_name_faults(names), *_version_faults(versions)]
    return Headers(
        name=names[0] if names else "",
        version=versions[0] if versions else "",
        requires=tuple(fields.get("requires-dist", ())),
        requires_python=next(iter(fields.get("requires-python", ())), ""),
        faults=tuple(faults),
    )


def agrees(stem: str, name: str, version: str) -> bool:
    """True when the name of a ``.dist-info`` folder, without that suffix, is one of this name and version.

    Installers escape differently: ``foo_e-1.0.0_1`` is version ``1.0.0-1``, and old ones kept ``Foo.Bar-baz-1.0``.
    """
    for at in (index for index, letter in enumerate(stem) if letter == "-"):
        if normalise(stem[:at]) == normalise(name) and same_version(stem[at + 1 :], version):
            return True
    return False


def agrees_egg(stem: str, name: str, version: str) -> bool:
    """True when the name of an ``.egg-info`` or ``.egg``, without that suffix, is one of this name and version.

    The version may be absent (``six.egg-info``), and a Python tag may follow it (``six-1.0-py3.11``).
    """
    parts = _EGG_STEM.fullmatch(stem)
    if parts is None or normalise(parts["name"]) != normalise(name):
        return agrees(stem, name, version)
    return parts["version"] is None or same_version(parts["version"], version)


def same_version(escaped: str, version: str) -> bool:
    """True when a version from a folder name can be the escaped form of a version from METADATA."""
    if escaped == version or escaped.replace("_", "-") == version:
        return True
    if relation(escaped.replace("_", "-"), version) == "equal":
        return True
    # What is no PEP 440 version was escaped by rules that changed over the years: only letters and digits count.
    legacy = _NOT_ALPHANUMERIC.sub("_", version.lower())
    return not _is_plain(version) and _NOT_ALPHANUMERIC.sub("_", escaped.lower()) == legacy


def split(stem: str) -> tuple[str, str]:
    """Name and version as a ``.dist-info`` folder's name tells them; the version is empty where it has none."""
    name, dash, version = stem.rpartition("-")
    return (name, version) if dash else (stem, "")


def split_egg(stem: str) -> tuple[str, str]:
    """Name and version as the name of an ``.egg-info`` or ``.egg`` tells them."""
    parts = _EGG_STEM.fullmatch(stem)
    return (parts["name"], parts["version"] or "") if parts else (stem, "")


def _is_plain(version: str) -> bool:
    """True for a version without a part that installers escaped differently: a local label or an odd character."""
    return re.fullmatch(r"[A-Za-z0-9.!]+", version, re.ASCII) is not None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _fields(data: bytes) -> dict[str, list[str]]:
    """The fields that matter, up to the first line that is no header, as the standard library's mail parser reads."""
    end = data.find(b"\n\n")  # a description of many kilobytes may follow
    text = (data if end < 0 else data[:end]).decode("utf-8", "surrogateescape")
    fields: dict[str, list[str]] = {}
    current: list[str] | None = None
    for raw in text.split("\n"):
        line = raw.removesuffix("\r")
        if line[:1] in (" ", "\t"):
            if current:
                current[-1] += " " + line.strip()
            continue
        field = _FIELD.match(line)
        if field is None:
            break  # a blank line, or the start of a body without one
        key = field[1].lower()
        current = fields.setdefault(key, []) if key in _FIELDS else None
        if current is not None:
            current.append(field[2].strip())
    return fields


def _name_faults(names: list[str]) -> list[str]:
    if not names or not names[0]:
        return ["has no Name"]
    faults = ["has two Name headers"] if len(names) > 1 else []
    if not is_name(names[0]):
        faults.append(f"has a Name that is none by PEP 508: {names[0]!a}")
    return faults


def _version_faults(versions: list[str]) -> list[str]:
    if not versions or not versions[0]:
        return ["has no Version"]
    faults = [f"has two Version headers: {', '.join(map(ascii, versions))}"] if len(versions) > 1 else []
    if not (versions[0].isascii() and versions[0].isprintable()):
        faults.append(f"has a Version with characters that no version has: {versions[0]!a}")
    return faults
