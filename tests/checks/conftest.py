"""Short ways to write down pins, distributions and environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envguard import checks
from envguard.model import Change, Distribution, Environment, Pin, Snapshot
from support import LINUX

if TYPE_CHECKING:
    from envguard.model import Depth

PYTHON = LINUX


class Bench:
    """Builds values and runs checks on them."""

    python = PYTHON

    def pin(self, name: str, version: str | None = None, **more: Any) -> Pin:
        text = more.pop("text", f"{name}=={version}" if version else name)
        return Pin(name=name, version=version, path="app.lock", line=more.pop("line", 3), text=text, **more)

    def dist(self, name: str, version: str, **more: Any) -> Distribution:
        location = more.pop("location", "/env/site")
        path = more.pop("path", f"{location}/{name}-{version}.dist-info")
        return Distribution(name=name, version=version, path=path, location=location, **more)

    def snapshot(self, *pins: Pin, **more: Any) -> Snapshot:
        return Snapshot(path="app.lock", format=more.pop("format", "requirements"), sha256="", pins=pins, **more)

    def environment(self, *distributions: Distribution, **more: Any) -> Environment:
        more.setdefault("interpreter", PYTHON)
        more.setdefault("depth", "files")
        more.setdefault("paths", ("/env/site", "/usr/site"))
        return Environment(prefix="/env", distributions=distributions, **more)

    def changes(self, snapshot: Snapshot, environment: Environment, depth: Depth = "files") -> list[Change]:
        return list(checks.run(snapshot, environment, depth)[0])

    def said(self, snapshot: Snapshot, environment: Environment, depth: Depth = "files") -> list[tuple[str, ...]]:
        """``(code, kind, part, package)`` of every change."""
        return [(c.code, c.kind, c.part, c.package) for c in self.changes(snapshot, environment, depth)]


@pytest.fixture
def bench() -> Bench:
    return Bench()
