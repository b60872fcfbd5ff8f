"""Asks envguard through its public interface, in the judged environment's own interpreter.

``assert_pinned`` is what a service calls and so what is measured: its fast way is part of what must never be wrong.
Each depth is asked in a forked child, because a refusal latches the process that got it.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import environments

DEPTHS = ("versions", "records", "files")

_ASK = """
import json, os, sys
import envguard
lock, depths = sys.argv[1], sys.argv[2:]

def ask(depth):
    try:
        report = envguard.assert_pinned(lock, depth=depth)
    except envguard.EnvguardError as error:
        report = getattr(error, "report", None)
        if report is None:
            return {"verdict": "error", "error": f"{type(error).__name__}: {error}", "findings": []}
        verdict = report.verdict
    else:
        verdict = "pinned"
    rows = [(f.change.code, f.change.kind, f.change.package, f.verdict, f.change.path, list(f.change.evidence)[:3])
            for f in report.findings]
    return {"verdict": verdict, "findings": rows}

answers = {}
for depth in depths:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            answer = ask(depth)
        except BaseException as crash:
            answer = {"verdict": "crash", "error": repr(crash)[:300], "findings": []}
        with os.fdopen(writer, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    answers[depth] = json.loads(text) if text else {"verdict": "crash", "error": "no answer", "findings": []}
print(json.dumps(answers))
"""

_FREEZE = "import sys, envguard; envguard.freeze(sys.argv[1], depth=sys.argv[2])"


class Answer:
    """What one check said.

    Attributes:
        verdict: A verdict of envguard, ``error`` for an EnvguardError without a report, or ``crash``.
        findings: (code, kind, package, verdict, path, evidence) of each finding.
        error: What was raised, where the verdict is ``error`` or ``crash``.
    """

    def __init__(self, answer: "dict[str, object]") -> None:
        self.verdict = str(answer["verdict"])
        self.error = str(answer.get("error", ""))
        rows = answer["findings"]
        self.findings: list[list[str]] = rows if isinstance(rows, list) else []

    def names(self, code: str, package: str = "") -> bool:
        """True where a finding has this code, and this package unless that is empty."""
        return any(row[0] == code and (not package or row[2] == package) for row in self.findings)

    def brief(self) -> str:
        """The verdict and what led to it, on one line."""
        said = ", ".join(sorted({f"{row[0]} {row[1]} {row[2]}" for row in self.findings})[:6])
        return f"{self.verdict}: {said or self.error or 'no finding'}"


def freeze(environment: environments.Environment, lock: Path, *, depth: str = "records") -> None:
    """Freezes an environment by its own interpreter."""
    environments.run([environment.python, "-c", _FREEZE, lock, depth])


def judge(
    environment: environments.Environment, lock: Path, depths: Sequence[str] = DEPTHS, **variables: str
) -> "dict[str, Answer]":
    """What ``assert_pinned`` says of an environment at each depth, in a fresh interpreter in an empty folder."""
    empty = lock.parent / "empty"
    empty.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(environment.python), "-c", _ASK, str(lock), *depths],
        env=environments.clean_variables(**variables),
        cwd=empty,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        crash: dict[str, object] = {"verdict": "crash", "error": done.stderr[-300:], "findings": []}
        return {depth: Answer(crash) for depth in depths}
    return {depth: Answer(answer) for depth, answer in json.loads(done.stdout).items()}


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
