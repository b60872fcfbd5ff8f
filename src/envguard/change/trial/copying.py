"""What no index offers is taken from the original: a distribution by its RECORD, a single file by the manifest.

Never the folder as it lies there: each file is read once, held to its hash, and written anew, so that nothing in the
trial is a link into the original and nothing edited gets in. A script's first line is made to name the trial's Python.
"""

import base64
import contextlib
import csv
import hashlib
import io
import os

from envguard.errors import UnverifiableError
from envguard.facts import bytecode, records
from envguard.facts.reading import RECORD_LIMIT, ReadFailure, opened, read
from envguard.facts.tree import Entry, Listing, absolute
from envguard.model import Distribution

_CHUNK = 1 << 20
_SCRIPT_LIMIT = 16 << 20


def distribution(found: Distribution, prefix: str, target: str, target_site: str) -> None:
    """Rebuild an installed distribution in another environment.

    Args:
        found: The original's distribution.
        prefix: The original's prefix.
        target: The other environment's prefix.
        target_site: Its site-packages.

    Raises:
        UnverifiableError: A file is not the one that RECORD lists, or lies where it cannot be rebuilt.
    """
    if found.kind != "dist-info":
        raise UnverifiableError(f"{found.name}: installed as {found.kind}, without a RECORD to rebuild it by")
    record = os.path.join(found.path, "RECORD")
    try:
        rows = records.parse(read(record, RECORD_LIMIT))
    except (ReadFailure, records.RecordError) as error:
        raise UnverifiableError(f"{found.name}: RECORD {error.why}, so it cannot be rebuilt") from error
    own = f"{os.path.basename(found.path)}/RECORD"
    written = []
    for row in rows:
        if bytecode.is_cached(row.path) or row.path == own:
            continue
        written.append(_row(row, found, (os.path.realpath(prefix), target, target_site)))
    with open(os.path.join(target_site, own), "w", encoding="utf-8", newline="") as file:
        file.write(_as_csv([*(row for row in written if row[0]), (own, "", "")]))


def _row(row: records.Row, found: Distribution, places: tuple[str, str, str]) -> tuple[str, str, str]:
    """Write one file; the answer is its row of RECORD, without a path where it does not exist."""
    prefix, target, target_site = places
    source = os.path.normpath(os.path.join(os.path.realpath(found.location), row.path))
    place = os.path.join(target_site, row.path)
    if row.path.startswith("../"):
        if not source.startswith(prefix + "/"):
            raise UnverifiableError(f"{found.name}: {source} lies outside the environment and cannot be rebuilt")
        place = target + source[len(prefix) :]
    if not row.hash and not os.path.lexists(source):
        return "", "", ""
    script = row.path.startswith("../") and _script(source, prefix)
    if script:
        data, digest = script
        _hold(digest, row, found, source)
        moved = data.replace(os.fsencode(prefix), os.fsencode(target), 1)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        _write(place, moved, os.stat(source).st_mode)
        listed = base64.urlsafe_b64encode(hashlib.sha256(moved).digest()).rstrip(b"=").decode()
        return row.path, f"sha256={listed}", str(len(moved))
    digest, size = copy(source, place, row.hash.partition(":")[0] or "sha256")
    _hold(digest, row, found, source)
    return row.path, _as_listed(row.hash), str(size) if row.size is not None else ""


def _hold(digest: bytes, row: records.Row, found: Distribution, source: str) -> None:
    if row.hash and digest.hex() != row.hash.partition(":")[2]:
        raise UnverifiableError(
            f"{found.name}: {source} is not the file that RECORD lists", remedy="`envguard restore` brings it back"
        )


def _script(source: str, prefix: str) -> "tuple[bytes, bytes] | None":
    """The text and digest of a script whose first lines name the original's Python; None for any other file."""
    try:
        with opened(source) as (descriptor, status):
            if status.st_size > _SCRIPT_LIMIT or os.pread(descriptor, 2, 0) != b"#!":
                return None
            data = os.pread(descriptor, _SCRIPT_LIMIT, 0)
    except ReadFailure as failure:
        raise UnverifiableError(f"{source}: {failure.why}") from failure
    head = data[:1024]
    return (data, hashlib.sha256(data).digest()) if os.fsencode(prefix) + b"/" in head else None


def copy(source: str, place: str, algorithm: str = "sha256") -> tuple[bytes, int]:
    """Write a file anew, and say what was read: digest and bytes.

    Raises:
        UnverifiableError: It cannot be read.
    """
    digest, size = hashlib.new(algorithm), 0
    os.makedirs(os.path.dirname(place), exist_ok=True)
    try:
        with opened(source) as (descriptor, status), _new(place, status.st_mode) as file:
            while chunk := os.read(descriptor, _CHUNK):
                digest.update(chunk)
                file.write(chunk)
                size += len(chunk)
    except ReadFailure as failure:
        raise UnverifiableError(f"{source}: {failure.why}") from failure
    return digest.digest(), size


def _write(place: str, data: bytes, mode: int) -> None:
    with _new(place, mode) as file:
        file.write(data)


def _new(place: str, mode: int) -> io.FileIO:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    return io.FileIO(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode & 0o777), "w")


def _as_listed(digest: str) -> str:
    algorithm, _colon, value = digest.partition(":")
    return f"{algorithm}={base64.urlsafe_b64encode(bytes.fromhex(value)).rstrip(b'=').decode()}" if value else ""


def _as_csv(rows: list[tuple[str, str, str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def unbrought(sealed: Listing, live_roots: dict[str, str], roots: dict[str, str]) -> tuple[list[str], list[str]]:
    """Bring what the manifest seals and no artifact brought: start-up files, data that a program made.

    Args:
        sealed: The manifest.
        live_roots: Where the manifest's roots lie in the original.
        roots: Where they lie in the trial.

    Returns:
        What was brought, and what could not be: it is missing in the original, or another file there.
    """
    brought: list[str] = []
    missed: list[str] = []
    for entry in sealed:
        place, source = absolute(entry.path, roots), absolute(entry.path, live_roots)
        if not place or entry.placed or bytecode.is_cached(place) or os.path.lexists(place):
            continue
        if entry.owner == "envguard-lock" or not source:
            continue
        (brought if _bring(entry, source, place) else missed).append(place)
    return brought, missed


def replace(entry: Entry, source: str, place: str) -> None:
    """Give a file that several distributions claim the content that the manifest seals, where the original has it."""
    try:
        with opened(place) as (descriptor, _status):
            if hashlib.sha256(os.pread(descriptor, entry.size + 1, 0)).hexdigest() == entry.sha256:
                return
    except ReadFailure as failure:
        raise UnverifiableError(f"{place}: {failure.why}") from failure
    fresh = place + ".envguard"
    digest, _size = copy(source, fresh)
    if digest.hex() == entry.sha256:
        os.replace(fresh, place)
    else:
        os.unlink(fresh)


def _bring(entry: Entry, source: str, place: str) -> bool:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if entry.kind == "l" and os.path.islink(source) and os.readlink(source) == entry.target:
        os.symlink(entry.target, place)
        return True
    if entry.kind != "f" or not os.path.isfile(source) or os.path.islink(source):
        return False
    digest, _size = copy(source, place)
    if digest.hex() == entry.sha256:
        return True
    os.unlink(place)
    return False
