"""Where the bytes of a wheel are, without installing it.

Asked in this order: a file that is here; what an installer has in its cache; ranges of the remote file; all of it.
The facts are the same whichever answers.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from envguard._value import Value
from envguard.change.wheels import installer_caches, remote, remote_wheel
from envguard.change.wheels.wheel_files import Unpacked, WheelFiles, Zipped
from envguard.errors import EnvguardError, UsageError
from envguard.facts.reading import ReadFailure, opened as opened_file, sha256_read
from envguard.model import Artifact

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")


class Wanted(Value):
    """Which wheel is meant."""

    name: str
    """File name, such as ``six-1.17.0-py2.py3-none-any.whl``; or of the source that it was built from."""
    path: str = ""
    """Absolute path of a file that is here."""
    url: str = ""
    """As it was given, credentials included: never to be shown."""
    folders: tuple[str, ...] = ()
    """Where a file of that name may lie before anything remote is asked."""
    sha256: str = ""
    """Hex digest that the file of that name must have, where it is known."""
    origin: str = ""
    """Path or URL as it may be shown."""

    @property
    def is_wheel(self) -> bool:
        """False for a source distribution: only a wheel that was built from it can be read."""
        return self.name.endswith(".whl")


class Opened(Value):
    """A wheel that can be read, as long as the ``with`` block lasts."""

    files: WheelFiles
    how: str
    """``file``, ``pip-cache``, ``uv-cache``, ``ranges`` or ``download``."""
    size: "int | None"
    """Bytes of the wheel file; None where only its contents are here."""
    sha256: str = ""
    """Hex digest of all its bytes, where they were read."""


def wanted(
    where: "str | os.PathLike[str] | Artifact", *, sha256: str = "", find_links: "Sequence[str | os.PathLike[str]]" = ()
) -> Wanted:
    """What is meant by a path, a URL or a lock's artifact.

    Args:
        where: A path, a ``file:``, ``http:`` or ``https:`` URL, with or without ``#sha256=…``, or an artifact.
        sha256: Hex digest that the wheel must have; wins over the one in the URL.
        find_links: Folders in which a file of that name is looked for before anything remote is.

    Raises:
        UsageError: It names no wheel, or a digest that is none.
    """
    if isinstance(where, Artifact):
        listed = dict(each.partition(":")[::2] for each in where.hashes)
        return wanted(where.url or where.name, sha256=sha256 or listed.get("sha256", ""), find_links=find_links)
    text = os.fspath(where)
    parts = urlsplit(text) if "://" in text or text.startswith("file:") else None
    claimed = (sha256 or _fragment(parts.fragment if parts is not None else "")).removeprefix("sha256:").lower()
    if claimed and _SHA256.fullmatch(claimed) is None:
        raise UsageError(f"not a sha256: {claimed[:80]!a}", path=remote.shown(text))
    if parts is None or parts.scheme == "file":
        path = os.path.abspath(text if parts is None else unquote(parts.path))
        url, origin, name = "", path, os.path.basename(path)
    elif parts.scheme in ("http", "https") and parts.hostname:
        path, url, origin, name = "", text, remote.shown(text), os.path.basename(unquote(parts.path))
    else:
        raise UsageError("a wheel is read from a path, file:, http: or https:", path=remote.shown(text))
    if not name.endswith(".whl") and not (url and name.endswith(_SOURCES)):
        raise UsageError("not a wheel", path=origin, remedy="build it first: pip wheel --no-deps")
    folders = tuple(os.path.abspath(folder) for folder in find_links)
    return Wanted(name=name, path=path, url=url, folders=folders, sha256=claimed, origin=origin)


@contextlib.contextmanager
def opened(
    wheel: Wanted, *, offline: bool = False, natively: bool = False, markers: "Mapping[str, str] | None" = None
) -> Iterator[Opened]:
    """The wheel, opened where it is found first.

    Args:
        wheel: As ``wanted`` gives it.
        offline: Nothing is asked of the network.
        natively: Its shared objects will be read.
        markers: PEP 508 variables of the interpreter that it is for; None takes the running one's.

    Raises:
        EnvguardError: It is nowhere, or not the one that was meant.
    """
    with contextlib.ExitStack() as stack:
        yield (
            _given(wheel, stack)
            or _lying_by(wheel, stack)
            or _cached_by_pip(wheel, markers, stack)
            or _cached_by_uv(wheel, natively=natively)
            or _remote(wheel, stack, offline=offline, natively=natively)
        )


def _given(wheel: Wanted, stack: contextlib.ExitStack) -> "Opened | None":
    """The file at the path that was given; what is wrong with it is an error."""
    if not wheel.path or (wheel.folders and not os.path.exists(wheel.path)):
        return None
    try:
        found = _from_file(wheel.path, wheel.sha256, wheel.path, "file", stack)
    except ReadFailure as failure:
        raise EnvguardError(failure.why, path=wheel.path) from failure
    if isinstance(found, str):
        raise EnvguardError(f"its sha256 is {found}, not {wheel.sha256}", path=wheel.path)
    return found


def _lying_by(wheel: Wanted, stack: contextlib.ExitStack) -> "Opened | None":
    """A file of that name in a folder that was given: with a known digest only the one that has it."""
    for folder in wheel.folders if wheel.is_wheel else ():
        path = os.path.join(folder, wheel.name)
        if os.path.isfile(path) and (found := _attempt(path, wheel.sha256, path, "file", stack)) is not None:
            return found
    return None


def _cached_by_pip(wheel: Wanted, markers: "Mapping[str, str] | None", stack: contextlib.ExitStack) -> "Opened | None":
    if not wheel.url:
        return None
    if wheel.is_wheel:
        for path in installer_caches.pip_responses(wheel.url):
            if (found := _attempt(path, wheel.sha256, wheel.origin, "pip-cache", stack)) is not None:
                return found
        return None
    built = list(installer_caches.pip_built(wheel.url, wheel.sha256, markers or _running()))
    # Of several wheels from one source, which one pip would take is for its tags to say.
    return _attempt(built[0], "", built[0], "pip-cache", stack) if len(built) == 1 else None


def _cached_by_uv(wheel: Wanted, *, natively: bool) -> "Opened | None":
    if not wheel.url or not wheel.is_wheel:
        return None
    for folder in installer_caches.uv_archives(wheel.name, wheel.url, wheel.sha256):
        try:
            files = Unpacked(folder, wheel.origin)
        except EnvguardError:
            continue  # a cache may be in any state; what is not whole is not used
        if installer_caches.is_as_recorded(files, natively=natively):
            return Opened(files=files, how="uv-cache", size=None)
    return None


def _remote(wheel: Wanted, stack: contextlib.ExitStack, *, offline: bool, natively: bool) -> Opened:
    if not wheel.url:
        raise EnvguardError("missing, here and in the folders that were given", path=wheel.path)
    if not wheel.is_wheel:
        problem = "a source distribution, and no wheel that pip built from it is in its cache"
        raise EnvguardError(problem, path=wheel.origin, remedy="build it first: pip wheel --no-deps")
    if offline:
        problem = "neither here nor in the caches of pip and uv, and the network may not be asked"
        raise EnvguardError(problem, path=wheel.origin, remedy="give the folder that it lies in with --find-links")
    fetched = stack.enter_context(remote_wheel.opened(wheel.url, whole=natively))
    if fetched.sha256 and wheel.sha256 and fetched.sha256 != wheel.sha256:
        raise EnvguardError(f"its sha256 is {fetched.sha256}, not {wheel.sha256}", path=wheel.origin)
    how = "ranges" if isinstance(fetched.file, remote_wheel.Ranges) else "download"
    return Opened(files=Zipped(fetched.file, wheel.origin), how=how, size=fetched.size, sha256=fetched.sha256)


def _attempt(path: str, sha256: str, label: str, how: str, stack: contextlib.ExitStack) -> "Opened | None":
    """A file that may be the one: None where it is not, or is broken."""
    with contextlib.ExitStack() as tried:
        try:
            found = _from_file(path, sha256, label, how, tried)
        except (ReadFailure, EnvguardError):
            return None
        if isinstance(found, str):
            return None
        stack.push(tried.pop_all())
        return found


def _from_file(path: str, sha256: str, label: str, how: str, stack: contextlib.ExitStack) -> "Opened | str":
    """The wheel in a file, or the digest that it has instead of the one that is wanted.

    Raises:
        ReadFailure: It is no regular file, or cannot be read.
        EnvguardError: It is no wheel.
    """
    descriptor, status = stack.enter_context(opened_file(path))
    file = stack.enter_context(os.fdopen(os.dup(descriptor), "rb"))
    digest = sha256_read(file.read) if sha256 else ""
    if digest != sha256:
        return digest
    return Opened(files=Zipped(file, label), how=how, size=status.st_size, sha256=digest)


def _running() -> dict[str, str]:
    from envguard.environment import interpreter

    return interpreter.markers(interpreter.running())


def _fragment(fragment: str) -> str:
    for part in fragment.split("&"):
        if part.startswith("sha256="):
            return part.removeprefix("sha256=")
    return ""
