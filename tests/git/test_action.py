"""``action.yml``: what the runner needs of it, and its scripts run in bash beside a ``gh`` that takes notes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envguard import repository
from support import SOURCE, run

if TYPE_CHECKING:
    from hooked import Repository

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
SCRIPTS = sorted((ROOT / "action").glob("*.sh"))
OLD, NEW = "six==1.16.0\n", "six==1.15.0\n"

GH = """#!{python}
import json, os, sys
words = sys.argv[1:]
body = next((open(word[6:]).read() for word in words if word.startswith("body=@")), None)
state = os.environ["STUB"]
known = json.load(open(state)) if os.path.exists(state) else []
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps({{"words": words, "token": os.environ.get("GH_TOKEN"), "body": body}}) + "\\n")
if os.environ.get("FORBIDDEN") and ("--method" in words or os.environ["FORBIDDEN"] == "all"):
    sys.exit("HTTP 403: Resource not accessible by integration")
method = words[words.index("--method") + 1] if "--method" in words else "GET"
if method == "GET":
    (wanted,) = [word.split('startswith("')[1].split('"')[0] for word in words if "startswith" in word]
    print("\\n".join(str(each["id"]) for each in known if each["body"].startswith(wanted)))
elif method == "POST":
    known.append({{"id": len(known) + 1, "body": body}})
elif method == "PATCH":
    number = int([word for word in words if word.startswith("repos/")][0].rpartition("/")[2])
    next(each for each in known if each["id"] == number)["body"] = body
