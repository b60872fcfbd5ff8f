"""Where the bytes of a wheel are, without installing it.

Asked in this order: a file that is here; what an installer has in its cache; ranges of the remote file; all of it.
The facts are the same whichever answers.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from envguard._value import Value
from envguard.change.wheel_files import WheelFiles, Zipped
from envguard.errors import EnvguardError
from envguard.facts.direct_url import redact
from envguard.facts.reading import why
from envguard.model import Artifact

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Wanted(Value):
    """Which wheel is meant."""

    name: str
    """File name, such as ``six-1.17.0-py2.py3-none-any.whl``."""
    path: str = ""
    """Absolute path of a file that is here."""
    url: str = ""
    """As it was given, credentials included: never to be shown."""
    sha256: str = ""
    """Hex digest that the wheel must have, where it is known."""
    origin: str = ""
    """Path or URL as it may be shown."""


class Opened(Value):
    """A wheel that can be read, as long as the ``with`` block lasts."""

    files: WheelFiles
    how: str
    """``file``, ``pip-cache``, ``uv-cache``, ``ranges`` or ``download``."""
    size: "int | None"
    """Bytes of the wheel file; None where only its contents are here."""
    sha256: str = ""
    """Of all its bytes, where they were read."""


def wanted(
    where: "str | os.PathLike[str] | Artifact", *, sha256: str = "", find_links: "Sequence[str | os.PathLike[str]]" = ()
) -> Wanted:
    """What is meant by a path, a URL or a lock's artifact.

    Args:
        where: A path, a ``file:``, ``http:`` or ``https:`` URL, with or without ``#sha256=…``, or an artifact.
        sha256: Hex digest that the wheel must have; wins over the one in the URL.
        find_links: Folders in which a file of that name is looked for before anything remote is.

    Raises:
        EnvguardError: It names no wheel, or a digest that is none.
    """
    if isinstance(where, Artifact):
        listed = dict(each.partition(":")[::2] for each in where.hashes)
        return wanted(where.url or where.name, sha256=sha256 or listed.get("sha256", ""), find_links=find_links)
    text = os.fspath(where)
    parts = urlsplit(text) if "://" in text or text.startswith("file:") else None
    claimed = (sha256 or _fragment(parts.fragment if parts is not None else "")).removeprefix("sha256:").lower()
    if claimed and _SHA256.fullmatch(claimed) is None:
        raise EnvguardError(f"not a sha256: {claimed[:80]!a}", path=redact(text))
    if parts is None or parts.scheme == "file":
        path = os.path.abspath(text if parts is None else unquote(parts.path))
        url, origin = "", path
    elif parts.scheme in ("http", "https"):
        path, url, origin = "", text, redact(text).partition("#")[0]
    else:
        raise EnvguardError("a wheel is read from a path, file:, http: or https:", path=redact(text))
    name = os.path.basename(path or unquote(urlsplit(text).path))
    if not name.endswith(".whl"):
        remedy = "source distributions and archives must be built first: pip wheel --no-deps"
        raise EnvguardError("not a wheel", path=origin, remedy=remedy)
    if not os.path.isfile(path):
        for folder in find_links:
            if os.path.isfile(candidate := os.path.join(os.path.abspath(folder), name)):
                path, url, origin = candidate, "", candidate
                break
    return Wanted(name=name, path=path, url=url, sha256=claimed, origin=origin)


@contextlib.contextmanager
def opened(wheel: Wanted, *, offline: bool = False) -> Iterator[Opened]:
    """The wheel, opened where it is found first.

    Args:
        wheel: As ``wanted`` gives it.
        offline: Nothing is asked of the network.

    Raises:
        EnvguardError: It is nowhere, or not the one that was meant.
    """
    if offline and not wheel.path:
        raise EnvguardError("not here, and the network may not be asked", path=wheel.origin)
    if wheel.path:
        with _local(wheel) as found:
            yield found
        return
    raise EnvguardError("reading remote wheels is not built yet", path=wheel.origin)


@contextlib.contextmanager
def _local(wheel: Wanted) -> Iterator[Opened]:
    try:
        file = open(wheel.path, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise EnvguardError(why(error), path=wheel.origin) from error
    with file:
        size = os.fstat(file.fileno()).st_size
        yield Opened(files=Zipped(file, wheel.origin), how="file", size=size)


def _fragment(fragment: str) -> str:
    for part in fragment.split("&"):
        if part.startswith("sha256="):
            return part.removeprefix("sha256=")
    return ""
