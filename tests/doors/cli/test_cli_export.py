"""``envguard export``, seen from outside."""

import json
from pathlib import Path

import pytest
from box import Box


def test_export_of_the_frozen_environment_can_be_checked(eg: Box, wheelhouse: Path) -> None:
    done = eg("export", "--to", "requirements", "--wheels", wheelhouse, "-o", "r.txt")
    assert (done.returncode, done.stdout) == (0, "")
    (remark,) = done.stderr.splitlines()
    assert remark.startswith("envguard: note: requirements.txt has no place for the interpreter (cpython 3.")
    assert (eg.folder / "r.txt").read_text().count(" --hash=sha256:") == 4
    assert eg("check", "r.txt").returncode == 0
    assert eg("freeze", "--from", "r.txt", "-o", "again.lock").returncode == 0
    assert (eg.folder / "again.lock").read_bytes() == (eg.folder / "envguard.lock").read_bytes()


def test_export_writes_data_to_stdout_only(eg: Box) -> None:
    done = eg("export", "envguard.lock", "--to", "cyclonedx")
    assert done.returncode == 0
    assert {component["name"] for component in json.loads(done.stdout)["components"]} == {
        "attrs",
        "idna",
        "packaging",
        "six",
    }
    assert eg("export", "--to", "cyclonedx", "--python", eg.python).stdout == done.stdout


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("export",), "--to"),
        (("export", "--to", "xml"), "invalid choice: 'xml'"),
        (("export", "--to", "pylock"), "attrs, idna, packaging, six: file name and hash of their artifacts"),
        (("export", "--to", "explicit"), "has none"),
        (("export", "--to", "requirements", "--group", "dev"), "has no groups to choose from"),
        (("export", "--to", "requirements", "--wheels", "nosuch"), "--wheels: no such file"),
        (("export", "--to", "requirements", "-o", ""), "an empty name"),
        (("export", "--to", "requirements", "-o", "./envguard.lock"), "is the lock itself"),
        (("export", "nosuch.lock", "--to", "requirements"), "nosuch.lock: missing"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_2(eg: Box, argv: tuple[str, ...], why: str) -> None:
    done = eg(*argv, "-o", "new.txt") if "-o" not in argv else eg(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert why in done.stderr
    assert not (eg.folder / "new.txt").exists()
