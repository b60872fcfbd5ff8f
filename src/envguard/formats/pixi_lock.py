"""pixi.lock, versions 1 to 7.

Verified: name, version, build, channel and digest of each conda package of one environment on one platform; name,
version and digest, or commit, of each PyPI package. Since version 6 a conda package is described by its URL alone, from
which name, version and build are taken. Packages built from source and local folders are not fixed by the lock, so they
are unverifiable.
"""

import hashlib
import re

from envguard.errors import LockError, UsageError
from envguard.formats import _pixi_environments, _platform_packages, _settle, _text, _yaml, _yaml_fields
from envguard.model import Pin, Selection, Snapshot

NAME = "pixi.lock"
SELECTS = ("environment", "platform")

OLD = ("1", "2", "3")
"""Versions in the layout of conda-lock.yml."""
NEW = ("4", "5", "6", "7")
_VERSION = re.compile(r"^version: \d{1,4}$", re.MULTILINE)
_ENVIRONMENTS = re.compile(r"^environments:$", re.MULTILINE)
_OLD = re.compile(r"^package:$[\s\S]*^[ ]{1,8}(?:build_number|arch|subdir):", re.MULTILINE)
_OLD_VERSION = re.compile(r"^version: [3]$", re.MULTILINE)


def recognises(filename: str, head: bytes) -> int:
    """2 where the file has a version and environments, or packages with build numbers; 1 where it is called so."""
    text = _text.peek(head).replace("\r\n", "\n")
    if _VERSION.search(text) and _ENVIRONMENTS.search(text):
        return 2
    if _OLD.search(text) or (_OLD_VERSION.search(text) and "\nmetadata:" in text):
        return 2
    if "pixi" in filename.lower() and ("\npackage:" in text or text.startswith("metadata:")):
        return 2
    return 1 if filename == NAME else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:
    """Read a pixi.lock.

    Raises:
        LockError: The file is broken, of another version, or does not lock the platform.
        UsageError: It does not have the environment.
    """
    selection = selection or Selection()
    root = _yaml_fields.document(data, path)
    pins, notes = _settle.settle(list(_pins(root, selection, path)), [])
    return Snapshot(path=path, format=NAME, sha256=hashlib.sha256(data).hexdigest(), pins=pins, notes=notes)


def _pins(root: _yaml.Mapping, selection: Selection, path: str) -> tuple[Pin, ...]:
    version = _yaml_fields.scalar(root.get("version")) or "none"
    if version in NEW:
        return _pixi_environments.pins(root, selection, path)
    if version not in OLD:
        problem = f"version {_text.quote(version)} of pixi.lock is not known"
        raise LockError(problem, path=path, line=1, remedy=f"known are {OLD[0]} to {NEW[-1]}")
    if selection.environment not in ("", _pixi_environments.DEFAULT):
        raise UsageError(f"{path}: version {version} of pixi.lock has one environment, without a name")
    if root.get("package") is None:
        raise LockError("it has no package: not a whole pixi.lock", path=path, line=root.line)
    pins, _notes = _platform_packages.pins(root, selection, path)
    return pins
