"""What conda's own names say: package archives, platforms, and the pins that follow from them.

An archive is called ``<name>-<version>-<build>.conda`` (or ``.tar.bz2``), in a folder called after its platform, in one
called after its channel. Neither version nor build may hold a dash, so the name is cut from the right.
"""

import re
from urllib.parse import unquote

from envguard._value import Value
from envguard.environment.conda import channel as channel_of
from envguard.environment.interpreter import running
from envguard.errors import LockError
from envguard.formats import _text
from envguard.model import Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.model import Interpreter, Selection

PLATFORM = re.compile(r"(?:linux|osx|win|freebsd|zos|emscripten|wasi)-[a-z0-9_]{1,20}", re.ASCII)
VERSION = re.compile(r"[\w.!+]{1,200}", re.ASCII)
"""A version of conda; its strings hold no dash."""
BUILD = re.compile(r"[\w.+]{1,200}", re.ASCII)
NAME = re.compile(r"\w[\w.-]{0,200}", re.ASCII)

_ARCHIVE = re.compile(
    r"(?:(?P<folder>.*)[/\\])?(?P<stem>[^/\\#]{1,600})\.(?:conda|tar\.bz2)(?:#(?P<digest>.*))?", re.ASCII
)
_DIGEST = re.compile(r"(?P<md5>[0-9a-f]{32})|(?:sha256:)?(?P<sha256>[0-9a-f]{64})", re.ASCII)
_HEX = {"md5": re.compile(r"[0-9a-f]{32}", re.ASCII), "sha256": re.compile(r"[0-9a-f]{64}", re.ASCII)}
_UNSET = ("", "null", "~")
_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win"}
_MACHINES = {"x86_64": "64", "amd64": "64", "i386": "32", "i686": "32", "x86": "32"}


class Archive(Value):
    """What the URL of a package archive says."""

    name: str
    version: str
    build: str
    channel: str = ""
    """Such as ``conda-forge``; empty where the folder does not tell."""
    platform: str = ""
    """Such as ``linux-64`` or ``noarch``; empty where the folder does not tell."""
    digest: str = ""
    """``md5:<hex>`` or ``sha256:<hex>`` behind the ``#``."""
    url: str = ""
    """Without credentials and digest; empty for a path."""


def archive(url: str) -> "Archive | None":
    """The parts of an archive's URL or path, None where it is none.

    The grammar is that of conda's explicit lists: an md5 or a sha256 may follow a ``#``. A digest of another length
    makes the URL unreadable, as it does for conda.
    """
    found = _ARCHIVE.fullmatch(url)
    if found is None:
        return None
    parts = unquote(found["stem"]).rsplit("-", 2)
    if len(parts) != 3 or not is_package(*parts):
        return None
    digest = ""
    if found["digest"] is not None:
        claimed = _DIGEST.fullmatch(found["digest"])
        if claimed is None:
            return None
        digest = f"md5:{claimed['md5']}" if claimed["md5"] else f"sha256:{claimed['sha256']}"
    folder = (found["folder"] or "").replace("\\", "/").partition("?")[0]
    platform = folder.rpartition("/")[2]
    known = platform == "noarch" or PLATFORM.fullmatch(platform) is not None
    return Archive(
        name=parts[0].lower(),
        version=parts[1],
        build=parts[2],
        channel=channel_of(folder) if known else "",
        platform=platform if known else "",
        digest=digest,
        url=_text.redact(url.partition("#")[0]) if "://" in url else "",
    )


def is_package(name: str, version: str, build: str) -> bool:
    """True where all three are written as conda writes them."""
    return bool(NAME.fullmatch(name) and VERSION.fullmatch(version) and BUILD.fullmatch(build))


def pin(package: Archive, *, path: str, line: int, hashes: "Iterable[str]" = ()) -> Pin:
    """The pin of an archive."""
    both = {digest for digest in (*hashes, package.digest) if digest}
    return Pin(
        name=package.name,
        version=package.version,
        build=package.build,
        channel=package.channel,
        url=package.url,
        hashes=tuple(sorted(both)),
        path=path,
        line=line,
        text=f"{package.name}={package.version}={package.build}",
        manager="conda",
    )


def digests(fields: "dict[str, str]", *, path: str, line: int) -> tuple[str, ...]:
    """The md5 and sha256 among some fields as ``algorithm:hex``.

    Raises:
        LockError: One of them is neither unset nor a digest.
    """
    found = []
    for algorithm, hexadecimal in _HEX.items():
        value = fields.get(algorithm, "").lower().removeprefix(f"{algorithm}:")
        if value in _UNSET:
            continue
        if hexadecimal.fullmatch(value) is None:
            raise LockError(f"{algorithm} is no digest: {_text.quote(value)}", path=path, line=line)
        found.append(f"{algorithm}:{value}")
    return tuple(found)


def platform(selection: "Selection") -> str:
    """The conda platform that is asked for, by default that of the interpreter."""
    return selection.platform or of_interpreter(selection.interpreter or running())


def of_interpreter(interpreter: "Interpreter") -> str:
    """``linux-64`` and the like: how conda calls the platform of an interpreter."""
    machine = interpreter.machine.lower()
    system = _SYSTEMS.get(interpreter.system, interpreter.system)
    return f"{system}-{_MACHINES.get(machine, machine)}"


def refuse_other_platform(written: str, selection: "Selection", *, path: str, line: int) -> None:
    """Nothing where a list for one platform is read for that platform.

    Raises:
        LockError: It was written for another one, so every line of it would differ.
    """
    wanted = platform(selection)
    if written and written != wanted:
        problem = f"it was written for {_text.quote(written)}, and {wanted} is asked for"
        raise LockError(problem, path=path, line=line, remedy="use the golden file of this platform, or --platform")
