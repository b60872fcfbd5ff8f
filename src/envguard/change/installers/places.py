"""Paths and URLs in a request: what is installed from there, whatever an index has under its name."""

import os
import re
from urllib.parse import quote, unquote, urlsplit

from envguard import formats
from envguard._value import Value
from envguard.errors import EnvguardError
from envguard.model import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envguard.model import Environment

_EXTRAS = re.compile(r"\[[^\[\]]*\]$")
_AT = re.compile(r"[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@\s*")


class Place(Value):
    """A path or URL in a request."""

    url: str
    """As an installer takes it."""
    editable: bool = False

    @property
    def words(self) -> list[str]:
        """The same on an installer's command line."""
        return ["--editable", self.url] if self.editable else [self.url]


def wanted(words: "Sequence[str]", live: "Environment") -> "list[Place]":
    """The paths and URLs in the words of a request, and in the requirements files that they name."""
    found: list[Place] = []
    for before, word in zip(("", *words), words, strict=False):
        if before in ("--requirement", "-r"):
            found += _in_file(word, live)
        elif before in ("--editable", "-e"):
            found.append(Place(url=_url(word), editable=True))
        elif not word.startswith("-") and not before.startswith("-"):
            found += [Place(url=url)] if (url := _url(word)) else []
    return found


def _in_file(path: str, live: "Environment") -> "Iterator[Place]":
    try:
        pins = formats.load(path, selection=Selection(interpreter=live.interpreter)).pins
    except EnvguardError:  # the installer has read it, and says what it takes from it
        return
    for pin in pins:
        if pin.source is not None:
            prefix = "git+" if pin.source.kind == "vcs" and not pin.source.url.startswith("git+") else ""
            yield Place(url=prefix + pin.source.url, editable=pin.source.editable)


def _url(word: str) -> str:
    """The URL that a word means; empty for the name of a package."""
    place = word[match.end() :] if (match := _AT.match(word)) else word
    place = place.partition(" ;")[0].strip()
    if "://" in place:
        return place
    path = _EXTRAS.sub("", place)
    is_path = "/" in path or path.startswith(".") or path.endswith((".whl", ".zip", ".tar.gz"))
    return f"file://{quote(os.path.abspath(path))}" if is_path and os.path.exists(path) else ""


def asked_for(url: str, among: "Sequence[Place]") -> "Place | None":
    """What in a request stands for the place that an installer names."""
    return next((each for each in among if url and _bare(each.url) == _bare(url)), None)


def _bare(url: str) -> str:
    """A URL without credentials, which are masked, without a revision, which is found out, and without a fragment."""
    parts = urlsplit(url)
    path = parts.path.rpartition("@")[0] or parts.path if parts.scheme.startswith("git+") else parts.path
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{unquote(path).rstrip('/')}"
