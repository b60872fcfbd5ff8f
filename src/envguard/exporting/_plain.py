"""The last wall before text from a lock is written into a file that another tool obeys."""

import os
import re

from envguard.errors import EnvguardError
from envguard.versions import is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.model import Pin, Snapshot

_WORD = re.compile(r"[!-~]*")
"""Printable ASCII without white space: it can neither end a line nor begin another field."""
_CONDA = re.compile(r"[\w.+!*-]*", re.ASCII)
_MARKER = re.compile(r"[ -~]*")
_SHOWN = 5


def refuse_unfit(snapshot: "Snapshot") -> None:
    """Nothing where all that is written as data is one harmless word.

    Raises:
        EnvguardError: A name, version, URL or digest holds white space, control characters or anything not ASCII.
    """
    for pin in snapshot.pins:
        if not pin.unverifiable and not _is_fit(pin):
            raise EnvguardError(f"{pin.text!a} cannot be written for another tool", path=pin.path, line=pin.line)


def is_word(text: str) -> bool:
    """True for what can neither end a line nor begin another field."""
    return _WORD.fullmatch(text) is not None


def comment(text: str) -> str:
    """Text of unknown origin on one line of ASCII."""
    return "".join(letter if letter.isprintable() else " " for letter in text).encode("ascii", "replace").decode()


def source_name(snapshot: "Snapshot") -> str:
    """The lock's file name, for a comment."""
    return comment(os.path.basename(snapshot.path))


def some(pins: "Iterable[Pin]") -> str:
    """The first names of some pins."""
    found = [pin.name or comment(pin.text) for pin in pins]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _is_fit(pin: "Pin") -> bool:
    words = [pin.version or "", *pin.hashes, *pin.tags, pin.record, pin.variant or "", pin.url]
    if pin.source is not None:
        words += [pin.source.url, pin.source.revision, pin.source.digest, pin.source.subdirectory]
    if not all(map(_WORD.fullmatch, words)) or _MARKER.fullmatch(pin.marker) is None:
        return False
    if pin.manager == "pip":
        return is_name(pin.name)
    channel = pin.channel.replace("/", "").replace(":", "")
    return all(map(_CONDA.fullmatch, (pin.name, pin.version or "", pin.build, channel))) and bool(pin.name)
