"""What py-rattler is asked of a change by conda, and how its answer is read: the process itself is spoken for."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from envguard.change.installers import _process, _rattler, _rattler_solve, conda_asking
from envguard.change.installers._process import Answer
from envguard.change.installers.request import of_command
from envguard.change.installers.resolution import Resolution
from envguard.errors import UnverifiableError
from envguard.model import CondaPackage, Environment
from support import LINUX

LINK = {
    "name": "pytorch",
    "version": "2.6.0",
    "build": "py311_cpu_0",
    "depends": ["python 3.11.*"],
    "url": "https://conda.invalid/x/linux-64/pytorch-2.6.0-py311_cpu_0.conda",
    "sha256": "ab" * 32,
    "size": 12,
}


class Spoken:
    """A process that gives one answer and keeps what it was asked."""

    def __init__(self, answer: "object", status: int = 0, errors: str = "") -> None:
        self.answer = Answer(
            status=status, output=answer if isinstance(answer, str) else json.dumps(answer), errors=errors
        )
        self.command: list[str] = []
        self.offline = False

    def run(self, command: list[str], *, offline: bool) -> Answer:
        self.command, self.offline = command, offline
        return self.answer

    @property
    def question(self) -> "dict[str, Any]":
        told: dict[str, Any] = json.loads(self.command[2])
        return told


def ask(
    monkeypatch: pytest.MonkeyPatch,
    spoken: Spoken,
    folder: Path,
    *words: str,
    offline: bool = False,
    free: bool = False,
) -> Resolution:
    monkeypatch.setenv("PATH", str(folder / "nothing"))
    monkeypatch.setattr(_process, "run", spoken.run)
    packages = (
        CondaPackage(name="pytorch", version="2.5.0", build="py311_cu121_0", python_name="torch"),
        CondaPackage(name="graphviz", version="9.0.0", build="h1_0"),
    )
    live = Environment(prefix=str(folder), interpreter=LINUX, paths=(), conda=packages)
    return conda_asking.ask(of_command(["conda", *words]), live, offline=offline, free=free)


def test_an_answer_is_read_with_the_names_of_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spoken = Spoken({"version": "0.28.0", "link": [LINK], "unlink": ["graphviz"]})
    words = ("install", "-c", "conda-forge", "--no-channel-priority", "-p", str(tmp_path), "conda-forge::pytorch>=2.6")
    found = ask(monkeypatch, spoken, tmp_path, *words)
    (arrival,) = found.arrivals
    assert (arrival.name, arrival.version, arrival.build, arrival.requested) == ("torch", "2.6.0", "py311_cpu_0", True)
    assert (arrival.hashes, arrival.size, arrival.is_python) == (("sha256:" + "ab" * 32,), 12, True)
    assert (found.installer, found.removals, found.unlinked) == ("py-rattler 0.28.0", ("graphviz",), ("graphviz",))
    assert found.archives[0].explicit == f"{LINK['url']}#sha256:{'ab' * 32}"
    asked = spoken.question
    assert (asked["specs"], asked["channels"]) == (["conda-forge::pytorch>=2.6"], ["conda-forge"])
    assert (asked["strict"], asked["override"], asked["offline"], asked["hold"]) == (False, False, False, True)
    assert spoken.command[:2] == [sys.executable, _rattler._SCRIPT]
    assert not spoken.offline


def test_what_may_be_asked_and_moved_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spoken = Spoken({"link": [], "unlink": []})
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "pinned").write_text("six 1.16.*\n# no more\n")
    ask(monkeypatch, spoken, tmp_path, "install", "--offline", "--override-channels", "x", free=True)
    assert (spoken.question["offline"], spoken.question["override"], spoken.question["hold"]) == (True, True, False)
    assert spoken.question["constraints"] == ["six 1.16.*"]
    assert spoken.offline
    ask(monkeypatch, spoken, tmp_path, "remove", "--no-pin", "X", offline=True)
    assert (spoken.question["removes"], spoken.question["specs"], spoken.question["constraints"]) == (["x"], [], [])
    assert spoken.offline


def test_no_way_is_a_problem_with_what_was_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spoken = Spoken({"version": "0.28.0", "problem": "No candidates\n  were found", "unasked": ["https://c/x"]})
    found = ask(monkeypatch, spoken, tmp_path, "install", "x", offline=True)
    assert (
        found.problem == "No candidates were found; not asked, since nothing may be asked of the network: https://c/x"
    )
    assert found.conflict


@pytest.mark.parametrize(
    ("spoken", "why"),
    [
        (Spoken("", status=_rattler_solve.MISSING), "neither conda nor py-rattler is here"),
        (Spoken({"error": "GatewayError: no\nroute"}), "py-rattler cannot resolve it: GatewayError: no route"),
        (Spoken("", status=-11, errors="\nSegmentation fault\n"), "py-rattler failed: Segmentation fault"),
        (Spoken("[]"), "py-rattler failed: it said nothing"),
    ],
)
def test_a_failure_is_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spoken: Spoken, why: str) -> None:
    with pytest.raises(UnverifiableError, match=why):
        ask(monkeypatch, spoken, tmp_path, "install", "x")


def test_an_option_that_it_has_no_word_for_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for option in ("--no-deps", "--use-local", "--update-deps"):
        with pytest.raises(UnverifiableError, match=f"py-rattler cannot be asked with {option}"):
            ask(monkeypatch, Spoken({}), tmp_path, "install", option, "x")


def test_an_environment_by_name_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UnverifiableError, match="not the environment that is judged"):
        ask(monkeypatch, Spoken({}), tmp_path, "install", "-n", "base", "x")
    request = of_command(["conda", "install", "-n", "base", "-c", "y", "x"])
    assert conda_asking.anywhere(request).options == ("conda", "--channel", "y")
    assert conda_asking.anywhere(of_command(["pip", "install", "x"])).options == ()
