"""Changes tried in a conda environment: built anew, proven to equal golden, changed by pip or by conda's installer."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conda_place import Conda, Place

import trial_stories as stories
from trial_box import Box, Done

pytestmark = pytest.mark.slow


@pytest.fixture
def box(conda: Conda, tmp_path: Path) -> Box:
    """An environment of its own, from conda's installer and pip, that equals its golden file."""
    conda.install(tmp_path / "live", "python", "pip", "six=1.16.0", "markupsafe", "pytorch=2.5.0=*cu121*", "graphviz")
    place = Place(tmp_path / "live", conda)
    wheels = stories.wheels(tmp_path / "wheels", "idna==3.7", "idna==3.10", "jinja2==3.1.4")
    place.pip("install", "--no-index", "--no-deps", "--find-links", str(wheels), "idna==3.7", "jinja2==3.1.4")
    (tmp_path / "work").mkdir()
    made = conda.box(tmp_path, wheels)
    done = made("freeze", "--python", made.live, "--depth", "files")
    assert done.returncode == 0, done.stderr
    return made


def tried(box: Box, *words: str, test: str = "python -c pass", **environ: str) -> Done:
    options = ("--test", test, "--python", box.live, "--yes", "--offline", "--find-links", box.wheels)
    return box("try", *options, "--", "conda", *words, **environ)


def logs(box: Box, name: str) -> list[str]:
    folder = box.folder / ".envguard" / "trials" / box.trials()[-1]["id"] / "logs"
    return [log.read_text().strip() for log in sorted(folder.glob(f"*-{name}-*.log"))]


def test_a_change_of_the_pip_layer(box: Box) -> None:
    before = box.state()
    done = box.tried("idna==3.10", test="python -c 'import six, markupsafe, idna; print(idna.__version__)'")
    assert done.returncode == 0, done.stderr
    assert box.state() == before
    done = box.accept("--apply")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0
    assert (box.site / "idna-3.10.dist-info").is_dir()


def test_a_package_of_condas_is_tried_and_accepted(box: Box) -> None:
    before = box.state()
    done = tried(box, "install", "six=1.17", test="python -c 'import six; print(six.__version__)'")
    assert done.returncode == 0, done.stderr + done.stdout
    assert box.state() == before
    (said,) = box.trials()
    assert said["environment"]["installer"].startswith("py-rattler and ")
    assert said["broken"] == []
    assert logs(box, "test") == ["1.16.0", "1.17.0"]
    done = box.accept("--why", "a newer one")
    assert done.returncode == 0, done.stderr
    assert "six 1.16.0 -> 1.17.0" in done.stderr
    golden = (box.folder / "envguard.lock").read_text()
    assert "six=1.17.0=pyh1_0" in golden
    assert "six=1.16.0" not in golden
    assert box.check() == 1
    assert box.state() == before
    done = box.accept("--apply")
    assert done.returncode == 0, done.stderr
    assert "proven by SHA-256" in done.stderr
    assert box.check() == 0
    assert box.trials()[0]["state"] == "applied"
    old = box.folder / ".envguard" / "history" / box.history()[0]["lock"]
    assert box("check", "--python", box.live, "--lock", old).returncode == 1


def test_a_removal_of_condas_is_accepted_and_applied(box: Box) -> None:
    (box.folder / "envguard.toml").write_text(
        '[[rules]]\nid = "gone"\npackage = ["graphviz"]\nverdict = "cautious"\nreason = "seen"\n'
    )
    assert box("freeze", "--python", box.live, "--depth", "files").returncode == 0
    done = tried(box, "remove", "graphviz")
    assert done.returncode == 0, done.stderr + done.stdout
    assert (box.live / "bin" / "dot").exists()
    done = box.accept("--apply")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0
    assert not (box.live / "bin" / "dot").exists()


def test_what_breaks_by_a_removal_of_condas_is_shown(box: Box) -> None:
    """jinja2, which pip installed, requires markupsafe, which conda did not know to keep."""
    (box.folder / "envguard.toml").write_text(
        '[[rules]]\nid = "gone"\npackage = ["markupsafe"]\nverdict = "cautious"\nreason = "seen"\n'
    )
    assert box("freeze", "--python", box.live, "--depth", "files").returncode == 0
    before = box.state()
    done = tried(box, "remove", "markupsafe")
    assert done.returncode == 1, done.stderr
    (said,) = box.trials()
    assert any("markupsafe" in json.dumps(found) and found["package"] == "jinja2" for found in said["broken"])
    assert said["state"] == "failed"
    assert box.accept(said["id"]).returncode == 1
    assert box("reject").returncode == 0
    assert box.state() == before
    assert box.check() == 0


def test_a_build_that_the_rules_forbid_is_not_tried(box: Box) -> None:
    done = tried(box, "install", "pytorch=2.5.0=*cpu*")
    assert done.returncode == 1
    assert "forbidden, so it is not tried" in done.stderr
    assert not (box.folder / ".envguard").exists()


