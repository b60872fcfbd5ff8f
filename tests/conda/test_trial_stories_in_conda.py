"""The four stories of a trial in real conda environments, whose packages conda's pip put in."""

from functools import partial
from pathlib import Path

import pytest
from conda_place import Conda, run

import trial_stories as stories
from trial_box import Box

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not stories.PILLOW_PYTHON, reason="Pillow 9.5.0 has no wheel for this Python"),
]


def live(conda: Conda, folder: Path, wheels: Path, *names: str) -> Box:
    """An environment that conda's solver and installer made, with a layer of pip's, and its golden file."""
    (folder / "work").mkdir()
    conda.install(folder / "live", "python", "pip", "six=1.16.0", "graphviz")
    pip = (folder / "live" / "bin" / "python", "-m", "pip", "install", "-q")
    run(*pip, "--no-deps", "--no-index", "--find-links", wheels, *names)
    return stories.frozen(conda.box(folder, wheels))


def test_an_upgrade_of_requests_is_accepted(conda: Conda, tmp_path: Path) -> None:
    stories.an_upgrade_of_requests_is_accepted(partial(live, conda, tmp_path), tmp_path)


def test_a_downgrade_of_pillow_is_stopped_by_the_rule(conda: Conda, tmp_path: Path) -> None:
    stories.a_downgrade_of_pillow_is_stopped_by_the_rule(partial(live, conda, tmp_path), tmp_path)


def test_opencv_over_its_headless_sister_is_rejected_and_the_original_is_untouched(
    conda: Conda, tmp_path: Path
) -> None:
    stories.opencv_over_its_headless_sister_is_rejected(partial(live, conda, tmp_path), tmp_path)


def test_a_change_that_passes_every_check_and_fails_the_regression_is_rejected(conda: Conda, tmp_path: Path) -> None:
    stories.a_change_that_fails_the_regression_alone_is_rejected(partial(live, conda, tmp_path), tmp_path)
