"""What installers answer: reports that are odd, conflicts in their words, and a conda that is spoken for."""

import json
import os
import stat
from pathlib import Path

import pytest

from envguard.change.installers import _pip, _process, _uv, conda_asking
from envguard.change.installers.request import Request, of_command, of_words
from envguard.change.installers.resolution import Arrival, Resolution
from envguard.change.planning import chains, held, left_behind, resolving
from envguard.change.planning.resolving import Asked
from envguard.environment.interpreter import markers
from envguard.errors import UnverifiableError
from envguard.model import CondaPackage, Distribution, Environment, Pin, Snapshot
from support import LINUX


def distribution(name: str, version: str = "1", *requires: str, **fields: object) -> Distribution:
    return Distribution(name=name, version=version, path="", location="", requires=requires, **fields)  # type: ignore[arg-type]


def program(path: Path, output: str, status: int = 0) -> str:
    """A program that says this and leaves with that status."""
    path.write_text(f"#!/bin/sh\ncat <<'SAID'\n{output}\nSAID\nexit {status}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def pip_that_writes(path: Path, report: str) -> list[str]:
    """A pip whose report is this text: the file behind ``--report`` is what is read."""
    said = path.with_suffix(".said")
    said.write_text(report, encoding="utf-8")
    loop = f'while [ $# -gt 0 ]; do [ "$1" = --report ] && cp {said} "$2"; shift; done'
    path.write_text(f"#!/bin/sh\n{loop}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


ITEM = {
    "download_info": {"url": "https://u:p@x/Foo-1-py3-none-any.whl", "archive_info": {"hash": "sha256=ab"}},
    "metadata": {"name": "Foo.Bar", "version": "1", "requires_dist": ["six"], "requires_python": ">=3.9"},
    "is_yanked": True,
    "requested": True,
    "requested_extras": ["B_x"],
}


def test_pips_report_is_read(tmp_path: Path) -> None:
    report = json.dumps({"version": "1", "pip_version": "26.3", "install": [ITEM]})
    found = _pip.ask(pip_that_writes(tmp_path / "pip", report), ["six"], offline=True)
    (arrival,) = found.arrivals
    assert found.installer == "pip 26.3"
    assert (arrival.name, arrival.version, arrival.requires) == ("foo-bar", "1", ("six",))
    assert (arrival.yanked, arrival.requested, arrival.extras) == ("withdrawn", True, ("b-x",))
    assert arrival.hashes == ("sha256:ab",)


@pytest.mark.parametrize(
    "report",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"version": "2", "pip_version": "99", "install": []}',
        '{"version": "1", "pip_version": "26", "install": [{}]}',
        '{"version": "1", "pip_version": "26", "install": [{"metadata": {"name": 1}, "download_info": {}}]}',
        '{"version": "1", "pip_version": "26", "install": null}',
        "[" * 100_000,
    ],
)
def test_a_report_that_is_not_understood_is_no_plan(tmp_path: Path, report: str) -> None:
    with pytest.raises(UnverifiableError, match="pip's report"):
        _pip.ask(pip_that_writes(tmp_path / "pip", report), [], offline=True)


def test_an_installer_that_cannot_be_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnverifiableError, match="cannot be run"):
        _process.run([str(tmp_path / "none")])


def test_an_installer_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_process, "SECONDS", 0.2)
    with pytest.raises(UnverifiableError, match="no answer within"):
        _process.run(["/bin/sh", "-c", "sleep 60 & wait"])


def test_offline_leaves_out_what_would_ask_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://x/simple")
    monkeypatch.setenv("UV_INDEX_URL", "https://x/simple")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    show = ["/usr/bin/env"]
    online, offline = _process.run(show).output, _process.run(show, offline=True).output
    assert "PIP_INDEX_URL" in online
    assert "INDEX_URL" not in offline
    assert "PIP_CONFIG_FILE=/dev/null" in offline
    for text in (online, offline):
        assert "PYTHONPATH" not in text
        assert "SECRET_TOKEN" not in text


UV_TEXT = """\
Resolved 5 packages in 15ms
Would install 2 packages
 - requests==2.31.0
 + requests==2.32.5
 + foo-bar==1.0 (from file:///x/foo)
 ~ six==1.16.0
 - idna==3.7
"""


