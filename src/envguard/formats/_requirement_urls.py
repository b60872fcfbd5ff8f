"""Direct references: archives, VCS checkouts and folders instead of a name and a version (PEP 440, PEP 508, PEP 610).

A reference is exact where it fixes what is installed: a VCS URL by its full commit, an archive by a digest or by the
version in its file name. A branch, a tag, a folder or an archive without either may be anything tomorrow.
"""

import os
import re

from envguard.facts.direct_url import redact
from envguard.model import Source
from envguard.versions import is_name, normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Pin

_SCHEME = re.compile(
    r"(?:(?P<vcs>git|hg|svn|bzr)(?:\+[a-z]{1,9})?|https?|ftp|file|ssh|sftp):", re.IGNORECASE | re.ASCII
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_EXTRAS = re.compile(r"(.*?)(?:\[[^\[\]]*\])?", re.DOTALL)
_EGG = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,200})(?:\[[^\[\]]{0,999}\])?", re.ASCII)
_SDIST = (".tar.gz", ".zip")


def is_url(text: str) -> bool:
    """True for text that pip takes for a URL: one with a scheme that it can fetch from."""
    return _SCHEME.match(text) is not None


def is_remote_archive(text: str) -> bool:
    """True for a URL that is neither a VCS checkout nor a local file."""
    return re.match(r"(?:https?|ftp):", text, re.IGNORECASE | re.ASCII) is not None


def direct(pin: "Pin", url: str, *, editable: bool = False, version: str = "") -> "Pin":
    """Complete a pin by a URL, which is a VCS checkout, an archive or a local folder.

    Args:
        pin: With the name that stands before the URL, if one does.
        url: As written.
        editable: It follows ``-e``.
        version: The version, where a comment of ``pip freeze`` gives it.
    """
    scheme = _SCHEME.match(url)
    if scheme is None or ("://" not in url and not url.lower().startswith("file:")):
        return pin.replace(unverifiable="its URL is of a kind that is not read")
    address, _hash, fragment = url.partition("#")
    said = dict(part.partition("=")[::2] for part in fragment.split("&"))
    pin = _named(pin, said.get("egg", ""))
    subdirectory = redact(said.get("subdirectory", ""))
    if scheme["vcs"]:
        return _checkout(pin, address, subdirectory, editable=editable)
    file = address.partition("?")[0].rstrip("/").rpartition("/")[2]
    if address.lower().startswith("file:") and not _is_archive(file):
        return folder(pin, address, editable=editable, version=version)
    digest = said.get("sha256", "").lower()
    digest = f"sha256:{digest}" if _DIGEST.fullmatch(digest) else ""
    source = Source(kind="archive", url=redact(address), digest=digest, subdirectory=subdirectory)
    return _archive(pin.replace(source=source), file)


def folder(pin: "Pin", place: str, *, editable: bool = False, version: str = "") -> "Pin":
    """Complete a pin by a local path: a folder to build from, or an archive.

    The file system is not asked: the golden file may have been written on another machine.
    """
    bare = _EXTRAS.fullmatch(place)
    place = (bare.group(1) if bare else place).rstrip()
    name = place.rpartition("/")[2]
    if _is_archive(name):
        return _archive(pin.replace(source=Source(kind="archive", url=_file_url(place, pin.path))), name)
    source = Source(kind="directory", url=_file_url(place, pin.path), editable=editable)
    pin = pin.replace(source=source)
    if version and pin.name:
        return pin.replace(version=version)
    return pin.replace(unverifiable="a local folder names no version")


def _named(pin: "Pin", egg: str) -> "Pin":
    found = _EGG.fullmatch(egg)
    if pin.name or found is None or not is_name(found.group(1)):
        return pin
    return pin.replace(name=normalise(found.group(1)))


def _checkout(pin: "Pin", address: str, subdirectory: str, *, editable: bool) -> "Pin":
    scheme, _separator, rest = redact(address).partition("://")
    host, slash, path = rest.partition("/")
    path, at, revision = path.rpartition("@")
    if not at:
        path, revision = revision, ""
    plain = f"{scheme.rpartition('+')[2]}://{host}{slash}{path}"
    exact = _COMMIT.fullmatch(revision) is not None
    source = Source(
        kind="vcs", url=plain, revision=revision if exact else "", editable=editable, subdirectory=subdirectory
    )
    pin = pin.replace(source=source)
    if not exact:
        return pin.replace(unverifiable="its revision is no full commit" if at else "it names no commit")
    return pin if pin.name else pin.replace(unverifiable="its URL does not name the distribution")


def _archive(pin: "Pin", file: str) -> "Pin":
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    file = _unquoted(file)
    name = version = ""
    tags: tuple[str, ...] = ()
    try:
        if file.endswith(".whl") and len(file) < 1000:
            wheel_name, wheel_version, _build, wheel_tags = parse_wheel_filename(file)
            name, version, tags = wheel_name, str(wheel_version), tuple(sorted(map(str, wheel_tags)))
        elif file.endswith(_SDIST) and len(file) < 1000:
            sdist_name, sdist_version = parse_sdist_filename(file)
            name, version = sdist_name, str(sdist_version)
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        pass  # a name such as main.zip says nothing, which is judged below
    if version and pin.name in ("", name):
        return pin.replace(name=name, version=version, tags=tags)
    if tags:
        return pin.replace(unverifiable="its wheel is of another distribution")
    if not pin.name:
        return pin.replace(unverifiable="its URL does not name the distribution")
    if pin.source is not None and pin.source.digest:
        return pin
    return pin.replace(unverifiable="its URL gives neither version nor digest")


def _unquoted(file: str) -> str:
    from urllib.parse import unquote

    return unquote(file)


def _is_archive(file: str) -> bool:
    return file.endswith((".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar"))


def _file_url(place: str, file: str) -> str:
    """The ``file:`` URL of a path, as direct_url.json has it; a relative path starts at the golden file's folder."""
    from urllib.parse import quote  # what pathname2url does here; its module costs more than most locks

    if place.lower().startswith("file:"):
        return redact(place)
    absolute = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(file)), place))
    return "file://" + quote(absolute)
