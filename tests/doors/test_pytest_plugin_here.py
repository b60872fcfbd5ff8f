"""The same plugin in the process of the tests: each mode once, and what a run from outside cannot produce."""

import os
import sys
from pathlib import Path

import pluggy
import pytest

from envguard.doors import _pytest_marker, _pytest_run, _pytest_words
from envguard.errors import LockError
from envguard.model import Change, Finding, Report
from sandbox import change_version

pytest_plugins = ("pytester",)

TESTS = """
import pytest

def test_plain(): pass

@pytest.mark.envguard("hostmod")
def test_marked(envguard_report): assert envguard_report.pinned

@pytest.mark.envguard("nosuch")
def test_unlocked(): pass
"""


@pytest.fixture(autouse=True)
def _pluggy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pluggy, "__version__", pluggy.__version__, raising=False)  # pytest reads it from metadata


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(TESTS)
    with_plugin = ("-p", "envguard.doors.pytest_plugin", "-p", "no:cacheprovider")
    return pytester.runpytest_inprocess(*with_plugin, *arguments)


@pytest.mark.parametrize("mode", ["refuse", "report", "warn"])
def test_a_pinned_environment(here: Path, pytester: pytest.Pytester, mode: str) -> None:
    done = run(pytester, f"--envguard={mode}")
    done.assert_outcomes(passed=2, errors=1)
    done.stdout.fnmatch_lines(["envguard: pinned, 1 package of *envguard.lock, *", "*nosuch is not in *"])


def test_a_drifted_one(here: Path, pytester: pytest.Pytester) -> None:
    change_version(here, "hostmod", "1.0", "2.0")
    refused = run(pytester, "--envguard")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["ERROR: envguard: *", "EG102 version-drift  hostmod 1.0 * 2.0*"])
    run(pytester, "--envguard=report", "-o", "pythonpath=.").assert_outcomes(passed=1, failed=1, errors=2)
    run(pytester, "--envguard=warn").assert_outcomes(passed=1, errors=2, warnings=1)
    run(pytester).assert_outcomes(passed=2, failed=1)


def test_settings_that_make_no_sense(here: Path, pytester: pytest.Pytester) -> None:
    for arguments in (("--envguard=no",), ("-o", "envguard=no"), ("--envguard", "-o", "envguard_depth=deep")):
        done = run(pytester, *arguments)
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        done.stderr.fnmatch_lines(["*'*' is none of *"])
    missing = run(pytester, "--envguard", "-o", "envguard_lock=gone.lock")
    missing.stderr.fnmatch_lines(["ERROR: envguard: *gone.lock: cannot be read: *"])


def test_only_the_child_of_a_controller_is_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.delenv(_pytest_run.CONTROLLER, raising=False)
    assert not _pytest_run._is_worker()
    monkeypatch.setenv(_pytest_run.CONTROLLER, f"{os.getppid()}@/another/environment")
    assert not _pytest_run._is_worker()
    monkeypatch.setenv(_pytest_run.CONTROLLER, f"{os.getppid()}@{sys.prefix}")
    assert _pytest_run._is_worker()
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    assert not _pytest_run._is_worker()


def test_a_lock_that_changed_during_the_run_vouches_for_nothing(here: Path, pytester: pytest.Pytester) -> None:
    lock = here.parents[1] / "envguard.lock"
    _pytest_marker._names.clear()
    pytester.makeconftest(f"import pathlib\npathlib.Path({str(lock)!r}).write_text('hostmod==1.0')")
    done = run(pytester, "--envguard", "-k", "marked")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["envguard: *envguard.lock: *sha256*"])


def test_words_of_many_findings_with_the_same_name() -> None:
    change = Change(
        code="EG108", kind="edited", package="a::b/c\x1b", path="/x\x1b", line=3, evidence=("seen\x07",) * 30
    )
    finding = Finding(change=change, verdict="forbidden", rule="edited", reason="why", instead="reinstall")
    report = Report(
        lock="envguard.lock",
        format="envguard.lock",
        lock_sha256="0" * 64,
        seal="",
        prefix="/env",
        depth="files",
        packages=1,
        installed=1,
        findings=(finding,) * 60,
        skipped=("native: no",),
        bypass="a reason",
    )
    warned = list(_pytest_words.warned(report, "envguard.lock"))
    assert len(warned) == 52
    assert warned[0][0] == "NOT PINNED, bypassed: a reason"
    assert warned[-1][0] == "and 10 more findings; `envguard check` shows all"
    told = _pytest_words.explained(finding, report.lock) + _pytest_words.name(finding) + str(warned)
    assert not set(told) & set("\x1b\x07")
    assert _pytest_words.name(finding) == "EG108-file-drift[a_b_c_x1b]"
    assert _pytest_words.header(report, "envguard.lock").endswith("1 check not run, bypassed: a reason")
    assert _pytest_words.refusal(LockError("torn\x1b", path="x")) == "envguard: x: torn\\x1b"
