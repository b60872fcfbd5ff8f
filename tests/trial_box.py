"""A live environment, its golden file, and the real command line beside it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from support import SOURCE, run, scrubbed, site_packages

Done = subprocess.CompletedProcess[str]
UV = Path(sys.executable).with_name("uv")


def install(live: Path, wheels: Path, *words: str) -> None:
    """Install with the pip that runs the tests; the environment has none of its own."""
    pip = (sys.executable, "-m", "pip", "--python", live / "bin" / "python", "install", "-q", "--no-index", "--no-deps")
    done = run(*pip, "-f", wheels, *words)
    assert done.returncode == 0, done.stderr


def heard() -> None:
    """SIGINT does what it does at a terminal: a shell's background jobs, and what they start, ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Box:
    """One environment to try changes of."""

    def __init__(
        self, folder: Path, wheels: Path, *, judge: "Path | None" = None, environ: "dict[str, str] | None" = None
    ) -> None:
        self.wheels = wheels
        self.environ = environ or {}
        """Variables of every command besides those that all tests have."""
        self.folder = folder / "work"
        self.live = folder / "live"
        self.site = site_packages(self.live)
        self.judge = judge or Path(sys.executable)
        """The interpreter that runs envguard: the one with uv beside it, or another."""

    def __call__(self, *argv: object, **environ: str) -> Done:
        variables = {**self.environ, "PYTHONPATH": str(SOURCE), **environ}
        return run(self.judge, "-m", "envguard", *argv, cwd=self.folder, **variables)

    def start(self, *argv: object) -> "subprocess.Popen[str]":
        """The same, without waiting for its end."""
        words = [str(word) for word in (self.judge, "-m", "envguard", *argv)]
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env=scrubbed(PYTHONPATH=str(SOURCE)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heard,  # noqa: PLW1509 - it is called in a process with one thread
        )

    def tried(self, *words: str, test: str = "python -c pass", **environ: str) -> Done:
        """``envguard try`` with nothing but the folder of wheels."""
        source = ("--offline", "--find-links", self.wheels)
        return self("try", *words, "--test", test, "--python", self.live, "--yes", *source, **environ)

    def check(self, depth: str = "files") -> int:
        return self("check", "--python", self.live, "--depth", depth).returncode

    def accept(self, *words: str) -> Done:
        return self("accept", "--offline", "--find-links", self.wheels, "--yes", *words)

    def trials(self) -> "list[dict[str, Any]]":
        """The evidence of all trials, the oldest first."""
        found = sorted((self.folder / ".envguard" / "trials").glob("*/trial.json"))
        return [json.loads(path.read_text()) for path in found]

    def history(self) -> "list[dict[str, Any]]":
        log = self.folder / ".envguard" / "history" / "log.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def state(self) -> dict[str, str]:
        """Every file of the live environment, with what it holds; links as they are."""
        return files_of(self.live)


def files_of(folder: Path) -> dict[str, str]:
    found = {}
    for parent, folders, names in os.walk(folder):
        for name in [*names, *folders]:
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if path.is_symlink():
                said = os.readlink(path)
            else:
                said = "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(folder))] = f"{mode:o} {said}"
    return found
