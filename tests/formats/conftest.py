"""Golden files written for one test, the project's own, and the real ones where they are at hand."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envguard.formats import load
from envguard.model import Snapshot

ROOT = Path(__file__).parent.parent.parent
Golden = Callable[..., Snapshot]


@pytest.fixture
def golden(tmp_path: Path) -> Golden:
    """Writes a golden file and loads it: ``golden(content, name="requirements.txt", **options)``."""

    def make(content: str | bytes, name: str = "requirements.txt", **options: Any) -> Snapshot:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load(path, **options)

    return make


@pytest.fixture(scope="session")
def lockfiles() -> Path:
    return ROOT / "fixtures" / "lockfiles"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real lock files, from ENVGUARD_CORPUS or a folder beside the project; the test is skipped without them."""
    folder = Path(os.environ.get("ENVGUARD_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip("no corpus: set ENVGUARD_CORPUS")
    return folder
