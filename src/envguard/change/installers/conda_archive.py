"""A conda package as a channel offers it: which archive, with which digest, and what it asks for."""

import json

from envguard._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Archive(Value):
    """The archive of one conda package."""

    name: str
    version: str
    build: str
    url: str = ""
    """Where it lies; it may hold credentials. Empty where nobody says."""
    md5: str = ""
    sha256: str = ""
    size: "int | None" = None
    record: str = ""
    """All that the channel says of it, as JSON; it may hold credentials."""
    is_python: bool = False
    """It runs on Python, so that it may bring a distribution."""
    is_noarch: bool = False
    """The channel promises that it is Python code for any platform (``noarch: python``)."""

    @property
    def hashes(self) -> tuple[str, ...]:
        """``algorithm:hex``, the strongest first."""
        told = (("sha256", self.sha256), ("md5", self.md5))
        return tuple(f"{algorithm}:{digest}" for algorithm, digest in told if digest)

    @property
    def explicit(self) -> str:
        """Its line in a file of conda's ``@EXPLICIT`` form; empty where it has no URL or no digest."""
        digest = self.md5 or (f"sha256:{self.sha256}" if self.sha256 else "")
        return f"{self.url}#{digest}" if self.url and digest else ""


def of_record(record: "Mapping[str, Any]") -> Archive:
    """From repodata, from a record of conda-meta, or from what conda would fetch.

    Raises:
        KeyError, TypeError: It is none.
    """
    depends = record.get("depends") or ()
    size = record.get("size")
    return Archive(
        name=str(record["name"]),
        version=str(record["version"]),
        build=str(record.get("build") or record.get("build_string") or ""),
        url=str(record.get("url") or ""),
        md5=str(record.get("md5") or "").lower(),
        sha256=str(record.get("sha256") or "").lower(),
        size=size if isinstance(size, int) else None,
        record=json.dumps(record, sort_keys=True),
        is_noarch=record.get("noarch") == "python",
        is_python=record.get("noarch") == "python" or any(str(each).split()[:1] == ["python"] for each in depends),
    )