def test_the_text_of_uv_is_read_where_it_has_no_json() -> None:
    found = _uv._changes(_process.Answer(status=0, output="", errors=UV_TEXT))
    assert found == [
        ("-", "requests", "2.31.0", ""),
        ("+", "requests", "2.32.5", ""),
        ("+", "foo-bar", "1.0", "file:///x/foo"),
        ("~", "six", "1.16.0", ""),
        ("-", "idna", "3.7", ""),
    ]


@pytest.mark.parametrize("output", ['{"changes": [{"action": "sings"}]}', "{", '{"other": 1}', '{"changes": 1}'])
def test_an_answer_of_uv_that_is_not_understood_is_no_plan(output: str) -> None:
    with pytest.raises(UnverifiableError, match="uv's report is not understood"):
        _uv._changes(_process.Answer(status=0, output=output, errors=""))
    with pytest.raises(UnverifiableError, match="not understood"):
        _uv._changes(_process.Answer(status=0, output="", errors="Something else"))


PIP_SAYS = (
    "torchvision 0.20.0 depends on torch==2.5.0",
    "The user requested (constraint) torch<=2.14.1,==2.13.0+cpu",
)
UV_SAYS = (
    "cause: Because torchvision==0.20.0 depends on torch{sys_platform == 'linux'}==2.5.0 and "
    "torch{sys_platform == 'linux'}==2.13.0+cpu, we can conclude that torchvision==0.20.0 cannot be used."
)
GOLDEN = Snapshot(
    path="envguard.lock",
    format="envguard.lock",
    sha256="",
    pins=(Pin(name="torch", version="2.13.0+cpu", path="envguard.lock", line=4), Pin(name="six", version="1.16.0")),
)
QUESTION = Asked(
    words=("torchvision==0.20.0",),
    named=("torchvision",),
    held=("torch==2.13.0+cpu", "six==1.16.0"),
    removes=(),
    left_alone=(),
    installs=True,
)
LIVE = Environment(
    prefix="/x", paths=(), interpreter=LINUX, distributions=(distribution("torch", "2.13.0+cpu"), distribution("six"))
)
NOWHERE = Resolution(installer="pip", problem="No matching distribution found for torch==2.5.0")


@pytest.mark.parametrize(
    "failed",
    [
        Resolution(installer="pip", problem="Cannot install", clashes=PIP_SAYS),
        Resolution(installer="uv", problem=UV_SAYS),
    ],
)
def test_the_pin_is_found_in_the_words_of_the_installer(failed: Resolution) -> None:
    (change,) = held.find(failed, NOWHERE, QUESTION, GOLDEN, LIVE)
    assert (change.package, change.locked, change.installed) == ("torch", "2.13.0+cpu", "torch==2.5.0")
    assert (change.path, change.line) == ("envguard.lock", 4)
    assert change.evidence[0] in (
        "torchvision 0.20.0 requires torch==2.5.0",
        "torchvision==0.20.0 requires torch==2.5.0",
    )


def test_the_pin_is_found_by_what_would_move_without_pins() -> None:
    freely = Resolution(
        installer="pip 26",
        arrivals=(
            Arrival(name="torchvision", version="0.20.0", requires=("torch==2.5.0", "six")),
            Arrival(name="torch", version="2.5.0", requires=()),
            Arrival(name="six", version="1.17.0", requires=()),  # it moved, and nothing forced it to
        ),
    )
    (change,) = held.find(Resolution(installer="pip", problem="it failed"), freely, QUESTION, GOLDEN, LIVE)
    assert change.package == "torch"
    assert change.evidence == (
        "torchvision 0.20.0 requires torch==2.5.0",
        "the golden file pins torch==2.13.0+cpu",
        "without the pins it would become 2.5.0",
    )


def test_a_failure_that_no_pin_explains_stays_one() -> None:
    assert held.find(Resolution(installer="pip", problem="no network"), NOWHERE, QUESTION, GOLDEN, LIVE) == ()


