"""The journal: whole or not there, and what it cannot be read for is said."""

import os
from pathlib import Path

import pytest

from envguard.change.placing import committing, journal
from envguard.change.placing.journal import Journal, Operation
from envguard.errors import ChangeError, UnverifiableError


def some(prefix: Path, *operations: Operation) -> Journal:
    return Journal(
        purpose="restore",
        lock=str(prefix / "envguard.lock"),
        lock_sha256="0" * 64,
        packages=("six",),
        operations=operations,
    )


def put(prefix: Path, name: str, data: bytes, path: str) -> Operation:
    import hashlib

    folder = prefix / ".envguard" / "staged"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return Operation(kind="put", path=path, staged=name, sha256=hashlib.sha256(data).hexdigest())


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    operation = Operation(kind="unlink", path=f"{tmp_path}/lib/\udcff\n.py")
    journal.begin(str(tmp_path), some(tmp_path, operation))
    found = journal.read(str(tmp_path))
    assert found is not None
    assert found.operations == (operation,)
    assert found.packages == ("six",)
    assert found.pid == os.getpid()
    journal.finish(str(tmp_path))
    assert journal.read(str(tmp_path)) is None
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'{"format": 2}', b'{"format": 1, "packages": 3}', b'{"format": 1}', b"[" * 100_000],
)
def test_what_is_no_journal_is_an_error_and_no_pass(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".envguard").mkdir()
    (tmp_path / ".envguard" / "journal.json").write_bytes(data)
    with pytest.raises(UnverifiableError, match="journal"):
        journal.read(str(tmp_path))


def test_doing_it_twice_is_doing_it_once(tmp_path: Path) -> None:
    old = tmp_path / "lib" / "old.py"
    old.parent.mkdir()
    old.write_text("old")
    new = tmp_path / "lib" / "deep" / "new.py"
    said = some(
        tmp_path,
        Operation(kind="unlink", path=str(old)),
        put(tmp_path, "a-1", b"new", str(new)),
        Operation(kind="prune", path=str(tmp_path / "gone")),
    )
    for _time in range(2):
        committing.commit(str(tmp_path), said)
        assert new.read_bytes() == b"new"
        assert not old.exists()


def test_a_staged_file_that_was_altered_is_not_used(tmp_path: Path) -> None:
    operation = put(tmp_path, "a-1", b"proven", str(tmp_path / "x.py"))
    (tmp_path / ".envguard" / "staged" / "a-1").write_bytes(b"altered")
    with pytest.raises(ChangeError, match="not what was staged"):
        committing.commit(str(tmp_path), some(tmp_path, operation))
    assert not (tmp_path / "x.py").exists()


def test_nothing_outside_the_prefix_is_touched_whatever_a_journal_says(tmp_path: Path) -> None:
    prefix, outside = tmp_path / "env", tmp_path / "outside"
    prefix.mkdir()
    outside.mkdir()
    (outside / "mine.py").write_text("mine")
    (prefix / "link").symlink_to(outside)
    unlinks = [Operation(kind="unlink", path=f"{prefix}/{where}/mine.py") for where in ("link", "../outside")]
    committing.commit(str(prefix), some(prefix, *unlinks, Operation(kind="prune", path=str(outside))))
    for where in ("link/mine.py", "../outside/mine.py"):
        with pytest.raises(ChangeError, match="leads out"):
            committing.commit(str(prefix), some(prefix, put(prefix, "a-1", b"other", f"{prefix}/{where}")))
    assert (outside / "mine.py").read_text() == "mine"
