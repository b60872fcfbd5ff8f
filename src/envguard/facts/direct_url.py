"""direct_url.json: where a distribution came from when it did not come from an index (PEP 610).

Credentials never get past this module: what it returns can be written into a lock or a report.
"""

import re

from envguard.facts.reading import METADATA_LIMIT
from envguard.model import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^:@\[\]]+)(?::\d+)?|", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_AUTHORITY_END = re.compile(r"[/?#\\]")
_HASH = re.compile(r"[0-9a-f]+", re.ASCII)
_KEPT_FRAGMENT = ("subdirectory=", "egg=")
_BUILD_FOLDER = re.compile(
    r"/(?:feedstock_root|croot|conda-bld|bld)/(?:.*/)?[^/]+_\d{10,}/work(?:/|$)|/rattler-build_[^/]+/work(?:/|$)"
)


class DirectUrlError(Exception):
    """A direct_url.json that does not say where the distribution came from.

    Attributes:
        why: What is wrong with it, in a few words, without anything from its URL.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def parse(data: bytes, installer: str = "") -> "Source | None":
    """The source that direct_url.json records.

    Args:
        data: The file's bytes.
        installer: The content of INSTALLER.

    Returns:
        None for a package that conda built: its file names a folder of the build machine, which says nothing here.

    Raises:
        DirectUrlError: Not JSON of sane size and depth, a key given twice, or not what PEP 610 asks for.
    """
    content = _load(data)
    url = _text(content, "url", required=True)
    if _CONTROL.search(url):
        raise DirectUrlError("its url has a control character or a space")
    if url.startswith("file:") and (installer.strip().lower() == "conda" or _BUILD_FOLDER.search(url)):
        return None
    kinds = [key for key in ("archive_info", "vcs_info", "dir_info") if key in content]
    if len(kinds) != 1:
        raise DirectUrlError("it must have exactly one of archive_info, vcs_info and dir_info")
    info = content[kinds[0]]
    if not isinstance(info, dict):
        raise DirectUrlError(f"its {kinds[0]} is no object")
    plain = redact(url).partition("#")[0]
    subdirectory = _text(content, "subdirectory")
    if kinds[0] == "vcs_info":
        _text(info, "vcs", required=True)
        revision = _text(info, "commit_id", required=True)
        return Source(kind="vcs", url=plain, revision=revision, subdirectory=subdirectory)
    if kinds[0] == "archive_info":
        return Source(kind="archive", url=plain, digest=_archive_digest(info), subdirectory=subdirectory)
    return Source(kind="directory", url=plain, editable=_editable(info), subdirectory=subdirectory)


def redact(url: str) -> str:
    """A URL without anything that may be secret.

    The user part goes, a lone token included, except the plain user ``git`` that every SSH remote has. The query goes
    as a whole, since nobody can tell a signature from a file name. Of the fragment only ``subdirectory`` and ``egg``
    stay.

    Args:
        url: Also with a VCS prefix (``git+https://…``) or in the short form of SSH (``git@host:path``).
    """
    scheme, separator, rest = url.partition("://")
    if separator and _SCHEME.fullmatch(scheme):
        url = scheme + separator + _without_user(rest, keep_git="ssh" in scheme.lower())
    elif "@" in _AUTHORITY_END.split(url, maxsplit=1)[0]:
        url = _without_user(url, keep_git=True)
    main, _hash, fragment = url.partition("#")
    kept = "&".join(part for part in fragment.split("&") if part.startswith(_KEPT_FRAGMENT))
    main = main.partition("?")[0]
    return f"{main}#{kept}" if kept else main


def _without_user(rest: str, *, keep_git: bool) -> str:
    """``user:password@host/path`` without the part before the host."""
    user, at, _host = _authority(rest).rpartition("@")
    if at and keep_git and user == "git":
        return rest
    left = rest[len(user) + 1 :] if at else rest
    host = _authority(left)
    if "@" in left and (_HOST.fullmatch(host) is None or (at and not host)):
        # A password with a bare "/", "?" or "#" in it ends the authority early; what then looks like a port is none.
        return left.rpartition("@")[2]
    return left


def _authority(rest: str) -> str:
    return _AUTHORITY_END.split(rest, maxsplit=1)[0]


def _load(data: bytes) -> "dict[str, Any]":
    import json

    if len(data) > METADATA_LIMIT:
        raise DirectUrlError(f"{len(data)} bytes, more than the {METADATA_LIMIT} that are read")
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise DirectUrlError("nested too deeply") from error
    except ValueError as error:  # json's and decode's errors quote the document, which may hold a password
        raise DirectUrlError("not JSON in UTF-8") from error
    if not isinstance(content, dict):
        raise DirectUrlError("not a JSON object")
    return content


def _unique(pairs: "list[tuple[str, Any]]") -> "dict[str, Any]":
    content = dict(pairs)
    if len(content) != len(pairs):
        raise DirectUrlError("a key is given twice")
    return content


def _text(content: "dict[str, Any]", key: str, *, required: bool = False) -> str:
    value = content.get(key)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value):
        raise DirectUrlError(f"its {key} is no text")
    return value


def _editable(info: "dict[str, Any]") -> bool:
    value = info.get("editable", False)
    if not isinstance(value, bool):
        raise DirectUrlError("its editable is neither true nor false")
    return value


def _archive_digest(info: "dict[str, Any]") -> str:
    """The strongest claim about the archive: ``hashes``, or ``hash`` of the first edition of PEP 610."""
    hashes = info.get("hashes")
    if hashes is None:
        algorithm, _equals, value = _text(info, "hash").partition("=")
        hashes = {algorithm: value} if value else {}
    if not isinstance(hashes, dict):
        raise DirectUrlError("its hashes is no object")
    claims = []
    for algorithm, value in hashes.items():
        if not isinstance(value, str) or _HASH.fullmatch(value.lower()) is None:
            raise DirectUrlError("a hash of it is no hexadecimal number")
        claims.append((algorithm.lower() != "sha256", algorithm.lower(), value.lower()))
    return f"{min(claims)[1]}:{min(claims)[2]}" if claims else ""
