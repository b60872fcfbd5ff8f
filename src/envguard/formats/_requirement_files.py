"""A requirements file and the files that it includes, line by line.

``-r`` and ``-c`` are followed only to regular files inside the folder of the root file, ten levels deep at most, each
file once. Errors about an included file never quote it: it may be anything that its author could point at.
"""

import os
import re

from envguard._value import Value
from envguard.errors import LockError
from envguard.facts.places import DISK
from envguard.facts.reading import ReadFailure
from envguard.formats import _requirement_lines as lines, _requirement_parse as one
from envguard.formats._requirement_options import (
    CONSTRAINT,
    EDITABLE,
    HASH,
    REQUIREMENT,
    OptionError,
    Options,
    split,
)
from envguard.formats._text import FILE_LIMIT, decode, quote, redact
from envguard.model import Change, Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from envguard.facts.places import Files

DEPTH_LIMIT = 10
"""Levels of ``-r`` and ``-c``."""
PIN_LIMIT = 50_000
"""Requirements in a file and its includes; the largest real file known has 2,000."""
FILES_LIMIT = 200
"""Files that may be included."""

_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}:", re.IGNORECASE | re.ASCII)
_IGNORED = "pip ignores this part of the line"


class _Place(Value):
    """Which file is being read, and how it was reached."""

    path: str
    constraint: bool = False
    depth: int = 0
    chain: "tuple[Hashable, ...]" = ()
    """The files that led here."""


