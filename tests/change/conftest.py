"""Real wheels, downloaded once: 9 MB in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving import Index, serve

from envguard.change.wheels import remote
from wheel_making import download

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = ("requests==2.31.0", "PyJWT==2.8.0", "fast-histogram==0.12")
SECOND = ("requests==2.32.5", "pillow==10.4.0", "jwt==1.3.1")
FOR_311 = ("--python-version", "3.11", "pillow==9.5.0")
"""Read and not installed, so any Python will do."""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of the index in one folder."""
    folder = tmp_path_factory.mktemp("real")
    download(folder, *FIRST)
    download(folder, *SECOND)
    download(folder, *FOR_311)
    return folder


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    """A server of those wheels."""
    with serve(wheels) as running:
        yield running


@pytest.fixture(autouse=True)
def own_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cache and no settings of whoever runs the tests."""
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(remote, "PAUSES", (0.01, 0.01))
