import signal
import subprocess
from pathlib import Path

import pytest
from box import Box

from envguard.doors.cli import launch
from support import SOURCE, scrubbed


def test_the_program_takes_over_the_process(eg: Box) -> None:
    env = scrubbed(PYTHONPATH=str(SOURCE))
    command: list[str | Path] = [eg.python, "-m", "envguard", "exec", "--", "sh", "-c", "echo $$; exit 7"]
    with subprocess.Popen(command, cwd=eg.folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        out, _err = process.communicate()
    assert (int(out), process.returncode) == (process.pid, 7)


def test_signals_reach_the_program_as_if_it_were_started_alone(eg: Box) -> None:
    show = 'grep -E "Sig(Ign|Cgt)" /proc/self/status'
    alone = eg.shell(show)
    assert eg("exec", "--", "sh", "-c", show).stdout == alone.stdout
    env = scrubbed(PYTHONPATH=str(SOURCE))
    command: list[str | Path] = [eg.python, "-m", "envguard", "exec", "--", "sh", "-c", "echo up; exec sleep 60"]
    with subprocess.Popen(command, cwd=eg.folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


def test_its_arguments_are_its_own(eg: Box) -> None:
    done = eg("exec", "--depth", "files", "--", "printf", "%s|", "--help", "--", "-o", "a b")
    assert (done.returncode, done.stdout, done.stderr) == (0, "--help|--|-o|a b|", "")


def test_the_program_knows_what_was_checked(eg: Box) -> None:
    code = "import envguard, os; print(os.environ['ENVGUARD_LOCK']); print(envguard.assert_pinned().verdict)"
    done = eg("exec", "--", eg.python, "-c", code)
    assert done.stdout.splitlines() == [str(eg.folder / "envguard.lock"), "pinned"], done.stderr
    assert eg("exec", "--", "sh", "-c", "echo $ENVGUARD_EXPECT").stdout.strip()


def test_a_drifted_environment_starts_nothing(drifted: Box) -> None:
    done = drifted("exec", "--", "touch", "started")
    assert (done.returncode, done.stdout) == (1, "")
    assert "EG102 version-drift  six" in done.stderr
    assert done.stderr.endswith("envguard: the program was not started\n")
    assert not (drifted.folder / "started").exists()


def test_what_does_not_count_lets_it_start_and_is_said(drifted: Box) -> None:
    done = drifted("exec", "--only", "six", "--fail-on", "forbidden", "--", "echo", "up")
    assert (done.returncode, done.stdout) == (0, "up\n")
    assert "EG102 cautious six" in done.stderr


@pytest.mark.parametrize("lock", ["nosuch.lock", "/dev/null"])
def test_could_not_judge_starts_nothing(eg: Box, lock: str) -> None:
    done = eg("exec", "--lock", lock, "--", "touch", "started")
    assert done.returncode == 2
    assert not (eg.folder / "started").exists()


def test_unverified_alone_is_2(eg: Box) -> None:
    (eg.folder / "r.txt").write_text("six==1.16.0\nidna>=3\nattrs==24.2.0\npackaging==24.2\n")
    done = eg("exec", "--lock", "r.txt", "--", "touch", "started")
    assert done.returncode == 2
    assert "EG111" in done.stderr
    assert not (eg.folder / "started").exists()


@pytest.mark.parametrize("program", ["nosuchprogram", "./envguard.lock", "/"])
def test_a_program_that_cannot_be_started_is_one_line_and_2(eg: Box, program: str) -> None:
    done = eg("exec", "--", program)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_the_environment_of_the_programs_python_is_the_judged_one(drifted: Box) -> None:
    import sys

    from support import run

    script = drifted.folder / "serve"
    script.write_text(f"#!{drifted.python}\nprint('up')\n")
    script.chmod(0o755)
    for program in (str(drifted.python), str(script)):
        done = run(
            sys.executable,
            "-m",
            "envguard",
            "exec",
            "--",
            program,
            "-c",
            "",
            cwd=drifted.folder,
            PYTHONPATH=str(SOURCE),
        )
        assert done.returncode == 1, program
        assert "six 1.16.0" in done.stderr
        assert "rich" not in done.stderr


def test_which_python_a_program_runs_on(eg: Box, tmp_path: Path) -> None:
    for name, first in (
        ("a", f"#!{eg.python} -I"),
        ("b", "#!/bin/sh"),
        ("c", ""),
        ("d", "#!"),
        ("e", "#!/usr/bin/env sh"),
    ):
        (tmp_path / name).write_text(f"{first}\n")
    assert launch.other_interpreter(str(eg.python)) == str(eg.python)
    assert launch.other_interpreter(str(tmp_path / "a")) == str(eg.python)
    for name in "bcde":
        assert launch.other_interpreter(str(tmp_path / name)) is None
