"""A real conda environment, made of parts from the index; the tests change copies of it."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conda_place import SCRIPT, Conda, Place, run

OWN = ("packaging>=25", "pydantic>=2.7", "zstandard>=0.22", "griffelib>=2")
"""What envguard itself needs beside py-rattler, which runs where that is."""


@pytest.fixture(scope="session")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conda]:
    folder = tmp_path_factory.mktemp("conda")
    tools = folder / "tools" / "bin" / "python"
    try:
        run(sys.executable, "-m", "venv", folder / "tools")
        run(tools, "-m", "pip", "-q", "install", "py-rattler>=0.28", "py-rattler-build>=0.73", *OWN)
    except RuntimeError as error:
        pytest.skip(f"py-rattler and py-rattler-build cannot be installed here: {str(error)[-300:]}")
    run(tools, SCRIPT, folder)
    yield Conda(folder, tools)
    shutil.rmtree(folder)


@pytest.fixture
def place(conda: Conda, tmp_path: Path) -> Place:
    shutil.copytree(conda.prefix, tmp_path / "env", symlinks=True)
    return Place(tmp_path / "env", conda)
