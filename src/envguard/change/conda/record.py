"""The record of a package in conda-meta: kept where it is right, made anew from the archive where it is not.

A golden file pins name, version, build, channel and digest of a package and seals its files; the record itself is not
sealed. One that says all of that is left as it is, byte for byte. A new one says what the archive says, where it came
from, and what was put in place; from where conda linked files is left out, since nothing was linked.
"""

import json
import os

from envguard.environment import conda as records
from envguard.facts import bytecode, conda_files
from envguard.facts.reading import ReadFailure, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from envguard.change.conda.archive import Contents
    from envguard.change.conda.layout import Laid
    from envguard.facts.conda_files import CondaFile
    from envguard.model import CondaPackage, Pin

_CARRIED = ("requested_spec", "requested_specs")
"""What people asked for stays known, whatever archive answered."""


def loaded(path: str) -> "dict[str, Any]":
    """A record; empty where it is none."""
    try:
        said = json.loads(read(path, records.RECORD_LIMIT))
    except (ReadFailure, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def file_name(pin: "Pin") -> str:
    """What the record of a pinned package is called."""
    return f"{pin.name}-{pin.version}-{pin.build}.json"


def is_right(package: "CondaPackage", said: "Mapping[str, Any]", pin: "Pin", laid: "Laid", site: str) -> bool:
    """True where a record is that of the pinned package, and lists its files as they will be.

    Args:
        package: The record, in short.
        said: All of it.
        pin: The package.
        laid: What the archive puts where.
        site: Where Python packages go, relative to the prefix.
    """
    if not is_of(package, pin) or os.path.basename(package.path) != file_name(pin):
        return False
    if pin.channel and records.channel(pin.channel).lower() != package.channel.lower():
        return False
    there = dict(_files(said, site))
    wanted = dict(_files({"name": laid.about["name"], "paths_data": {"paths": laid.rows}}, site))
    return there.keys() == wanted.keys() and all(_agree(there[path], wanted[path]) for path in wanted)


def is_of(package: "CondaPackage", pin: "Pin") -> bool:
    """True where a record speaks of the pinned build, as far as its digest can be compared."""
    algorithm = package.digest.partition(":")[0]
    comparable = {each.lower() for each in pin.hashes if each.lower().startswith(f"{algorithm}:")}
    same = (package.version, package.build) == (pin.version, pin.build)
    return same and (not comparable or package.digest.lower() in comparable)


def _files(said: "Mapping[str, Any]", site: str) -> "Iterator[tuple[str, CondaFile]]":
    for file in conda_files.of_record(said, site):
        if not bytecode.is_cached(file.path):  # which conda compiles and lists, and Python writes anew
            yield file.path, file


def _agree(there: "CondaFile", wanted: "CondaFile") -> bool:
    if there.link != wanted.link or there.link:
        return there.link == wanted.link
    return there.sha256 in ("", wanted.sha256)


def made(pin: "Pin", laid: "Laid", contents: "Contents", *, url: str, before: "Mapping[str, Any]") -> bytes:
    """A new record.

    Args:
        pin: The package.
        laid: What its archive puts where.
        contents: The archive.
        url: Where it is to be had.
        before: The record of that name that is there; empty where there is none.
    """
    folder, _slash, name = url.rpartition("/")
    channel = folder.rpartition("/")[0]
    said = dict(sorted({**laid.about, **contents.digests, "size": contents.size}.items()))
    said |= {"fn": name, "url": url, "channel": f"{channel}/" if channel else pin.channel}
    said |= {key: before[key] for key in _CARRIED if key in before}
    said["files"] = [row["_path"] for row in laid.rows]
    said["paths_data"] = {"paths_version": 1, "paths": laid.rows}
    return json.dumps(said, indent=2).encode() + b"\n"
