"""Who notices what: each damage is done to a real environment, then each tool is asked about it.

Every damage starts from a fresh copy. Every tool gets the lock it works with, taken from the undamaged environment:
``pip freeze``'s lines, or envguard's golden file. What counts is what the tool did: its exit status, and what it says
that it did not say of the undamaged environment.

Run: python benchmarks/catches.py [--quick] [--work DIR] [--json FILE] [-o FILE]
"""

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import environments
from scenes import REAL, Damage, Place, envguard, places, rows, tools

DOCUMENT = environments.PROJECT / "docs" / "catches.md"

MLFLOW = """
import json, subprocess, sys
from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches as ask
ask([])
with open(sys.argv[1]) as file:
    pins = file.read().splitlines()
for pin in pins:
    sys.modules.pop(pin.partition("==")[0].replace("-", "_"), None)
listing = "import json, sys; print(json.dumps(sys.path[1:]))"
sys.path[:] = json.loads(subprocess.check_output([sys.argv[2], "-c", listing]))
ask(pins)
"""
"""MLflow looks at the path of the process it runs in; this gives it the judged environment's."""


class Answer:
    """What a tool did.

    Attributes:
        status: Exit status.
        lines: What it said, with figures and times taken out so that two runs can be compared.
        codes: envguard's codes, each with the package: ``EG102 six``.
    """

    def __init__(self, status: int, text: str, codes: Sequence[str] = ()) -> None:
        self.status = status
        self.text = text
        self.lines = frozenset(re.sub(r"\d+(\.\d+)?(ms|s)?", "#", line).strip() for line in text.splitlines())
        self.codes = tuple(codes)

    def cell(self, before: "Answer") -> str:
        """``found`` for a failure, ``warns`` for success with something new said, else ``silent``."""
        if self.status:
            return "found"
        return "warns" if self.lines - before.lines else "silent"


class Peer:
    """A tool and its command for an environment.

    Attributes:
        name: Heading of its column.
        command: Makes the command line from the place.
    """

    def __init__(self, name: str, command: Callable[[Place], list[object]]) -> None:
        self.name = name
        self.command = command

    def ask(self, place: Place, variables: "dict[str, str]") -> Answer:
        """Runs it on the environment as it is now."""
        done = self._run(place, variables)
        return Answer(done.returncode, done.stdout + done.stderr)

    def _run(self, place: Place, variables: "dict[str, str]") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(word) for word in self.command(place)],
            env=environments.clean_variables(UV_CACHE_DIR=str(place.work / "uv-cache"), **variables),
            cwd=place.empty,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


class Guard(Peer):
    """``envguard check`` at one depth."""

    def __init__(self, depth: str) -> None:
        super().__init__(f"`envguard check`, {depth}", self._command)
        self.depth = depth

    def _command(self, place: Place) -> list[object]:
        words = ["check", place.lock, "--python", place.python, "--depth", self.depth, "--output-format", "json"]
        return envguard(*words)

    def ask(self, place: Place, variables: "dict[str, str]") -> Answer:
        """Also reads the codes from its report."""
        done = self._run(place, variables)
        report = json.loads(done.stdout) if done.stdout.startswith("{") else {"findings": []}
        codes = [f"{finding['code']} {finding['package'] or ''}".strip() for finding in report["findings"]]
        return Answer(done.returncode, done.stdout + done.stderr, codes)


def peers(work: Path, *, quick: bool) -> list[Peer]:
    """Every tool that is there."""
    found = [
        Peer("`pip check`", lambda place: [tools(work).python, "-m", "pip", "--python", place.python, "check"]),
        Peer("`uv pip check`", lambda place: [environments.uv(), "pip", "check", "--python", place.python]),
        Peer("`uv pip sync --check`", _uv_sync),
    ]
    if not quick and has_mlflow(work):
        found.append(Peer("MLflow", lambda place: [tools(work).python, "-c", MLFLOW, place.pins, place.python]))
    return [*found, Guard("records"), Guard("files")]


def has_mlflow(work: Path) -> bool:
    """Installs it beside pip; False where the index has none."""
    try:
        environments.install_by_uv(tools(work), work, "mlflow-skinny")
    except SystemExit as error:
        print(f"no MLflow: {error}", file=sys.stderr)
        return False
    return True


def _uv_sync(place: Place) -> list[object]:
    command = [environments.uv(), "pip", "sync", "--check", "--offline", "--strict"]
    return [*command, "--python", place.python, place.pins]


class Row:
    """What every tool answered to one damage."""

    def __init__(self, damage: Damage, answers: "dict[str, Answer]", before: "dict[str, Answer]") -> None:
        self.damage = damage
        self.answers = answers
        self.cells = {name: answer.cell(before[name]) for name, answer in answers.items()}
        self.said = {name: sorted(answer.lines - before[name].lines) for name, answer in answers.items()}

    @property
    def missed(self) -> bool:
        """True where envguard at depth files passed, or did not call it by its code and package."""
        name = next(name for name in self.answers if name.endswith("files"))
        wanted = f"{self.damage.code} {self.damage.package}".strip()
        called = any(
            code == wanted or (not self.damage.package and code.startswith(wanted)) for code in self.answers[name].codes
        )
        return self.cells[name] != "found" or not called

    def counters(self) -> "dict[str, object]":
        """The row for ``--json``: the cells, what envguard called it, and what the other tools said anew."""
        return {
            "damage": self.damage.name,
            "code": self.damage.code,
            "package": self.damage.package,
            "cells": self.cells,
            "called": {name: sorted(set(answer.codes)) for name, answer in self.answers.items() if answer.codes},
            "said": {name: said for name, said in self.said.items() if "envguard" not in name and said},
            "missed": self.missed,
        }

    def markdown(self) -> str:
        """One line of the table."""
        return f"| {' | '.join([self.damage.name, *self.cells.values(), self.damage.code])} |"


