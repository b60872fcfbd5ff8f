"""Asking the command line for plans of conda's packages."""

import json
import shutil
from pathlib import Path
from typing import Any

from conda_place import Conda

from trial_box import Box, Done


def frozen_copy(conda: Conda, folder: Path) -> Box:
    """A copy of an environment, frozen at depth files, in a folder of its own."""
    shutil.copytree(conda.prefix, folder / "live", symlinks=True)
    (folder / "work").mkdir()
    box = conda.box(folder, folder)
    done = box("freeze", "--python", box.live, "--depth", "files")
    assert done.returncode == 0, done.stderr
    return box


def plan(box: Box, *words: str, options: tuple[str, ...] = ("--offline",)) -> Done:
    """What ``envguard plan`` answers, as JSON."""
    return box("plan", "--python", box.live, "--output-format", "json", *options, "--", "conda", *words)


def told(done: Done) -> "dict[str, Any]":
    """The report of a plan that could be judged."""
    assert done.returncode in (0, 1), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
