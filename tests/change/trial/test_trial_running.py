"""Commands of a trial: measured truly, ended certainly, and never run in the original."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from envguard.change.trial import command
from envguard.change.trial.running import Ran, measured
from envguard.errors import UnverifiableError, UsageError


def python(tmp_path: Path, code: str, limit: "float | None" = None) -> Ran:
    log = str(tmp_path / "log")
    return measured([sys.executable, "-I", "-c", code], log=log, environ={}, folder=str(tmp_path), limit=limit)


def test_exit_code_time_and_output_are_kept(tmp_path: Path) -> None:
    ran = python(tmp_path, "import time; print('said'); time.sleep(0.2); raise SystemExit(3)")
    assert (ran.code, ran.passed, ran.outcome) == (3, False, "failed with exit code 3")
    assert 0.2 <= ran.seconds < 20
    assert ran.tail() == ("said",)
    assert not list(tmp_path.glob("*.measured"))


def test_a_command_that_a_signal_ends_says_which(tmp_path: Path) -> None:
    ran = python(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert ran.outcome == "ended by SIGSEGV"


def test_the_peak_is_the_commands_own_and_not_that_of_who_started_it(tmp_path: Path) -> None:
    ours = bytearray(200 << 20)
    small, large = python(tmp_path, "pass"), python(tmp_path, "x = bytearray(100 << 20)")
    assert ours
    assert small.peak_kib is not None
    assert large.peak_kib is not None
    assert small.peak_kib < 60 << 10
    assert 100 << 10 < large.peak_kib < 160 << 10


def test_the_peak_of_a_process_that_the_command_waited_for_counts(tmp_path: Path) -> None:
    code = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', 'x = bytearray(100 << 20)'])"
    peak = python(tmp_path, code).peak_kib
    assert peak is not None
    assert peak > 100 << 10


def test_the_time_limit_ends_the_command_and_what_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )
    ran = python(tmp_path, code, limit=2)
    assert ran.timed_out
    assert not ran.passed
    assert ran.outcome == "stopped after 2 s, the time limit"
    assert is_gone(int(pid.read_text()))


def test_nothing_that_the_command_left_running_outlives_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))"
    )
    assert python(tmp_path, code).passed
    assert is_gone(int(pid.read_text()))


def is_gone(pid: int) -> bool:
    for _attempt in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_command_that_cannot_be_started_is_no_failed_test(tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(b"\x7fELF nothing")
    odd.chmod(0o755)
    with pytest.raises(UnverifiableError, match="cannot be started: exec format error"):
        measured([str(odd)], log=str(tmp_path / "log"), environ={}, folder=str(tmp_path))


def test_a_measuring_process_that_was_killed_is_not_taken_for_a_result(tmp_path: Path) -> None:
    code = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    with pytest.raises(UnverifiableError, match="was ended from outside"):
        python(tmp_path, code)


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, str]:
    """A trial's environment and the original: as far as a search on PATH sees them."""
    for name in ("trial", "live"):
        folder = tmp_path / name / "bin"
        folder.mkdir(parents=True)
        (tmp_path / name / "pyvenv.cfg").write_text("home = /usr/bin\n")
        (folder / "python").symlink_to(sys.executable)
    (tmp_path / "live" / "bin" / "tool").write_text(f"#!{tmp_path}/live/bin/python\n")
    (tmp_path / "live" / "bin" / "tool").chmod(0o755)
    return str(tmp_path / "trial"), str(tmp_path / "live")


def test_the_trials_programs_come_first_and_the_originals_never(places: tuple[str, str]) -> None:
    trial, live = places
    given = {"PATH": f"{live}/bin:/usr/bin:/bin", "PYTHONHOME": "/x", "VIRTUAL_ENV": live, "KEPT": "1"}
    made = command.environ(trial, live, "/lock", conda=False, given=given)
    assert made["PATH"] == f"{trial}/bin:/usr/bin:/bin"
    assert (made["VIRTUAL_ENV"], made["ENVGUARD_LOCK"], made["KEPT"]) == (trial, "/lock", "1")
    assert "PYTHONHOME" not in made
    assert command.resolved(["python", "-V"], made, live) == [f"{trial}/bin/python", "-V"]
    assert command.resolved(["ls"], made, live)[0].endswith("/ls")
    with pytest.raises(UsageError, match="no program 'tool'"):
        command.resolved(["tool"], made, live)


@pytest.mark.parametrize("word", ["{live}/bin/python", "{live}/bin/tool", "{copied}"])
def test_a_test_that_would_run_in_the_original_is_refused(places: tuple[str, str], tmp_path: Path, word: str) -> None:
    trial, live = places
    copied = tmp_path / "copied"
    copied.write_text(f"#!{live}/bin/python\n")
    copied.chmod(0o755)
    made = command.environ(trial, live, "/lock", conda=False, given={"PATH": "/usr/bin"})
    with pytest.raises(UsageError, match="belongs to the original environment"):
        command.resolved([word.format(live=live, copied=copied)], made, live)


def test_words_are_split_as_the_shell_would_and_odd_ones_refused() -> None:
    assert command.split("python -c 'print(1)' \"a b\"") == ["python", "-c", "print(1)", "a b"]
    for odd in ("", "  ", "python 'x"):
        with pytest.raises(UsageError, match="--test"):
            command.split(odd)


def test_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(command.__file__))))
    pid = tmp_path / "pid"
    code = (
        "import signal, sys; from envguard.change.trial.running import measured\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever started us may have it ignored
        f"inner = \"open({str(pid)!r}, 'w').write(str(__import__('os').getpid())); __import__('time').sleep(60)\"\n"
        f"log, folder = {str(tmp_path / 'log')!r}, {str(tmp_path)!r}\n"
        "measured([sys.executable, '-c', inner], log=log, environ={}, folder=folder)"
    )
    outer = subprocess.Popen(
        [sys.executable, "-c", code], env={"PYTHONPATH": source}, stderr=subprocess.PIPE, start_new_session=True
    )
    with outer:
        for _attempt in range(200):
            if pid.exists() and pid.read_text():
                break
            time.sleep(0.05)
        outer.send_signal(signal.SIGINT)
        _out, errors = outer.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors
    assert is_gone(int(pid.read_text()))
