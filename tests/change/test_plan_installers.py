"""Plans by real installers, in a real environment, offline from a folder of real wheels. Nothing there may change."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from planning import freeze, listing, moved, verdicts

import envguard
from envguard.change.installers.request import of_command, of_words
from envguard.change.planning import resolving
from envguard.errors import LockError, UnverifiableError, UsageError
from support import SOURCE, run

pytestmark = pytest.mark.slow

BACKEND = """
import os

def get_requires_for_build_wheel(settings=None):
    return []

def prepare_metadata_for_build_wheel(folder, settings=None):
    os.mkdir(os.path.join(folder, "grown-1.dist-info"))
    with open(os.path.join(folder, "grown-1.dist-info", "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: grown\\nVersion: 1\\n")
    with open(os.path.join(folder, "grown-1.dist-info", "WHEEL"), "w") as file:
        file.write("Wheel-Version: 1.0\\n")
    return "grown-1.dist-info"

def build_wheel(*_args):
    raise SystemExit("not asked for")
"""
PROJECT = """
[project]
name = "grown"
version = "1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@pytest.fixture(scope="module")
def lock(base_venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return freeze(base_venv, tmp_path_factory.mktemp("golden") / "envguard.lock")


@pytest.fixture
def withdrawn(wheelhouse: Path, tmp_path: Path) -> str:
    """An index (PEP 503) whose one release was withdrawn (PEP 592)."""
    (wheel,) = wheelhouse.glob("six-1.17.0-*.whl")
    place = tmp_path / "simple" / "six"
    place.mkdir(parents=True)
    link = f'<a href="{wheel.as_uri()}" data-yanked="it was a mistake">{wheel.name}</a>'
    (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>", encoding="utf-8")
    return place.parent.as_uri()


@pytest.fixture(autouse=True)
def untouched(base_venv: Path) -> Iterator[None]:
    before = listing(base_venv)
    yield
    assert listing(base_venv) == before


def test_pip_and_uv_tell_the_same_moves(base_venv: Path, lock: Path, wheelhouse: Path) -> None:
    told = {}
    for installer in ("pip", "uv"):
        found = envguard.plan(
            ["six==1.17.0", "idna==3.10"],
            lock=lock,
            python=base_venv,
            offline=True,
            find_links=[wheelhouse],
            installer=installer,
        )
        assert found.installer.startswith(f"{installer} ")
        assert moved(found) == {"six": ("upgraded", "1.16.0", "1.17.0"), "idna": ("upgraded", "3.7", "3.10")}
        assert verdicts(found) == {"six EG201": "cautious", "idna EG201": "cautious"}
        told[installer] = [(move.name, move.path, move.hashes, move.size, move.traits_after) for move in found.moves]
    assert told["pip"] == told["uv"]
    (_idna, (name, path, hashes, size, traits)) = told["pip"]
    wheel = Path(path)
    assert (name, wheel.parent, size, traits) == ("six", wheelhouse, wheel.stat().st_size, ("code", "pure"))
    assert hashes[0].startswith("sha256:")


@pytest.mark.slow
def test_the_command_that_is_told_makes_exactly_that_change(venv: Path, wheelhouse: Path, tmp_path: Path) -> None:
    golden = freeze(venv, tmp_path / "envguard.lock")
    found = envguard.plan(["six==1.17.0", "-attrs"], lock=golden, python=venv, offline=True, find_links=[wheelhouse])
    assert run("/bin/sh", "-c", found.command).returncode == 0, found.command
    report = envguard.check(golden, python=venv)
    drift = {finding.change.package: finding.change.installed for finding in report.findings}
    assert drift == {move.name: move.after for move in found.moves} == {"six": "1.17.0", "attrs": ""}


def test_what_is_there_already_is_no_change(base_venv: Path, lock: Path, wheelhouse: Path) -> None:
    found = envguard.plan("six==1.16.0", lock=lock, python=base_venv, offline=True, find_links=[wheelhouse])
    assert found.verdict == "pinned"
    assert (found.moves, found.command) == ((), "")


@pytest.mark.slow
def test_the_same_artifact_again_is_no_difference(base_venv: Path, lock: Path, wheelhouse: Path) -> None:
    request = of_command(["pip", "install", "--force-reinstall", "--no-deps", "six==1.16.0"])
    found = envguard.plan(request, lock=lock, python=base_venv, offline=True, find_links=[wheelhouse])
    assert moved(found) == {"six": ("reinstalled", "1.16.0", "1.16.0")}
    assert found.report.findings == ()
    assert "--force-reinstall" in found.command


def test_everything_is_asked_for_and_nothing_but_what_an_index_can_have(
    base_venv: Path, lock: Path, wheelhouse: Path
) -> None:
    found = envguard.plan(
        of_words([], upgrade=True), lock=lock, python=base_venv, offline=True, find_links=[wheelhouse]
    )
    # setuptools and pip are in a sealed lock too; the folder has no others of them.
    assert moved(found) == {"six": ("upgraded", "1.16.0", "1.17.0"), "idna": ("upgraded", "3.7", "3.10")}
    assert all(move.requested for move in found.moves)


@pytest.mark.slow
def test_a_file_of_requirements_is_planned(base_venv: Path, lock: Path, wheelhouse: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("six>=1.17\nattrs\n", encoding="utf-8")
    found = envguard.plan(
        of_words([], files=[str(wanted)]), lock=lock, python=base_venv, offline=True, find_links=[wheelhouse]
    )
    assert moved(found) == {"six": ("upgraded", "1.16.0", "1.17.0")}


def test_a_sync_removes_what_its_file_does_not_name(
    base_venv: Path, lock: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("six==1.17.0\npackaging==24.2\nidna==3.7\n", encoding="utf-8")
    request = of_command(["uv", "pip", "sync", str(wanted)])
    found = envguard.plan(request, lock=lock, python=base_venv, offline=True, find_links=[wheelhouse])
    gone = {name for name, (kind, _before, _after) in moved(found).items() if kind == "removed"}
    assert "attrs" in gone
    assert moved(found)["six"] == ("upgraded", "1.16.0", "1.17.0")
    assert verdicts(found)["attrs EG203"] == "forbidden"


def test_a_removal_is_told_without_running_an_installer(
    base_venv: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "_ask", lambda *_args, **_options: pytest.fail("nothing is to be resolved"))
    for request in (of_words(["-six"]), of_command(["pip", "uninstall", "-y", "six"])):
        found = envguard.plan(request, lock=lock, python=base_venv, offline=True)
        assert moved(found) == {"six": ("removed", "1.16.0", "")}
        assert verdicts(found) == {"six EG203": "forbidden"}
        assert "uninstall -y six" in found.command


@pytest.mark.slow
def test_a_move_back_to_the_golden_version_is_safe(venv: Path, wheelhouse: Path, lock: Path) -> None:
    done = run(venv / "bin/python", "-m", "pip", "install", "-q", "--no-index", "-f", wheelhouse, "six==1.17.0")
    assert done.returncode == 0, done.stderr
    found = envguard.plan("six==1.16.0", lock=lock, python=venv, offline=True, find_links=[wheelhouse])
    assert moved(found) == {"six": ("downgraded", "1.17.0", "1.16.0")}
    assert verdicts(found) == {"six EG205": "safe"}
    assert any(note.code == "EG209" for note in found.report.notes)


def test_what_cannot_be_resolved_is_no_plan(base_venv: Path, lock: Path, wheelhouse: Path) -> None:
    with pytest.raises(UnverifiableError, match="finds no way to do it"):
        envguard.plan("no-such-package", lock=lock, python=base_venv, offline=True, find_links=[wheelhouse])


def test_what_is_not_installed_cannot_be_removed(base_venv: Path, lock: Path) -> None:
    with pytest.raises(UsageError, match="requests is not installed"):
        envguard.plan("-requests", lock=lock, python=base_venv)


def test_without_a_golden_file_there_is_no_plan(base_venv: Path, tmp_path: Path) -> None:
    with pytest.raises(LockError):
        envguard.plan("six", lock=tmp_path / "none.lock", python=base_venv)


def test_conda_is_not_guessed_at(base_venv: Path, lock: Path) -> None:
    with pytest.raises(UnverifiableError, match="is no conda environment, so what conda would do is not known"):
        envguard.plan(of_command(["conda", "install", "six"]), lock=lock, python=base_venv)


@pytest.mark.slow
def test_a_source_archive_is_not_called_known(base_venv: Path, lock: Path, tmp_path: Path) -> None:
    project = tmp_path / "grown"
    project.mkdir()
    (project / "backend.py").write_text(BACKEND, encoding="utf-8")
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    found = envguard.plan(str(project), lock=lock, python=base_venv, offline=True)
    assert moved(found) == {"grown": ("added", "", "1")}
    assert verdicts(found) == {"grown EG202": "cautious", "grown EG208": "unverified"}
    assert found.verdict == "unverified"
    assert str(project) in found.command


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_withdrawn_release_is_never_safe(
    base_venv: Path, lock: Path, withdrawn: str, monkeypatch: pytest.MonkeyPatch, installer: str
) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    program = {"pip": ["pip"], "uv": ["uv", "pip"]}[installer]
    request = of_command([*program, "install", "--index-url", withdrawn, "six==1.17.0"])
    found = envguard.plan(request, lock=lock, python=base_venv)
    assert moved(found) == {"six": ("upgraded", "1.16.0", "1.17.0")}
    assert found.moves[0].yanked == "it was a mistake"
    assert verdicts(found)["six EG225"] == "cautious"


def test_the_command_line_judges_and_says_so_in_its_exit_code(
    base_venv: Path, lock: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    def call(*words: object) -> CompletedProcess[str]:
        options = ("--lock", lock, "--python", base_venv, "--offline", "--find-links", wheelhouse)
        command = (sys.executable, "-m", "envguard", "plan", *options, *words)
        return run(*command, cwd=tmp_path, PYTHONPATH=str(SOURCE))

    done = call("six==1.17.0", "--fail-on", "forbidden", "--output-format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["proposal"]["moves"][0]["after"] == "1.17.0"
    assert told["verdict"] == "cautious"
    done = call("-six", "+idna==3.10")
    assert done.returncode == 1
    assert "six  1.16.0" in done.stdout
    assert "would run" in done.stdout
    done = call("--", "pip", "install", "--user", "six")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--user cannot be planned" in done.stderr
