import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from box import Box, Done

import envguard
from support import SMALL

SCHEMAS = Path(envguard.__file__).parent / "schemas"
REPORT = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "report.json").read_text()))


def test_pinned_is_said_in_one_line_and_0(eg: Box) -> None:
    done = eg("check")
    assert done.returncode == 0
    assert f"pinned  {len(SMALL)} packages of" in done.stdout.splitlines()[0]
    assert done.stderr == ""


@pytest.mark.parametrize("depth", ["versions", "records", "files"])
def test_pinned_at_every_depth(eg: Box, depth: str) -> None:
    done = eg("check", "--depth", depth, "--output-format", "json")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    REPORT.validate(report)
    assert (report["verdict"], report["depth"], report["findings"]) == ("pinned", depth, [])
    assert report["environment"]["python"]


def test_drift_is_told_gravest_first_and_1(drifted: Box) -> None:
    done = drifted("check")
    assert done.returncode == 1
    assert "2 differences" in done.stdout.splitlines()[0]
    assert done.stdout.index("EG101 missing  idna") < done.stdout.index("EG102 version-drift  six")
    assert "pip install --no-deps six==1.16.0" in done.stdout
    assert done.stderr == ""


def test_json_report_of_a_real_drift_is_valid(drifted: Box) -> None:
    done = drifted("check", "--output-format", "json")
    report = json.loads(done.stdout)
    REPORT.validate(report)
    found = {row["code"]: row for row in report["findings"]}
    assert (found["EG102"]["package"], found["EG102"]["locked"], found["EG102"]["installed"]) == (
        "six",
        "1.16.0",
        "1.17.0",
    )
    lock = (drifted.folder / "envguard.lock").read_text().splitlines()
    assert lock[found["EG102"]["line"] - 1].startswith("six==1.16.0")


def test_json_lines_of_a_real_drift(drifted: Box) -> None:
    rows = [json.loads(line) for line in drifted("check", "--output-format", "json-lines").stdout.splitlines()]
    REPORT.validate({**rows[-1], "findings": rows[:-1]})
    assert len(rows) == 3


def test_concise_points_into_the_lock(drifted: Box) -> None:
    lines = drifted("check", "envguard.lock", "--output-format=concise").stdout.splitlines()
    assert lines[1].startswith("envguard.lock:")
    assert " EG102 " in lines[1]
    assert "six 1.16.0 -> 1.17.0" in lines[1]


@pytest.mark.parametrize(("fail_on", "code"), [("safe", 1), ("cautious", 1), ("forbidden", 0)])
def test_fail_on(drifted: Box, fail_on: str, code: int) -> None:
    done = drifted("check", "--only", "six", "--fail-on", fail_on, "--output-format", "json")
    assert json.loads(done.stdout)["verdict"] == "cautious"
    assert done.returncode == code


def test_unverified_alone_is_2_and_with_others_1(eg: Box) -> None:
    (eg.folder / "r.txt").write_text("six==1.16.0\nidna>=3\nattrs==24.2.0\npackaging==24.2\n")
    done = eg("check", "r.txt", "--output-format", "json")
    assert json.loads(done.stdout)["verdict"] == "unverified"
    assert done.returncode == 2
    assert eg("check", "r.txt", "--fail-on", "forbidden").returncode == 2
    eg.drift()
    assert eg("check", "r.txt").returncode == 1


def test_only_judges_what_it_names(drifted: Box) -> None:
    assert drifted("check", "--only", "attrs", "--only", "pack*").returncode == 0
    assert drifted("check", "--only", "SIX").returncode == 1


def test_only_with_a_slip_of_the_pen_is_no_pass(drifted: Box) -> None:
    done = drifted("check", "--only", "sixx")
    assert (done.returncode, done.stdout) == (2, "")
    assert "matches nothing" in done.stderr


def test_sha256_pins_the_golden_file(eg: Box) -> None:
    digest = eg("digest", "--output-format", "concise").stdout.strip()
    assert eg("check", "--sha256", digest).returncode == 0
    assert eg("check", ENVGUARD_LOCK_SHA256=digest).returncode == 0
    done = eg("check", "--sha256", "0" * 64)
    assert done.returncode == 2
    assert digest in done.stderr


def test_another_interpreter_is_judged_from_outside(drifted: Box, rich_eg: Callable[..., Done]) -> None:
    done = rich_eg("check", "--python", drifted.python, "--output-format", "concise", cwd=drifted.folder)
    assert done.returncode == 1, done.stderr
    assert "six 1.16.0 -> 1.17.0" in done.stdout
    assert "rich" not in done.stdout


