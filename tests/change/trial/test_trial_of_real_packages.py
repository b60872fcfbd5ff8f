"""The four stories on the packages that they are told of, from the index, in environments of pip and of uv."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest

import trial_stories as stories
from envguard.change.trial.outputs import compare
from envguard.change.trial.tolerance import Tolerance
from support import run
from trial_box import UV, Box

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not stories.PILLOW_PYTHON, reason="Pillow 9.5.0 has no wheel for this Python"),
]


def live(tmp_path: Path, tool: str, wheels: Path, *names: str) -> Box:
    """An environment made by pip or by uv, and its golden file with every file's hash."""
    folder = tmp_path / "live"
    (tmp_path / "work").mkdir()
    source_only = ("--no-deps", "--no-index", "--find-links", wheels)
    if tool == "uv":
        cache = str(tmp_path / "cache")
        assert run(UV, "venv", "-q", "--python", sys.executable, folder).returncode == 0
        command = (UV, "pip", "install", "-q", "--python", folder, *source_only, *names)
        done = run(*command, UV_LINK_MODE="copy", UV_CACHE_DIR=cache)
    else:
        assert run(sys.executable, "-m", "venv", folder).returncode == 0
        done = run(folder / "bin" / "pip", "install", "-q", *source_only, *names)
    assert done.returncode == 0, done.stderr
    return stories.frozen(Box(tmp_path, wheels))


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_an_upgrade_of_requests_is_accepted(tmp_path: Path, tool: str) -> None:
    stories.an_upgrade_of_requests_is_accepted(partial(live, tmp_path, tool), tmp_path)


def test_a_downgrade_of_pillow_is_stopped_by_the_rule(tmp_path: Path) -> None:
    stories.a_downgrade_of_pillow_is_stopped_by_the_rule(partial(live, tmp_path, "uv"), tmp_path)


def test_opencv_over_its_headless_sister_is_shown_rejected_and_the_original_is_untouched(tmp_path: Path) -> None:
    stories.opencv_over_its_headless_sister_is_rejected(partial(live, tmp_path, "pip"), tmp_path)


def test_a_change_that_passes_every_check_and_fails_the_regression_is_rejected(tmp_path: Path) -> None:
    stories.a_change_that_fails_the_regression_alone_is_rejected(partial(live, tmp_path, "uv"), tmp_path)


def test_numbers_compare_as_numpy_compares_them(tmp_path: Path) -> None:
    """numpy.save writes the files, numpy.isclose is the oracle."""
    box = live(tmp_path, "uv", stories.wheels(tmp_path / "wheels", "numpy==1.26.4"), "numpy==1.26.4")
    script = box.folder / "oracle.py"
    script.write_text(
        "import json, numpy as np\n"
        "rng, cases = np.random.default_rng(7), []\n"
        "for kind in ('f2', 'f4', 'f8', '>f8', 'c8', 'c16', 'i4', 'u1', 'b1', '>i2'):\n"
        "    for shape in ((), (0,), (7,), (3, 4), (2, 3, 4)):\n"
        "        for order in 'CF':\n"
        "            one = (rng.normal(size=shape) * 50).astype(kind)\n"
        "            scale = rng.choice([0, 1e-7, 1e-4, 1e-1], size=shape)\n"
        "            other = np.asarray(np.asarray(one) * (1 + scale)).astype(kind)\n"
        "            if kind[-2] in 'fc' and one.size > 3:\n"
        "                one.flat[0] = other.flat[0] = np.nan\n"
        "                one.flat[1] = np.inf; other.flat[1] = rng.choice([np.inf, -np.inf])\n"
        "                one.flat[2] = np.nan; other.flat[2] = 1.0\n"
        "            np.save(f'{len(cases)}-a.npy', np.asarray(one, order=order))\n"
        "            np.save(f'{len(cases)}-b.npy', np.asarray(other, order='C'))\n"
        "            parts = [(one.real, other.real), (one.imag, other.imag)] if kind[0] == 'c' else [(one, other)]\n"
        "            def close(a, b):\n"
        "                if a.dtype.kind not in 'f': return a == b\n"
        "                return np.isclose(b.astype('f8'), a.astype('f8'), rtol=1e-3, atol=1e-8, equal_nan=True)\n"
        "            cases.append(int(sum((~np.asarray(close(a, b))).sum() for a, b in parts)))\n"
        "print(json.dumps(cases))\n"
    )
    done = run(box.live / "bin" / "python", script, cwd=box.folder)
    assert done.returncode == 0, done.stderr
    expected = json.loads(done.stdout)
    found = []
    for number in range(len(expected)):
        before, after = ((box.folder / f"{number}-{side}.npy").read_bytes() for side in "ab")
        found.append(compare("x.npy", before, after, Tolerance(rtol=1e-3, atol=1e-8)).differing)
    assert len(expected) == 100
    assert sum(expected) > 100
    assert found == expected
