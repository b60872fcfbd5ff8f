"""Golden files: the directory is the registry.

A module here whose name does not begin with an underscore reads one format. It has

- ``NAME``: what ``Snapshot.format`` says, such as ``requirements.txt``;
- ``recognises(filename, head) -> int``: 2 by content, 1 by file name only, 0 not at all;
- ``parse(data, *, path) -> Snapshot``, which raises LockError for what it cannot read;
- optionally ``INCLUDES``: its files may include others, and both parsers take ``files``, where those are read;
- optionally ``parse_alone`` with the same shape, for a format whose files may include others: it refuses to.
"""

import hashlib
import importlib
import os
import re

from envguard.errors import LockError, UsageError
from envguard.facts.places import DISK
from envguard.facts.reading import ReadFailure
from envguard.formats import _foreign, _text
from envguard.model import Selection
from envguard.registry import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from envguard.facts.places import Files
    from envguard.model import Snapshot

_HEAD = 8192
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LOCK_NAME = re.compile(
    r"(?:envguard|uv|poetry|pdm|pixi|Pipfile)\.lock|pylock(?:\.[^.]+)?\.toml|(?:.+\.)?conda-lock\.yml"
)
_FREEZE = "make a golden file with `envguard freeze` in the validated environment"


def names() -> tuple[str, ...]:
    """The formats that can be read, sorted."""
    return tuple(sorted(module.NAME for module in _modules()))


def load(
    path: "str | os.PathLike[str]",
    *,
    sha256: str = "",
    format: str = "",  # noqa: A002 - the option is --format
    selection: "Selection | None" = None,
    files: "Files" = DISK,
) -> "Snapshot":
    """Read a golden file of any known format.

    Args:
        path: The file.
        sha256: The hex digest that its bytes must have, compared before they are parsed. Files that include others
            are then refused, since the digest says nothing about those.
        format: One of ``names()``; empty recognises the file, by its content first and by its name second.
        selection: Which part of the lock is meant, and the interpreter that it is read for.
        files: Where the file and what it includes are read, such as a commit.

    Raises:
        LockError: The file is missing, unreadable, not the one asked for, of unknown format, or broken.
        UsageError: ``sha256`` is no digest, or ``format`` no format.
    """
    path = os.fspath(path)
    wanted = sha256.lower().removeprefix("sha256:")
    if wanted and _SHA256.fullmatch(wanted) is None:
        raise UsageError("sha256 must be 64 hexadecimal digits", remedy="take it from `envguard digest`")
    data = _read(path, files)
    found = hashlib.sha256(data).hexdigest()
    if wanted and found != wanted:
        problem = f"sha256 is {found}, and {wanted} was asked for"
        raise LockError(problem, path=path, remedy="use the golden file that was approved")
    module = _named(format) if format else _recognise(path, data)
    snapshot: Snapshot
    if hasattr(module, "SELECTS"):
        snapshot = module.parse(data, path=path, selection=_understood(module, selection, path))
        return snapshot
    _understood(module, selection, path)
    parse = getattr(module, "parse_alone", module.parse) if wanted else module.parse
    including = {"files": files} if files is not DISK and hasattr(module, "INCLUDES") else {}
    snapshot = parse(data, path=path, **including)
    return snapshot


def named_like_a_lock(path: str) -> bool:
    """True where the name alone says that a file is a lock: its tool gives it no other name."""
    return _LOCK_NAME.fullmatch(os.path.basename(path)) is not None


def selects(path: str, files: "Files" = DISK) -> tuple[str, ...]:
    """By which options of a ``Selection`` a part of this file can be asked for.

    Raises:
        LockError: The file cannot be read, or is of no known format.
    """
    return tuple(getattr(_recognise(path, _read(path, files)), "SELECTS", ()))


def _understood(module: "ModuleType", selection: "Selection | None", path: str) -> Selection:
    """The selection, where the format knows every option in it: an ignored option would compare the wrong part."""
    selection = selection or Selection()
    known = getattr(module, "SELECTS", ())
    for option in selection.asked:
        if option not in known:
            takes = f"it takes {', '.join(known)}" if known else "it is compared as a whole"
            raise UsageError(f"{path}: {module.NAME} has no {option} to choose from", remedy=takes)
    return selection


def _read(path: str, files: "Files") -> bytes:
    try:
        return files.read(path, _text.FILE_LIMIT)
    except ReadFailure as failure:
        remedy = _FREEZE if failure.missing and files is DISK else "give the path of a golden file"
        raise LockError(failure.why, path=path, remedy=remedy) from failure


def _named(name: str) -> "ModuleType":
    for module in _modules():
        if name == module.NAME:
            return module
    raise UsageError(f"unknown format {name!r}", remedy=f"one of {', '.join(names())}")


def _recognise(path: str, data: bytes) -> "ModuleType":
    head = data[:_HEAD]
    filename = os.path.basename(path)
    own = importlib.import_module(f"{__name__}.envguard_lock")
    if own.recognises(filename, head) == 2:
        return own  # by its first line; the other formats need not be loaded to say that it is none of theirs
    scores = [(module.recognises(filename, head), module) for module in _modules()]
    best = max(score for score, _module in scores)
    chosen = [module for score, module in scores if score == best]
    if best < 2 and (foreign := _foreign.name(_text.peek(head))):
        raise LockError(f"this is {foreign}, which is not read yet", path=path, remedy=_FREEZE)
    if best == 0:
        raise LockError("this is no golden file of a known format", path=path, remedy=f"read are {', '.join(names())}")
    if len(chosen) > 1:
        candidates = ", ".join(module.NAME for module in chosen)
        raise LockError(f"the format is ambiguous: {candidates}", path=path, remedy="name the format")
    return chosen[0]


def _modules() -> "list[ModuleType]":
    return [importlib.import_module(f"{__name__}.{name}") for name in modules(__path__)]
