import json
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
from box import Box

import envguard
from support import SOURCE

SCHEMAS = Path(envguard.__file__).parent / "schemas"
REPORT = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "report.json").read_text()))
ROW = """
[[rules]]
id = "no-startup-code"
change = "undeclared"
verdict = "forbidden"
reason = "ours is in a wheel"
"""
START_UP = "import os; os.environ['SEEN'] = '1'\n"


@pytest.fixture
def lockless(eg: Box) -> Box:
    """An environment of which no golden file was made."""
    (eg.folder / "envguard.lock").unlink()
    return eg


def codes(report: str) -> set[tuple[str, str]]:
    return {(finding["code"], finding["verdict"]) for finding in json.loads(report)["findings"]}


def install(eg: Box, name: str, *requires: str) -> None:
    """A distribution that is nothing but its metadata."""
    folder = eg.site / f"{name}-1.0.dist-info"
    folder.mkdir()
    lines = "".join(f"Requires-Dist: {each}\n" for each in requires)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}")
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (folder / "RECORD").write_text(f"{name}-1.0.dist-info/METADATA,,\n{name}-1.0.dist-info/RECORD,,\n")


def test_a_sound_environment_is_described_and_no_fault_is_found(lockless: Box) -> None:
    done = lockless("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("interpreter", "NVIDIA driver", "GLIBC", "LD_LIBRARY_PATH", "no fault found", "checks run"):
        assert word in done.stdout
    assert "pinned" not in done.stdout
    assert "compatible" not in done.stdout


def test_the_report_has_the_schema_of_a_check(lockless: Box) -> None:
    done = lockless("doctor", "--output-format", "json")
    report = json.loads(done.stdout)
    REPORT.validate(report)
    assert report["lock"]["path"] == ""
    assert report["depth"] == "native"
    assert {"claims", "duplicate", "gpu", "metadata", "native", "origin", "own"} == set(report["checks"])
    assert {"interpreter", "torch", "driver"} <= {fact["section"] for fact in report["toolchain"]}


def test_nothing_is_written_but_the_cache(lockless: Box, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}
    assert lockless("doctor", HOME=str(tmp_path), ENVGUARD_CACHE="off").returncode == 0
    assert {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts} == before


def test_start_up_code_that_nobody_owns(lockless: Box) -> None:
    (lockless.site / "zz.pth").write_text(START_UP)
    done = lockless("doctor")
    assert done.returncode == 1
    assert "EG409 undeclared-startup-code" in done.stdout
    assert "cautious" in done.stdout
    assert lockless("doctor", "--fail-on", "forbidden").returncode == 0


def test_a_requirement_that_is_not_met(lockless: Box) -> None:
    install(lockless, "needy", "absent-thing>=2", "six>=99")
    done = lockless("doctor", "--output-format", "json")
    assert done.returncode == 1
    assert codes(done.stdout) == {("EG407", "cautious")}
    assert {finding["locked"] for finding in json.loads(done.stdout)["findings"]} == {"absent-thing>=2", "six>=99"}


def test_a_shadowed_package_is_a_fault_and_is_not_frozen(lockless: Box) -> None:
    folder = lockless.folder.parent / "before" / "idna"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    path = f"{folder.parent}:{SOURCE}"
    done = lockless.shell(f"PYTHONPATH={path} eg doctor --output-format json")
    assert ("EG112", "forbidden") in codes(done.stdout)
    done = lockless.shell(f"PYTHONPATH={path} eg freeze")
    assert done.returncode == 1
    assert "EG112 import-origin  idna" in done.stdout + done.stderr
    assert not (lockless.folder / "envguard.lock").exists()


def test_two_copies_of_one_distribution(lockless: Box) -> None:
    shutil.copytree(lockless.site / "six-1.16.0.dist-info", lockless.site / "six-1.15.0.dist-info")
    assert ("EG106", "forbidden") in codes(lockless("doctor", "--output-format", "json").stdout)


def test_a_row_of_the_project_decides_without_a_golden_file(lockless: Box, tmp_path: Path) -> None:
    """The table needs pydantic, which the scratch environment lacks: judged from outside by one that has it."""
    (lockless.site / "zz.pth").write_text(START_UP)
    assert ("EG409", "cautious") in codes(lockless("doctor", "--output-format", "json").stdout)
    (lockless.folder / "envguard.toml").write_text(ROW)
    done = lockless("doctor", "--output-format", "json")
    needed = "envguard-lock[cli]" if sys.version_info >= (3, 11) else "pip install tomli"
    assert (done.returncode, done.stderr.count("\n"), needed in done.stderr) == (2, 1, True)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="settings are TOML, which the scratch environment cannot read")
def test_a_table_that_cannot_be_read_refuses(lockless: Box) -> None:
    (lockless.folder / "envguard.toml").write_text('tables = "absent.json"\n')
    done = lockless("doctor")
    assert (done.returncode, done.stdout) == (2, "")
    assert "compatibility table cannot be read: missing" in done.stderr
    (lockless.folder / "absent.json").write_text('{"schema": {"name": "other"}}')
    done = lockless("doctor")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "absent.json" in done.stderr


def test_another_environment_from_outside(lockless: Box, rich_eg, tmp_path: Path) -> None:  # type: ignore[no-untyped-def] # the fixture's type is in its conftest
    done = rich_eg("doctor", "--python", lockless.venv, "--output-format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["environment"]["prefix"] == str(lockless.venv)


def test_a_project_row_from_outside(lockless: Box, rich_eg, tmp_path: Path) -> None:  # type: ignore[no-untyped-def] # as above
    (lockless.site / "zz.pth").write_text(START_UP)
    (tmp_path / "envguard.toml").write_text(ROW)
    done = rich_eg("doctor", "--python", lockless.venv, "--output-format", "json", cwd=tmp_path)
    assert codes(done.stdout) == {("EG409", "forbidden")}


def test_the_probe_says_what_is_not_installed(lockless: Box) -> None:
    done = lockless("doctor", "--probe")
    assert done.returncode == 0, done.stderr
    assert "import torch" in done.stdout
    assert "not installed" in done.stdout


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (("--target", "amiga_68k"), "amiga_68k"),
        (("--python", "nowhere"), "no such interpreter"),
        (("--fail-on", "never"), "fail-on"),
        (("surplus",), "surplus"),
    ],
)
def test_a_wrong_word_is_one_line(lockless: Box, argv: tuple[str, ...], problem: str) -> None:
    done = lockless("doctor", *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


def test_depth_native_is_part_of_a_check(eg: Box) -> None:
    assert eg("freeze", "--depth", "files").returncode == 0
    done = eg("check", "--depth", "native")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "depth native" in done.stdout
    install(eg, "needy", "six>=99")
    found = codes(eg("check", "--depth", "native", "--output-format", "json").stdout)
    assert {code for code, _verdict in found} >= {"EG103", "EG407"}


def test_depth_native_in_the_first_line_of_a_service(eg: Box) -> None:
    line = "import envguard; print(envguard.assert_pinned(depth='native').depth)"
    done = eg.shell(f'"{eg.python}" -c "{line}"')
    assert (done.returncode, done.stdout) == (0, "native\n"), done.stderr
    (eg.site / "zz.pth").write_text(START_UP)
    done = eg.shell(f'"{eg.python}" -c "{line}"')
    assert done.returncode == 1
    assert "EG409" in done.stderr
