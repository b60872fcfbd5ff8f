"""Where what is asked for cannot be had with everything else as it is: as little as possible moves, and it is said."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conda_place import SCRIPT, Conda, run

from trial_box import Box, Done

pytestmark = pytest.mark.slow
PACKER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import conda_channel
folder = Path(sys.argv[2])
channel = folder / "channel"
def pack(name, version, *depends):
    index = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends),
             "noarch": "generic", "subdir": "noarch"}
    conda_channel._pack_by_hand(channel, index, {f"share/{name}": version.encode()}, {})
pack("lib", "1.0"); pack("lib", "1.1"); pack("lib", "2.0"); pack("lib", "2.1")
pack("app", "1.0", "lib 1.*"); pack("app", "2.0", "lib 2.*")
pack("bystander", "1.0"); pack("bystander", "2.0")
pack("needs-old-python", "1.0", "python <3.9")
import rattler.index
asyncio.run(rattler.index.index_fs(channel, write_shards=False, force=True))
asyncio.run(conda_channel._install(folder, folder / "live", sys.argv[3:]))
conda_channel.sys.stdout.flush()
import os; os._exit(0)
"""


@pytest.fixture(scope="module")
def box(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A channel in which one package asks for another version of the next one."""
    folder = tmp_path_factory.mktemp("more")
    shutil.copytree(conda.folder / "channel", folder / "channel")
    specs = ("python", "pip", "app=1.0", "lib=1.0", "bystander=1.0")
    run(conda.tools, "-c", PACKER, SCRIPT.parent, folder, *specs)
    (folder / "work").mkdir()
    made = conda.box(folder, folder)
    done = made("freeze", "--python", made.live, "--depth", "files")
    assert done.returncode == 0, done.stderr
    return made


def plan(box: Box, *words: str, options: tuple[str, ...] = ()) -> Done:
    offline = ("--offline", "--output-format", "json", *options)
    return box("plan", "--python", box.live, *offline, "--", "conda", "install", *words)


def moves(done: Done) -> "dict[str, tuple[str, str, bool]]":
    assert done.returncode in (0, 1), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return {move["name"]: (move["before"], move["after"], move["requested"]) for move in said["proposal"]["moves"]}


def test_what_has_to_move_along_moves_and_nothing_else(box: Box) -> None:
    done = plan(box, "app=2")
    assert moves(done) == {"app": ("1.0", "2.0", True), "lib": ("1.0", "2.1", False)}
    said = json.loads(done.stdout)
    along = next(each for each in said["findings"] if each["package"] == "lib" and each["code"] == "EG201")
    assert "not named in the request" in along["evidence"]


def test_what_is_frozen_is_not_moved(box: Box) -> None:
    done = plan(box, "app=2", "--freeze-installed")
    assert done.returncode == 2
    assert "lib 1.0 is locked" in done.stderr


def test_a_newer_version_of_what_is_not_asked_for_is_no_reason(box: Box) -> None:
    assert moves(plan(box, "lib=1.1")) == {"lib": ("1.0", "1.1", True)}
    assert moves(plan(box, "lib>=1.1,<2", options=("--free",))) == {"lib": ("1.0", "1.1", True)}


def test_of_what_is_named_alone_the_newest_is_taken_as_conda_takes_it(box: Box) -> None:
    assert moves(plan(box, "bystander")) == {"bystander": ("1.0", "2.0", True)}
    assert moves(plan(box, "app")) == {}  # the newest with the golden lib
    assert moves(plan(box, "app", options=("--free",))).keys() == {"app", "lib"}


def test_the_command_names_all_that_moves_and_nothing_else(box: Box) -> None:
    said = json.loads(plan(box, "-c", "x", "app=2").stdout)
    assert said["proposal"]["command"] == (
        f"conda install --prefix {box.live} --channel x --no-deps app=2.0=0 lib=2.1=0"
    )
    assert said["proposal"]["trial"] == "envguard try -- conda install -c x app=2"


def test_another_python_is_never_a_means(box: Box) -> None:
    done = plan(box, "needs-old-python")
    assert done.returncode == 2
    assert "python" in done.stderr


def test_specs_of_a_file_are_read_as_conda_reads_them(box: Box, tmp_path: Path) -> None:
    listed = tmp_path / "specs.txt"
    listed.write_text("# what is wanted\nbystander=2.0\n\nlib=1.1  # and this\n")
    assert moves(plan(box, "--file", str(listed))) == {
        "bystander": ("1.0", "2.0", True),
        "lib": ("1.0", "1.1", True),
    }
    listed.write_text("@EXPLICIT\nhttps://conda.invalid/x/noarch/lib-1.1-0.conda\n")
    done = plan(box, "--file", str(listed))
    assert done.returncode == 2
    assert "plans no @EXPLICIT list" in done.stderr
