"""Which interpreter is judged, and that asking another one runs nothing of its environment."""

import json
import os
import platform
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from building import run
from packaging.markers import default_environment

from envguard import environment
from envguard.environment import interpreter, probe
from envguard.errors import EnvguardError, UnverifiableError, UsageError

IDENTITY = """
import json, os, platform, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name, "version": platform.python_version(),
    "soabi": sysconfig.get_config_var("SOABI"), "system": sys.platform, "machine": platform.machine(),
}))
"""


def test_the_running_interpreter() -> None:
    live = interpreter.running()
    assert live.implementation == sys.implementation.name
    assert live.version == platform.python_version()
    assert live.soabi == sysconfig.get_config_var("SOABI")
    assert (live.system, live.machine) == (sys.platform, platform.machine())
    assert live.libc == " ".join(platform.libc_ver())


def test_markers_of_the_running_interpreter() -> None:
    assert interpreter.markers(interpreter.running()) == default_environment()


def test_every_other_interpreter_says_what_it_is(any_python: str) -> None:
    live, prefix, paths = interpreter.of(any_python)
    said = json.loads(run(any_python, "-c", IDENTITY))
    assert {name: getattr(live, name) for name in said} == said
    assert live.libc == interpreter.running().libc
    assert prefix == run(any_python, "-c", "import sys; print(sys.prefix)").strip()
    assert any(path.endswith("site-packages") for path in paths)


def test_markers_of_every_other_interpreter(any_python: str) -> None:
    """packaging is lent to it by path: nothing is installed anywhere."""
    import packaging

    lent = str(Path(packaging.__file__).parents[1])
    program = f"import sys, json; sys.path.append({lent!r})\n"
    program += "from packaging.markers import default_environment as d; print(json.dumps(d()))"
    live, _prefix, _paths = interpreter.of(any_python)
    assert interpreter.markers(live) == json.loads(run(any_python, "-I", "-B", "-c", program))


@pytest.mark.parametrize(
    ("version", "implementation_version", "python_version"),
    [("3.13.0rc1", "3.13.0c1", "3.13"), ("3.14.0a4", "3.14.0a4", "3.14"), ("3.12.1", "3.12.1", "3.12")],
)
def test_markers_of_a_pre_release(version: str, implementation_version: str, python_version: str) -> None:
    markers = interpreter.markers(interpreter.running().replace(version=version))
    assert markers["implementation_version"] == implementation_version
    assert markers["python_version"] == python_version
    assert markers["python_full_version"] == version


def test_a_folder_stands_for_its_interpreter(venv: Path) -> None:
    assert interpreter.of(str(venv)) == interpreter.of(str(venv / "bin" / "python"))
    assert environment.scan(python=str(venv)).prefix == str(venv)


def test_a_bare_name_is_looked_up(venv: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(venv / "bin"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "venv").rename(tmp_path / "other")
    monkeypatch.setenv("PATH", str(tmp_path / "other" / "bin"))
    assert interpreter.of("python3")[1] == str(tmp_path / "other")


@pytest.mark.parametrize("python", ["", "missing", "no/such/python", "empty", "text", "script", "/bin/false", "nul\0"])
def test_what_is_no_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("hello")
    (tmp_path / "script").write_text("#!/bin/sh\necho hello\n")
    (tmp_path / "script").chmod(0o755)
    with pytest.raises(UsageError) as caught:
        environment.scan(python=python)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_file_that_claims_to_be_executable(tmp_path: Path) -> None:
    (tmp_path / "python").write_bytes(b"\x7fELF no")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(UsageError, match="cannot be run"):
        environment.scan(python=str(tmp_path / "python"))


@pytest.mark.parametrize(
    "answer",
    [
        '{"identity": {"implementation": 1, "version": null, "soabi": "", "system": "", "machine": ""}}',
        "{}",
        "[]",
        "null",
        "[" * 100_000,
        '{"identity": {}, "layout": {}}',
        '{"identity": 1, "layout": 2}',
        "\xff",
    ],
)
def test_nonsense_for_an_answer(tmp_path: Path, answer: str) -> None:
    (tmp_path / "answer").write_text(answer, encoding="latin-1")
    (tmp_path / "python").write_text(f"#!/bin/sh\ncat {tmp_path}/answer\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(UsageError, match="did not answer"):
        environment.scan(python=str(tmp_path / "python"))


def test_endless_answer(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nexec cat /dev/zero\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(EnvguardError):
        environment.scan(python=str(tmp_path / "python"))


def test_interpreter_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "ANSWER_SECONDS", 0.2)
    (tmp_path / "python").write_text("#!/bin/sh\nsleep 60; echo\n")
    (tmp_path / "python").chmod(0o755)
    started = time.monotonic()
    with pytest.raises(UnverifiableError, match="did not answer within"):
        environment.scan(python=str(tmp_path / "python"))
    assert time.monotonic() - started < 20


def test_nothing_of_the_judged_environment_runs(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site,) = venv.glob("lib/python3*/site-packages")
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w')"
    (site / "trap.pth").write_text(f"import os; {trap}\n")
    for name in ("sitecustomize", "usercustomize", "json", "site", "encodings"):
        (site / f"{name}.py").write_text(trap)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PYTHONSTARTUP", str(site / "sitecustomize.py"))
    live = environment.scan(python=str(venv))
    assert len(live.distributions) == 5
    assert not (tmp_path / "sprung").exists()
    assert any(str(site / "trap.pth") in remark for remark in live.blind)


def test_musl_says_its_version() -> None:
    assert probe.musl_version("musl libc (x86_64)\nVersion 1.2.4\nDynamic Program Loader\n") == "1.2.4"
    assert probe.musl_version("something else") == "unknown"


def test_the_running_one_is_answered_quickly() -> None:
    """A second process would cost a thousand times more."""
    before = os.times().children_user
    interpreter.running()
    assert os.times().children_user == before


def test_a_script_that_starts_the_interpreter_is_not_taken_for_it(venv: Path, tmp_path: Path) -> None:
    """As the shims of version managers are: what the loader would do follows from the interpreter's own file."""
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec "{venv}/bin/python" "$@"\n')
    shim.chmod(0o755)
    assert environment.scan(python=str(shim)).executable == str(venv / "bin" / "python")


def test_one_that_was_started_before_gives_the_same_answer(venv: Path, tmp_path: Path) -> None:
    whole = interpreter.ask(str(venv))
    interpreter.ask_soon(str(venv))
    (started,) = interpreter._begun.values()
    assert interpreter.ask(str(venv)) == whole
    assert started.returncode == 0
    assert not interpreter._begun


def test_what_cannot_be_started_before_is_refused_when_it_is_asked(tmp_path: Path) -> None:
    nothing = tmp_path / "bin" / "python"
    for given in (str(nothing), str(tmp_path)):
        interpreter.ask_soon(given)
        with pytest.raises(UsageError):
            interpreter.ask(given)
    assert not interpreter._begun
