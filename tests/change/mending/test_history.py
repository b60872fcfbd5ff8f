"""The past of a golden file: kept whole, altered never unseen, and each can become golden again."""

import copy
import json
import shutil
from pathlib import Path

import pytest
from yard import Yard, pip_install, put_back, state

from dying import in_child
from envguard.change.mending import golden, history
from envguard.change.mending.history import Entry
from envguard.errors import LockError
from support import run


@pytest.fixture(scope="module")
def built(base: Path, house: Path, tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """A golden file that was accepted over an older one."""
    put_back(base / "backup", base / "past")
    yard = Yard(base / "past", tmp_path_factory.mktemp("past"), house)
    yard.freeze()
    history.append(str(yard.lock), Entry(what="first golden file"))
    yard.golden = state(yard.venv)
    pip_install(yard.venv, yard.house, "idna==3.10")
    yard.freeze()
    said = Entry(what="idna 3.7 -> 3.10", why="a fix", verdict="safe", evidence=("42 tests passed",), who="me")
    history.append(str(yard.lock), said)
    return yard


@pytest.fixture
def two(built: Yard, tmp_path: Path) -> Yard:
    """The same with a project of the test's own; the environment is changed by the last test alone."""
    shutil.copytree(built.project, tmp_path / "project")
    mine = copy.copy(built)
    mine.project = tmp_path / "project"
    mine.lock = mine.project / "envguard.lock"
    return mine


def test_each_is_kept_whole(two: Yard) -> None:
    first, second = history.entries(str(two.lock))
    assert (first.number, second.number) == (1, 2)
    assert (second.what, second.why, second.verdict, second.evidence) == (
        "idna 3.7 -> 3.10", "a fix", "safe", ("42 tests passed",),
    )  # fmt: skip
    assert second.seal == history.seal_of(str(two.lock)) != first.seal
    data, manifest = history.kept_files(str(two.lock), second)
    assert data == two.lock.read_bytes()
    assert manifest == two.lock.with_name("envguard.lock.files").read_bytes()
    assert first.altered == second.altered == ""
    assert first.who


def test_a_lock_of_another_format_has_a_history_too(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("six==1.16.0\n")
    history.append(str(lock), Entry(what="x"))
    (entry,) = history.entries(str(lock))
    assert history.kept_files(str(lock), entry) == (b"six==1.16.0\n", b"")


def test_what_was_altered_is_said(two: Yard) -> None:
    folder = two.project / ".envguard" / "history"
    lock = str(two.lock)
    kept = folder / history.entries(lock)[0].lock
    data = kept.read_bytes()
    kept.write_bytes(data.replace(b"idna==3.7", b"idna==3.8"))
    assert "altered" in history.entries(lock)[0].altered
    with pytest.raises(LockError, match="altered"):
        history.kept_files(lock, history.entries(lock)[0])
    kept.write_bytes(data)
    assert not history.entries(lock)[0].altered
    log = folder / "log.jsonl"
    text = log.read_text()
    log.write_text(text.replace("first golden file", "second golden file"))
    assert "a line of the log" in history.entries(lock)[1].altered
    log.write_text("".join(text.splitlines(keepends=True)[1:]))
    assert "a line of the log" in history.entries(lock)[0].altered
    kept.unlink()
    log.write_text(text)
    assert "cannot be read" in history.entries(lock)[0].altered


@pytest.mark.parametrize(
    "change",
    [
        {"lock": "../../../etc/passwd"},
        {"files": [["../x", "0" * 64]]},
        {"files": [["/etc/passwd", "0" * 64]]},
        {"files": []},
        {"number": "1"},
        {"evidence": "x"},
        {"what": None},
    ],
)
def test_a_log_that_leads_elsewhere_is_refused(two: Yard, change: dict[str, object]) -> None:
    log = two.project / ".envguard" / "history" / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    log.write_text(json.dumps({**lines[0], **change}) + "\n")
    with pytest.raises(LockError, match="none of a history"):
        history.entries(str(two.lock))


def test_golden_becomes_another_both_files_or_neither(two: Yard) -> None:
    lock = str(two.lock)
    first, second = history.entries(lock)
    old, new = history.kept_files(lock, first), history.kept_files(lock, second)
    manifest = two.lock.with_name("envguard.lock.files")

    def become() -> None:
        golden.become(lock, *old)

    ended, calls = in_child(become, 0)
    assert ended == 0
    for at in range(1, calls + 1):
        golden.become(lock, *new)
        ended, _calls = in_child(become, at, after=bool(at % 2))
        assert ended in (0, -9)  # an older intention that was settled saves calls
        golden.settle(lock)
        assert (two.lock.read_bytes(), manifest.read_bytes()) in (old, new), at
    golden.become(lock, *new)
    with pytest.raises(LockError, match="not the one that the lock seals"):
        golden.become(lock, old[0], new[1])
    assert two.lock.read_bytes() == new[0]


def envguard(yard: Yard, *words: str) -> "tuple[int, str, str]":
    import sys

    done = run(sys.executable, "-m", "envguard", *words, "--lock", yard.lock)
    return done.returncode, done.stdout, done.stderr


def test_the_commands(two: Yard) -> None:
    status, said, _errors = envguard(two, "history")
    assert status == 0
    assert "*    2" in said
    assert "42 tests passed" in said
    status, said, _errors = envguard(two, "history", "--output-format", "json")
    told = json.loads(said)
    assert [(each["number"], each["golden"]) for each in told["entries"]] == [(1, False), (2, True)]
    back = ("rollback", "1", "--python", two.python, "--offline", "--find-links", str(two.house))
    status, said, errors = envguard(two, *back)
    assert status == 1
    assert "nobody to ask" in errors
    status, said, _errors = envguard(two, *back, "--dry-run")
    assert status == 1
    assert "install  idna 3.7: 3.10 instead of 3.7" in said
    before = two.lock.read_bytes()
    status, said, errors = envguard(two, *back, "--yes")
    assert status == 0, errors
    assert state(two.venv) == two.golden
    assert two.lock.read_bytes() != before
    assert two.checks().startswith("0")
    entries = history.entries(str(two.lock))
    assert [each.what for each in entries][2:] == ["rollback to 1: first golden file"]
    assert entries[2].seal == entries[0].seal
    shutil.rmtree(two.project / ".envguard" / "history" / entries[1].lock.partition("/")[0])
    status, said, _errors = envguard(two, "history")
    assert status == 1
    assert "altered: " in said
    status, _said, errors = envguard(two, "rollback", "2", "--yes", "--python", two.python)
    assert status == 2
    assert "cannot be read" in errors
    status, _said, errors = envguard(two, "rollback", "9", "--python", two.python)
    assert status == 2
    assert "1 to 3" in errors