def compare(chosen: Sequence[Damage], asked: Sequence[Peer], found: "dict[str, Place]") -> list[Row]:
    """Does every damage to a fresh copy and asks every tool.

    Raises:
        SystemExit: A tool objects to an undamaged environment, so that its answers would mean nothing.
    """
    before: dict[str, dict[str, Answer]] = {}
    listed = []
    for damage in chosen:
        place = found[damage.place]
        place.renew()
        if damage.place not in before:
            before[damage.place] = {peer.name: peer.ask(place, {}) for peer in asked}
            for name, answer in before[damage.place].items():
                if answer.status:
                    raise SystemExit(f"undamaged, {damage.place}: {name} exits {answer.status}\n{answer.text[-2000:]}")
        variables = damage.do(place) or {}
        answers = {peer.name: peer.ask(place, variables) for peer in asked}
        listed.append(Row(damage, answers, before[damage.place]))
        print(listed[-1].markdown(), file=sys.stderr, flush=True)
    return listed


def table(listed: Sequence[Row]) -> str:
    """The answers as Markdown."""
    names = ["damage", *listed[0].cells, "code"]
    return "\n".join([f"| {' | '.join(names)} |", "|---" * len(names) + "|", *(row.markdown() for row in listed)])


def versions(work: Path) -> str:
    """The tools and their versions, in words."""
    code = "import importlib.metadata as m; print(*(f'{d.name} {d.version}' for d in m.distributions()), sep='\\n')"
    listed = environments.run([tools(work).python, "-c", code]).splitlines()
    mine = [line for line in listed if line.startswith(("pip ", "mlflow"))]
    uv = " ".join(environments.run([environments.uv(), "--version"]).split()[:2])
    return ", ".join([*sorted(mine), uv, f"Python {sys.version.split()[0]}"])


def document(listed: Sequence[Row], said: str) -> str:
    """docs/catches.md."""
    return f"""# What each tool notices

Written by `python benchmarks/catches.py` on {dt.datetime.now(dt.timezone.utc):%Y-%m-%d}; do not edit.
Tools: {said}.

Every row is a damage done for real to a fresh copy of a real environment, and every tool is asked the question "is
this still the environment that was locked?". None of them objects to the undamaged environment, which holds
{", ".join(REAL)}, what they need, and small
hand-built wheels of `torch` and of a pair of distributions that own one file.

- **found**: it fails (exit status other than 0).
- **warns**: it exits 0, but says something that it did not say of the undamaged environment.
- **silent**: neither.

envguard judges at two depths here: "records" is the default, "files" reads every file. The last column is the code by
which `envguard check --depth files` calls the damage. A row that it did not call by this code and the right package
would make the script fail.

{table(listed)}

What each was given:

- `pip check` and `uv pip check` take no lock: they ask whether the installed distributions fit one another. That is
  another question, and they are here because it is what people run.
- `uv pip sync --check --offline --strict` and MLflow got the lines of `pip freeze`. In the row "pin without label" the
  local label was taken out of these lines, as MLflow does when it logs a model; envguard got its own golden file.
- MLflow is `warn_dependency_requirement_mismatches`, which `load_model` calls. It never fails, so that its best answer
  is "warns". `load_model` also compares the version of Python by a warning of its own, which is not measured here.
- envguard judged from outside (`--python`), by a golden file of `envguard freeze --depth files`.
"""


def main() -> int:
    """Damages and asks; writes the document; 1 where envguard missed a row."""
    parser = environments.options(__doc__ or "")
    parser.add_argument("-o", "--output", metavar="FILE", help="the document (default: docs/catches.md; quick: none)")
    arguments = parser.parse_args()
    chosen = [damage for damage in rows() if damage.quick or not arguments.quick]
    with environments.work_folder(arguments.work) as work:
        listed = compare(chosen, peers(work, quick=arguments.quick), places(work, quick=arguments.quick))
        said = versions(work)
        for name in ("judged", "origin", "unlabelled"):
            shutil.rmtree(work / name, ignore_errors=True)
    output = arguments.output or ("" if arguments.quick else DOCUMENT)
    if output:
        Path(output).parent.mkdir(exist_ok=True)
        Path(output).write_text(document(listed, said))
    print(table(listed))
    missed = [row for row in listed if row.missed]
    for row in missed:
        print(f"MISSED {row.damage.name}: wanted {row.damage.code} {row.damage.package}", file=sys.stderr)
    counters = {"rows": [row.counters() for row in listed], "missed": len(missed), "tools": said}
    environments.write_json(arguments.json, counters)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
