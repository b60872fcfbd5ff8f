"""The four stories on the packages that they are told of, from the index, in environments of pip and of uv."""

import json
import sys
from pathlib import Path

import pytest
from trial_box import UV, Box, Done

from envguard.change.trial.outputs import compare
from envguard.change.trial.tolerance import Tolerance
from support import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info[:2] > (3, 12), reason="Pillow 9.5.0 has no wheel for this Python"),
]
REQUESTS = ("requests==2.31.0", "urllib3==2.2.3", "certifi==2024.8.30", "charset-normalizer==3.4.0", "idna==3.7")
OPENCV = ("opencv-python-headless==4.10.0.84", "numpy==1.26.4")


def wheels(folder: Path, *names: str) -> Path:
    """A folder with the wheels of some packages, one version each or several."""
    folder.mkdir(exist_ok=True)
    for name in names:
        done = run(
            sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, name, PIP_REQUIRE_VIRTUALENV="0"
        )
        assert done.returncode == 0, done.stderr
    return folder


def live(tmp_path: Path, tool: str, source: Path, *names: str) -> Box:
    """An environment made by pip or by uv, and its golden file with every file's hash."""
    folder = tmp_path / "live"
    (tmp_path / "work").mkdir()
    source_only = ("--no-deps", "--no-index", "--find-links", source)
    if tool == "uv":
        cache = str(tmp_path / "cache")
        assert run(UV, "venv", "-q", "--python", sys.executable, folder).returncode == 0
        command = (UV, "pip", "install", "-q", "--python", folder, *source_only, *names)
        done = run(*command, UV_LINK_MODE="copy", UV_CACHE_DIR=cache)
    else:
        assert run(sys.executable, "-m", "venv", folder).returncode == 0
        done = run(folder / "bin" / "pip", "install", "-q", *source_only, *names)
    assert done.returncode == 0, done.stderr
    made = Box(tmp_path, source)
    done = made("freeze", "--python", folder, "--depth", "files")
    assert done.returncode == 0, done.stderr
    return made


def online(box: Box, change: str, test: str, *words: str) -> Done:
    """``envguard try`` as people call it: what is missing comes from the index."""
    return box("try", change, "--test", test, "--python", box.live, "--yes", *words)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_an_upgrade_of_requests_is_accepted(tmp_path: Path, tool: str) -> None:
    box = live(tmp_path, tool, wheels(tmp_path / "wheels", *REQUESTS), *REQUESTS)
    (box.folder / "regression.py").write_text(
        "import json, requests\n"
        "asked = requests.Request('GET', 'http://localhost/a b', params={'x': '1 2'}, headers={'A': 'b'}).prepare()\n"
        "json.dump({'url': asked.url, 'share': 1 / 3, 'codes': requests.codes.ok}, open('out.json', 'w'))\n"
    )
    before = box.state()
    done = online(box, "requests==2.32.5", "python regression.py", "--compare", "out.json")
    assert done.returncode == 0, done.stderr + done.stdout
    assert box.state() == before
    (said,) = box.trials()
    assert (said["compare"]["same"], said["broken"]) == (True, [])
    done = box("accept", "--why", "leaks credentials in redirects")
    assert done.returncode == 0, done.stderr
    assert box.check() == 1
    done = box("accept", "--apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0
    assert run(box.live / "bin" / "python", "-c", "import requests; print(requests.__version__)").stdout == "2.32.5\n"


def test_a_downgrade_of_pillow_is_stopped_by_the_rule(tmp_path: Path) -> None:
    source = wheels(tmp_path / "wheels", "Pillow==10.2.0", "Pillow==9.5.0")
    box = live(tmp_path, "uv", source, "Pillow==10.2.0")
    (box.folder / "envguard.toml").write_text(
        (Path(__file__).parents[3] / "examples" / "envguard.toml").read_text(encoding="utf-8")
    )
    assert box("freeze", "--python", box.live, "--depth", "files").returncode == 0
    before = box.state()
    done = box.tried("Pillow==9.5.0", "--output-format", "json")
    assert done.returncode == 1, done.stderr
    found = {finding["rule"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert found["pillow-downgrade"]["verdict"] == "forbidden"
    assert "libwebp" in found["pillow-downgrade"]["reason"]
    assert found["pillow-downgrade"]["instead"].startswith("keep pillow 10.2.0")
    assert "the change is forbidden, so it is not tried" in done.stderr
    assert box.state() == before
    assert not (box.folder / ".envguard").exists()


def test_opencv_over_its_headless_sister_is_shown_rejected_and_the_original_is_untouched(tmp_path: Path) -> None:
    source = wheels(tmp_path / "wheels", *OPENCV, "opencv-python==4.10.0.84")
    box = live(tmp_path, "pip", source, *OPENCV)
    before = box.state()
    done = box.tried("opencv-python==4.10.0.84", test="python -c 'import cv2; print(cv2.__version__)'")
    assert done.returncode == 1, done.stderr
    (said,) = box.trials()
    assert [found["code"] for found in said["broken"]] == ["EG406"]
    assert any("cv2.abi3.so: the file of opencv-python lies there" in fact for fact in said["broken"][0]["evidence"])
    assert "cv2.abi3.so" in done.stdout
    assert said["before"]["passed"]
    assert said["after"]["passed"]
    assert box.accept(said["id"]).returncode == 1
    assert box("reject").returncode == 0
    assert box.state() == before
    assert box.check() == 0


def test_a_change_that_passes_every_check_and_fails_the_regression_is_rejected(tmp_path: Path) -> None:
    source = wheels(tmp_path / "wheels", "numpy==1.26.4", "numpy==1.25.2")
    box = live(tmp_path, "uv", source, "numpy==1.25.2")
    (box.folder / "envguard.toml").write_text(
        '[[rules]]\nid = "numpy-1"\npackage = ["numpy"]\nchange = ["upgraded"]\nto = "<2"\nverdict = "cautious"\n'
        'reason = "the same generation"\n'
    )
    assert box("freeze", "--python", box.live, "--depth", "files").returncode == 0
    (box.folder / "regression.py").write_text(
        "import numpy\n"
        "drift = 1e-3 if numpy.__version__ == '1.26.4' else 0.0\n"
        "numpy.save('out.npy', numpy.linspace(0, 1, 1000).reshape(10, 100).astype('f4') + numpy.float32(drift))\n"
    )
    before = box.state()
    words = ("numpy==1.26.4", "--compare", "out.npy")
    done = box.tried(*words, "--rtol", "0.01", "--atol", "0.01", test="python regression.py")
    assert done.returncode == 0, done.stderr
    done = box.tried(*words, "--rtol", "1e-6", test="python regression.py")
    assert done.returncode == 1
    said = box.trials()[-1]
    assert said["after"]["passed"]
    assert said["broken"] == []
    assert said["compare"]["values"] == 1000
    assert "out.npy differs" in said["reasons"][0]
    assert box("reject", said["id"]).returncode == 0
    assert box.state() == before


def test_numbers_compare_as_numpy_compares_them(tmp_path: Path) -> None:
    """numpy.save writes the files, numpy.isclose is the oracle."""
    box = live(tmp_path, "uv", wheels(tmp_path / "wheels", "numpy==1.26.4"), "numpy==1.26.4")
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
