"""Plans and trials of conda's packages whose archives are read, and of those whose archives are not to be had."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from asking import frozen_copy, plan, told
from conda_place import Conda, run
from reading_place import build

import envguard
from envguard.change.installers.request import of_words
from trial_box import Box

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc makes the files")]


@pytest.fixture(scope="module")
def made(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Conda:
    return build(tmp_path_factory.mktemp("reads"), conda)


@pytest.fixture
def box(made: Conda, tmp_path: Path) -> Box:
    return frozen_copy(made, tmp_path)


def verdicts(said: "dict[str, Any]") -> "dict[tuple[str, str], str]":
    return {(found["code"], found["package"]): found["verdict"] for found in said["findings"]}


def test_what_is_read_and_harms_nothing_is_safe_and_tried_unasked(box: Box) -> None:
    said = told(plan(box, "install", "tool"))
    assert (said["verdict"], verdicts(said)) == ("safe", {("EG202", "tool"): "safe"})
    done = box(
        "try", "--test", "python -c 'import tool'", "--python", box.live, "--offline", "--", "conda", "install", "tool"
    )
    assert "import tool" in done.stderr + done.stdout
    assert "nobody agreed" not in done.stderr


def test_a_library_that_goes_from_under_what_stays(box: Box) -> None:
    for words in (("install", "libfoo=2.0"), ("remove", "libfoo")):
        said = told(plan(box, *words))
        assert said["verdict"] == "forbidden"
        (broken,) = [each for each in said["findings"] if each["code"] == "EG221"]
        assert (broken["package"], broken["verdict"], broken["locked"]) == ("user", "forbidden", "libfoo.so.1")
        assert broken["path"] == str(box.site / "user" / "_ext.so")
        (move,) = said["proposal"]["moves"]
        assert move["traits_before"] == ["conda", "native"]  # of a package that is no distribution
    assert ("EG221", "user") not in verdicts(told(plan(box, "install", "libfoo=1.1")))


def test_data_for_any_platform_is_not_taken_for_compiled_code(box: Box) -> None:
    said = told(plan(box, "install", "certs=2026.2"))
    (found,) = said["findings"]
    assert (found["code"], found["rule"], found["verdict"]) == ("EG201", "upgraded-pure", "cautious")
    (move,) = said["proposal"]["moves"]
    assert move["traits_before"] == move["traits_after"] == ["conda", "pure"]


def test_symbols_in_use_are_compared(box: Box) -> None:
    (box.folder / "mine.py").write_text("import user\n\nuser.used(1, 2)\n")
    said = told(plan(box, "install", "user=1.1", options=("--offline", "--uses", "mine.py")))
    (found,) = [each for each in said["findings"] if each["code"] == "EG229"]
    assert (found["package"], found["verdict"]) == ("user", "cautious")
    assert found["evidence"][1].startswith("user.used was removed")


@pytest.fixture
def elsewhere(box: Box, made: Conda) -> Path:
    """The channel, moved to where the environment's records say; its archives can be changed."""
    channel = box.folder / "channel"
    shutil.copytree(made.folder / "channel", channel)
    return channel


def test_an_archive_that_is_not_the_one_of_the_solve(box: Box, elsewhere: Path) -> None:
    options = ("--override-channels", "-c", elsewhere.as_uri())
    archive = elsewhere / "noarch" / "six-1.17.0-pyh1_0.conda"
    archive.write_bytes(archive.read_bytes() + b"\0")
    said = told(plan(box, "install", *options, "six=1.17"))
    assert said["verdict"] == "unverified"
    assert verdicts(said) == {("EG201", "six"): "cautious", ("EG208", "six"): "unverified"}
    (unread,) = [each for each in said["findings"] if each["code"] == "EG208"]
    assert "its SHA256 is not the one that the channel gives" in unread["evidence"][0]
    archive.unlink()
    said = told(plan(box, "install", *options, "six=1.17"))
    (unread,) = [each for each in said["findings"] if each["code"] == "EG208"]
    assert unread["evidence"][0].startswith("no archive of it was found")


def test_what_is_not_read_leaves_open_what_compiled_files_would_meet(box: Box, elsewhere: Path) -> None:
    archive = elsewhere / "linux-64" / "libfoo-2.0-h1_0.conda"
    archive.unlink()
    said = told(plan(box, "install", "--override-channels", "-c", elsewhere.as_uri(), "libfoo=2.0"))
    assert verdicts(said) == {("EG201", "libfoo"): "forbidden", ("EG208", "libfoo"): "unverified"}
    noted = [fact for note in said["notes"] for fact in note["evidence"] if note["code"] == "EG221"]
    assert noted == ["what compiled files would meet is not known: not read natively were libfoo 2.0"]


def test_pip_over_condas_package(box: Box) -> None:
    """pip takes conda's distribution away, and conda's record stays: EG113 from then on."""
    run(box.live / "bin" / "python", "-m", "pip", "-q", "download", "--no-deps", "-d", box.wheels / "w", "six==1.17.0")
    found = envguard.plan(
        of_words(["six==1.17.0"]),
        lock=box.folder / "envguard.lock",
        python=box.live,
        offline=True,
        find_links=[box.wheels / "w"],
    )
    said = {each.change.code: each.change for each in found.report.findings}
    assert (said["EG220"].locked, said["EG220"].installed) == ("six 1.16.0 (conda)", "six 1.17.0")
    assert (
        said["EG220"].evidence[-2] == "conda's record of it would stay, and speak of files that are not there any more"
    )
    run(box.live / "bin" / "python", "-m", "pip", "-q", "install", "--no-index", "-f", box.wheels / "w", "six==1.17.0")
    report = envguard.check(box.folder / "envguard.lock", python=box.live, depth="records")
    assert "EG113" in {each.change.code for each in report.findings}
