"""The benchmarks count what they say they count: their gates fail when the guard misses something.

The fast tests feed the gates with made-up answers. The slow ones run each script on a small real sample.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from support import scrubbed

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
DEPTHS = ("versions", "records", "files")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports a benchmark by its name, as a script in that folder would."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)

    def load_one(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield load_one
    for name in set(sys.modules) - before:
        if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def answer(judging: Any, verdict: str, *findings: tuple[str, str, str]) -> Any:
    rows = [[code, kind, package, "cautious", "", []] for code, kind, package in findings]
    return judging.Answer({"verdict": verdict, "findings": rows})


# --- the truth that verdicts are held against --------------------------------------------------------------------


@pytest.mark.parametrize("change", ["byte", "mode", "added", "deleted", "link", "same size and time"])
def test_the_oracle_sees_every_kind_of_change(load: Any, tmp_path: Path, change: str) -> None:
    oracle = load("oracle").Oracle(tmp_path)
    file = tmp_path / "package" / "module.py"
    file.parent.mkdir()
    file.write_bytes(b"value = 1\n")
    before = oracle.state()
    assert before == oracle.state()
    if change == "byte":
        file.write_bytes(b"value = 12\n")
    elif change == "mode":
        file.chmod(0o755)
    elif change == "added":
        (file.parent / "other.py").touch()
    elif change == "deleted":
        file.unlink()
    elif change == "link":
        file.rename(tmp_path / "elsewhere.py")
        before = {**oracle.state(), "package/module.py": before["package/module.py"]}
        file.symlink_to(tmp_path / "elsewhere.py")
    else:
        status = file.stat()
        file.write_bytes(b"value = 2\n")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert oracle.state() != before


def test_the_oracle_ignores_bytecode_and_the_order_of_record(load: Any, tmp_path: Path) -> None:
    oracle = load("oracle").Oracle(tmp_path)
    record = tmp_path / "RECORD"
    record.write_text("a.py,,\nb.py,,\n")
    before = oracle.state()
    record.write_text("b.py,,\n__pycache__/a.cpython-311.pyc,,\na.py,,\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.cpython-311.pyc").touch()
    assert oracle.state() == before


def test_an_environment_is_put_back_to_the_byte(load: Any, tmp_path: Path) -> None:
    environments, oracle = load("environments"), load("oracle")
    first, second = environments.Environment(tmp_path / "one"), tmp_path / "two"
    (first.folder / "package").mkdir(parents=True)
    (first.folder / "package" / "kept.py").write_text("kept = 1\n")
    (first.folder / "package" / "edited.py").write_text("edited = 1\n")
    backup = environments.copy(first, second)
    truth = oracle.Oracle(first.folder).state()
    (first.folder / "package" / "edited.py").write_text("edited = 2\n")
    (first.folder / "package" / "kept.py").unlink()
    (first.folder / "added").mkdir()
    (first.folder / "added" / "module.py").touch()
    assert oracle.Oracle(first.folder).state() != truth
    environments.put_back(backup, first)
    assert oracle.Oracle(first.folder).state() == truth
    assert not (first.folder / "added").exists()


# --- gates -------------------------------------------------------------------------------------------------------


def test_a_damage_that_is_not_called_by_its_code_and_package_is_missed(load: Any) -> None:
    judging = load("judging")
    damage = load("damages").Damage("one byte", "EG108", "numpy", "records", lambda: None)
    right = answer(judging, "cautious", ("EG108", "edited", "numpy"))
    other_package = answer(judging, "cautious", ("EG108", "edited", "scipy"))
    pinned = answer(judging, "pinned")
    assert damage.missed({"versions": pinned, "records": right, "files": right}) == []
    assert damage.missed({"versions": pinned, "records": pinned, "files": right}) == ["records"]
    assert damage.missed({"versions": right, "records": right, "files": other_package}) == ["files"]


@pytest.mark.parametrize(
    ("verdicts", "changed", "failed"),
    [
        (("forbidden", "forbidden", "forbidden"), True, False),
        (("pinned", "forbidden", "forbidden"), True, False),
        (("pinned", "pinned", "forbidden"), True, True),
        (("pinned", "pinned", "pinned"), True, True),
        (("pinned", "pinned", "pinned"), False, False),
        (("crash", "forbidden", "forbidden"), True, True),
    ],
)
def test_a_false_pinned_or_a_crash_fails_the_gate(
    load: Any, monkeypatch: pytest.MonkeyPatch, verdicts: tuple[str, ...], changed: bool, failed: bool
) -> None:
    interrupted, judging = load("interrupted"), load("judging")

    class Oracle:
        def state(self) -> dict[str, tuple[str, bool]]:
            return {"module.py": ("2" if changed else "1", False)}

    bench = SimpleNamespace(environment=None, lock=None, truth={"module.py": ("1", False)}, oracle=Oracle())
    answers = {depth: answer(judging, verdict) for depth, verdict in zip(DEPTHS, verdicts, strict=True)}
    monkeypatch.setattr(judging, "judge", lambda *_given: answers)
    tally = interrupted.Tally("made up")
    tally.look(bench, "somewhere")
    assert tally.failed() is failed
    assert tally.counters()["states"] == 1


def test_a_pass_after_a_fault_needs_a_reason(load: Any) -> None:
    row = {"call": "open", "error": "EIO", "answer": "pinned", "caller": "facts.reading.read", "callers": ""}
    row |= {"below": "", "path": "/site/six-1.dist-info/METADATA", "detail": "", "link": ""}
    injected = load("faults").Injected
    assert injected(row, lasting="lasting").reason() == ""
    assert injected({**row, "call": "read", "error": "short", "detail": "read"}, lasting="lasting").reason() == ""
    assert injected({**row, "call": "read", "error": "short", "detail": "at the end"}, lasting="lasting").reason()
    assert injected({**row, "call": "lstat", "below": " realpath"}, lasting="lasting").reason()
    at_the_end = {**row, "call": "read", "error": "short", "detail": "at the end"}
    assert injected(at_the_end, lasting="lasting", way="drifted").reason() == ""
    assert injected({**row, "call": "lstat", "below": " realpath", "link": True}, lasting="lasting").reason() == ""


@pytest.mark.parametrize(("added", "met"), [(1.29, True), (1.31, False)])
def test_a_missed_target_is_said(load: Any, added: float, met: bool) -> None:
    speed, stopwatch = load("speed"), load("stopwatch")
    result = speed.Result()
    for name, whole in ((speed.BARE, 10.0), (speed.VERSIONS, 11.0), (speed.RECORDS, 20.0), (speed.FILES, 2000.0)):
        series = result.series[name] = stopwatch.Series()
        series.whole, series.added = [whole] * 4, [added] * 4
    result.series[speed.UV_SYNC] = stopwatch.Series()
    result.series[speed.UV_SYNC].whole = [11.0 * 1.25] * 4
    verdicts = {text: reached for text, _value, reached in speed.targets(result)}
    assert verdicts["depth versions adds at most 1.3 ms"] is met
    assert verdicts[f"whole process at least 1.25 times faster than {speed.UV_SYNC}"] is True
    assert verdicts["cold cache, names only: within 3 ms"] is None


def test_noise_is_known_by_the_bare_runs_alone(load: Any) -> None:
    stopwatch = load("stopwatch")
    quiet = [(10.0, 11.0, 10.0)] * 20
    slow = [(10.0, 50.0, 10.0)]
    noisy = [(10.0, 99.0, 30.0), (30.0, 99.0, 10.0)]
    series = stopwatch.evaluate({"command": quiet + slow + noisy, "rare": noisy})
    assert sorted(series["command"].whole) == [11.0] * 20 + [50.0]
    assert (series["command"].taken, series["command"].median_added()) == (23, 1.0)
    assert series["rare"].whole == [99.0, 99.0]


# --- the document ------------------------------------------------------------------------------------------------


def test_the_document_shows_every_counter(load: Any) -> None:
    reliability = load("reliability")
    counted = {"states": 60, "by_depth": {"files": {"missed": 1234}}, "examples": [{"damage": "one | byte"}]}
    entry = {"counters": counted, "passed": False, "seconds": 1.5, "date": "2026-01-01", "quick": True}
    text = reliability.render({"interrupted": {**entry, "python": "3.11.7", "machine": {"CPU": "a processor"}}})
    for shown in ("| states | 60 |", "1,234", "**no** (small sample)", "one \\| byte", "a processor", "3.11.7"):
        assert shown in text
    assert all(line.count("|") != 1 for line in text.splitlines())


def test_wide_tables_are_turned_and_lists_are_labelled(load: Any) -> None:
    reliability = load("reliability")
    routes = {f"route {number}": {"drifted": "refused"} for number in range(18)}
    lines = reliability.tables({"results": {"3.11.7": routes}, "readers": [{"reader": "uv.lock", "inputs": 100000}]})
    assert "| route 17 drifted | refused |" in lines
    assert "| uv.lock | 100,000 |" in lines
    twice = [{"code": "EG108", "damage": "a byte"}, {"code": "EG108", "damage": "a file"}]
    assert [line for line in reliability.tables({"damages": twice}) if "EG108" in line] == [
        "| a byte | EG108 |",
        "| a file | EG108 |",
    ]


def test_counters_of_one_benchmark_do_not_touch_those_of_another(load: Any, tmp_path: Path) -> None:
    reliability, file = load("reliability"), tmp_path / "reliability.json"
    reliability.merge(file, "soak", {"passed": True})
    reliability.merge(file, "clean", {"passed": False})
    reliability.merge(file, "soak", {"passed": False})
    assert json.loads(file.read_text()) == {"soak": {"passed": False}, "clean": {"passed": False}}


def test_the_committed_document_is_what_the_counters_say(load: Any) -> None:
    reliability = load("reliability")
    if not reliability.COUNTERS.exists():
        pytest.skip("no counters yet")
    assert reliability.DOCUMENT.read_text() == reliability.render(json.loads(reliability.COUNTERS.read_text()))


def test_every_suite_has_its_script(load: Any) -> None:
    assert [name for name in load("reliability").SUITE if not (BENCHMARKS / f"{name}.py").exists()] == []


# --- small samples of the real thing -----------------------------------------------------------------------------


def sample(name: str, work: Path, *options: str) -> dict[str, Any]:
    """Runs a benchmark's small sample, and returns its counters."""
    found = work / f"{name}.json"
    command = [sys.executable, BENCHMARKS / f"{name}.py", "--quick", "--work", work, "--json", found, *options]
    done = subprocess.run(
        [str(word) for word in command],
        env={**scrubbed(), "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counters: dict[str, Any] = json.loads(found.read_text())
    return counters


@pytest.mark.slow
def test_damages_are_called_by_their_names(tmp_path: Path) -> None:
    counters = sample("damages", tmp_path)
    assert counters["missed"] == 0
    assert len(counters["damages"]) >= 11


@pytest.mark.slow
def test_restore_leaves_no_damage(tmp_path: Path) -> None:
    counters = sample("restoring", tmp_path, "--damage", "one edited byte")
    assert counters["missed"] == 0
    golden = {row["tool"]: row["golden"] for row in counters["rows"]}
    assert golden["envguard restore --only"]
    assert not golden["uv pip sync"]


@pytest.mark.slow
def test_interrupted_installs_are_never_pinned(tmp_path: Path) -> None:
    counters = sample("interrupted", tmp_path, "--points", "4", "--stops", "2")
    assert counters["pip killed"]["changed"] >= 2
    for name in ("pip killed", "uv killed", "pip frozen", "uv frozen"):
        assert counters[name]["false_pinned"]["files"] == 0


@pytest.mark.slow
def test_clean_installs_have_no_findings(tmp_path: Path) -> None:
    assert sample("clean", tmp_path)["findings"] == 0


@pytest.mark.slow
def test_failing_calls_never_crash_and_never_pass_unexplained(tmp_path: Path) -> None:
    counters = sample("faults", tmp_path)["total"]
    assert counters["injected"] > 250
    assert not counters.get("crash", 0)
    assert not counters.get("unexplained", 0)


@pytest.mark.slow
def test_scanning_does_not_grow(tmp_path: Path) -> None:
    counters = sample("soak", tmp_path)
    assert counters["grown_descriptors"] == 0


@pytest.mark.slow
def test_growth_is_measured_at_every_depth(tmp_path: Path) -> None:
    assert sample("growth", tmp_path)["milliseconds"].keys() == set(DEPTHS)
