import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from envguard import latch, quick
from envguard.errors import DriftError, ImportRefused, LockError, UnverifiableError, UsageError
from envguard.model import Report


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(latch.EXPECT, raising=False)
    latch.reset()
    yield
    latch.reset()


def report(seal: str = "a" * 64) -> Report:
    return Report(
        lock="/l",
        format="envguard.lock",
        lock_sha256="f" * 64,
        seal=seal,
        prefix="/p",
        depth="versions",
        packages=1,
        installed=1,
    )


def test_nothing_is_refused_at_first() -> None:
    latch.recheck()
    assert latch.refused() is None


def test_the_first_refusal_stays_and_comes_back_fresh() -> None:
    first = DriftError("numpy moved", report=report(), remedy="put it back")
    latch.refuse(first)
    latch.refuse(DriftError("torch moved"))
    for _ in range(2):
        with pytest.raises(DriftError, match="numpy moved") as caught:
            latch.recheck()
        assert caught.value is not first
        assert caught.value.report == report()
        assert str(caught.value) == str(first)
        assert "refused before in this process" in str(caught.value.__cause__)


def test_a_kept_refusal_holds_no_frames() -> None:
    with pytest.raises(DriftError) as caught:
        raise DriftError("numpy moved")
    assert caught.value.__traceback__ is not None
    latch.refuse(caught.value)
    kept = latch.refused()
    assert kept is not None
    assert kept.__traceback__ is None


@pytest.mark.parametrize(
    "error", [LockError("x", path="/l", line=3), ImportRefused("torch", "why"), UnverifiableError("y")]
)
def test_every_kind_of_refusal_keeps_its_kind(error: BaseException) -> None:
    latch.refuse(error)
    with pytest.raises(type(error)) as caught:
        latch.recheck()
    assert caught.value.__dict__ == error.__dict__
    assert str(caught.value) == str(error)


def test_an_unforeseen_error_refuses_too() -> None:
    latch.refuse(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"))
    with pytest.raises(UnverifiableError, match="the check itself failed: UnicodeDecodeError"):
        latch.recheck()


@pytest.mark.parametrize("error", [UsageError("depth"), KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_what_judged_nothing_refuses_nothing(error: BaseException) -> None:
    latch.refuse(error)
    latch.recheck()


def test_threads_see_the_refusal_of_another() -> None:
    thread = threading.Thread(target=latch.refuse, args=(DriftError("in a thread"),))
    thread.start()
    thread.join()
    with pytest.raises(DriftError, match="in a thread"):
        latch.recheck()


def test_children_of_a_fork_inherit_refusal_and_memory() -> None:
    latch.remember((None, None, None, None, None), report())
    latch.refuse(DriftError("before the fork"))
    child = os.fork()
    if not child:
        recalled = latch.recall((None, None, None, None, None)) is not None
        os._exit(7 if recalled and latch.refused() is not None else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_memory_tells_questions_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: quick.Asked = ("/a/envguard.lock", None, None, ["torch*"], None)
    latch.remember(asked, report())
    assert latch.recall(("/a/envguard.lock", None, None, ("torch*",), None)) == report()
    assert latch.recall(("/a/envguard.lock", "files", None, ["torch*"], None)) is None
    assert latch.recall(("/a/envguard.lock", None, "safe", ["torch*"], None)) is None
    assert latch.recall(("/a/envguard.lock", None, None, None, None)) is None
    assert latch.recall(("/b/envguard.lock", None, None, ["torch*"], None)) is None
    monkeypatch.setenv("ENVGUARD_LOCK_SHA256", "b" * 64)
    assert latch.recall(asked) is None


def test_memory_knows_what_a_missing_lock_stands_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked: quick.Asked = (None, None, None, None, None)
    monkeypatch.chdir(tmp_path_factory.mktemp("one"))
    latch.remember(asked, report())
    assert latch.recall(asked) == report()
    monkeypatch.setenv("ENVGUARD_LOCK", "/a/envguard.lock")
    assert latch.recall(asked) is None
    monkeypatch.delenv("ENVGUARD_LOCK")
    monkeypatch.chdir(tmp_path_factory.mktemp("two"))
    assert latch.recall(asked) is None


def test_a_deleted_working_folder_does_not_disturb_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    asked: quick.Asked = (None, None, None, None, None)
    latch.remember(asked, report())
    assert latch.recall(asked) == report()
    monkeypatch.chdir(tmp_path)
    assert latch.recall(asked) is None


def test_a_process_tells_its_children_what_it_expects() -> None:
    latch.remember(("/a", None, None, None, None), report("a" * 64))
    latch.remember(("/b", None, None, None, None), report("b" * 64))
    latch.expect("a" * 64)
    assert os.environ[latch.EXPECT] == "a" * 64 + "," + "b" * 64 + "@" + sys.prefix


def test_a_process_is_held_to_what_its_parent_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(latch.EXPECT, "a" * 64)
    latch.expect("a" * 64)
    with pytest.raises(LockError, match=f"the golden file is {'b' * 64}"):
        latch.remember(("/b", None, None, None, None), report("b" * 64))
    assert latch.recall(("/b", None, None, None, None)) is None
    with pytest.raises(LockError, match="ENVGUARD_EXPECT demands"):
        latch.recheck()


@pytest.mark.parametrize("given", ["f" * 64, "a" * 64, "b" * 64 + "," + "f" * 64])
def test_a_golden_file_is_expected_by_its_seal_or_by_its_sha256(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(latch.EXPECT, given)
    latch.remember(("/a", None, None, None, None), report())
    assert os.environ[latch.EXPECT] == given


def test_part_of_a_digest_is_not_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(latch.EXPECT, "a" * 65)
    with pytest.raises(LockError):
        latch.remember(("/a", None, None, None, None), report())


def test_a_forked_child_is_held_to_it_too() -> None:
    latch.expect("a" * 64)
    child = os.fork()
    if not child:
        try:
            latch.expect("b" * 64)
        except LockError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_errors_of_pools_survive_pickling() -> None:
    latch.refuse(DriftError("numpy moved", report=report()))
    with pytest.raises(DriftError) as caught:
        latch.recheck()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.problem, copy.report) == ("numpy moved", report())


def test_it_loads_nothing() -> None:
    code = "import sys; old = set(sys.modules); import envguard.latch; print(sorted(set(sys.modules) - old))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['envguard', 'envguard.latch', 'envguard.quick']"


def test_an_expectation_of_another_environment_holds_nobody_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool with an environment and a lock of its own may be started by a guarded service."""
    monkeypatch.setenv(latch.EXPECT, "a" * 64 + "@/srv/other")
    latch.expect("b" * 64)
    assert os.environ[latch.EXPECT] == "b" * 64 + "@" + sys.prefix
