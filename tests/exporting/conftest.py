"""The real lock files, where they are at hand."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real lock files, from ENVGUARD_CORPUS or a folder beside the project; the test is skipped without them."""
    folder = Path(os.environ.get("ENVGUARD_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip("no corpus: set ENVGUARD_CORPUS")
    return folder
