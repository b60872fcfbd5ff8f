"""What ``conda list`` prints: the table, ``--json``, ``--export``.

mamba and micromamba print the same, and ``conda export --format requirements`` nearly so.

Verified: name, version, build and, where it stands there, channel of each conda package; name and version of what pip
installed (build ``pypi_0``, channel ``pypi``). No form holds digests, and ``--export`` holds no channels. What is
installed in develop mode (build ``dev_0``) has a version and no fixed content, so it is unverifiable.
"""

import hashlib
import re

from envguard.environment.conda import channel as channel_of
from envguard.errors import LockError
from envguard.formats import _conda_names, _conda_spec, _json, _python_pins, _settle, _text
from envguard.formats._requirement_files import PIN_LIMIT
from envguard.model import Pin, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NAME = "conda-list"
SELECTS = ("platform",)

_COMMENTS = r"\A(?:#[^\n]*\n|\s)*"  # and blank lines, before the first line that counts
_TABLE = re.compile(r"^#?[ ]{1,9}Name[ ]{1,200}Version[ ]{1,200}Build(?:[ ]{1,200}Channel)?[ ]*$", re.MULTILINE)
_SPECS = (
    re.compile(_COMMENTS + r"[\w./-]{1,99}::[\w.-]{1,99}[=\s]", re.ASCII),
    re.compile(_COMMENTS + r"[\w.-]{1,99}=[^=\s]{1,99}=[^=\s]{1,99}$", re.ASCII | re.MULTILINE),
    re.compile(r"^# Note: This is a conda requirements file", re.MULTILINE),
)
_JSON = re.compile(r'\A\s*\[\s*\{[^{}]{0,2000}"(?:build_string|dist_name|base_url)"\s*:')
_PLATFORM = re.compile(r"#\s{0,9}platform:\s{0,9}(\S{1,99})\s*", re.ASCII)
_RULE = re.compile(r"[─-]+")  # the line that mamba draws below the head of the table
_BY_PIP = ("pypi_0", "<pip>", "pypi")
_DEVELOP = ("dev_0", "<develop>")
_REMEDY = "write it again with `conda list --json`"


def recognises(_filename: str, head: bytes) -> int:
    """2 for each of the four forms."""
    text = _text.peek(head).replace("\r\n", "\n")
    if re.search(r"^@EXPLICIT", text, re.MULTILINE):
        return 0
    if _TABLE.search(text) or _JSON.match(text):
        return 2
    return 2 if any(look.search(text) for look in _SPECS) else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:
    """Read a list of conda.

    Raises:
        LockError: A line or entry is none of a package, or the list was written for another platform.
    """
    selection = selection or Selection()
    text = _text.decode(data, path)
    if text.lstrip().startswith("["):
        found = list(_objects(data, path))
    elif _TABLE.search(text):
        found = list(_rows(text, path))
    else:
        found = list(_specs(text, path, selection))
    pins, notes = _settle.settle(found, [])
    return Snapshot(path=path, format=NAME, sha256=hashlib.sha256(data).hexdigest(), pins=pins, notes=notes)


def _objects(data: bytes, path: str) -> "Iterator[Pin]":
    content, text = _json.load(data, path)
    lines = _json.Lines(text)
    for entry in _limited(_json.list_of(content, "the document", path=path, line=1), path):
        fields = _json.object_of(entry, "an entry", path=path, line=0)
        name = _json.text_of(fields, "name", path=path, line=0)
        line = lines.of_value("name", name)
        said = {
            key: _json.text_of(fields, key, path=path, line=line)
            for key in ("version", "build_string", "build", "channel", "url", "md5", "sha256")
        }
        build = said["build_string"] or said["build"]
        pin = _pin(name, said["version"], build, said["channel"], path=path, line=line)
        if pin.manager == "conda":
            pin = pin.replace(hashes=_conda_names.digests(said, path=path, line=line))
        yield pin


def _rows(text: str, path: str) -> "Iterator[Pin]":
    """Rows of the table. A package of the default channels has no fourth column."""
    after = False
    for number, line in enumerate(_limited(text.splitlines(), path), start=1):
        if _TABLE.fullmatch(line.rstrip()):
            after = True
            continue
        fields = line.split()
        if not after or not fields or line.startswith("#") or _RULE.fullmatch(fields[0]):
            continue
        if fields[-1] == "<develop>" and len(fields) in (3, 4):
            fields = [*fields[:2], "<develop>"]
        if len(fields) not in (3, 4):
            raise LockError(f"not a row of the table: {_text.quote(line)}", path=path, line=number, remedy=_REMEDY)
        yield _pin(fields[0], fields[1], fields[2], fields[3] if len(fields) == 4 else "", path=path, line=number)


def _specs(text: str, path: str, selection: Selection) -> "Iterator[Pin]":
    for number, line in enumerate(_limited(text.splitlines(), path), start=1):
        spec = line.strip()
        if spec.startswith("#"):
            found = _PLATFORM.fullmatch(spec)
            if found is not None:
                _conda_names.refuse_other_platform(found[1], selection, path=path, line=number)
        elif spec:
            yield _spec(spec, path, number)


def _spec(spec: str, path: str, line: int) -> Pin:
    parts = spec.split("=")
    if len(parts) == 3 and parts[2] in (*_BY_PIP, *_DEVELOP):
        return _pin(parts[0], parts[1], parts[2], "", path=path, line=line)
    try:
        return _conda_spec.pin(spec, path=path, line=line)
    except _conda_spec.SpecError as error:
        raise LockError(f"{error}: {_text.quote(spec)}", path=path, line=line, remedy=_REMEDY) from None


def _pin(name: str, version: str, build: str, channel: str, *, path: str, line: int) -> Pin:
    if build in _DEVELOP:
        why = "it is installed in develop mode, whose content nothing fixes"
        return _python_pins.named(name, version, path=path, line=line).replace(unverifiable=why)
    if build in _BY_PIP or channel == "pypi":
        return _python_pins.named(name, version, path=path, line=line)
    if not _conda_names.is_package(name, version, build):
        shown = _text.quote(f"{name} {version} {build}")
        raise LockError(f"not a package of conda: {shown}", path=path, line=line, remedy=_REMEDY)
    archive = _conda_names.Archive(name=name.lower(), version=version, build=build, channel=channel_of(channel))
    return _conda_names.pin(archive, path=path, line=line)


def _limited(items: "list[Any]", path: str) -> "list[Any]":
    if len(items) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} entries", path=path)
    return items