def test_the_lock_by_position_option_and_variable(eg: Box, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.lock"
    (eg.folder / "envguard.lock").rename(elsewhere)
    assert eg("check").returncode == 2
    assert eg("check", elsewhere).returncode == 0
    assert eg("check", "--lock", elsewhere).returncode == 0
    assert eg("check", ENVGUARD_LOCK=str(elsewhere)).returncode == 0
    assert eg("check", elsewhere, "--lock", "other.lock").returncode == 2
    assert eg("check", "").returncode == 2


def test_output_goes_to_a_file_as_a_whole(drifted: Box) -> None:
    target = drifted.folder / "report.json"
    target.write_text("old")
    done = drifted("check", "--output-format", "json", "-o", "report.json")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    REPORT.validate(json.loads(target.read_text()))
    assert sorted(os.listdir(drifted.folder)) == ["envguard.lock", "report.json"]


def test_output_into_a_device_does_not_replace_it(drifted: Box) -> None:
    fifo = drifted.folder / "fifo"
    os.mkfifo(fifo)
    done = drifted.shell("cat fifo & eg check --output-format concise -o fifo; code=$?; wait; exit $code")
    assert done.returncode == 1
    assert "EG102" in done.stdout
    assert fifo.is_fifo()


def test_output_through_a_link_keeps_the_link(drifted: Box) -> None:
    (drifted.folder / "real.txt").write_text("")
    (drifted.folder / "link.txt").symlink_to("real.txt")
    assert drifted("check", "-o", "link.txt").returncode == 1
    assert (drifted.folder / "link.txt").is_symlink()
    assert "EG102" in (drifted.folder / "real.txt").read_text()


@pytest.mark.parametrize("where", ["/nosuchfolder/report", ".", ""])
def test_output_that_cannot_be_written_is_2(eg: Box, where: str) -> None:
    done = eg("check", "-o", where)
    if where == "":
        assert done.returncode in (0, 2)
        return
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\xff", ""),
        (b"<<<<<<< ours\nsix==1\n=======\nsix==2\n>>>>>>> theirs\n", "conflict"),
        (b"# envguard: lock 1\nsix==1.16.0\n", "seal"),
        (b"# envguard: lock 99\n", "newer"),
    ],
)
def test_a_broken_lock_is_one_clear_line_and_2(eg: Box, content: bytes, said: str) -> None:
    (eg.folder / "broken.lock").write_bytes(content)
    done = eg("check", "broken.lock")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("envguard: error: broken.lock")


def test_a_missing_lock_says_how_to_make_one(eg: Box) -> None:
    (eg.folder / "envguard.lock").unlink()
    done = eg("check")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "envguard freeze" in done.stderr


def test_an_empty_environment_is_no_pass(eg: Box, tmp_path: Path) -> None:
    for path in eg.site.glob("*-info"):
        path.rename(tmp_path / path.name)
    done = eg("check")
    assert done.returncode == 2
    assert "no distribution is installed" in done.stderr


def test_the_entry_of_python_m_is_not_judged(eg: Box) -> None:
    (eg.folder / "six.py").write_text("")
    assert eg("check").returncode == 0, "the working directory of python -m is not the service's"
    done = eg.shell("export PYTHONPATH=$PWD:$PYTHONPATH; cd /; eg check $OLDPWD/envguard.lock")
    assert done.returncode == 1, "a folder on PYTHONPATH is"
    assert "EG112" in done.stdout


def test_the_entry_of_the_script_is_not_judged(eg: Box) -> None:
    script = eg.venv / "bin" / "envguard"
    script.write_text(f"#!{eg.python}\nimport sys\nfrom envguard.doors.cli import main\nsys.exit(main())\n")
    script.chmod(0o755)
    (eg.venv / "bin" / "six.py").write_text("")
    done = eg.shell(f"{script} check")
    assert done.returncode == 0, done.stdout


def test_credentials_of_a_lock_reach_no_output(eg: Box) -> None:
    line = "six @ https://user:hunter2@example.org/six-1.16.0-py2.py3-none-any.whl?token=hunter2"
    (eg.folder / "r.txt").write_text(f"{line}\n--index-url https://user:hunter2@example.org/simple\nidna>=3\n")
    for argv in (
        ("check", "r.txt"),
        ("check", "r.txt", "--output-format", "json"),
        ("check", "r.txt", "--output-format", "concise"),
        ("digest", "r.txt", "--output-format", "json"),
        ("explain", "six", "--lock", "r.txt"),
        ("explain", "six", "--lock", "r.txt", "--output-format", "json"),
        ("diff", "envguard.lock", "r.txt"),
    ):
        done = eg(*argv)
        assert done.stdout, argv
        assert "hunter2" not in done.stdout + done.stderr, argv
