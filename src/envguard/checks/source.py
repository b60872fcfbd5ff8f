"""Does every locked distribution come from where the lock says: the index, a URL, a commit, a folder?

What was installed from elsewhere than an index is known from direct_url.json (PEP 610). The URLs carry no credentials:
they were removed when they were read.
"""

from envguard.checks._pairing import about, pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Distribution, Environment, Pin, Snapshot, Source

NAME = "source"
CODES = ("EG105", "EG111")
DEPTH: "Depth" = "records"

_SHORTEST_COMMIT = 7
"""Characters; git abbreviates commits to no fewer."""


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each distribution that was installed from another place than the locked one."""
    for pin, distribution in pairs(snapshot, environment):
        if _unseen_commit(pin.source, distribution.source):
            yield _unverifiable(pin, distribution)
        elif not _same(pin, distribution):
            yield about(
                pin,
                distribution,
                code="EG105",
                kind="source",
                part="place" if _same_files(pin, distribution) else "",
                locked=_text(pin.source),
                installed=_text(distribution.source),
                evidence=tuple(_evidence(pin, distribution)),
            )


def _same(pin: "Pin", distribution: "Distribution") -> bool:
    locked, found = pin.source, distribution.source
    if locked is None:
        # The artifact of the index, fetched by its URL or from a local folder, is still that artifact.
        return found is None or (found.kind == "archive" and _digest(found) in pin.hashes)
    if found is None or locked.kind != found.kind or locked.editable != found.editable:
        return False
    if locked.subdirectory != found.subdirectory:
        return False
    if locked.kind == "archive":
        return _same_archive(pin, locked, found)
    if locked.kind == "vcs":
        return _place(locked.url) == _place(found.url) and _same_commit(locked.revision, found.revision)
    return _place(locked.url) == _place(found.url)


def _same_archive(pin: "Pin", locked: "Source", found: "Source") -> bool:
    wanted = {digest.lower() for digest in (*pin.hashes, locked.digest) if digest}
    recorded = _digest(found)
    comparable = {digest for digest in wanted if digest.partition(":")[0] == recorded.partition(":")[0]}
    if comparable:
        return recorded in comparable
    # Not every installer records a digest.
    return _place(locked.url) == _place(found.url)


def _digest(source: "Source") -> str:
    return source.digest.lower()


def _same_commit(locked: str, found: str) -> bool:
    locked, found = locked.lower(), found.lower()
    if locked == found:
        return locked != ""
    is_hex = all(letter in "0123456789abcdef" for letter in locked)
    return is_hex and len(locked) >= _SHORTEST_COMMIT and found.startswith(locked)


def _unseen_commit(locked: "Source | None", found: "Source | None") -> bool:
    """A checkout in editable mode records its folder and not its commit."""
    return (
        locked is not None
        and found is not None
        and locked.kind == "vcs"
        and locked.editable
        and found.kind == "directory"
        and found.editable
    )


def _unverifiable(pin: "Pin", distribution: "Distribution") -> "Change":
    return about(
        pin,
        distribution,
        code="EG111",
        kind="unverifiable",
        locked=_text(pin.source),
        installed=_text(distribution.source),
        evidence=("an editable checkout does not record its commit",),
    )


def _place(url: str) -> str:
    """A URL in comparable form: the scheme, a trailing slash and ``.git`` do not change the place."""
    rest = url.partition("://")[2] or url
    host, slash, path = rest.partition("/")
    return host.lower() + slash + path.rstrip("/").removesuffix(".git")


def _same_files(pin: "Pin", distribution: "Distribution") -> bool:
    """True where the record digests prove that the place alone differs. An editable install's RECORD proves nothing."""
    if distribution.source is not None and distribution.source.editable:
        return False
    return pin.record != "" and pin.record == distribution.record


def _text(source: "Source | None") -> str:
    if source is None:
        return "index"
    prefix = "editable " if source.editable else ""
    return prefix + source.url + (f"@{source.revision}" if source.revision else "")


def _evidence(pin: "Pin", distribution: "Distribution") -> "Iterator[str]":
    yield f"installed version {distribution.version}, recorded in {distribution.path}"
    if pin.source is not None and pin.source.digest:
        yield f"locked digest {pin.source.digest}"
    if distribution.source is not None and distribution.source.digest:
        yield f"installed digest {distribution.source.digest}"
    if _same_files(pin, distribution):
        yield "the record digest is the sealed one: the same files from another place"
