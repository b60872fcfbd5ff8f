"""``envguard restore`` from outside: what it says before, what it asks, and its exit codes."""

import json
import os
import pty
import subprocess
import sys

import pytest
from yard import Yard, state

from support import run, scrubbed


def restore(yard: Yard, *words: str) -> "subprocess.CompletedProcess[str]":
    command = (sys.executable, "-m", "envguard", "restore", yard.lock, "--python", yard.python, "--offline")
    return run(*command, "--find-links", yard.house, *words)


@pytest.fixture
def damaged(yard: Yard) -> Yard:
    yard.golden = yard.freeze()
    (yard.site / "six.py").write_text("# edited\n")
    (yard.site / "idna" / "extra.py").write_text("x = 1\n")
    return yard


def test_nothing_happens_unasked(damaged: Yard) -> None:
    before = state(damaged.venv)
    done = restore(damaged)
    assert done.returncode == 1
    assert "install  six 1.16.0: " in done.stderr
    assert "delete   idna: " in done.stderr
    assert "nothing was changed: 2 steps to do, and nobody to ask (look, then give --yes)" in done.stderr
    done = restore(damaged, "--dry-run", "--output-format", "json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [(step["action"], step["package"]) for step in told["steps"]] == [("delete", "idna"), ("install", "six")]
    assert state(damaged.venv) == before


def test_yes_restores_and_a_second_time_there_is_nothing_to_do(damaged: Yard) -> None:
    done = restore(damaged, "--yes")
    assert (done.returncode, done.stdout.split("  ")[0]) == (0, "restored"), done.stderr
    assert state(damaged.venv) == damaged.golden
    done = restore(damaged)
    assert done.returncode == 0
    assert "nothing to do" in done.stdout
    assert restore(damaged, "--dry-run").returncode == 0


def test_what_cannot_be_judged_is_2(damaged: Yard) -> None:
    lock = damaged.lock.read_bytes()
    damaged.lock.write_bytes(lock.replace(b"six==", b"sax=="))
    done = restore(damaged, "--yes")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    damaged.lock.write_bytes(lock)
    assert restore(damaged, "--yes", "--wait", "soon").returncode == 2
    assert restore(damaged, "--yes", "--sha256", "0" * 64).returncode == 2


@pytest.mark.parametrize(("answer", "status"), [(b"n\n", 1), (b"y\n", 0)])
def test_at_a_terminal_it_asks(damaged: Yard, answer: bytes, status: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "envguard", "restore", damaged.lock, "--python", damaged.python, "--offline"]
    command += ["--find-links", damaged.house, "--no-progress"]
    process = subprocess.Popen(
        [str(word) for word in command], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env=scrubbed()
    )
    os.close(theirs)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(ours, 1024)
    assert b"2 steps in " in said
    os.write(ours, answer)
    out, _nothing = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == status
    assert (b"nothing was changed" in out) is (status == 1)
    assert (state(damaged.venv) == damaged.golden) is (status == 0)
