"""What conda itself answered, recorded from conda 26.7.1 with its classic solver: paths shortened, nothing else."""

import json
import os
import shutil
from pathlib import Path

import pytest

from envguard.change.installers import _conda, conda_asking
from envguard.change.installers.request import of_command
from envguard.change.installers.resolution import Resolution
from envguard.model import CondaPackage, Environment
from support import LINUX

ANSWERS = Path(__file__).parent / "answers"
INSTALL = ("conda", "install", "six=1.17", "pytorch=2.5.0=*cpu*")


class Recorded:
    """A program by conda's name that says what conda said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "bin" / "conda"
        self.program.parent.mkdir()
        (folder / "info.json").write_text(json.dumps({"pkgs_dirs": [str(folder / "pkgs")]}))
        self.program.write_text(
            f'#!/bin/sh\necho "$@" >> {folder}/calls\n'
            f'if [ "$1" = info ]; then cat {folder}/info.json; exit; fi\n'
            f"cat {folder}/answer.json; exit $(cat {folder}/code)\n"
        )
        self.program.chmod(0o755)

    def ask(self, answer: str, *words: str, code: int = 0, offline: bool = False) -> Resolution:
        shutil.copy(ANSWERS / answer, self.folder / "answer.json")
        (self.folder / "code").write_text(str(code))
        return conda_asking.ask(of_command(words), live(self.folder), offline=offline, free=False)

    def cache(self, *names: str) -> None:
        for name in names:
            (self.folder / "pkgs" / name / "info").mkdir(parents=True)
            shutil.copy(ANSWERS / f"{name}.json", self.folder / "pkgs" / name / "info" / "repodata_record.json")

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


def live(folder: Path) -> Environment:
    packages = (
        CondaPackage(name="python", version="3.11.7", build="h1_0_cpython"),
        CondaPackage(name="pytorch", version="2.5.0", build="py311_cu121_0", python_name="torch"),
        CondaPackage(name="six", version="1.16.0", build="pyh1_0", python_name="six"),
    )
    return Environment(
        prefix=str(folder / "env"), executable="", interpreter=LINUX, paths=(), distributions=(), conda=packages
    )


@pytest.fixture
def conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    made = Recorded(tmp_path)
    monkeypatch.setenv("PATH", f"{made.program.parent}:{os.environ['PATH']}")
    return made


def test_what_it_would_fetch_is_named_with_archive_build_and_digest(conda: Recorded) -> None:
    found = conda.ask("fetches.json", *INSTALL)
    assert [(each.name, each.version, each.build, each.requested) for each in found.arrivals] == [
        ("torch", "2.5.0", "py311_cpu_0", True),
        ("six", "1.17.0", "pyh1_0", True),
    ]
    assert [each.explicit for each in found.archives] == [
        "file:///srv/channel/linux-64/pytorch-2.5.0-py311_cpu_0.conda#f9fca5ccc4f4590319c4a58c673bd117",
        "file:///srv/channel/noarch/six-1.17.0-pyh1_0.conda#44a9005b9a5fbd32367c2b711e2202fb",
    ]
    assert found.arrivals[0].hashes[0].startswith("sha256:bf666187")
    assert [(each.is_python, each.is_pure) for each in found.arrivals] == [(True, False), (True, True)]
    assert (found.installer, found.removals) == ("conda", ())
    assert "--offline" not in conda.calls[0]


def test_what_it_need_not_fetch_is_looked_up_in_its_cache(conda: Recorded) -> None:
    """Of that, conda says neither URL nor digest."""
    conda.cache("six-1.17.0-pyh1_0", "pytorch-2.5.0-py311_cpu_0")
    found, fetched = conda.ask("has-all.json", *INSTALL), conda.ask("fetches.json", *INSTALL)
    assert [each.explicit for each in found.archives] == [each.explicit for each in fetched.archives]
    assert [each.build for each in found.arrivals] == ["py311_cpu_0", "pyh1_0"]


def test_a_record_of_another_channel_is_not_taken_for_it(conda: Recorded) -> None:
    conda.cache("six-1.17.0-pyh1_0")
    record = conda.folder / "pkgs" / "six-1.17.0-pyh1_0" / "info" / "repodata_record.json"
    record.write_text(record.read_text().replace("file:///srv/channel/", "file:///srv/channel-of-others/"))
    found = conda.ask("has-all.json", *INSTALL)
    assert [(each.build, each.url) for each in found.arrivals] == [("py311_cpu_0", ""), ("pyh1_0", "")]
    assert [each.explicit for each in found.archives] == ["", ""]


def test_what_it_would_remove_goes_by_the_names_of_python(conda: Recorded) -> None:
    found = conda.ask("removes.json", "conda", "remove", "python")
    assert found.arrivals == ()
    assert set(found.removals) == {"python", "pip", "markupsafe", "six", "torch"}
    assert "pytorch" in found.unlinked


def test_nothing_to_do_and_nothing_found_are_told_apart(conda: Recorded) -> None:
    assert conda.ask("nothing.json", "conda", "install", "six=1.16") == Resolution(installer="conda")
    found = conda.ask("not-found.json", "conda", "install", "six=1.18", code=1)
    assert found.problem.startswith("The following packages are not available from current channels: - six=1.18")


def test_offline_is_said_to_it_too(conda: Recorded) -> None:
    conda.ask("nothing.json", "conda", "install", "six=1.16", offline=True)
    assert "--offline" in conda.calls[0].split()


def test_the_conda_of_the_environment_under_judgement_is_not_run(conda: Recorded, tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    conda.program.parent.rename(tmp_path / "env" / "bin")
    os.environ["PATH"] = f"{tmp_path}/env/bin:{os.environ['PATH']}"  # undone with the fixture's
    found = _conda.program(of_command(["conda", "install", "x"]), live(tmp_path))
    assert found == ""
    assert not (tmp_path / "calls").exists()
