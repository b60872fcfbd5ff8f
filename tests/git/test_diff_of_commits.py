"""``envguard diff`` between commits, the index, files and what is installed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

import envguard
from envguard.errors import LockError, RuleError, UnverifiableError, UsageError
from envguard.git import running, trees

if TYPE_CHECKING:
    from pathlib import Path

    from hooked import Repository

    from envguard.model import Report

ROW = '[[tool.envguard.rules]]\nid = "ours"\npackage = "six"\nverdict = "{}"\nreason = "ours"\n'


@pytest.fixture
def here(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with two commits, in which this process stands."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(repo.home))
    monkeypatch.chdir(repo.folder)
    repo.stage("req/more.txt", "idna==3.7\n")
    repo.stage("req/base.txt", "six==1.16.0\n-r more.txt\n")
    repo.commit()
    repo.git("tag", "one")
    repo.stage("req/more.txt", "idna==3.10\n")
    repo.commit()
    return repo


def moved(report: Report) -> list[tuple[str, str, str]]:
    return [(each.change.package, each.change.locked, each.change.installed) for each in report.findings]


def test_includes_come_from_the_same_commit(here: Repository) -> None:
    # The folder has neither of the two, and must not be looked at.
    here.write("req/more.txt", "idna==9.9\n")
    here.write("req/base.txt", "broken (\n")
    report = envguard.diff("git:one:req/base.txt", "git:HEAD:req/base.txt")
    assert moved(report) == [("idna", "3.7", "3.10")]
    (found,) = report.findings
    assert (found.change.path, found.change.line) == ("req/more.txt", 1)
    assert report.lock == "git:one:req/base.txt"
    assert envguard.diff("git:one:req/base.txt", "git:one:req/base.txt").pinned


def test_the_index_the_folder_and_paths_from_below(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    here.stage("req/more.txt", "idna==3.8\n")
    here.write("req/more.txt", "idna==3.9\n")
    assert moved(envguard.diff("git:HEAD:req/base.txt", "git::req/base.txt")) == [("idna", "3.10", "3.8")]
    assert moved(envguard.diff("git:HEAD:req/base.txt", "req/base.txt")) == [("idna", "3.10", "3.9")]
    monkeypatch.chdir(here.folder / "req")
    assert moved(envguard.diff("git:one:./base.txt", "git:HEAD:req/base.txt")) == [("idna", "3.7", "3.10")]
    assert moved(envguard.diff("git:one:../req/base.txt", "base.txt")) == [("idna", "3.7", "3.9")]


def test_links_are_followed_inside_of_the_commit_only(here: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("six==1.0\n")
    for name, target in (("req/a.txt", "base.txt"), ("out.txt", str(tmp_path / "secret.txt")), ("up.txt", "../x.txt")):
        os.symlink(target, here.folder / name)
    os.symlink("loop.txt", here.folder / "loop.txt")
    here.git("add", "-A")
    here.commit()
    assert moved(envguard.diff("git:one:req/base.txt", "git:HEAD:req/a.txt")) == [("idna", "3.7", "3.10")]
    for name in ("out.txt", "up.txt", "loop.txt"):
        with pytest.raises(LockError, match="not in HEAD"):
            envguard.diff("git:HEAD:req/a.txt", f"git:HEAD:{name}")


def test_what_git_does_not_know_is_one_clear_line(here: Repository, tmp_path: Path) -> None:
    for argv, says in (
        (("diff", "git:nope:req/base.txt", "live"), "git knows no revision 'nope'"),
        (("diff", "git:--all:req/base.txt", "live"), "git knows no revision '--all'"),
        (("diff", "git:HEAD:nope.txt", "live"), "HEAD:nope.txt: not in HEAD"),
        (("diff", "git:HEAD:req", "live"), "HEAD:req: not in HEAD"),
        (("diff", "git:HEAD:../../etc/passwd", "live"), "outside of the repository"),
        (("diff", "git:HEAD", "live"), "is not git:REV:PATH"),
        (("diff", "--git", "HEAD:req/base.txt"), "give two"),
        (("diff", "a", "b", "--git", "HEAD:req/base.txt"), "give two"),
        (("diff", "a", "b", "--python", "x"), "--python without live"),
    ):
        done = here.eg(*argv)
        assert (done.returncode, done.stdout) == (2, ""), argv
        assert says in done.stderr, argv
        assert len(done.stderr.splitlines()) == 1
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    done = here.run("env", "-C", nowhere, *here.eg("--version").args[:3], "diff", "git:HEAD:x", "live")
    assert done.returncode == 2
    assert "no git repository" in done.stderr


@pytest.mark.slow
def test_the_option_and_the_operand_are_the_same(here: Repository) -> None:
    operands = here.eg("diff", "git:one:req/base.txt", "git:HEAD:req/base.txt", "--output-format", "json")
    twice = here.eg("diff", "--git", "one:req/base.txt", "--git", "HEAD:req/base.txt", "--output-format", "json")
    once = here.eg("diff", "--git", "one:req/base.txt", "req/base.txt", "--output-format", "concise")
    assert operands.returncode == twice.returncode == once.returncode == 1
    assert operands.stdout == twice.stdout
    assert once.stdout.startswith("req/more.txt:1: EG102 forbidden idna 3.7 -> 3.10")
    told = json.loads(operands.stdout)
    assert [each["path"] for each in told["findings"]] == ["req/more.txt"]


@pytest.mark.slow
def test_what_is_installed_on_either_side(here: Repository, sealed: Path) -> None:
    here.write("r.txt", "six==1.15.0\nidna==3.7\nattrs==24.2.0\npackaging==24.2\n")
    one = here.eg("diff", "r.txt", "live", "--python", sealed, "--output-format", "json")
    other = here.eg("diff", "live", "r.txt", "--python", sealed, "--output-format", "json")
    for done, way in ((one, ("1.15.0", "1.16.0", "upgraded")), (other, ("1.16.0", "1.15.0", "downgraded"))):
        assert done.returncode == 1, done.stderr
        (found,) = [each for each in json.loads(done.stdout)["findings"] if each["package"] == "six"]
        assert (found["locked"], found["installed"], found["kind"]) == way
    assert here.eg("diff", "live", "live", "--python", sealed).returncode == 0
    here.eg("freeze", "--python", sealed, "-o", "envguard.lock")
    here.git("add", "envguard.lock")
    assert here.eg("diff", "git::envguard.lock", "live", "--python", sealed).returncode == 0
    # A file of that name is meant by its path.
    here.write("live", "six==1.16.0\n")
    assert here.eg("diff", "git:one:req/base.txt", "./live").returncode == 1


def test_rules_come_from_the_commit_of_the_old_side(here: Repository) -> None:
    pytest.importorskip("pydantic")
    here.stage("req/pyproject.toml", ROW.format("forbidden"))
    here.commit()
    here.stage("req/base.txt", "six==1.17.0\n-r more.txt\n")
    here.stage("req/pyproject.toml", ROW.format("safe"))
    here.commit()
    here.write("req/pyproject.toml", "broken [")
    report = envguard.diff("git:HEAD~1:req/base.txt", "git:HEAD:req/base.txt")
    assert [(each.rule, each.verdict) for each in report.findings] == [("ours", "forbidden")]
    here.stage("req/pyproject.toml", "[tool.envguard]\nnonsense = 1\n")
    with pytest.raises(RuleError, match="nonsense"):
        envguard.diff("git::req/base.txt", "git:one:req/base.txt")


def test_sizes_are_bounded(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    here.stage("big.txt", "#" + "x" * (17 << 20) + "\nsix==1\n")
    with pytest.raises(LockError, match="more than the"):
        envguard.diff("git::big.txt", "git:one:req/base.txt")
    monkeypatch.setattr(running, "ANSWER_LIMIT", 10)
    with pytest.raises(UnverifiableError, match="answered with more"):
        envguard.diff("git:HEAD:req/base.txt", "git:one:req/base.txt")


def test_without_git_or_with_one_that_hangs(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnverifiableError, match="git is not on PATH"):
        envguard.diff("git:HEAD:req/base.txt", "live")
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setattr(running, "SECONDS", 0.2)
    with pytest.raises(UnverifiableError, match="took more than"):
        envguard.diff("git:HEAD:req/base.txt", "live")


def test_git_sees_only_what_a_hook_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "PATH": "/bin",
        "HOME": "/h",
        "GIT_DIR": "/r/.git",
        "GIT_INDEX_FILE": "/r/.git/next-index-1.lock",
        "GIT_EXTERNAL_DIFF": "evil",
        "GIT_SSH_COMMAND": "evil",
        "GIT_TRACE": "1",
        "LD_PRELOAD": "evil",
        "PYTHONPATH": "x",
    }
    kept = running.environment(given)
    assert {name for name in given if name in kept} == {"PATH", "HOME", "GIT_DIR", "GIT_INDEX_FILE"}
    assert kept["GIT_ALLOW_PROTOCOL"] == "none"
    assert kept["LC_ALL"] == "C"


def test_an_unresolved_merge_and_odd_entries(here: Repository) -> None:
    here.git("checkout", "-q", "-b", "side", "one")
    here.stage("req/more.txt", "idna==3.6\n")
    here.commit()
    assert here.run("git", "merge", "-q", "main").returncode != 0
    with pytest.raises(LockError, match="conflict that is not resolved"):
        envguard.diff("git:main:req/base.txt", "git::req/base.txt")
    here.git("merge", "--abort")
    commit = here.git("rev-parse", "HEAD").strip()
    here.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub.txt")
    with pytest.raises(LockError, match="a submodule"):
        envguard.diff("git:main:req/base.txt", "git::sub.txt")


def test_other_object_names_and_bare_repositories(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    here.git("clone", "-q", "--bare", here.folder, here.home / "bare.git")
    monkeypatch.chdir(here.home / "bare.git")
    assert moved(envguard.diff("git:one:req/base.txt", "git:main:req/base.txt")) == [("idna", "3.7", "3.10")]
    assert trees.has_head(trees.top())
    sha256 = here.home / "sha256"
    here.git("init", "-q", "--object-format=sha256", sha256)
    monkeypatch.chdir(sha256)
    (sha256 / "r.txt").write_text("six==1.16.0\n")
    here.git("-C", sha256, "add", "r.txt")
    assert not trees.has_head(trees.top())
    assert envguard.diff("git::r.txt", "r.txt").pinned
    with pytest.raises(UsageError, match="no revision 'HEAD'"):
        envguard.diff("git:HEAD:r.txt", "r.txt")


@pytest.mark.slow
def test_what_a_partial_clone_lacks_is_not_fetched(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    here.git("config", "uploadpack.allowFilter", "true")
    partial = here.home / "partial"
    here.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{here.folder}", partial)
    monkeypatch.chdir(partial)
    with pytest.raises(LockError, match="git cannot read it"):
        envguard.diff("git:HEAD:req/base.txt", "live")
    # By itself git would have fetched it.
    here.git("-C", partial, "cat-file", "blob", "HEAD:req/base.txt")
    here.git("-C", partial, "cat-file", "blob", "HEAD:req/more.txt")
    assert envguard.diff("git:HEAD:req/base.txt", "git:HEAD:req/base.txt").pinned


@pytest.mark.slow
def test_settings_of_a_hostile_repository_run_nothing(here: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    script.chmod(0o755)
    here.stage(".gitattributes", "*.txt filter=evil diff=evil\n")
    here.commit()
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "diff.external", "core.fsmonitor"):
        here.git("config", key, str(script))
    here.git("config", "core.pager", str(script))
    trap.unlink(missing_ok=True)
    assert here.eg("diff", "git:one:req/base.txt", "git::req/base.txt").returncode == 1
    assert here.eg("hook", "lock", "--lock", "req/base.txt").returncode == 0
    assert here.eg("hook", "images").returncode == 0
    assert not trap.exists()
