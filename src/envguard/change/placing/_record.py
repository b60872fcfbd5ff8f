"""RECORD and direct_url.json as pip and as uv write them: a manifest seals their bytes."""

import base64
import csv
import hashlib
import io
import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envguard.model import Source

Row = tuple[str, str, str]
"""Path, hash as RECORD writes it, bytes."""


def raw_rows(data: bytes) -> list[Row]:
    """The rows of a wheel's RECORD as they stand there."""
    rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
    return [(row[0], row[1] if len(row) > 1 else "", row[2] if len(row) > 2 else "") for row in rows if row]


def row_of(path: str, data: bytes) -> Row:
    """The row of a file that the installer wrote itself."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return path, f"sha256={digest}", str(len(data))


def renderings(
    wheel: "Iterable[Row]",
    moved: "Mapping[str, str]",
    written: "Mapping[str, bytes]",
    unlisted: "Iterable[str]",
    bytecode: "Iterable[str]",
) -> "Iterator[bytes]":
    """Each way in which an installer may have written RECORD, pip's first.

    Args:
        wheel: Rows of the wheel's own RECORD.
        moved: Name in the wheel to path relative to site-packages, for each installed file.
        written: Relative path to bytes of what the installer made or changed.
        unlisted: Relative paths of files that the wheel holds and does not list.
        bytecode: Relative paths of byte code that was compiled when it was installed.
    """
    rows = []
    for path, digest, size in wheel:
        place = moved.get(path, path)
        rows.append(row_of(place, written[place]) if place in written else (place, digest, size))
    listed = {row[0] for row in rows}
    rows += [row_of(path, data) for path, data in written.items() if path not in listed]
    cached = [(path, "", "") for path in bytecode if path not in listed]
    more = [(path, "", "") for path in unlisted]
    yield _written([*rows, *cached, *more], "\r\n")
    yield _written([*rows, *more], "\r\n")
    yield _written(rows, "\n")
    yield _written([*rows, *cached, *more], "\n")


def _written(rows: "Iterable[Row]", end: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(sorted(set(rows)))
    return text.getvalue().encode("utf-8")


def relative(path: str, site: str) -> str:
    """A path as RECORD writes it: seen from site-packages, with ``/``."""
    return os.path.relpath(path, site).replace(os.sep, "/")


def direct_urls(source: "Source") -> "Iterator[bytes]":
    """Each way in which an installer may have written where an archive came from (PEP 610), pip's first."""
    algorithm, _colon, digest = source.digest.partition(":")
    old = {"hash": f"{algorithm}={digest}"} if digest else {}
    both = {**old, "hashes": {algorithm: digest}} if digest else {}
    for info in (both, old, {}):
        yield json.dumps({"archive_info": info, "url": source.url}, sort_keys=True).encode()
    for info in ({}, both, {"hashes": both["hashes"]} if both else {}):
        yield json.dumps({"url": source.url, "archive_info": info}, separators=(",", ":")).encode()