class Reader:
    """Collects the pins of one root file.

    Attributes:
        required: Pins in the order of their lines, included files in place.
        constraints: Pins of constraint lines.
        notes: What pip silently drops.
    """

    def __init__(self, root: str, *, alone: bool = False, files: "Files" = DISK) -> None:
        """Start with the root file.

        Args:
            root: Path of the root file; its folder bounds what may be included.
            alone: Refuse to include anything.
            files: Where they are read.
        """
        self.required: list[Pin] = []
        self.constraints: list[Pin] = []
        self.notes: list[Change] = []
        self._files = files
        self._folder = os.path.dirname(files.real(root))
        self._root = root
        self._alone = alone
        self._seen: set[tuple[Hashable, bool]] = set()
        self._bytes = 0

    def read_root(self, physical: "Iterable[tuple[int, str]]") -> None:
        """Read the root file's physical lines, each with its number.

        Raises:
            LockError: pip would refuse the file, or an include is not allowed.
        """
        identity = self._files.identity(self._root)
        self._read(physical, _Place(path=self._root, chain=() if identity is None else (identity,)))

    def _read(self, physical: "Iterable[tuple[int, str]]", place: _Place) -> None:
        for line in lines.logical(physical, place.path):
            self._read_line(line, place)

    def _read_line(self, line: lines.LogicalLine, place: _Place) -> None:
        try:
            wanted, options = split(line.text)
            self._line(line, wanted, options, place)
        except (OptionError, one.RequirementError) as error:
            raise self._refusal(str(error), line, place) from None

    def _refusal(self, why: str, line: lines.LogicalLine, place: _Place) -> LockError:
        shown = f": {quote(line.text)}" if place.depth == 0 else ""
        remedy = "pip refuses this file too; correct the line"
        return LockError(f"{why}{shown}", path=place.path, line=line.number, remedy=remedy)

    def _line(self, line: lines.LogicalLine, wanted: str, options: Options, place: _Place) -> None:
        editables = options.values(EDITABLE)
        includes = [(option, value) for option, value in options.given if option in (REQUIREMENT, CONSTRAINT)]
        if wanted:
            pin = one.requirement(wanted, options.values(HASH), path=place.path, line=line.number)
            self._add(pin, place)
            self._ignored([f"-e {value}" for value in editables], line, place)
        elif editables:
            name, version = line.editable_name, line.editable_version
            pin = one.editable(editables[0], path=place.path, line=line.number, name=name, version=version)
            self._add(pin, place)
            self._ignored([f"-e {value}" for value in editables[1:]], line, place)
        elif includes:
            # pip takes the first -r, else the first -c, and ignores the others.
            first = next((item for item in includes if item[0] == REQUIREMENT), includes[0])
            includes.remove(first)
            self._include(first[1], line, place, constraint=first[0] == CONSTRAINT)
        elif options.values(HASH):
            self._dropped_hash(line, place)
        self._ignored([f"{option} {value}" for option, value in includes], line, place)
        self._ignored([" ".join(options.stray)] if options.stray else [], line, place)

    def _add(self, pin: Pin, place: _Place) -> None:
        if len(self.required) + len(self.constraints) >= PIN_LIMIT:
            raise LockError(f"more than {PIN_LIMIT} requirements", path=pin.path, line=pin.line)
        (self.constraints if place.constraint else self.required).append(pin)

    def _ignored(self, texts: list[str], line: lines.LogicalLine, place: _Place) -> None:
        for text in texts:
            pin = Pin(name="", path=place.path, line=line.number, text=redact(text), unverifiable=_IGNORED)
            self._add(pin, place.replace(constraint=False))

    def _dropped_hash(self, line: lines.LogicalLine, place: _Place) -> None:
        """A ``--hash`` without a requirement: a comment line cut the continuation, and pip drops the hash silently."""
        pins = self.constraints if place.constraint else self.required
        before = pins[-1].name if pins and pins[-1].path == place.path else ""
        why = "a --hash that belongs to no requirement, which pip ignores: a comment line ended the continuation above"
        change = Change(
            code="EG111", kind="unverifiable", package=before, path=place.path, line=line.number, evidence=(why,)
        )
        self.notes.append(change)

    def _include(self, value: str, line: lines.LogicalLine, place: _Place, *, constraint: bool) -> None:
        if one.has_variable(value):
            why = "it includes a file by an environment variable, which is not expanded"
            pin = Pin(name="", path=place.path, line=line.number, text=redact(line.text), unverifiable=why)
            self._add(pin, place.replace(constraint=False))
            return
        path = self._allowed(value, line.number, place)
        identity = self._files.identity(path)
        if identity is None:
            raise _not_included("is missing", value, line.number, place)
        if identity in place.chain:
            raise _not_included("includes itself", value, line.number, place)
        if (identity, constraint) in self._seen:
            return  # the same lines again would give the same pins again
        self._seen.add((identity, constraint))
        text = self._text(path, value, line.number, place)
        inner = _Place(path=path, constraint=constraint, depth=place.depth + 1, chain=(*place.chain, identity))
        self._read(lines.numbered(text), inner)

    def _allowed(self, value: str, number: int, place: _Place) -> str:
        """The path of an include, as long as it may be read."""
        if self._alone:
            raise _not_included("has content that no digest covers", value, number, place, "freeze into one file")
        if _URL.match(value):
            raise _not_included("is a URL, which is not fetched", value, number, place, "save it beside this one")
        if "\0" in value or len(value) > 4096:
            raise _not_included("has an impossible name", value, number, place)
        path = os.path.join(os.path.dirname(place.path), value)
        real = self._files.real(path)
        if not real.startswith(self._folder.rstrip(os.sep) + os.sep):
            raise _not_included("is outside the golden file's folder", value, number, place, "move it below that")
        if place.depth >= DEPTH_LIMIT:
            raise _not_included(f"is more than {DEPTH_LIMIT} levels deep", value, number, place)
        if len(self._seen) >= FILES_LIMIT:
            raise _not_included(f"is one of more than {FILES_LIMIT}", value, number, place, "freeze into one file")
        return os.path.normpath(path)

    def _text(self, path: str, value: str, number: int, place: _Place) -> str:
        try:
            data = self._files.read(path, FILE_LIMIT)
        except ReadFailure as failure:
            raise _not_included(f"cannot be read: {failure.why}", value, number, place) from None
        self._bytes += len(data)
        if self._bytes > FILE_LIMIT:
            raise _not_included(f"is beyond {FILE_LIMIT} bytes in all", value, number, place, "freeze into one file")
        return decode(data, path)


def _not_included(why: str, value: str, number: int, place: _Place, remedy: str = "correct the line") -> LockError:
    """The error for an include. Its name is shown only where the root file itself gives it."""
    name = f" {quote(value)}" if place.depth == 0 else ""
    return LockError(f"the included file{name} {why}", path=place.path, line=number, remedy=remedy)
