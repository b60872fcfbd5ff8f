"""A change of conda's own packages, planned without a conda: py-rattler says what its solver would do."""

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from asking import frozen_copy, plan, told
from conda_place import Conda

from trial_box import Box, files_of

pytestmark = pytest.mark.slow
ANSWERS = Path(__file__).parent / "answers"


@pytest.fixture(scope="module")
def frozen(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A copy of the environment that no test changes, and its golden file."""
    return frozen_copy(conda, tmp_path_factory.mktemp("planned"))


def moves(said: "dict[str, Any]") -> "dict[str, tuple[str, ...]]":
    return {
        move["name"]: (move["kind"], move["before"], move["after"], move["build_after"])
        for move in said["proposal"]["moves"]
    }


def test_one_package_moves_and_the_others_stay(frozen: Box) -> None:
    before = files_of(frozen.live)
    said = told(plan(frozen, "install", "six=1.17"))
    assert moves(said) == {"six": ("upgraded", "1.16.0", "1.17.0", "pyh1_0")}
    (move,) = said["proposal"]["moves"]
    assert move["requested"]
    assert move["url"].endswith("/noarch/six-1.17.0-pyh1_0.conda")
    assert [digest.partition(":")[0] for digest in move["hashes"]] == ["sha256", "md5"]
    assert said["proposal"]["installer"].startswith("py-rattler 0.")
    verdicts = {finding["code"]: finding["verdict"] for finding in said["findings"]}
    assert verdicts == {"EG201": "cautious"}
    assert (move["traits_before"], move["traits_after"]) == (["code", "conda", "pure"], ["code", "conda", "pure"])
    assert files_of(frozen.live) == before


def test_another_build_of_the_same_version_is_no_way_back_to_the_golden_one(frozen: Box) -> None:
    done = plan(frozen, "install", "pytorch=2.5.0=*cpu*")
    said = told(done)
    assert done.returncode == 1
    assert {name: move[:3] for name, move in moves(said).items()} == {"torch": ("rebuilt", "2.5.0", "2.5.0")}
    found = next(finding for finding in said["findings"] if finding["code"] == "EG204")
    assert found["verdict"] == "forbidden"
    assert any("_cu121_0 > " in fact and fact.endswith("_cpu_0") for fact in found["evidence"])


def test_what_is_there_already_changes_nothing(frozen: Box) -> None:
    done = plan(frozen, "install", "graphviz", "six=1.16")
    assert done.returncode == 0
    assert told(done)["proposal"]["moves"] == []


def test_a_removal_takes_what_depends_on_it_along_as_condas_does(frozen: Box) -> None:
    """The same five that conda 26.7.1 names: ``answers/removes.json``."""
    said = told(plan(frozen, "remove", "python"))
    recorded = json.loads((ANSWERS / "removes.json").read_text())
    by_conda = {each["name"].replace("pytorch", "torch") for each in recorded["actions"]["UNLINK"]}
    assert {name for name, move in moves(said).items() if move[0] == "removed"} == by_conda
    assert said["verdict"] == "forbidden"
    said = told(plan(frozen, "remove", "graphviz"))
    assert list(moves(said)) == ["graphviz"]
    assert [finding["code"] for finding in said["findings"]] == ["EG203"]


def test_what_cannot_be_is_no_plan(frozen: Box) -> None:
    for words, why in (
        (("install", "six=1.18"), "No candidates were found for six 1.18"),
        (("remove", "numpy"), "not installed by conda: numpy"),
        (("install", "--only-deps", "six"), "py-rattler cannot be asked with --only-deps"),
        (("install", "--prefix", "/elsewhere", "six"), "not the environment that is judged"),
    ):
        done = plan(frozen, *words)
        assert done.returncode == 2, done.stdout
        assert why in done.stderr


def test_offline_asks_channels_that_are_folders_and_names_the_others(frozen: Box) -> None:
    done = plan(frozen, "install", "-c", "https://conda.invalid/x", "six=1.18")
    assert done.returncode == 2
    assert "not asked, since nothing may be asked of the network: https://conda.invalid/x" in done.stderr
    assert moves(told(plan(frozen, "install", "-c", "https://conda.invalid/x", "six=1.17"))).keys() == {"six"}
    done = plan(frozen, "install", "-c", "https://conda.invalid/x", "--override-channels", "six=1.17")
    assert done.returncode == 2


def test_what_the_environment_pins_for_conda_holds(frozen: Box, tmp_path: Path) -> None:
    copy = tmp_path / "live"
    shutil.copytree(frozen.live, copy, symlinks=True)
    (copy / "conda-meta" / "pinned").write_text("six 1.16.*  # not validated with another\n")
    words = ("plan", "--python", copy, "--offline", "--", "conda", "install", "six>1.16")
    done = frozen(*words)
    assert done.returncode == 2
    assert "six" in done.stderr
    assert frozen(*words, "--no-pin").returncode == 1


def test_the_program_that_is_there_is_asked_first(frozen: Box, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "conda"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\necho \'{"success": true, "message": "All requested packages already installed."}\'\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    words = ("plan", "--python", frozen.live, "--output-format", "json", "--", "conda", "install", "six=1.17")
    done = frozen(*words, PATH=f"{program.parent}:/usr/bin:/bin")
    assert json.loads(done.stdout)["proposal"]["installer"] == "conda"


@pytest.mark.skipif(shutil.which("conda") is None, reason="no conda is on PATH")
@pytest.mark.parametrize("words", [("install", "six=1.17"), ("install", "pytorch=2.5.0=*cpu*"), ("remove", "six")])
def test_conda_itself_answers_the_same(frozen: Box, conda: Conda, words: tuple[str, ...], tmp_path: Path) -> None:
    channel = ("--override-channels", "-c", (conda.folder / "channel").as_uri()) if words[0] == "install" else ()
    by_rattler = told(plan(frozen, *words, *channel))
    call = ("plan", "--python", frozen.live, "--output-format", "json", "--", "conda", *words, *channel)
    done = frozen(*call, PATH=os.environ["PATH"], CONDA_PKGS_DIRS=str(tmp_path))
    by_conda = told(done)
    assert by_conda["proposal"]["installer"] == "conda"
    for move in (*by_conda["proposal"]["moves"], *by_rattler["proposal"]["moves"]):
        move.pop("chain")
    assert by_conda["proposal"]["moves"] == by_rattler["proposal"]["moves"]