def test_another_build_that_the_rules_allow_is_tried(box: Box) -> None:
    (box.folder / "envguard.toml").write_text(
        '[[rules]]\nid = "builds"\npackage = ["torch"]\nchange = ["rebuilt", "variant"]\n'
        'verdict = "cautious"\nreason = "seen"\n'
    )
    assert box("freeze", "--python", box.live, "--depth", "files").returncode == 0
    words = ("install", "pytorch=2.5.0=*cpu*")
    test = "python -c 'import torch.version; print(torch.version.cuda)'"
    done = tried(box, *words, test=test)
    assert done.returncode == 0, done.stderr + done.stdout
    assert logs(box, "test") == ["12.1", "None"]
    done = box.accept()
    assert done.returncode == 0, done.stderr
    assert "torch 2.5.0 py3" in done.stderr  # the builds are named, since the versions are the same
    assert box.check() == 1
    done = box.accept("--apply")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0
    assert "cuda = None" in (box.site / "torch" / "version.py").read_text()


def test_a_test_that_writes_into_its_environment_reaches_no_other(box: Box, conda: Conda, tmp_path: Path) -> None:
    """conda's installers link the same file into several environments and the cache."""
    source = box.site / "six.py"
    assert source.stat().st_nlink > 1
    (tmp_path / "rattler").mkdir()
    (tmp_path / "rattler" / "pkgs").symlink_to(conda.folder / "cache")
    before = box.state()
    test = "python -c \"import six; f = open(six.__file__, 'a'); f.write('x = 1'); f.close(); print(six.__file__)\""
    done = tried(box, "install", "six=1.17", test=test, RATTLER_CACHE_DIR=str(tmp_path / "rattler"))
    assert done.returncode == 0, done.stderr
    assert len(logs(box, "test")) == 2
    assert box.state() == before
    assert (conda.folder / "cache" / "six-1.16.0-pyh1_0" / "site-packages" / "six.py").samefile(source)


def test_offline_nothing_is_fetched(box: Box, tmp_path: Path) -> None:
    record = next((box.live / "conda-meta").glob("six-*.json"))
    text = record.read_text()
    record.unlink()  # it may be linked with another
    record.write_text(re.sub(r'"file://[^"]*/noarch/(six[^"]*)"', r'"https://conda.invalid/x/noarch/\1"', text))
    assert box("freeze", "--python", box.live, "--depth", "files").returncode == 0
    done = box.tried("idna==3.10", RATTLER_CACHE_DIR=str(tmp_path / "empty"))
    assert done.returncode == 2
    assert "six 1.16.0 pyh1_0 of conda's is not in py-rattler's cache, and nothing may be asked" in done.stderr


def without_rattler(box: Box, folder: Path) -> Box:
    """The same, judged by a Python that has no py-rattler."""
    subprocess.run([box.judge, "-m", "venv", folder / "bare"], check=True)
    subprocess.run([folder / "bare" / "bin" / "python", "-m", "pip", "-q", "install", "packaging>=25"], check=True)
    return Box(folder, box.wheels, judge=folder / "bare" / "bin" / "python")


def test_without_py_rattler_and_conda_it_is_said_what_to_install(box: Box, tmp_path: Path) -> None:
    bare = without_rattler(box, tmp_path)
    done = tried(bare, "install", "six=1.17")
    assert done.returncode == 2
    assert "install envguard-lock[conda]" in done.stderr
    done = bare.tried("idna==3.10")
    assert done.returncode == 2
    assert "neither is here (install envguard-lock[conda] beside envguard)" in done.stderr


@pytest.mark.skipif(shutil.which("conda") is None, reason="no conda is on PATH")
def test_a_conda_that_is_found_does_it_as_py_rattler_does(box: Box, tmp_path: Path) -> None:
    by_conda = without_rattler(box, tmp_path)
    channel = json.loads(next((box.live / "conda-meta").glob("six-*.json")).read_text())["url"].rpartition("/noarch/")[
        0
    ]
    # An absolute link in a package becomes a file by conda's hand: the links of the interpreter are made so first.
    for link in (box.live / "bin").glob("python*"):
        shutil.copy(os.path.realpath(link), tmp_path / "python")
        link.unlink()
        (tmp_path / "python").rename(link)
    before = box.state()
    words = ("install", "--override-channels", "-c", channel, "six=1.17")
    environ = {"PATH": os.environ["PATH"], "CONDA_PKGS_DIRS": str(tmp_path / "pkgs"), "HOME": str(tmp_path)}
    test = "python -c 'import six; print(six.__version__)'"
    assert by_conda("freeze", "--python", by_conda.live, "--depth", "files").returncode == 0
    done = tried(by_conda, *words, test=test, **environ)
    assert done.returncode == 0, done.stderr + done.stdout
    assert by_conda.trials()[-1]["environment"]["installer"] == "conda and pip"
    assert logs(by_conda, "test") == ["1.16.0", "1.17.0"]
    assert by_conda.state() == before
    listed = tmp_path / ".conda" / "environments.txt"  # of the person's environments: conda touches it
    assert not listed.exists() or not listed.read_text()
