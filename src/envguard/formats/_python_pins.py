"""Pins of Python packages in locks that name each by fields: name, version, URL or path, digests.

An artifact of the index is pinned by its version and digests; its URL is not compared, since mirrors are normal. A
checkout is pinned by its commit. A local folder is not fixed by any lock, so it is unverifiable.
"""

import re

from envguard.errors import LockError
from envguard.facts.direct_url import redact
from envguard.formats import _locked, _requirement_urls, _text
from envguard.model import Artifact, Pin, Source
from envguard.versions import is_name, normalise, relation

VERSION = re.compile(r"[\w.!+-]{1,200}", re.ASCII)
"""A version as text; PEP 440 is not asked for, since old distributions do not follow it."""
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+[a-z]{1,9}:", re.ASCII | re.IGNORECASE)
_MANY = 999


def named(name: str, version: str, *, path: str, line: int, hashes: tuple[str, ...] = ()) -> Pin:
    """A pin with a checked name and version; an empty version makes it unverifiable.

    Raises:
        LockError: The name is none, or the version is not written as versions are.
    """
    if not is_name(name):
        raise LockError(f"not a name of a distribution: {_text.quote(name)}", path=path, line=line)
    if version and VERSION.fullmatch(version) is None:
        raise LockError(f"not a version: {_text.quote(version)}", path=path, line=line)
    text = f"{name}=={version}" if version else name
    why = "" if version else "it names no version"
    normalised = normalise(name)
    return Pin(
        name=normalised, version=version or None, path=path, line=line, text=text, hashes=hashes, unverifiable=why
    )


def artifact(pin: Pin, url: str, digests: tuple[str, ...] = (), *, editable: bool = False) -> Pin:
    """Complete a pin by what a lock says about where it comes from.

    Args:
        pin: With name, version or both.
        url: An archive, a checkout (``git+https://…@commit``, or ``…?rev=…#commit`` as pixi writes it), or a path.
        digests: ``algorithm:hex``.
        editable: The lock says that it is installed in editable mode.
    """
    if not url:
        return pin.replace(hashes=digests) if digests != pin.hashes else pin
    if len(url) > _MANY:
        return pin.replace(unverifiable="its URL is too long")
    fresh = pin.replace(version=None, unverifiable="", hashes=digests)
    if is_checkout(url):
        return checkout(fresh, url, editable=editable).replace(version=pin.version)
    if not _requirement_urls.is_url(url):
        return _local(pin, _requirement_urls.folder(fresh, url, editable=editable), digests)
    found = _requirement_urls.direct(fresh, url, editable=editable)
    if found.source is not None and found.source.kind == "directory":
        return _local(pin, found, digests)
    return _archive(pin, found, digests, url)


def is_checkout(url: str) -> bool:
    """True for the URL of a VCS, such as ``git+https://…``."""
    return _VCS.match(url) is not None


def _archive(pin: Pin, found: Pin, digests: tuple[str, ...], url: str) -> Pin:
    """An archive: its file name must agree with what the lock says beside it."""
    in_url = found.source.digest if found.source else ""
    hashes = tuple(sorted({*digests, in_url} - {""}))
    if found.version is None:  # a file name that says nothing; what stands beside it must do
        if pin.version is None:
            return found.replace(hashes=hashes)
        return pin.replace(hashes=hashes)
    agree = pin.version is None or relation(pin.version, found.version) == "equal"
    if not agree:
        return pin.replace(unverifiable=f"its file is that of version {found.version}", hashes=hashes)
    source = None if hashes else found.source
    files = (Artifact(name=_locked.file_name(url), url=_locked.fetched(url), hashes=hashes),) if hashes else ()
    version = pin.version or found.version
    text = pin.text if pin.version else f"{pin.text}=={version}"
    return pin.replace(version=version, text=text, unverifiable="", tags=found.tags, hashes=hashes, artifacts=files,
                       source=source)  # fmt: skip


def _local(pin: Pin, found: Pin, digests: tuple[str, ...]) -> Pin:
    if found.source is not None and found.source.kind == "archive":
        return _archive(pin, found, digests, found.source.url)
    return pin.replace(source=found.source, unverifiable="a local folder is not fixed by the lock")


def checkout(pin: Pin, url: str, *, editable: bool = False) -> Pin:
    """Complete a pin by a VCS URL in pip's form, or in that of pixi, which puts the commit behind the ``#``."""
    pin = pin.replace(unverifiable="")
    address, _hash, fragment = url.partition("#")
    if _COMMIT.fullmatch(fragment) is None:
        return _requirement_urls.direct(pin, url, editable=editable)
    address, _mark, query = address.partition("?")
    said = dict(part.partition("=")[::2] for part in query.split("&"))
    subdirectory = redact(said.get("subdirectory", ""))
    plain = redact(address).partition("+")[2]
    source = Source(kind="vcs", url=plain, revision=fragment, editable=editable, subdirectory=subdirectory)
    return pin.replace(source=source)
