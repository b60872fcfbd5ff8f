"""A temporary repository, git in it, and a hook manager that runs our hooks as a project would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from support import SOURCE, scrubbed

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
Done = subprocess.CompletedProcess[str]


class Repository:
    """One repository; every call is a real process."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home

    @classmethod
    def make(cls, folder: Path, home: Path) -> Repository:
        folder.mkdir(parents=True)
        home.mkdir(exist_ok=True)
        made = cls(folder, home)
        made.ok("git", "init", "-q", "-b", "main")
        return made

    def run(self, *command: object, **environ: str) -> Done:
        given = {
            "HOME": str(self.home),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "PYTHONPATH": str(SOURCE),
            "PRE_COMMIT_HOME": str(self.home / "pre-commit"),
            "PREK_HOME": str(self.home / "prek"),
            "GIT_AUTHOR_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@example.org",
            "GIT_COMMITTER_NAME": "test",
            "GIT_COMMITTER_EMAIL": "test@example.org",
            **environ,
        }
        env = scrubbed(**given)
        words = [str(word) for word in command]
        return subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=300)

    def ok(self, *command: object, **environ: str) -> str:
        done = self.run(*command, **environ)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def git(self, *words: object) -> str:
        return self.ok("git", *words)

    def eg(self, *words: object, **environ: str) -> Done:
        """Our command line."""
        return self.run(sys.executable, "-m", "envguard", *words, **environ)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def stage(self, name: str, text: str) -> None:
        self.write(name, text)
        self.git("add", name)

    def commit(self, **files: str) -> None:
        """Commit files by their names (``_`` before an extension is a dot), past every hook."""
        for name, text in files.items():
            self.stage(name.replace("_", "."), text)
        self.git("commit", "-q", "--no-verify", "-m", "more")

    def log(self) -> int:
        """How many commits there are."""
        done = self.run("git", "rev-list", "--count", "HEAD")
        return int(done.stdout) if done.returncode == 0 else 0


def hooks() -> list[dict[str, Any]]:
    """What ``.pre-commit-hooks.yaml`` offers."""
    import yaml

    found: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return found


def local(*ids: str, **arguments: list[str]) -> str:
    """A configuration with our hooks as they are published, but run by the interpreter of the tests."""
    import yaml

    rows = []
    for hook in hooks():
        if hook["id"] not in ids:
            continue
        row = {
            **hook,
            "language": "system",
            "entry": hook["entry"].replace("envguard", f"{sys.executable} -m envguard", 1),
        }
        row.pop("additional_dependencies", None)
        if hook["id"] in arguments:
            row["args"] = arguments[hook["id"]]
        rows.append(row)
    return str(yaml.safe_dump({"repos": [{"repo": "local", "hooks": rows}]}))
