"""``envguard files`` from outside: what is found by itself, what is named, exit codes, formats, missing PyYAML."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
FLOATING = "FROM python:3.11\nRUN pip install torch\n"
FIXED = "FROM python@sha256:" + "1" * 64 + "\nRUN pip install -r envguard.lock\n"
POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: redis\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def started(*argv: str, cwd: Path = tmp_path, **variables: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "envguard", "files", *argv]
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path), **variables}
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60)

    return started


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        write(folder, name, text)


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def places(done: "subprocess.CompletedProcess[str]") -> list[tuple[str, int, str, str]]:
    told = json.loads(done.stdout)
    return sorted((each["path"], each["line"], each["code"], each["verdict"]) for each in told["findings"])


def test_a_repository_is_walked(tmp_path: Path, run: Run) -> None:
    for name in (
        "Dockerfile",
        "docker/app.Dockerfile",
        "docker/Dockerfile.gpu",
        "Containerfile",
        ".git/Dockerfile",
        "node_modules/x/Dockerfile",
        "env/Dockerfile",
        "Dockerfile.md",
        "Dockerfile.dockerignore",
    ):
        write(tmp_path, name, "FROM python:3.11\n")
    write(tmp_path, "env/pyvenv.cfg", "")
    write(tmp_path, "compose.override.yml", "services: {a: {image: redis}}\n")
    write(tmp_path, ".github/workflows/ci.yml", "on: x\njobs: {a: {container: redis}}\n")
    write(tmp_path, "workflows/ci.yml", "on: x\njobs: {a: {container: redis}}\n")
    write(tmp_path, ".gitlab-ci.yml", "image: redis\n")
    write(tmp_path, "deploy/model.yaml", POD)
    write(tmp_path, "values.yaml", "image: redis\n")
    os.symlink(tmp_path, tmp_path / "loop")
    done = run("--output-format", "json")
    assert done.returncode == 1, done.stderr
    assert places(done) == [
        (".github/workflows/ci.yml", 2, "EG501", "forbidden"),
        (".gitlab-ci.yml", 1, "EG501", "forbidden"),
        ("Containerfile", 1, "EG501", "cautious"),
        ("Dockerfile", 1, "EG501", "cautious"),
        ("compose.override.yml", 1, "EG501", "forbidden"),
        ("deploy/model.yaml", 5, "EG501", "forbidden"),
        ("docker/Dockerfile.gpu", 1, "EG501", "cautious"),
        ("docker/app.Dockerfile", 1, "EG501", "cautious"),
    ]
    assert json.loads(done.stdout)["counts"]["files"] == 8


def test_exit_codes(tmp_path: Path, run: Run) -> None:
    assert "no file below" in run().stderr
    assert run().returncode == 2
    put(tmp_path, Dockerfile=FIXED)
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "no fault found  1 file read" in done.stdout
    put(tmp_path, Dockerfile=FLOATING)
    assert run().returncode == 1
    assert run("--fail-on", "cautious").returncode == 1
    assert run("--fail-on", "forbidden").returncode == 0
    put(tmp_path, Dockerfile="FROM python\n")
    assert run("--fail-on", "forbidden").returncode == 1
    (tmp_path / "Dockerfile").write_bytes(b"FROM caf\xe9\n")
    done = run()
    assert done.returncode == 2
    assert "unverified" in done.stdout
    assert run("--nonsense").returncode == 2


def test_a_named_file_is_read_whatever_its_name(tmp_path: Path, run: Run) -> None:
    put(tmp_path, image=FLOATING, pod=POD, prose="The pod from nowhere.\n")
    assert len(places(run("image", "pod", "--output-format", "json"))) == 3
    done = run("prose")
    assert done.returncode == 2
    assert "prose: not a kind of file that is known" in done.stderr
    done = run("nothing")
    assert (done.returncode, "nothing: there is no such file" in done.stderr) == (2, True)
    os.mkfifo(tmp_path / "fifo")
    assert run("fifo").returncode == 2
    os.mkfifo(tmp_path / "Dockerfile")
    assert run("Dockerfile").returncode == 2


def test_every_format_has_file_and_line(tmp_path: Path, run: Run) -> None:
    put(tmp_path, Dockerfile=FLOATING)
    assert run("--output-format", "concise").stdout.splitlines() == [
        "Dockerfile:1: EG501 cautious python 3.11 (floating)",
        "Dockerfile:2: EG502 cautious torch no version (unpinned)",
    ]
    assert "::warning file=Dockerfile,line=2,title=EG502" in run("--output-format", "github").stdout
    told = json.loads(run("--output-format", "sarif").stdout)
    where = [each["locations"][0]["physicalLocation"] for each in told["runs"][0]["results"]]
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in where] == [
        ("Dockerfile", 1),
        ("Dockerfile", 2),
    ]
    for name in ("full", "json-lines", "gitlab", "html", "junit", "markdown"):
        done = run("--output-format", name)
        assert done.returncode == 1
        assert "EG502" in done.stdout


def test_rows_of_the_project_decide(tmp_path: Path, run: Run) -> None:
    row = '[[rules]]\nid = "ours"\nchange = "floating"\npackage = "python"\nverdict = "{}"\nreason = "our own mirror"\n'
    put(tmp_path, Dockerfile="FROM python:3.11\n")
    write(tmp_path, "envguard.toml", row.format("safe"))
    assert places(run("--output-format", "json")) == [("Dockerfile", 1, "EG501", "safe")]
    write(tmp_path, "envguard.toml", row.format("safe").replace('change = "floating"\n', ""))
    assert places(run("--output-format", "json")) == [("Dockerfile", 1, "EG501", "cautious")]


def test_without_pyyaml_the_extra_is_named(tmp_path: Path, run: Run) -> None:
    write(tmp_path, "shadow/yaml.py", "raise ImportError('not here')\n")
    put(tmp_path, Dockerfile=FIXED)
    shadow = {"PYTHONPATH": str(tmp_path / "shadow")}
    assert run("Dockerfile", **shadow).returncode == 0
    write(tmp_path, "compose.yaml", "services: {}\n")
    done = run(**shadow)
    assert done.returncode == 2
    assert "envguard-lock[conda]" in done.stderr


def test_values_of_the_environment_are_not_used_and_credentials_not_shown(tmp_path: Path, run: Run) -> None:
    text = "ARG TAG\nFROM python:${TAG}\nRUN pip install git+https://user:secret@example.org/x.git\n"
    put(tmp_path, Dockerfile=text)
    done = run("--output-format", "json", TAG="latest")
    assert [code for _, _, code, _ in places(done)] == ["EG502"]
    assert "secret" not in done.stdout
    assert "latest" not in done.stdout
