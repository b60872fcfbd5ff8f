"""A change that names its wheel by a path or URL: tried, accepted and applied, whatever becomes of that path."""

import json
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from trial_box import Box
from wheel_making import make

pytestmark = pytest.mark.slow
TOMLI = ("tomli",) if sys.version_info < (3, 11) else ()


@pytest.fixture
def wheel(box: Box, tmp_path: Path) -> Path:
    """A wheel in a folder that no installer is told of."""
    folder = tmp_path / "given"
    folder.mkdir()
    found = next(box.wheels.glob("six-1.17.0-*.whl"))
    return Path(shutil.copy2(found, folder))


@pytest.fixture(params=["uv", "pip"])
def judged(request: pytest.FixtureRequest, box: Box, tmp_path: Path) -> Box:
    """The same environment, with uv beside envguard and without."""
    if request.param == "uv":
        return box
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "judge"], check=True)
    python = tmp_path / "judge" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "-q", "install", "packaging>=25", *TOMLI], check=True)
    return Box(tmp_path, box.wheels, judge=python)


def recorded(box: Box) -> str:
    text = (box.site / "six-1.17.0.dist-info" / "direct_url.json").read_text()
    return str(json.loads(text)["url"])


def accepted(box: Box, *words: str) -> None:
    before = box.state()
    done = box("try", *words, "--test", "python -c 'import six'", "--python", box.live, "--yes")
    assert done.returncode == 0, done.stderr + done.stdout
    assert box.state() == before
    done = box.accept()
    assert done.returncode == 0, done.stderr
    assert box.check() == 1


def test_a_wheel_by_its_path_is_applied(judged: Box, wheel: Path) -> None:
    accepted(judged, str(wheel))
    done = judged.accept("--apply")
    assert done.returncode == 0, done.stderr
    assert judged.check() == 0
    assert recorded(judged) == wheel.as_uri()


def test_the_wheel_that_was_tried_is_applied_where_its_path_holds_another_by_then(judged: Box, wheel: Path) -> None:
    accepted(judged, str(wheel))
    wheel.write_bytes(b"another")
    done = judged("accept", "--apply", "--yes", "--offline")
    assert done.returncode == 0, done.stderr
    assert "/arriving, proven by record digest" in done.stderr
    assert judged.check() == 0
    assert recorded(judged) == wheel.as_uri()


def test_a_path_is_seen_from_where_try_was_called(box: Box, wheel: Path) -> None:
    shutil.copy2(wheel, box.folder)
    accepted(box, f"./{wheel.name}")
    done = box("accept", "--apply", "--yes", "--offline")
    assert done.returncode == 0, done.stderr
    assert recorded(box) == (box.folder / wheel.name).as_uri()


def test_a_wheel_by_its_url_is_applied(box: Box, wheel: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(wheel.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{wheel.name}"
        accepted(box, f"six @ {url}")
        server.shutdown()
    done = box("accept", "--apply", "--yes", "--offline")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0
    assert recorded(box) == url


def test_what_no_wheel_stands_for_is_named(box: Box, tmp_path: Path) -> None:
    project = tmp_path / "demo"
    (project / "demo").mkdir(parents=True)
    (project / "demo" / "__init__.py").write_text("")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "demo"\nversion = "1"\n'
    )
    (project / "backend.py").write_text(
        "import zipfile\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    with zipfile.ZipFile(f'{folder}/demo-1-py3-none-any.whl', 'w') as wheel:\n"
        "        wheel.writestr('demo/__init__.py', '')\n"
        "        wheel.writestr('demo-1.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: demo\\nVersion: 1\\n')\n"
        "        wheel.writestr('demo-1.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\n'\n"
        "                       'Root-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        "        wheel.writestr('demo-1.dist-info/RECORD', 'demo/__init__.py,,\\ndemo-1.dist-info/METADATA,,\\n'\n"
        "                       'demo-1.dist-info/WHEEL,,\\ndemo-1.dist-info/RECORD,,\\n')\n"
        "    return 'demo-1-py3-none-any.whl'\n"
    )
    accepted(box, str(project), "--installer", "pip")
    done = box.accept("--apply")
    assert done.returncode == 1
    assert "which no index has" in done.stderr
    assert box.check() == 1


BACKEND = """
import os, zipfile

SAID = {
    "METADATA": "Metadata-Version: 2.1\\nName: grown\\nVersion: 1.0\\n",
    "WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}

def prepare_metadata_for_build_wheel(folder, settings=None):
    os.makedirs(f"{folder}/grown-1.0.dist-info", exist_ok=True)
    for name, text in SAID.items():
        open(f"{folder}/grown-1.0.dist-info/{name}", "w").write(text)
    return "grown-1.0.dist-info"

def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(f"{folder}/grown-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("grown.py", "OURS = 1\\n")
        for name, text in SAID.items():
            wheel.writestr(f"grown-1.0.dist-info/{name}", text)
        wheel.writestr("grown-1.0.dist-info/RECORD", "grown.py,,\\ngrown-1.0.dist-info/METADATA,,\\n"
                       "grown-1.0.dist-info/WHEEL,,\\ngrown-1.0.dist-info/RECORD,,\\n")
    return "grown-1.0-py3-none-any.whl"
"""


@pytest.mark.parametrize("installer", ["pip", "uv"])
@pytest.mark.parametrize("way", ["word", "file"])
def test_a_folder_that_says_no_name_is_built_and_no_index_is_asked_for_its_name(
    box: Box, tmp_path: Path, installer: str, way: str
) -> None:
    make(tmp_path / "index", "grown", "1.0", {"grown.py": "THEIRS = 1\n"})
    project = tmp_path / "unnamed"
    project.mkdir()
    head = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (project / "pyproject.toml").write_text(head)
    (project / "backend.py").write_text(BACKEND)
    (box.folder / "wanted.txt").write_text(f"{project}\n")
    words = [str(project)] if way == "word" else ["-r", "wanted.txt"]
    source = ("--find-links", tmp_path / "index", "--yes", "--free", "--installer", installer, "--python", box.live)
    done = box("try", *words, "--test", "python -c pass", *source)
    assert done.returncode == 0, done.stderr + done.stdout
    (trial,) = (box.folder / ".envguard" / "trials").glob("*/*/lib/*/site-packages/grown.py")
    assert trial.read_text() == "OURS = 1\n"
