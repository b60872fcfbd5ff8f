"""requirements.txt: what ``pip freeze``, pip-compile, ``uv pip compile`` and ``uv export`` write, and people edit.

The reader follows pip's own grammar (``pip/_internal/req/req_file.py`` and ``constructors.py``). A file that pip would
refuse as a whole is an error; a line that pip takes but which fixes nothing exact is a pin with ``unverifiable`` set.
Nothing is expanded, fetched or looked up on disk except the files that ``-r`` and ``-c`` name.
"""

import hashlib
import os
import re

from envguard.facts.places import DISK
from envguard.formats import _settle, _text
from envguard.formats._requirement_files import Reader
from envguard.formats._requirement_lines import numbered
from envguard.model import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.places import Files

NAME = "requirements.txt"
INCLUDES = True

# The first line that is no comment: an option, a URL, an editable, or a name and what may follow it.
_OPTION = re.compile(
    r"--?(?:r|c|e|i|f|index-url|extra-index-url|find-links|no-|only-|pre\b|require|trusted|constraint)"
)
_REFERENCE = re.compile(r"(?:(?:git|hg|svn|bzr)\+\w+|https?|file)://")
_NAMED = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?[ ]{0,9}(?:\[[^\[\]\"']{0,200}\][ ]{0,9})?"
    r"(?:===?[ ]{0,9}[^\s=;#]{1,200}(?:[\s;#]|$)|(?:~=|!=|>=|<=|<|>)[ ]{0,9}[\w.*]|@[ ]{0,9}\w|;|#|$)",
    re.ASCII,
)
_FILENAME = re.compile(r"(?:.*[._-])?(?:requirements?|constraints?|freeze)(?:[._-].*)?\.(?:txt|in|pip|lock)|.*\.txt")


def recognises(filename: str, head: bytes) -> int:
    """2 where the first line that counts looks like a requirement, 1 where the file is called like one."""
    if b"# envguard: lock " in head:
        return 0  # envguard's own lock is also a requirements file, but its directives must not be overlooked
    for line in _text.peek(head).splitlines():
        line = line.strip()  # noqa: PLW2901 - the line without its indentation
        if line and not line.startswith("#") and line != "\\":
            looks = _OPTION.match(line) or _REFERENCE.match(line) or _NAMED.match(line)
            return 2 if looks else _by_name(filename)
    return _by_name(filename)


def parse(data: bytes, *, path: str, files: "Files" = DISK) -> Snapshot:
    """Read a requirements file and the files that it includes.

    Args:
        data: The root file's bytes.
        path: The root file; includes are looked up beside it and refused outside its folder.
        files: Where those are read.

    Raises:
        LockError: pip would refuse the file, or an include is not allowed; with file and line.
    """
    return _parse(data, path, alone=False, files=files)


def parse_alone(data: bytes, *, path: str, files: "Files" = DISK) -> Snapshot:
    """The same for a file whose sha256 was asked for: it must not include others, which that digest does not cover.

    Raises:
        LockError: As ``parse``, and for every include.
    """
    return _parse(data, path, alone=True, files=files)


def _parse(data: bytes, path: str, *, alone: bool, files: "Files") -> Snapshot:
    reader = Reader(path, alone=alone, files=files)
    reader.read_root(numbered(_text.decode(data, path)))
    pins, notes = _settle.settle(reader.required, reader.constraints)
    why = _settle.incomplete(pins, notes)
    return Snapshot(
        path=path,
        format=NAME,
        sha256=hashlib.sha256(data).hexdigest(),
        pins=pins,
        complete=not why,
        incomplete_why=why,
        notes=(*reader.notes, *notes),
    )


def _by_name(filename: str) -> int:
    return 1 if _FILENAME.fullmatch(os.path.basename(filename).lower()) else 0
