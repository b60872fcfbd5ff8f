"""The four stories of a trial on the packages that they are told of, whatever made the environment.

Each takes ``make``: from a folder of wheels and exact requirements to an environment, and its golden file with every
file's hash.
"""

import json
import sys
from pathlib import Path
from typing import Protocol

from support import run
from trial_box import Box, Done

PILLOW_PYTHON = sys.version_info[:2] <= (3, 12)
"""Pillow 9.5.0 has no wheel for a later Python."""
EXAMPLE = Path(__file__).parents[1] / "examples" / "envguard.toml"
_REQUESTS = ("requests==2.31.0", "urllib3==2.2.3", "certifi==2024.8.30", "charset-normalizer==3.4.0", "idna==3.7")
_OPENCV = ("opencv-python-headless==4.10.0.84", "numpy==1.26.4")


class Make(Protocol):
    """Makes an environment of wheels."""

    def __call__(self, wheels: Path, *names: str) -> Box:
        """The environment, with its golden file."""


def wheels(folder: Path, *names: str) -> Path:
    """A folder with the wheels of some packages, one version each or several."""
    folder.mkdir(exist_ok=True)
    for name in names:
        done = run(
            sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, name, PIP_REQUIRE_VIRTUALENV="0"
        )
        assert done.returncode == 0, done.stderr
    return folder


def frozen(box: Box) -> Box:
    """The same, with its golden file."""
    done = box("freeze", "--python", box.live, "--depth", "files")
    assert done.returncode == 0, done.stderr
    return box


def online(box: Box, change: str, test: str, *words: str) -> Done:
    """``envguard try`` as people call it: what is missing comes from the index."""
    return box("try", change, "--test", test, "--python", box.live, "--yes", *words)


def an_upgrade_of_requests_is_accepted(make: Make, folder: Path) -> None:
    box = make(wheels(folder / "wheels", *_REQUESTS), *_REQUESTS)
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


def a_downgrade_of_pillow_is_stopped_by_the_rule(make: Make, folder: Path) -> None:
    box = make(wheels(folder / "wheels", "Pillow==10.2.0", "Pillow==9.5.0"), "Pillow==10.2.0")
    (box.folder / "envguard.toml").write_text(EXAMPLE.read_text(encoding="utf-8"))
    frozen(box)
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


def opencv_over_its_headless_sister_is_rejected(make: Make, folder: Path) -> None:
    box = make(wheels(folder / "wheels", *_OPENCV, "opencv-python==4.10.0.84"), *_OPENCV)
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


def a_change_that_fails_the_regression_alone_is_rejected(make: Make, folder: Path) -> None:
    box = make(wheels(folder / "wheels", "numpy==1.26.4", "numpy==1.25.2"), "numpy==1.25.2")
    (box.folder / "envguard.toml").write_text(
        '[[rules]]\nid = "numpy-1"\npackage = ["numpy"]\nchange = ["upgraded"]\nto = "<2"\nverdict = "cautious"\n'
        'reason = "the same generation"\n'
    )
    frozen(box)
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
