"""Asking the command line for plans of conda's packages."""

import json
from typing import Any

from trial_box import Box, Done


def plan(box: Box, *words: str, options: tuple[str, ...] = ("--offline",)) -> Done:
    """What ``envguard plan`` answers, as JSON."""
    return box("plan", "--python", box.live, "--output-format", "json", *options, "--", "conda", *words)


def told(done: Done) -> "dict[str, Any]":
    """The report of a plan that could be judged."""
    assert done.returncode in (0, 1), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
