"""``.pre-commit-hooks.yaml``: valid for both managers, and its file pattern asks for all that is read."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hooked import ROOT, hooks

from envguard.doors.cli import guide
from envguard.doors.cli.commands import hook
from envguard.repository import finding
from support import run

READ = (
    "Dockerfile",
    "docker/Dockerfile.gpu",
    "app.Dockerfile",
    "dockerfile",
    "Containerfile",
    "build/Containerfile-dev",
    "compose.yaml",
    "docker-compose.prod.yml",
    ".github/workflows/ci.yml",
    "tools/action.yaml",
    ".gitlab-ci.yml",
    "ci/python.gitlab-ci.yml",
    "deploy/kustomization",
    "deploy/model.yaml",
)


@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
def test_both_managers_accept_it(tool: str, tmp_path: Path) -> None:
    program = Path(sys.executable).parent / tool
    if not program.exists():
        pytest.skip(f"{tool} is not installed")
    done = run(program, "validate-manifest", ROOT / ".pre-commit-hooks.yaml", HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warn" not in (done.stdout + done.stderr).lower()


def test_each_entry_is_a_command_that_exists() -> None:
    found = {each["id"]: each["entry"] for each in hooks()}
    assert found == {f"envguard-{what}": f"envguard hook {what}" for what in hook.WHAT}
    assert "hook" in guide.names()


def test_what_is_read_is_asked_for() -> None:
    (images,) = [each for each in hooks() if each["id"] == "envguard-images"]
    pattern = re.compile(images["files"])
    for path in READ:
        assert finding.by_name(path), path
        assert pattern.search(path), path
    assert not pattern.search("src/parse_dockerfile.py")
    assert not pattern.search("README.md")


def test_a_deletion_is_seen_since_no_pattern_chooses() -> None:
    (lock,) = [each for each in hooks() if each["id"] == "envguard-lock"]
    assert lock["always_run"] is True
    assert lock["pass_filenames"] is False
    assert "files" not in lock
