"""Real pre-commit and real prek: each hook passes and refuses where it should, whatever way a commit is made."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from hooked import Repository, local

if TYPE_CHECKING:
    from pathlib import Path

OLD = "six==1.16.0\nidna==3.7\n"
SAFE = "six==1.16.0\nidna==3.7\n# a comment\n"
BAD = "six==1.15.0\nidna==3.7\n"
CONFIG = '[tool.envguard]\nlock = "requirements.txt"\n'
IMAGE = "FROM python:3.11.9-slim@sha256:" + "1" * 64 + "\n"
FLOATING = "FROM python:3.11\n"


@pytest.fixture
def guarded(repo: Repository, tool: str) -> Repository:
    """A repository with a golden file, and both static hooks installed."""
    repo.commit(
        **{
            ".pre-commit-config_yaml": local("envguard-lock", "envguard-images"),
            "pyproject_toml": CONFIG,
            "requirements_txt": OLD,
            "Dockerfile": IMAGE,
        }
    )
    repo.ok(tool, "install")
    return repo


def refused(repo: Repository, *words: object) -> str:
    """What is said of a commit that is not made."""
    before = repo.git("rev-parse", "HEAD")
    done = repo.run("git", *words)
    assert done.returncode != 0, done.stdout + done.stderr
    assert repo.git("rev-parse", "HEAD") == before
    return done.stdout + done.stderr


def accepted(repo: Repository, *words: object) -> None:
    before = repo.git("rev-parse", "HEAD")
    repo.git(*words)
    assert repo.git("rev-parse", "HEAD") != before


def test_a_commit_and_what_is_staged_decides(guarded: Repository) -> None:
    guarded.stage("requirements.txt", SAFE)
    accepted(guarded, "commit", "-m", "safe")
    # What is staged counts: bad in the index and good in the folder, and the other way round.
    guarded.stage("requirements.txt", BAD)
    guarded.write("requirements.txt", SAFE)
    said = refused(guarded, "commit", "-m", "bad is staged")
    assert "six 1.16.0" in said
    assert "downgraded" in said
    assert (guarded.folder / "requirements.txt").read_text() == SAFE
    guarded.git("reset", "-q", "HEAD", "requirements.txt")
    guarded.write("requirements.txt", BAD)
    guarded.stage("notes.txt", "nothing\n")
    accepted(guarded, "commit", "-m", "bad is in the folder only")
    # `commit -a` and `commit PATH` have an index of their own.
    refused(guarded, "commit", "-a", "-m", "all")
    refused(guarded, "commit", "-m", "one", "requirements.txt")
    guarded.write("requirements.txt", SAFE + "# one more\n")
    accepted(guarded, "commit", "-m", "one", "requirements.txt")


def test_a_deleted_lock_does_not_slip_through(guarded: Repository) -> None:
    guarded.git("rm", "-q", "requirements.txt")
    assert "EG210" in refused(guarded, "commit", "-m", "gone")
    guarded.git("reset", "-q", "--hard")
    guarded.git("mv", "requirements.txt", "other.txt")
    assert "EG210" in refused(guarded, "commit", "-m", "renamed, the settings name it still")
    guarded.stage("pyproject.toml", CONFIG.replace("requirements.txt", "other.txt"))
    accepted(guarded, "commit", "-m", "renamed, and so are the settings")


def test_an_image(guarded: Repository) -> None:
    guarded.stage("Dockerfile", FLOATING)
    guarded.write("Dockerfile", IMAGE)
    assert "EG501" in refused(guarded, "commit", "-m", "floating is staged")
    guarded.git("add", "Dockerfile")
    guarded.write("Dockerfile", FLOATING)
    guarded.stage("notes.txt", "nothing\n")
    accepted(guarded, "commit", "-m", "floating is in the folder only")
    guarded.git("checkout", "-q", "Dockerfile")
    guarded.stage(".github/workflows/ci.yml", "on: push\njobs: {a: {container: redis, steps: []}}\n")
    assert "EG501" in refused(guarded, "commit", "-m", "a workflow")


@pytest.mark.slow
def test_an_amended_commit(guarded: Repository) -> None:
    guarded.stage("requirements.txt", SAFE)
    accepted(guarded, "commit", "-m", "safe")
    guarded.stage("requirements.txt", BAD)
    refused(guarded, "commit", "--amend", "-m", "bad")
    guarded.git("checkout", "-q", "HEAD", "requirements.txt")
    accepted(guarded, "commit", "--amend", "-m", "another message")


@pytest.mark.slow
def test_a_merge(guarded: Repository, tool: str) -> None:
    guarded.ok(tool, "install", "-t", "pre-merge-commit")
    guarded.git("checkout", "-q", "-b", "side")
    guarded.commit(requirements_txt=BAD)
    guarded.git("checkout", "-q", "main")
    guarded.commit(notes_txt="main moved on\n")
    said = refused(guarded, "merge", "--no-edit", "side")
    assert "six 1.16.0" in said
    assert "a merge" in said
    guarded.run("git", "merge", "--abort")
    # A conflict is resolved by hand and committed: the index is the result.
    guarded.commit(requirements_txt=OLD.replace("1.16.0", "1.17.0"))
    assert guarded.run("git", "merge", "--no-edit", "side").returncode != 0
    guarded.stage("requirements.txt", BAD)
    refused(guarded, "commit", "--no-edit")
    guarded.stage("requirements.txt", OLD.replace("1.16.0", "1.17.0"))
    accepted(guarded, "commit", "--no-edit")


@pytest.mark.slow
def test_all_files_and_refs(guarded: Repository, tool: str) -> None:
    guarded.ok(tool, "run", "--all-files")
    start = guarded.git("rev-parse", "HEAD").strip()
    guarded.commit(requirements_txt=BAD, Dockerfile=FLOATING)
    # Nothing is staged, so the lock is as in HEAD; the floating image is there whoever brought it.
    done = guarded.run(tool, "run", "--all-files")
    assert done.returncode == 1
    assert "EG501" in done.stdout
    assert "EG102" not in done.stdout
    guarded.commit(requirements_txt=OLD)
    # Neither the folder nor the index has it any more, but the commits between the refs do.
    middle = guarded.git("rev-parse", "HEAD~1").strip()
    done = guarded.run(tool, "run", "--from-ref", start, "--to-ref", middle)
    assert done.returncode == 1
    assert "EG102" in done.stdout
    assert "EG501" in done.stdout
    done = guarded.run(tool, "run", "envguard-lock", "--from-ref", start, "--to-ref", "HEAD")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_first_commit(repo: Repository, tool: str) -> None:
    repo.stage(".pre-commit-config.yaml", local("envguard-lock", "envguard-images"))
    repo.stage("pyproject.toml", CONFIG)
    repo.stage("requirements.txt", "-r nowhere.txt\n")
    repo.ok(tool, "install")
    assert repo.run("git", "commit", "-m", "first").returncode != 0
    assert repo.log() == 0
    repo.stage("requirements.txt", OLD)
    repo.git("commit", "-m", "first")
    assert repo.log() == 1


@pytest.mark.slow
def test_another_working_tree(guarded: Repository, tool: str, tmp_path: Path) -> None:
    guarded.git("worktree", "add", "-q", "-b", "other", tmp_path / "elsewhere")
    there = Repository(tmp_path / "elsewhere", guarded.home)
    there.stage("requirements.txt", BAD)
    refused(there, "commit", "-m", "bad")
    there.stage("requirements.txt", SAFE)
    accepted(there, "commit", "-m", "safe")
    guarded.stage("requirements.txt", BAD)
    refused(guarded, "commit", "-m", "bad")


@pytest.mark.slow
def test_the_live_environment(repo: Repository, tool: str, sealed: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    shutil.copytree(sealed, venv, symlinks=True)
    done = repo.run(sys.executable, "-m", "envguard", "freeze", "--python", venv, "-o", "envguard.lock")
    assert done.returncode == 0, done.stderr
    repo.commit(**{".pre-commit-config_yaml": local("envguard-env", **{"envguard-env": ["--python", str(venv)]})})
    repo.git("add", "-A")
    repo.ok(tool, "install")
    repo.git("commit", "-m", "pinned")
    (six,) = venv.glob("lib/*/site-packages/six-*.dist-info")
    shutil.rmtree(six)
    repo.stage("notes.txt", "nothing\n")
    said = refused(repo, "commit", "-m", "drifted")
    assert "six" in said
    assert "EG101" in said


@pytest.mark.slow
def test_as_a_repository_of_hooks(repo: Repository, tool: str, our_clone: Path) -> None:
    """As users have it: the manager clones us, builds an environment of its own, and runs what it installed."""
    rev = repo.run("git", "-C", our_clone, "rev-parse", "HEAD").stdout.strip()
    config = f"repos:\n- repo: {our_clone}\n  rev: {rev}\n  hooks:\n  - id: envguard-lock\n  - id: envguard-images\n"
    rows = '[[tool.envguard.rules]]\nid = "ours"\npackage = "six"\nverdict = "safe"\nreason = "ours"\n'
    repo.commit(**{".pre-commit-config_yaml": config, "pyproject_toml": CONFIG + rows, "requirements_txt": OLD})
    repo.ok(tool, "install")
    repo.stage("requirements.txt", BAD)
    # Offline but for the index that pip and uv are configured with; our code comes from the clone alone.
    done = repo.run("git", "commit", "-m", "six is allowed", PYTHONPATH="")
    assert done.returncode == 0, done.stdout + done.stderr
    repo.stage("compose.yaml", "services: {a: {image: redis}}\n")
    repo.stage("requirements.txt", BAD.replace("3.7", "3.6"))
    done = repo.run("git", "commit", "-m", "idna is not", PYTHONPATH="")
    assert done.returncode == 1
    assert "idna 3.7" in done.stdout + done.stderr
    assert "EG501" in done.stdout + done.stderr