def test_chains_go_over_extras_and_markers_and_end_in_circles() -> None:
    there = [
        distribution("a", "1", "b[fast]", "c; sys_platform == 'win32'", "!!broken"),
        distribution("b", "1", "d; extra == 'fast'", "e; extra == 'slow'", "a"),
        distribution("d", "1", "f>=2"),
    ]
    found = chains.of(there, {"a": ()}, markers(LINUX))
    assert {name: chain.names for name, chain in found.items()} == {
        "a": ("a",),
        "b": ("a", "b"),
        "d": ("a", "b", "d"),
        "f": ("a", "b", "d", "f"),
    }
    assert found["f"].asks == "f>=2"


def test_left_behind_is_what_only_the_removed_required_also_by_an_extra() -> None:
    before = [
        distribution("app", "1", "shared", "own", "maybe; extra == 'more'"),
        distribution("other", "1", "shared"),
        *(distribution(name) for name in ("shared", "own", "maybe", "alone")),
    ]
    found = left_behind.find(before, before[1:], markers(LINUX))
    assert [change.package for change in found] == ["own", "maybe"]
    assert left_behind.find(before, before[1:], markers(LINUX), keep=["own", "maybe"]) == ()


CONDA_SAYS = {
    "success": True,
    "dry_run": True,
    "actions": {
        "FETCH": [{"name": "pytorch", "size": 12}],
        "UNLINK": [{"name": "pytorch", "version": "2.5.0"}, {"name": "old", "version": "1"}],
        "LINK": [
            {"name": "pytorch", "version": "2.6.0", "url": "https://x/pytorch.conda"},
            {"name": "new", "version": "3"},
        ],
    },
}


def conda_environment(prefix: Path) -> Environment:
    package = CondaPackage(name="pytorch", version="2.5.0", build="0", python_name="torch")
    return LIVE.replace(prefix=str(prefix), conda=(package,))


def asked(request: Request, prefix: Path) -> Resolution:
    return conda_asking.ask(request, conda_environment(prefix), offline=True, free=False)


def test_what_conda_says_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "conda", json.dumps(CONDA_SAYS))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = asked(of_command(["conda", "install", "pytorch=2.6"]), tmp_path / "env")
    assert [(each.name, each.version, each.requested, each.size) for each in found.arrivals] == [
        ("torch", "2.6.0", True, 12),
        ("new", "3", False, None),
    ]
    assert found.removals == ("old",)


def test_conda_for_another_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "conda", "{}")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    request = of_command(["conda", "install", "-p", "/elsewhere", "x"])
    with pytest.raises(UnverifiableError, match="not the environment that is judged"):
        asked(request, tmp_path)


@pytest.mark.parametrize(
    "output", ["", "[]", '{"success": true, "actions": {"LINK": [{}]}}', '{"success": true, "actions": 3}']
)
def test_an_answer_of_conda_that_is_not_understood_is_no_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    program(tmp_path / "conda", output)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(UnverifiableError, match="not understood"):
        asked(of_command(["conda", "install", "x"]), tmp_path / "env")


def test_a_refusal_of_conda_is_told_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"success": False, "exception_name": "PackagesNotFoundError", "message": "not\n  available: x"}
    program(tmp_path / "conda", json.dumps(said), status=1)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = asked(of_command(["conda", "install", "x"]), tmp_path / "env")
    assert (found.problem, found.conflict) == ("not available: x", False)


def test_what_conda_installed_is_held_for_pip_too(tmp_path: Path) -> None:
    live = conda_environment(tmp_path).replace(distributions=(distribution("torch", "2.5.0"), distribution("six")))
    golden = GOLDEN.replace(pins=(Pin(name="pytorch", version="2.5.0", manager="conda"),))
    question = resolving.asked(of_words(["numpy"]), live, golden, free=False, find_links=(), offline=False)
    assert question.held == ("torch==2.5.0",)
    assert resolving.asked(of_words(["torch"]), live, golden, free=False, find_links=(), offline=False).held == ()


def test_the_pin_of_the_golden_file_itself_is_not_asked_of_a_requirements_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("six>=1\n", encoding="utf-8")
    monkeypatch.setenv("ENVGUARD_LOCK_SHA256", "00" * 32)
    request = of_words([], files=[str(wanted)])
    question = resolving.asked(request, LIVE, GOLDEN, free=False, find_links=(), offline=False)
    assert question.named == ("six",)
    assert question.held == ("torch==2.13.0+cpu",)
