"""What a conda that is found is told to do with a trial's environment, and what becomes of shared files."""

import importlib.util
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from envguard.change.installers.conda_archive import Archive, of_record
from envguard.change.trial import conda, conda_installing
from envguard.change.trial.conda_installing import CondaInstaller, unshare
from envguard.change.trial.place import Trial
from envguard.errors import UnverifiableError

SIX = of_record(
    {
        "name": "six",
        "version": "1.17.0",
        "build": "pyh1_0",
        "noarch": "python",
        "depends": ["python >=3.8"],
        "url": "https://user:word@conda.invalid/x/noarch/six-1.17.0-pyh1_0.conda",
        "md5": "44A9005B9A5FBD32367C2B711E2202FB",
        "sha256": "38e94e1d267f1c7511ea8adc18210eee1ae2210323889669036479258fbb64fb",
    }
)
OLD = SIX.replace(version="1.16.0", md5="", record=SIX.record.replace("1.17.0", "1.16.0"))


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A trial beside a program by conda's name that notes what it is told."""
    program = tmp_path / "bin" / "micromamba"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@ $CONDA_REGISTER_ENVS" >> {tmp_path}/calls\n'
        f'for word; do case "$word" in *.txt) cat "$word" >> {tmp_path}/lists;; esac; done\n'
        f"test ! -e {tmp_path}/broken || {{ echo no room; exit 1; }}\n"
    )
    program.chmod(0o755)
    (tmp_path / "trial" / "logs").mkdir(parents=True)
    (tmp_path / "trial" / "env" / "conda-meta").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(importlib.util, "find_spec", _without_rattler)
    return Trial(str(tmp_path / "trial"), {})


def _without_rattler(name: str, package: "str | None" = None) -> Any:
    assert name == "rattler"


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def test_an_environment_is_made_from_exact_archives(trial: Trial, tmp_path: Path) -> None:
    installer = CondaInstaller(trial, "/live", offline=True)
    assert installer.name == "micromamba"
    installer.put([SIX, OLD], "golden")
    listed = trial.file("conda-golden.txt")
    assert calls(tmp_path) == [f"create --yes --prefix {trial.environment} --offline --file {listed} false"]
    assert (tmp_path / "lists").read_text() == (
        "@EXPLICIT\n"
        "https://user:word@conda.invalid/x/noarch/six-1.17.0-pyh1_0.conda#44a9005b9a5fbd32367c2b711e2202fb\n"
        f"{SIX.url}#sha256:{SIX.sha256}\n"
    )
    assert not os.path.exists(listed)  # it may hold credentials
    assert [name for name in os.listdir(trial.path) if name not in ("env", "logs")] == []


def test_a_change_names_what_comes_and_what_goes_and_nothing_else(trial: Trial, tmp_path: Path) -> None:
    Path(trial.environment, "conda-meta", "six-1.16.0-pyh1_0.json").write_text(OLD.record)
    conda.change(trial, [SIX], ["graphviz", "toolz"], CondaInstaller(trial, "/live", offline=False))
    first, second = calls(tmp_path)
    assert first == f"remove --yes --prefix {trial.environment} --force graphviz toolz false"
    assert second.startswith(f"install --yes --prefix {trial.environment} --file ")
    assert (tmp_path / "lists").read_text().count("\n") == 2


def test_what_nobody_says_the_archive_of_is_not_guessed(trial: Trial, tmp_path: Path) -> None:
    for lacking in (SIX.replace(url=""), SIX.replace(md5="", sha256="")):
        with pytest.raises(UnverifiableError, match="its archive and digest are not told"):
            conda.change(trial, [lacking], [], CondaInstaller(trial, "/live", offline=False))
    assert not (tmp_path / "calls").exists()


def test_a_failure_is_told_in_its_words(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(UnverifiableError, match="could not be installed by micromamba: no room"):
        CondaInstaller(trial, "/live", offline=False).put([SIX], "golden")


def test_a_conda_of_the_environment_itself_is_not_run(trial: Trial, tmp_path: Path) -> None:
    with pytest.raises(UnverifiableError, match="neither is here"):
        CondaInstaller(trial, str(tmp_path), offline=False)


def test_a_record_that_cannot_be_read_is_named(trial: Trial) -> None:
    Path(trial.environment, "conda-meta", "six-1.16.0-pyh1_0.json").write_text("{}")
    with pytest.raises(UnverifiableError, match=r"six-1\.16\.0-pyh1_0\.json: this record of conda cannot be read"):
        conda.change(trial, [SIX], [], CondaInstaller(trial, "/live", offline=False))


def test_each_shared_file_gets_a_content_of_its_own(tmp_path: Path) -> None:
    cache, prefix = tmp_path / "cache", tmp_path / "env"
    cache.mkdir()
    (prefix / "lib").mkdir(parents=True)
    (cache / "tool").write_text("as it was")
    (cache / "tool").chmod(0o755)
    os.utime(cache / "tool", (1, 1))
    os.link(cache / "tool", prefix / "lib" / "tool")
    (prefix / "lib" / "own").write_text("own")
    (prefix / "lib" / "link").symlink_to("tool")
    inode = (prefix / "lib" / "own").stat().st_ino
    unshare(str(prefix))
    made = prefix / "lib" / "tool"
    made.write_text("written by a test")
    assert (cache / "tool").read_text() == "as it was"
    assert stat.S_IMODE(made.stat().st_mode) == 0o755
    assert (prefix / "lib" / "own").stat().st_ino == inode
    assert os.readlink(prefix / "lib" / "link") == "tool"
    assert sorted(os.listdir(prefix / "lib")) == ["link", "own", "tool"]


def test_offline_py_rattler_is_not_asked_for_what_it_has_not(tmp_path: Path) -> None:
    here = SIX.replace(url="file:///srv/six-1.17.0-pyh1_0.conda")
    conda_installing._require_here([here], str(tmp_path))
    with pytest.raises(UnverifiableError, match="not in py-rattler's cache"):
        conda_installing._require_here([here, SIX], str(tmp_path))
    (tmp_path / "six-1.17.0-pyh1_0").mkdir()
    conda_installing._require_here([here, SIX], str(tmp_path))


@pytest.mark.parametrize(
    ("record", "pure", "python"),
    [
        ({"noarch": "python", "depends": []}, True, True),
        ({"noarch": "generic", "depends": ["fonts"]}, False, False),
        ({"depends": ["libgcc >=13", "python >=3.11,<3.12.0a0"]}, False, True),
        ({"depends": ["python_abi 3.11.*"]}, False, False),
    ],
)
def test_what_a_record_promises(record: "dict[str, Any]", *, pure: bool, python: bool) -> None:
    found: Archive = of_record({"name": "x", "version": "1", "build": "0", **record})
    assert (found.is_noarch, found.is_python) == (pure, python)
