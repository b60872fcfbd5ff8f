"""EG501: may the same words name another image tomorrow?

A digest names one image for ever. A tag is a name that its owner moves: ``latest`` with every push, a series such as
``3.11`` or ``2.8-runtime`` with every bug-fix release. The version of a release in full (``2.8.0-runtime``), a date, a
commit or a build number is moved by nobody in practice, so it counts as fixed, and that it has no digest is a note.
"""

import re

from envguard._value import Value
from envguard.repository.said import UNKNOWN

_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}")
_VERSION = re.compile(r"(?:[A-Za-z]+[-_.]?)?v?\d+[._]\d+[._]\d+")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-.]?[01]\d[-.]?[0-3]\d(?!\d)")
_COMMIT = re.compile(r"(?:^|[-_.])(?:sha-?|git-?|g)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}$")
_NAMED_COMMIT = re.compile(r"(?:^|[-_.])(?:sha|git)-?[0-9a-f]{7,64}(?![0-9a-z])")
_VERSION_BEHIND_A_NAME = re.compile(r"[A-Za-z].*[-_]v?\d+\.\d+\.\d+")
"""``cu124-2.8.0``: the platform stands first. In ``3.11-1.2.3`` the first number counts."""
_MOVING_END = re.compile(r"[-_.](?:latest|nightly|snapshot|edge|canary|main|master)$", re.IGNORECASE)
_BUILD_NUMBER = re.compile(r"(?:[A-Za-z]+-)?\d{5,}")
_TWO_NUMBERS = re.compile(r"v?\d+\.\d+(?!\d)(?!\.\d)")
_MONTHLY = re.compile(r"\d\d\.(?:0[1-9]|1[0-2])(?![\d.])")
_NEWEST = re.compile(
    r"(?:latest|nightly|edge|main|master|trunk|head|develop|dev|stable|current|rolling|canary|snapshot|unstable|testing)"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
LONGEST = 500
"""Characters; a registry allows 255 for the path and 128 for the tag."""
TWO_NUMBER_RELEASES = ("postgres",)
"""Images whose releases have two numbers since ever or for long: PostgreSQL since version 10."""
MONTHLY_REGISTRIES = ("nvcr.io",)
"""Registries whose releases are a year and a month, never published twice: NVIDIA's framework containers."""


class Judged(Value):
    """What the words of an image say."""

    name: str
    """Without tag and digest."""
    tag: str
    state: str
    """``digest`` | ``version`` | ``series`` | ``newest`` | ``unknown``."""
    why: str


def judge(reference: str) -> Judged:
    """How firmly a reference names one image.

    Grammar: distribution's reference, ``[host[:port]/]path[:tag][@digest]``.
    """
    if len(reference) > LONGEST:
        return Judged(name=reference[:LONGEST], tag="", state="unknown", why="longer than any name of an image")
    rest, at, digest = reference.partition("@")
    folder, slash, last = rest.rpartition("/")
    base, colon, tag = last.partition(":")
    name = folder + slash + base
    if at and _DIGEST.fullmatch(digest):
        return Judged(name=name, tag=tag, state="digest", why="the digest names one image")
    if at and UNKNOWN in digest:
        return Judged(name=name, tag=tag, state="unknown", why="its digest is a variable without a value here")
    if at:
        return Judged(name=name, tag=tag, state="series", why="what follows @ is no digest")
    if UNKNOWN in base or (UNKNOWN in rest and not colon and not base):
        return Judged(name=name, tag=tag, state="unknown", why="its name is a variable without a value here")
    if not tag:
        return Judged(name=name, tag="", state="newest", why="no tag, which means latest")
    return _by_tag(name, tag)


def _by_tag(name: str, tag: str) -> Judged:
    known, unknown, _ = tag.partition(UNKNOWN)
    if unknown and not (known.endswith(("-", "_")) and _fixed(name, known.rstrip("-_"))):
        return Judged(name=name, tag=tag, state="unknown", why="its tag has a variable without a value here")
    if _fixed(name, known.rstrip("-_") if unknown else tag):
        return Judged(name=name, tag=tag, state="version", why="a full version, but no digest")
    if _NEWEST.match(tag):
        return Judged(name=name, tag=tag, state="newest", why="the tag means whatever was pushed last")
    return Judged(name=name, tag=tag, state="series", why="the tag names a series, not one release")


def _fixed(name: str, tag: str) -> bool:
    newest = _NEWEST.match(tag)
    if _DATE.search(tag) or _COMMIT.search(tag) or _NAMED_COMMIT.search(tag) or _BUILD_NUMBER.fullmatch(tag):
        return True
    if newest is not None or _MOVING_END.search(tag):
        return False
    if _VERSION.match(tag) or _VERSION_BEHIND_A_NAME.match(tag):
        return True
    if name.rpartition("/")[2] in TWO_NUMBER_RELEASES:
        return _TWO_NUMBERS.match(tag) is not None
    return name.partition("/")[0] in MONTHLY_REGISTRIES and _MONTHLY.match(tag) is not None
