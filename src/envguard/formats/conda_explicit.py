"""conda @EXPLICIT lists: ``conda list --explicit`` (with ``--md5`` or ``--sha256``) and ``conda-lock render``.

Verified: name, version, build and channel of each archive, and its digest where one stands behind the ``#``. The
``# pip name @ url`` lines of conda-lock are pins too. ``conda list --explicit`` leaves out what pip installed: such
distributions are then reported as not locked, which they are.
"""

import hashlib
import re

from envguard.errors import LockError
from envguard.formats import _conda_names, _python_pins, _settle, _text
from envguard.formats._requirement_files import PIN_LIMIT
from envguard.model import Pin, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "conda-explicit"
SELECTS = ("platform",)

MARK = "@EXPLICIT"
_MARKED = re.compile(r"^@EXPLICIT[ \t]*$", re.MULTILINE)
_PLATFORM = re.compile(r"#\s{0,9}platform:\s{0,9}(\S{1,99})\s*", re.ASCII)
_PIP = re.compile(r"#\s{0,9}pip\s{1,9}(?P<name>\S{1,200})\s{0,9}@\s{0,9}(?P<url>\S{1,2000})\s*", re.ASCII)
_DIGEST = re.compile(r"(?:^|&)sha256=([0-9a-fA-F]{64})(?=&|$)", re.ASCII)
_REMEDY = "write it again with `conda list --explicit --sha256`"


def recognises(_filename: str, head: bytes) -> int:
    """2 where a line is @EXPLICIT, whatever the file is called."""
    return 2 if _MARKED.search(_text.peek(head).replace("\r", "\n")) else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:
    """Read an explicit list.

    Raises:
        LockError: A line is no archive of conda, there is no @EXPLICIT, or it was written for another platform.
    """
    selection = selection or Selection()
    lines = _text.decode(data, path).splitlines()
    if len(lines) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} lines", path=path, line=PIN_LIMIT)
    if not any(line.strip() == MARK for line in lines):
        raise LockError(f"no line is {MARK}", path=path, line=1, remedy=_REMEDY)
    archives: list[tuple[int, _conda_names.Archive]] = []
    python: list[Pin] = []
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("#"):
            _refuse_other_platform(line, selection, path, number)
            python += _pip(line, path, number)
        elif line.strip() not in ("", MARK):
            archives.append((number, _archive(line.strip(), path, number)))
    for number, archive in archives:
        if archive.platform != "noarch":
            _conda_names.refuse_other_platform(archive.platform, selection, path=path, line=number)
    conda = [_conda_names.pin(archive, path=path, line=number) for number, archive in archives]
    pins, notes = _settle.settle([*conda, *python], [])
    return Snapshot(path=path, format=NAME, sha256=hashlib.sha256(data).hexdigest(), pins=pins, notes=notes)


def _refuse_other_platform(line: str, selection: Selection, path: str, number: int) -> None:
    found = _PLATFORM.fullmatch(line.strip())
    if found is not None:
        _conda_names.refuse_other_platform(found[1], selection, path=path, line=number)


def _archive(line: str, path: str, number: int) -> _conda_names.Archive:
    found = _conda_names.archive(line)
    if found is None:
        problem = f"not the URL of a conda package with an md5 or sha256: {_text.quote(line)}"
        raise LockError(problem, path=path, line=number, remedy=_REMEDY)
    return found


def _pip(line: str, path: str, number: int) -> "Iterator[Pin]":
    """The pin of a ``# pip name @ url#sha256=…`` line; other comments are none."""
    found = _PIP.fullmatch(line.strip())
    if found is None:
        return
    pin = _python_pins.named(found["name"], "", path=path, line=number)
    url, _hash, fragment = found["url"].partition("#")
    digest = _DIGEST.search(fragment)
    if digest is not None:
        yield _python_pins.artifact(pin, url, (f"sha256:{digest[1].lower()}",))
    else:
        yield _python_pins.artifact(pin, found["url"])
