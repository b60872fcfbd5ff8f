"""conda-lock.yml: what ``conda-lock lock`` writes, and ``conda export --format conda-lock-v1``.

Verified: name, version, build, channel and digest of each conda package of one platform, name, version and digest of
each pip package. Only the category ``main`` counts unless others are asked for. Not stored, so not verified: the
interpreter (it is a conda package like others) and who needs whom.
"""

import hashlib
import re

from envguard.errors import LockError
from envguard.formats import _platform_packages, _text, _yaml_fields
from envguard.model import Selection, Snapshot

NAME = "conda-lock.yml"
SELECTS = ("platform", "categories")

_VERSIONS = ("1", "2")
_LOOKS = re.compile(r"^(?:metadata|package):", re.MULTILINE)
_CONTENT = re.compile(r"^[ ]{1,8}content_hash:|^-? {0,8}manager: (?:conda|pip)$", re.MULTILINE)
_PIXI = re.compile(r"^[ ]{1,8}build_number:|^version: [3-9]", re.MULTILINE)
_FILENAME = re.compile(r".{0,200}conda-lock\.ya?ml", re.IGNORECASE)


def recognises(filename: str, head: bytes) -> int:
    """2 where the file has the metadata or packages of one at its top level, 1 where it is called like one."""
    text = _text.peek(head).replace("\r", "\n")
    if _PIXI.search(text) or "pixi" in filename.lower():
        return 0
    if _LOOKS.search(text) and _CONTENT.search(text):
        return 2
    return 1 if _FILENAME.fullmatch(filename) else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:
    """Read a conda-lock.yml of file version 1, or of the preliminary version 2.

    Raises:
        LockError: The file is broken, of another version, or does not lock the platform.
        UsageError: It does not have the category.
    """
    root = _yaml_fields.document(data, path)
    version = _yaml_fields.scalar(root.get("version")) or "none"
    if version not in _VERSIONS:
        problem = f"file version {_text.quote(version)} of conda-lock.yml is not known"
        raise LockError(problem, path=path, line=1, remedy=f"known are {' and '.join(_VERSIONS)}")
    if root.get("metadata") is None or root.get("package") is None:
        missing = "package" if root.get("package") is None else "metadata"
        raise LockError(f"it has no {missing}: not a whole conda-lock.yml", path=path, line=root.line)
    pins, notes = _platform_packages.pins(root, selection or Selection(), path)
    return Snapshot(path=path, format=NAME, sha256=hashlib.sha256(data).hexdigest(), pins=pins, notes=notes)
