"""What fails a trial: which findings are new, and what two runs of a test say together."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from envguard.change.installers.request import of_words
from envguard.change.trial.findings import new, unequal
from envguard.change.trial.running import Ran
from envguard.change.trial.testing import complaints
from envguard.change.trial.tolerance import Compared
from envguard.change.trial.wish import Wish
from envguard.model import Change, Finding, Report
from envguard.proposal import Move
from support import SOURCE, scrubbed
from trial_box import Box


def finding(code: str, kind: str, package: str, **more: object) -> Finding:
    change = Change(code=code, kind=kind, package=package, **more)  # type: ignore[arg-type] # a short hand
    return Finding(change=change, verdict="cautious", rule="r", reason="why")


def report(*findings: Finding) -> Report:
    return Report(
        lock="l", format="envguard.lock", lock_sha256="", seal="", prefix="p", depth="native", packages=1, installed=1,
        findings=findings,
    )  # fmt: skip


UP = Move(name="six", kind="upgraded", before="1", after="2")


def test_only_the_announced_drift_is_passed_over() -> None:
    said = finding("EG102", "upgraded", "six", locked="1", installed="2")
    other = finding("EG102", "upgraded", "idna", locked="1", installed="2")
    assert new(report(), report(said, other), [UP]) == (other,)


def test_what_was_broken_before_is_not_newly_broken_unless_it_got_worse() -> None:
    old = finding("EG406", "overwritten", "six", evidence=("3 files",))
    worse = finding("EG406", "overwritten", "six", evidence=("4 files",))
    assert new(report(old), report(old), [UP]) == ()
    assert new(report(old), report(worse), [UP]) == (worse,)


def test_files_of_another_artifact_of_the_same_version_are_announced_and_of_another_package_are_not() -> None:
    own, others = finding("EG108", "edited", "six"), finding("EG108", "edited", "idna")
    again = Move(name="six", kind="rebuilt", before="1", after="1")
    assert new(report(), report(own, others), [again]) == (others,)
    assert new(report(), report(own, others), [UP]) == (own, others)


def test_golden_is_equal_in_spite_of_what_is_unsound_in_it() -> None:
    unsound, unlike = finding("EG406", "overwritten", "six"), finding("EG108", "edited", "six")
    assert unequal(report(unsound, unlike)) == (unlike,)


def wish(**more: object) -> Wish:
    return Wish(request=of_words(["six"]), test=("x",), test_text="x", compare="out.json", **more)  # type: ignore[arg-type]


def ran(seconds: float = 1.0, mebibytes: int = 10, code: int = 0) -> Ran:
    return Ran(command=("x",), log="log", code=code, seconds=seconds, peak_kib=mebibytes << 10)


def test_time_and_memory_are_judged_only_where_that_is_asked_for() -> None:
    assert complaints(wish(), ran(), ran(9.0, 90), None) == []
    slow = complaints(wish(max_slowdown=2.0), ran(), ran(2.1), None)
    assert slow == ["the test took 2.1 s, 1.0 s before the change"]
    large = complaints(wish(max_memory=1.5), ran(), ran(1.0, 16), None)
    assert large == ["the test took 16 MiB, 10 MiB before"]
    assert complaints(wish(max_memory=2.0, max_slowdown=3.0), ran(), ran(2.9, 19), None) == []


def test_a_failed_test_and_other_numbers_are_reasons() -> None:
    assert complaints(wish(), ran(), ran(code=-11), None) == [
        "the test ended by SIGSEGV after the change; its output is in log"
    ]
    differs = Compared(kind="json", differing=1, problems=("$: 1 before, 2 after",))
    assert complaints(wish(), ran(), ran(), differs) == ["out.json differs: $: 1 before, 2 after"]


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 1)])
def test_a_person_at_the_terminal_is_asked(box: Box, answer: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    source = ("--python", box.live, "--offline", "--find-links", box.wheels, "--test", "python -c pass")
    words = [str(word) for word in (box.judge, "-m", "envguard", "try", "six==1.17.0", *source)]
    environ = scrubbed(PYTHONPATH=str(SOURCE), TERM="dumb")
    with subprocess.Popen(
        words, cwd=box.folder, env=environ, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE
    ) as asked:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 4096)
        os.write(ours, answer)
        drain(ours)
        asked.communicate(timeout=120)
    os.close(ours)
    assert asked.returncode == code
    assert (box.folder / ".envguard").exists() is (code == 0)
    assert Path(box.folder, "envguard.lock").exists()


def drain(terminal: int) -> None:
    """Read until the other side has closed it."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:  # Linux says EIO then
        return
