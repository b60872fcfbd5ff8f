"""One change of an environment at a time, across processes, whatever ends them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from envguard.change.placing import site_lock
from envguard.errors import ChangeError

HOLDER = """
import sys, time
from envguard.change.placing import site_lock
with site_lock.hold(sys.argv[1], "restore"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def start(prefix: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLDER, str(prefix), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    process = start(tmp_path, 60)
    try:
        with pytest.raises(ChangeError) as caught, site_lock.hold(str(tmp_path), "rollback"):
            pass
        assert f"restore (process {process.pid}, since 20" in str(caught.value)
        assert "--wait" in str(caught.value)
    finally:
        process.kill()
        process.communicate()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, 60)
    process.kill()
    process.communicate()
    with site_lock.hold(str(tmp_path), "restore"):
        assert (tmp_path / ".envguard" / "lock").exists()
    assert not (tmp_path / ".envguard").exists()


def test_waiting_until_it_is_free(tmp_path: Path) -> None:
    process = start(tmp_path, 0.5)
    said: list[str] = []
    begin = time.monotonic()
    with site_lock.hold(str(tmp_path), "restore", wait=30, waiting=said.append):
        assert time.monotonic() - begin < 25
    assert len(said) == 1
    process.communicate()
    assert process.returncode == 0


def test_waiting_ends(tmp_path: Path) -> None:
    process = start(tmp_path, 60)
    try:
        with pytest.raises(ChangeError, match=r"after waiting 0\.2 s"), site_lock.hold(str(tmp_path), "x", wait=0.2):
            pass
    finally:
        process.kill()
        process.communicate()


def test_many_at_once_never_hold_it_together(tmp_path: Path) -> None:
    code = """
import os, sys, time
from envguard.change.placing import site_lock
for _ in range(8):
    with site_lock.hold(sys.argv[1], "restore", wait=60):
        os.mkdir(sys.argv[1] + "/inside")
        time.sleep(0.001)
        os.rmdir(sys.argv[1] + "/inside")
"""
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _each in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert os.listdir(tmp_path) == []


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    prefix = tmp_path / "env"
    prefix.mkdir()
    (prefix / ".envguard").symlink_to(elsewhere)
    with pytest.raises(ChangeError, match="not a folder"), site_lock.hold(str(prefix), "restore"):
        pass
    assert os.listdir(elsewhere) == []
