"""What goes wrong in the middle of a trial touches neither the original nor the golden file, and can be removed."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import SOURCE, run
from trial_box import Box, Done

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

pytestmark = pytest.mark.slow


def wait_for(condition: "Callable[[], object]", seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def start(box: Box, change: str, test: str) -> "subprocess.Popen[str]":
    source = ("--python", box.live, "--offline", "--find-links", box.wheels, "--yes")
    return box.start("try", change, "--test", test, *source)


def working_in(folder: Path) -> list[str]:
    """Processes whose working folder it is."""
    done = run("sh", "-c", "ls -l /proc/[0-9]*/cwd 2>/dev/null")
    return [line for line in done.stdout.splitlines() if line.endswith(f" -> {folder}")]


def running_test(box: Box) -> bool:
    return any((box.folder / ".envguard" / "trials").glob("*/logs/*-test-before.log"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_trial_leaves_all_as_it_was_and_can_be_removed(box: Box, how: signal.Signals) -> None:
    before, golden = box.state(), (box.folder / "envguard.lock").read_bytes()
    process = start(box, "six==1.17.0", "sleep 20")
    with process:
        wait_for(lambda: running_test(box))
        os.kill(process.pid, how)
        process.communicate(timeout=60)
    wait_for(lambda: not working_in(box.folder), 10)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert box.state() == before
    assert (box.folder / "envguard.lock").read_bytes() == golden
    assert box.check() == 0
    refused = box.accept()
    assert refused.returncode == 2
    assert "interrupted" in refused.stderr
    assert box("reject").returncode == 0
    assert not any((box.folder / ".envguard" / "trials").iterdir())


def test_two_trials_at_once_do_not_disturb_one_another(box: Box) -> None:
    with start(box, "six==1.17.0", "sleep 1") as one, start(box, "idna==3.10", "sleep 1") as other:
        outputs = [process.communicate(timeout=120) for process in (one, other)]
    assert [process.returncode for process in (one, other)] == [0, 0], outputs
    ids = {said["plan"]["moves"][0]["name"]: said["id"] for said in box.trials()}
    assert ids.keys() == {"six", "idna"}
    undecided = box.accept()
    assert undecided.returncode == 2
    assert "which passed or accepting trial?" in undecided.stderr
    assert box.accept(ids["six"]).returncode == 0
    late = box.accept(ids["idna"])
    assert late.returncode == 1
    assert "is not the golden file that trial" in late.stderr
    assert [entry["what"] for entry in box.history()][-1] == "six 1.16.0 -> 1.17.0"


def test_a_trial_that_goes_on_is_neither_accepted_nor_removed(box: Box) -> None:
    with start(box, "six==1.17.0", "sleep 3") as process:
        wait_for(lambda: running_test(box))
        assert box("reject").returncode == 2
        assert "running" in box.accept().stderr
        process.communicate(timeout=120)
    assert process.returncode == 0


def on_small_disk(box: Box, kilobytes: int, *words: str) -> Done:
    """``envguard try`` where the folder of trials is a file system of its own, and a small one."""
    trials = box.folder / ".envguard"
    trials.mkdir(exist_ok=True)
    command = [box.judge, "-m", "envguard", "try", *words, "--python", box.live, "--yes", "--offline"]
    line = " ".join(f"'{word}'" for word in (*command, "--find-links", box.wheels))
    script = f"mount -t tmpfs -o size={kilobytes}k none '{trials}' && {line}"
    return run("unshare", "-rm", "sh", "-c", script, cwd=box.folder, PYTHONPATH=str(SOURCE))


@pytest.mark.parametrize("kilobytes", [16, 200, 500, 800, 1100])
def test_a_full_disk_is_said_and_nothing_else_happens(box: Box, kilobytes: int) -> None:
    if shutil.which("unshare") is None or run("unshare", "-rm", "true").returncode:
        pytest.skip("no file system of a test's own can be mounted here")
    before = box.state()
    done = on_small_disk(box, kilobytes, "six==1.17.0", "--test", "python -c pass")
    assert done.returncode == 2, done.stderr
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    assert box.state() == before
    assert box.check() == 0


def test_a_trial_whose_environment_changed_since_is_not_accepted(box: Box) -> None:
    assert box.tried("six==1.17.0").returncode == 0
    (said,) = box.trials()
    site = next(Path(said["environment"]["prefix"]).glob("lib/python3*/site-packages"))
    (site / "idna" / "core.py").write_text("# edited\n")
    golden = (box.folder / "envguard.lock").read_bytes()
    done = box.accept()
    assert done.returncode == 1
    assert "has changed since its test passed: EG108 idna" in done.stderr
    assert (box.folder / "envguard.lock").read_bytes() == golden


def test_a_golden_file_of_the_trial_that_was_altered_is_not_accepted(box: Box) -> None:
    assert box.tried("six==1.17.0").returncode == 0
    (said,) = box.trials()
    candidate = Path(said["candidate"]["path"])
    candidate.write_bytes(candidate.read_bytes().replace(b"attrs==24.2.0", b"attrs==24.2.1"))
    golden = (box.folder / "envguard.lock").read_bytes()
    assert box.accept().returncode == 2
    assert (box.folder / "envguard.lock").read_bytes() == golden


def test_a_test_that_takes_too_long_before_the_change_says_nothing(box: Box) -> None:
    done = box.tried("six==1.17.0", "--timeout", "1", test="sleep 30")
    assert done.returncode == 2
    assert "the time limit before anything was changed" in done.stderr


def test_a_test_that_does_not_write_what_is_compared_says_nothing(box: Box) -> None:
    (box.folder / "old.json").write_text("{}")
    done = box.tried("six==1.17.0", "--compare", "old.json")
    assert done.returncode == 2
    assert "the test did not write old.json" in done.stderr


def test_a_test_of_the_original_is_refused(box: Box) -> None:
    done = box.tried("six==1.17.0", test=f"{box.live}/bin/python -c pass")
    assert done.returncode == 2
    assert "belongs to the original environment" in done.stderr


def test_an_accept_that_was_killed_is_finished_by_the_next_one(box: Box) -> None:
    assert box.tried("six==1.17.0").returncode == 0
    source = f"import os; os.environ['PYTHONPATH'] = {str(SOURCE)!r}"
    for name in ("golden.become", "history.append"):
        module, _dot, function = name.partition(".")
        code = (
            f"{source}\nfrom envguard.change.mending import {module}\nfrom envguard.change.trial import accepting\n"
            f"real = {module}.{function}\n"
            f"def dying(*given, **more):\n    real(*given, **more)\n    os._exit(9)\n"
            f"{module}.{function} = dying\n"
            "accepting.accept(None, None, why='because', tell=lambda *_words: None)\n"
        )
        assert run(box.judge, "-c", code, cwd=box.folder, PYTHONPATH=str(SOURCE)).returncode == 9
    done = box.accept("--why", "because", "--apply")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0
    whats = [entry["what"] for entry in box.history()]
    assert whats.count("six 1.16.0 -> 1.17.0") == 1
    assert whats[0].startswith("golden before")