json.dump(known, open(state, "w"))
"""


def action() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    made: dict[str, Any] = yaml.safe_load(ACTION.read_text())
    return made


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = action()["runs"]["steps"]
    return found


# --- what the runner needs -------------------------------------------------------------------------------------------


def test_it_is_a_composite_action_that_a_runner_accepts() -> None:
    """Metadata syntax for GitHub Actions: every step that runs something names its shell, every text is one."""
    made = action()
    assert made["runs"]["using"] == "composite"
    assert set(made) <= {"name", "author", "description", "inputs", "outputs", "runs", "branding"}
    for name, one in made["inputs"].items():
        assert set(one) <= {"description", "required", "default", "deprecationMessage"}, name
        assert isinstance(one["default"], str), name
    for name, one in made["outputs"].items():
        assert set(one) == {"description", "value"}, name
        assert re.fullmatch(r"\$\{\{ steps\.judge\.outputs\.[a-z-]+ \}\}", one["value"]), name
    for step in steps():
        assert set(step) <= {"name", "id", "if", "shell", "run", "env"}, step["name"]
        assert step["shell"] == "bash"
        assert all(isinstance(value, str) for value in step.get("env", {}).values())


def test_every_input_is_used_and_every_use_is_an_input() -> None:
    text = json.dumps(action()["runs"])
    used = set(re.findall(r"inputs\.([a-z-]+)", text))
    assert used == set(action()["inputs"])


def test_nothing_from_outside_gets_into_a_script() -> None:
    """An expression in ``run`` is pasted into the script: a title of a pull request could run commands."""
    for step in steps():
        assert "${{" not in step["run"], step["name"]


def test_our_own_action_passes_our_own_hooks() -> None:
    report = repository.examine([str(ACTION)])
    assert report.findings == ()
    assert "uses:" not in "".join(step.get("run", "") for step in steps())


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound(path: Path) -> None:
    text = path.read_text()
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text
    assert "pip install envguard" not in text
    assert "eval" not in text
    # A variable outside of quotes is split and globbed.
    bare = re.compile(r"(?<![\"\w{$])\$\{?[A-Za-z_]+\}?(?![\w}\"])")
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', '""', line.partition(" #")[0])
        if re.match(r"\s*(?:#|[A-Za-z_]+=|case )", code):
            continue
        assert not bare.search(code), f"{path.name}:{number}: {line}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(path: Path) -> None:
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    if program is None:
        pytest.skip("shellcheck is not here")
    done = subprocess.run([program, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# --- its scripts, run ------------------------------------------------------------------------------------------------


class Job:
    """A job on a runner, as far as the scripts see one."""

    def __init__(self, repo: Repository, folder: Path) -> None:
        self.repo = repo
        self.temp = folder / "temp"
        self.files = {name: folder / name for name in ("output", "summary", "calls", "comments")}
        (self.temp / "envguard" / "bin").mkdir(parents=True)
        stubs = folder / "stubs"
        stubs.mkdir()
        for name, text in (
            (self.temp / "envguard" / "bin" / "envguard", f'#!/bin/sh\nexec {sys.executable} -m envguard "$@"\n'),
            (self.temp / "envguard" / "bin" / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
            (stubs / "gh", GH.format(python=sys.executable)),
        ):
            name.write_text(text)
            name.chmod(0o755)
        self.path = f"{stubs}:/usr/bin:/bin"

    def __call__(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        given = {
            "COMMAND": "diff",
            "LOCK": "requirements.txt",
            "BASE": "HEAD~1",
            "PATHS": "",
            "PYTHON": "",
            "FAIL_ON": "cautious",
            "WHEN": "findings",
            "NUMBER": "7",
            "GH_TOKEN": "a-token",
            "REPORT": self.outputs().get("report", ""),
            "VERDICT": self.outputs().get("verdict", ""),
            "EXIT_CODE": self.outputs().get("exit-code", ""),
            **variables,
        }
        return self.repo.run(
            "bash",
            ROOT / "action" / script,
            PATH=self.path,
            GITHUB_ACTION_PATH=str(ROOT),
            GITHUB_OUTPUT=str(self.files["output"]),
            GITHUB_STEP_SUMMARY=str(self.files["summary"]),
            GITHUB_REPOSITORY="team/service",
            RUNNER_TEMP=str(self.temp),
            CALLS=str(self.files["calls"]),
            STUB=str(self.files["comments"]),
            **given,
        )

    def outputs(self) -> dict[str, str]:
        text = self.files["output"].read_text() if self.files["output"].exists() else ""
        return dict(line.split("=", 1) for line in text.splitlines())

    def calls(self) -> list[dict[str, Any]]:
        text = self.files["calls"].read_text() if self.files["calls"].exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def comments(self) -> list[str]:
        return [each["body"] for each in json.loads(self.files["comments"].read_text())]


@pytest.fixture
def job(repo: Repository, tmp_path: Path) -> Job:
    repo.commit(requirements_txt=OLD)
    repo.commit(requirements_txt=NEW)
    return Job(repo, tmp_path)


def test_a_difference_is_judged_summed_up_and_commented_in_place(job: Job) -> None:
    done = job("judge.sh")
    assert done.returncode == 0, done.stderr
    outputs = job.outputs()
    assert (outputs["verdict"], outputs["exit-code"]) == ("forbidden", "1")
    assert "six" in job.files["summary"].read_text()
    assert "::error file=requirements.txt,line=1" in done.stdout
    assert job("comment.sh").returncode == 0
    assert [call["words"][:2] for call in job.calls()] == [["api", "--paginate"], ["api", "--method"]]
    assert all(call["token"] == "a-token" for call in job.calls())
    (comment,) = job.comments()
    assert comment.startswith("<!-- envguard:")
    assert "six" in comment
    # The same again writes over it, and so does a clean result.
    assert job("comment.sh").returncode == 0
    job.repo.commit(requirements_txt=NEW + "# the same\n")
    job.files["output"].unlink()
    assert job("judge.sh").returncode == 0
    assert job.outputs()["exit-code"] == "0"
    assert job("comment.sh").returncode == 0
    (comment,) = job.comments()
    assert "pinned" in comment
    # Another lock has a comment of its own.
    assert job("comment.sh", LOCK="uv.lock", WHEN="always").returncode == 0
    assert len(job.comments()) == 2


def test_no_comment_where_nothing_is_wrong_or_nobody_may(job: Job) -> None:
    job.repo.commit(requirements_txt=NEW + "# the same\n")
    job("judge.sh")
    assert job("comment.sh").returncode == 0
    assert len(job.calls()) == 1
    for who in ("write", "all"):
        done = job("comment.sh", WHEN="always", FORBIDDEN=who)
        assert done.returncode == 0
        assert "pull-requests: write" in done.stdout


def test_what_cannot_be_judged_is_never_a_pass(job: Job) -> None:
    for variables in ({"LOCK": "nowhere.txt"}, {"BASE": "nowhere"}, {"COMMAND": "dance"}, {"FAIL_ON": "x"}):
        job.files["output"].write_text("")
        done = job("judge.sh", **variables)
        assert done.returncode == 0, variables
        assert job.outputs()["exit-code"] == "2", variables
    job.repo.git("rm", "-q", "requirements.txt")
    job.repo.git("commit", "-q", "-m", "gone")
    job.files["output"].write_text("")
    job("judge.sh")
    assert job.outputs()["exit-code"] == "2"
    assert job.outputs()["verdict"] == "unverified"


@pytest.mark.slow
def test_a_new_lock_passes_and_a_new_branch_has_a_base(job: Job) -> None:
    job.repo.commit(uv_txt=OLD)
    job("judge.sh", LOCK="uv.txt")
    assert job.outputs()["exit-code"] == "0"
    assert "is new" in job.files["summary"].read_text()
    job.files["output"].write_text("")
    job("judge.sh", BASE="0" * 40)
    assert job.outputs()["exit-code"] == "0"


@pytest.mark.slow
def test_files_with_odd_names(job: Job) -> None:
    job.repo.write("a $(touch pwned) dir/Dockerfile", "FROM redis\n")
    done = job("judge.sh", COMMAND="files", PATHS="a $(touch pwned) dir\n")
    assert done.returncode == 0, done.stderr
    assert job.outputs()["verdict"] == "forbidden"
    assert not (job.repo.folder / "pwned").exists()


@pytest.mark.slow
def test_it_installs_itself_from_its_own_folder(our_clone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "action"
    shutil.copytree(our_clone, folder)
    done = run(
        "bash",
        ROOT / "action" / "install.sh",
        PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin",
        GITHUB_ACTION_PATH=str(folder),
        RUNNER_TEMP=str(tmp_path / "temp"),
        EXTRAS="cli",
    )
    assert done.returncode == 0, done.stderr
    python = tmp_path / "temp" / "envguard" / "bin" / "python"
    code = "import envguard, pydantic; print(envguard.__file__)"
    assert run(python, "-c", code).stdout.startswith(str(tmp_path / "temp"))
    assert run(python.with_name("envguard"), "--version").returncode == 0
    assert SOURCE.exists()
