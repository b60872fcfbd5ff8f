"""``envguard hook`` by itself: which files are golden files, by which rules they are judged, what is said."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from hooked import Done, Repository

OLD, BAD = "six==1.16.0\n", "six==1.15.0\n"
ROW = '[[rules]]\nid = "six-stays"\npackage = "six"\nverdict = "{}"\nreason = "validated with this one"\n'


def hook(repo: Repository, *words: str, code: int = 0, **environ: str) -> Done:
    done = repo.eg("hook", "lock", *words, **environ)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_nothing_to_say_is_silence(repo: Repository) -> None:
    assert hook(repo).stdout == ""
    repo.commit(notes_txt="no lock here\n")
    done = hook(repo)
    assert (done.stdout, done.stderr) == ("", "")


def test_files_that_are_called_like_a_lock_are_judged_without_settings(repo: Repository) -> None:
    repo.stage("sub/uv.lock", "version = 1\n")
    assert "sub/uv.lock" in hook(repo, code=2).stderr
    repo.git("rm", "-q", "--cached", "sub/uv.lock")
    repo.stage("requirements.txt", "broken (\n")
    hook(repo)
    assert "requirements.txt" in hook(repo, "--lock", "requirements.txt", code=2).stderr
    assert "not a file of either commit" in hook(repo, "--lock", "nowhere.txt", code=2).stderr


def test_the_rules_of_the_commit_before_hold(repo: Repository) -> None:
    pytest.importorskip("pydantic")
    repo.write("envguard.toml", 'lock = "r.txt"\n' + ROW.format("forbidden"))
    repo.stage("envguard.toml", (repo.folder / "envguard.toml").read_text())
    repo.commit(r_txt=OLD)
    repo.stage("r.txt", "six==1.17.0\n")
    assert "six-stays: validated with this one" in hook(repo, code=1).stdout
    # Loosened and used at once.
    repo.stage("envguard.toml", 'lock = "r.txt"\n' + ROW.format("safe"))
    said = hook(repo, code=1).stdout
    assert "EG211" in said
    assert "six-stays" in said
    assert said.index("forbidden") < said.index("cautious")
    # The rule alone, then the change.
    repo.git("reset", "-q", "r.txt")
    hook(repo)
    repo.git("commit", "-q", "-m", "the rule")
    repo.git("add", "r.txt")
    hook(repo)
    # A graver rule of the new side counts as well.
    repo.stage("envguard.toml", 'lock = "r.txt"\n' + ROW.format("forbidden"))
    said = hook(repo, code=1).stdout
    assert "EG211" not in said
    assert "six-stays" in said


@pytest.mark.slow
def test_rules_that_travel_in_the_lock(repo: Repository, sealed: Path) -> None:
    pytest.importorskip("pydantic")
    repo.write("envguard.toml", ROW.format("forbidden"))
    repo.eg("freeze", "--python", sealed, "-o", "envguard.lock", "--depth", "versions")
    repo.git("add", "envguard.lock")
    repo.git("commit", "-q", "-m", "golden")
    repo.write("envguard.toml", ROW.format("safe"))
    repo.eg("freeze", "--python", sealed, "-o", "envguard.lock", "--depth", "versions")
    repo.git("add", "envguard.lock")
    hook(repo)  # a rule that is loosened by itself is somebody's decision
    # A sealed lock that was edited by hand is no lock.
    text = (repo.folder / "envguard.lock").read_text()
    repo.stage("envguard.lock", text.replace("six==1.16.0", "six==1.15.0"))
    assert "seal" in hook(repo, code=2).stderr


def test_a_new_setting_is_no_way_to_lose_a_lock(repo: Repository) -> None:
    repo.stage("pylock.toml", 'lock-version = "1.0"\ncreated-by = "test"\npackages = []\n')
    repo.commit()
    repo.git("rm", "-q", "pylock.toml")
    repo.stage("envguard.toml", 'lock = "r.txt"\n')
    repo.stage("r.txt", OLD)
    said = hook(repo, code=1).stdout
    assert "EG210" in said
    assert "r.txt: golden file added" in said


def test_a_row_may_allow_the_deletion(repo: Repository) -> None:
    pytest.importorskip("pydantic")
    row = '[[rules]]\nid = "moving-out"\nchange = "lock-removed"\nverdict = "safe"\nreason = "it moves"\n'
    repo.stage("envguard.toml", 'lock = "r.txt"\n' + row)
    repo.commit(r_txt=OLD)
    repo.git("rm", "-q", "r.txt")
    hook(repo)


def test_refs_by_option_and_by_variable(repo: Repository) -> None:
    repo.stage("envguard.toml", 'lock = "r.txt"\n')
    repo.commit(r_txt=OLD)
    repo.git("branch", "topic")
    repo.commit(r_txt=BAD)
    # What main did since is not the topic's affair.
    hook(repo, PRE_COMMIT_FROM_REF="main", PRE_COMMIT_TO_REF="topic")
    hook(repo, code=1, PRE_COMMIT_FROM_REF="topic", PRE_COMMIT_TO_REF="main")
    hook(repo, "--from-ref", "topic", "--to-ref", "main", code=1, PRE_COMMIT_FROM_REF="main", PRE_COMMIT_TO_REF="topic")
    assert "one ref without the other" in hook(repo, "--from-ref", "topic", code=2).stderr
    assert "no revision 'nope'" in hook(repo, "--from-ref", "nope", "--to-ref", "main", code=2).stderr
    hook(repo, "--from-ref", "topic", "--to-ref", "main", "--fail-on", "forbidden", code=1)


def test_a_requirements_file_whose_include_changed(repo: Repository) -> None:
    repo.stage("base.txt", OLD)
    repo.stage("r.txt", "-r base.txt\n")
    repo.commit()
    repo.stage("base.txt", BAD)
    said = hook(repo, "--lock", "r.txt", code=1).stdout
    assert "base.txt:1" in said


def test_images_are_read_as_staged(repo: Repository) -> None:
    repo.stage("Dockerfile", "FROM pytorch/pytorch:2.8.0-runtime\nRUN conda install -y python=3.10.1\n")
    repo.stage("values.yaml", "image: redis\n")
    repo.write("Containerfile", "FROM redis\n")
    done = repo.eg("hook", "images")
    assert done.returncode == 1
    assert "EG503 Dockerfile:2" in done.stdout
    assert "redis" not in done.stdout
    done = repo.eg("hook", "images", "Containerfile")
    assert done.returncode == 2
    assert "Containerfile: not a file of index" in done.stderr
    repo.git("commit", "-q", "-m", "all")
    done = repo.eg("hook", "images")
    assert (done.returncode, done.stdout) == (0, "")
    assert repo.eg("hook", "images", "values.yaml").returncode == 0
    assert repo.eg("hook", "images", "Dockerfile").returncode == 1
    done = repo.eg("files", "Dockerfile", "--output-format", "json")
    assert [each["code"] for each in json.loads(done.stdout)["findings"]] == ["EG503"]


def test_hostile_text_is_harmless(repo: Repository) -> None:
    repo.stage("Dockerfile", "FROM evil\x1b[31m:latest\nFROM x::error::y\n")
    done = repo.eg("hook", "images")
    assert "\x1b" not in done.stdout


def test_usage(repo: Repository) -> None:
    for words in ((), ("nothing",), ("lock", "file.txt"), ("env", "--lock", "a", "--lock", "b")):
        done = repo.eg("hook", *words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert len(done.stderr.splitlines()) == 1


def test_many_files_are_read_in_few_calls(repo: Repository, tmp_path: Path) -> None:
    for number in range(120):
        repo.write(
            f"deploy/{number}.yaml",
            f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: redis}}]}}\n# {number}\n",
        )
    repo.write("deploy/empty.yaml", "")
    repo.write("deploy/large.yaml", "apiVersion: v1\nkind: List\n" + "#" * (5 << 20))
    repo.git("add", "-A")
    counted = tmp_path / "bin"
    counted.mkdir()
    stub = counted / "git"
    stub.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexec /usr/bin/git "$@"\n')
    stub.chmod(0o755)
    done = repo.eg("hook", "images", PATH=f"{counted}:/usr/bin:/bin")
    assert done.returncode == 1
    assert "122 files read" not in done.stdout
    assert "121 files read as staged" in done.stdout
    assert "and 101 more" in done.stdout
    assert len((tmp_path / "calls").read_text().splitlines()) < 20


def test_it_speaks_the_language_that_is_asked_for(repo: Repository) -> None:
    repo.commit(requirements_txt=OLD)
    repo.stage("requirements.txt", BAD)
    english = hook(repo, "--lock", "requirements.txt", code=1).stdout
    assert english.startswith("requirements.txt: changed from HEAD to ")
    told = hook(repo, "--lock", "requirements.txt", "--lang", "zh", code=1).stdout
    assert told == hook(repo, "--lock", "requirements.txt", code=1, ENVGUARD_LANG="zh").stdout
    assert told.startswith("requirements.txt\uff1a\u4ece HEAD \u5230 ")
    assert len(told.splitlines()) == len(english.splitlines())
    assert "EG102" in told
    half = re.findall(r"(?<![\w./=-])[a-z]{2,} [a-z]{2,}", re.sub("pip install .*", "", told))
    assert half == []
    repo.git("rm", "-q", "--cached", "requirements.txt")
    gone = hook(repo, "--lock", "requirements.txt", "--lang", "zh", code=1).stdout
    assert "\u88ab\u5220\u9664" in gone
    assert "\u7981\u6b62" in gone
