"""Pipfile.lock of pipenv: pipfile-spec 6, the only one that is written.

Verified: name, version and digests of each package, or the commit of a checkout. The section ``default`` counts;
``develop`` and custom categories only where they are asked for. Markers are evaluated for the interpreter, and what
does not apply is left out. A package may be written with the version ``*``, which pins nothing. One that two asked
sections pin differently is unverifiable. Not compared: which index a package comes from, and extras.
"""

import hashlib
import re

from envguard.environment.interpreter import markers, running
from envguard.errors import LockError, UsageError
from envguard.formats import _json, _python_pins, _settle, _text
from envguard.formats._requirement_files import PIN_LIMIT
from envguard.model import Pin, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NAME = "Pipfile.lock"
SELECTS = ("categories",)

SPECS = (6,)
DEFAULT = "default"
_META = re.compile(r'\A\s*\{[\s\S]{0,4000}"(?:_meta|pipfile-spec)"\s*:')
_HASHES = re.compile(r"(?:(?:sha256|sha384|sha512|sha1|md5):[0-9a-fA-F]{32,128}(?:,(?!\Z)|\Z))+", re.ASCII)
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_LONGEST_MARKER = 4_000
_VCS = ("git", "hg", "svn", "bzr")
_SCHEME = re.compile(r"[a-z]{1,9}(?:\+[a-z]{1,9})?://", re.ASCII)
_REMEDY = "write it again with `pipenv lock`"


def recognises(filename: str, head: bytes) -> int:
    """2 where the document begins with pipenv's head, 1 where it is called so."""
    if _META.match(_text.peek(head)):
        return 2
    return 1 if filename == NAME else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:
    """Read a Pipfile.lock.

    Raises:
        LockError: The file is broken or of another version.
        UsageError: It does not have the category.
    """
    selection = selection or Selection()
    content, text = _json.load(data, path)
    sections = _json.object_of(content, "the document", path=path, line=1)
    _check_version(sections, path)
    wanted = {DEFAULT, *selection.categories}
    there = [name for name in sections if name != "_meta"]
    for section in sorted(wanted - {DEFAULT} - set(there)):
        known = ", ".join(map(_text.quote, there))
        raise UsageError(f"{path}: no category {section!r}", remedy=f"there are {known}")
    lines, facts = _json.Lines(text), _facts(selection)
    chosen = [pin for section in there if section in wanted for pin in _pins(sections, section, facts, lines, path)]
    if len(chosen) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} packages", path=path)
    pins, notes = _settle.settle(chosen, [])
    return Snapshot(path=path, format=NAME, sha256=hashlib.sha256(data).hexdigest(), pins=pins, notes=notes)


def _check_version(sections: "dict[str, Any]", path: str) -> None:
    meta = _json.object_of(sections.get("_meta"), "_meta", path=path, line=1)
    if meta.get("pipfile-spec") not in SPECS:
        version = _text.quote(str(meta.get("pipfile-spec", "none")))
        raise LockError(f"pipfile-spec {version} is not known", path=path, line=1, remedy=_REMEDY)


def _pins(
    sections: "dict[str, Any]", section: str, facts: "dict[str, str | set[str]]", lines: _json.Lines, path: str
) -> "Iterator[Pin]":
    """What applies of a section."""
    known: dict[str, bool] = {}  # a lock says the same few markers again and again
    line = lines.of_key(section)
    for name, entry in _json.object_of(sections[section], section, path=path, line=line).items():
        line = lines.of_key(name)
        fields = _json.object_of(entry, "a package", path=path, line=line)
        marker = _json.text_of(fields, "markers", path=path, line=line)
        if marker not in known:
            known[marker] = _applies(marker, facts, path, line)
        if known[marker]:
            yield _pin(name, fields, path, line)


def _pin(name: str, entry: "dict[str, Any]", path: str, line: int) -> Pin:
    written = _json.text_of(entry, "version", path=path, line=line).strip()
    version = written.removeprefix("==") if written.startswith("==") and not written.startswith("===") else ""
    version = written.removeprefix("===") if written.startswith("===") else version
    pin = _python_pins.named(name, version.strip(), path=path, line=line, hashes=_hashes(entry, path, line))
    if written and not version:
        return pin.replace(text=_text.redact(f"{name}{written}"), unverifiable=f"its version is {_text.quote(written)}")
    for vcs in _VCS:
        if vcs in entry:
            return _checkout(pin, vcs, entry)
    for key in ("file", "path"):
        place = _json.text_of(entry, key, path=path, line=line)
        if place:
            shown = pin.replace(text=_text.redact(f"{name} @ {place}"))
            return _python_pins.artifact(shown, place, pin.hashes, editable=entry.get("editable") is True)
    return pin


def _checkout(pin: Pin, vcs: str, entry: "dict[str, Any]") -> Pin:
    url = _json.text_of(entry, vcs, path=pin.path, line=pin.line)
    ref = _json.text_of(entry, "ref", path=pin.path, line=pin.line)
    subdirectory = _json.text_of(entry, "subdirectory", path=pin.path, line=pin.line)
    if not _SCHEME.match(url):
        url = "ssh://" + url.replace(":", "/", 1) if "@" in url else "file://" + url
    address = url if url.startswith(f"{vcs}+") else f"{vcs}+{url}"
    shown = pin.replace(text=_text.redact(f"{pin.text} @ {address}@{ref}"))
    if not _FULL_COMMIT.fullmatch(ref):
        return shown.replace(unverifiable="its ref is no full commit" if ref else "it names no commit")
    editable = entry.get("editable") is True
    fragment = f"#subdirectory={subdirectory}" if subdirectory else ""
    return _python_pins.checkout(shown, f"{address}@{ref}{fragment}", editable=editable)


def _hashes(entry: "dict[str, Any]", path: str, line: int) -> tuple[str, ...]:
    found = _json.list_of(entry.get("hashes"), "hashes", path=path, line=line)
    if not found:
        return ()
    together = ",".join(map(str, found))  # one look at all: there are thousands in a lock
    if _HASHES.fullmatch(together) is None:
        wrong = next((digest for digest in map(str, found) if _HASHES.fullmatch(digest) is None), together)
        raise LockError(f"not a digest: {_text.quote(wrong)}", path=path, line=line, remedy=_REMEDY)
    return tuple(sorted(set(together.lower().split(","))))


def _applies(text: str, facts: "dict[str, str | set[str]]", path: str, line: int) -> bool:
    """Whether a marker holds. pipenv also writes ``"dev" in dependency_groups``, as lock files may (PEP 751)."""
    if not text:
        return True
    if len(text) > _LONGEST_MARKER:
        raise LockError(f"a marker of more than {_LONGEST_MARKER} characters", path=path, line=line, remedy=_REMEDY)
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    try:
        return Marker(text).evaluate(facts, context="lock_file")
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, ValueError, RecursionError):
        raise LockError(f"not a marker: {_text.quote(text)}", path=path, line=line, remedy=_REMEDY) from None


def _facts(selection: Selection) -> "dict[str, str | set[str]]":
    """What markers are evaluated with. pipenv's category ``develop`` is the group ``dev`` of a project."""
    groups = {"dev" if category == "develop" else category for category in selection.categories}
    return {**markers(selection.interpreter or running()), "extras": set(), "dependency_groups": groups}
