"""What the one who runs the tests has fetched is none of a test's business."""

from pathlib import Path

import pytest

from envguard.change.conda import caches


def no_conda_caches(patch: pytest.MonkeyPatch, home: Path) -> None:
    """No cache of conda's is found: none of this user, and none of a conda that is on PATH.

    Args:
        patch: Undoes it.
        home: The home folder instead.
    """
    patch.setenv("HOME", str(home))
    patch.setenv("PATH", str(home / "bin"))
    for name in (
        "CONDA_PKGS_DIRS", "CONDA_ROOT", "CONDA_EXE", "MAMBA_EXE", "MAMBA_ROOT_PREFIX", "RATTLER_CACHE_DIR",
        "XDG_CACHE_HOME",
    ):  # fmt: skip
        patch.delenv(name, raising=False)
    assert caches.folders(str(home / "env")) == []
