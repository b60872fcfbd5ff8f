import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from box import Box

from envguard import reporters
from envguard.doors.cli import output
from support import SOURCE, scrubbed


def on_a_terminal(*command: str | Path, cwd: Path, **environ: str) -> tuple[int, str]:
    """Run with stdout and stderr on a pseudo terminal; the exit code and what it showed."""
    leader, follower = pty.openpty()
    env = scrubbed(PYTHONPATH=str(SOURCE), TERM="xterm", **environ)
    words = [str(word) for word in command]
    with subprocess.Popen(words, cwd=cwd, env=env, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while select.select([leader], [], [], 60)[0]:
            try:
                chunk = os.read(leader, 1 << 16)
            except OSError:  # the other end was closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(leader)
    return process.returncode, shown.decode()


# --- colour ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "environ", "coloured"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--output-format", "json"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal(drifted: Box, argv: tuple[str, ...], environ: dict[str, str], *, coloured: bool) -> None:
    given = {"TERM": "xterm", **environ}
    command: tuple[str | Path, ...] = (
        "/usr/bin/env",
        *(f"{key}={value}" for key, value in given.items()),
        drifted.python,
        "-m",
        "envguard",
    )
    code, shown = on_a_terminal(*command, "check", *argv, cwd=drifted.folder)
    assert code == 1
    assert ("\x1b[" in shown) is coloured


@pytest.mark.parametrize(
    ("argv", "environ", "coloured"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"CLICOLOR_FORCE": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_in_a_pipe(drifted: Box, argv: tuple[str, ...], environ: dict[str, str], *, coloured: bool) -> None:
    assert ("\x1b[" in drifted("check", *argv, **environ).stdout) is coloured


def test_no_colours_in_a_file_unless_asked_for(drifted: Box) -> None:
    drifted("check", "-o", "plain.txt", FORCE_COLOR="1")
    drifted("check", "-o", "coloured.txt", "--color", "always")
    assert "\x1b[" not in (drifted.folder / "plain.txt").read_text()
    assert "\x1b[" in (drifted.folder / "coloured.txt").read_text()


def test_a_narrow_terminal_wraps_prose(drifted: Box) -> None:
    _code, shown = on_a_terminal(drifted.python, "-m", "envguard", "rule", "EG102", cwd=drifted.folder, COLUMNS="60")
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in shown.splitlines()) <= 60


# --- encoding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environ", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "ascii"}])
def test_no_glyph_that_the_terminal_lacks(drifted: Box, environ: dict[str, str]) -> None:
    for argv in (("check",), ("rule", "--all"), ("explain", "six"), ("--help",), ("freeze", "-o", "x.lock")):
        done = drifted(*argv, **environ)
        assert (done.stdout + done.stderr).isascii(), argv
    assert "six 1.16.0 -> 1.17.0" in drifted("check", **environ).stdout


def test_hostile_metadata_and_paths_stop_nothing(eg: Box) -> None:
    name = "evil\x1b[2K\u202e"
    folder = eg.site / "evil-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\x9b\n")
    (eg.site / os.fsdecode(b"\xff\x1b[2J-1.0.dist-info")).mkdir()
    for environ in ({"LC_ALL": "POSIX"}, {"LANG": "C.UTF-8"}):
        for style in reporters.names():
            done = eg("check", "--output-format", style, **environ)
            assert done.returncode == 1, done.stderr
            assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\udc80-\udcff]", done.stdout) is None
            assert "EG109" in done.stdout


# --- readers that leave ----------------------------------------------------------------------------------------------


def test_a_reader_that_leaves_early_is_no_error(drifted: Box) -> None:
    done = drifted.shell("eg check | true; echo ${PIPESTATUS[0]}; eg rule --all | head -1; eg --help | true")
    assert done.stdout == "1\nEG101 missing\n"
    assert done.stderr == ""


def test_a_closed_stdout_keeps_the_verdict(drifted: Box) -> None:
    assert drifted.shell("eg check >&-").returncode == 1
    assert drifted.shell("eg check >&- 2>&-").returncode == 1
    assert drifted.shell("eg check nosuch.lock 2>&-").returncode == 2


def test_a_full_disk_is_2(eg: Box) -> None:
    done = eg.shell("eg check > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "envguard: error: stdout cannot be written: no space left on device\n"
    assert eg.shell("eg check nosuch.lock 2> /dev/full").returncode == 2


def test_interrupted_is_130(eg: Box) -> None:
    code = (
        "import signal, sys; from envguard import guard;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # a shell's background jobs ignore it
        "guard.check = lambda *a, **k: signal.raise_signal(signal.SIGINT);"
        "from envguard.doors.cli import main; sys.exit(main(['check']))"
    )
    done = eg.shell(f'"{eg.python}" -c "{code}"')
    assert done.returncode == 130
    assert done.stderr == "envguard: interrupted\n"


# --- progress --------------------------------------------------------------------------------------------------------

BAR = """
import argparse, sys, time
from envguard.doors.cli import progress
options = argparse.Namespace(no_progress="--no-progress" in sys.argv, depth=sys.argv[1])
with progress.bar(options) as shown:
    for done in (1, 2, 3):
        time.sleep(0.11)
        if shown: shown(done, 3)
print("after")
"""


@pytest.mark.parametrize(
    ("argv", "environ", "visible"),
    [
        (("files",), {}, True),
        (("records",), {}, False),
        (("files", "--no-progress"), {}, False),
        (("files",), {"ENVGUARD_NO_PROGRESS": "1"}, False),
    ],
)
def test_progress_on_a_terminal(
    tmp_path: Path, argv: tuple[str, ...], environ: dict[str, str], *, visible: bool
) -> None:
    code, shown = on_a_terminal(sys.executable, "-c", BAR, *argv, cwd=tmp_path, **environ)
    assert code == 0
    assert ("hashing files" in shown) is visible
    assert not visible or shown.endswith("\r\x1b[Kafter\r\n"), "the bar leaves nothing behind"


def test_no_progress_in_a_log(eg: Box) -> None:
    assert "hashing" not in eg("check", "--depth", "files").stderr


def test_a_closed_stream_is_no_terminal() -> None:
    assert not output.is_terminal(None)
    assert not output.wants_color("auto", None)
    assert output.encoding_of(None) == "ascii"
