"""At depth files nothing is scanned where nothing was touched; all else gets the answer of the whole pipeline."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import envguard
from support import SOURCE, scrubbed, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = f"envguard_lock-{envguard.__version__}"

ANSWER = """
import json, sys
import envguard, envguard.comparing
from envguard import environment
from envguard.facts import untouched

scans = []
scan = environment.scan
def counted(**words):
    scans.append(words)
    return scan(**words)
environment.scan = counted
if "whole" in sys.argv:
    untouched.look = lambda *_words: None
report = envguard.check("envguard.lock", depth="files")
told = [[each.change.code, each.change.package, each.verdict] for each in report.findings]
facts = [report.verdict, report.depth, report.packages, report.installed, list(report.checks), list(report.blind)]
facts += [report.lock_sha256, report.seal, report.prefix, repr(report.interpreter)]
print(json.dumps([len(scans), told, facts]))
"""


def install_own(site: Path) -> None:
    """Put envguard into an environment as its wheel would."""
    shutil.copytree(SOURCE / "envguard", site / "envguard", ignore=shutil.ignore_patterns("__pycache__"))
    folder = site / f"{VERSION}.dist-info"
    folder.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: envguard-lock\nVersion: {envguard.__version__}\n"
    (folder / "METADATA").write_text(metadata)
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (folder / "INSTALLER").write_text("pip\n")
    rows = []
    for path in sorted([*(site / "envguard").rglob("*"), folder / "METADATA", folder / "WHEEL"]):
        if path.is_file():
            data = path.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{path.relative_to(site)},sha256={digest},{len(data)}\n")
    (folder / "RECORD").write_text("".join([*rows, f"{folder.name}/INSTALLER,,\n", f"{folder.name}/RECORD,,\n"]))


@pytest.fixture
def frozen(venv: Path) -> Path:
    """A frozen environment with envguard in it, and its lock beside it."""
    install_own(site_packages(venv))
    done = inside(venv, "import envguard; envguard.freeze(depth='files')")
    assert done.returncode == 0, done.stderr
    return venv


def inside(venv: Path, code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(venv / "bin" / "python"), "-c", code, *words]
    return subprocess.run(
        command, cwd=venv.parent, env=scrubbed(PYTHONDONTWRITEBYTECODE="1"), capture_output=True, text=True, check=False
    )


def answers(venv: Path) -> "tuple[int, object, object]":
    """How many scans a check took, what it found, and what the whole pipeline finds."""
    quick, whole = inside(venv, ANSWER), inside(venv, ANSWER, "whole")
    assert quick.returncode == 0, quick.stderr
    assert whole.returncode == 0, whole.stderr
    scans, *told = json.loads(quick.stdout)
    assert json.loads(whole.stdout)[0] == 1
    return scans, told, json.loads(whole.stdout)[1:]


def test_an_untouched_environment_is_not_scanned_and_the_report_is_the_same(frozen: Path) -> None:
    scans, told, whole = answers(frozen)
    assert scans == 0
    assert told == whole
    assert told[1][0] == "pinned"  # type: ignore[index] # decoded JSON


def edited(venv: Path) -> None:
    (site_packages(venv) / "six.py").write_text("")


def edited_with_its_times(venv: Path) -> None:
    path = site_packages(venv) / "six.py"
    data, status = bytearray(path.read_bytes()), path.stat()
    data[100] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def deleted(venv: Path) -> None:
    (site_packages(venv) / "attr" / "filters.py").unlink()


def added(venv: Path) -> None:
    (site_packages(venv) / "attr" / "extra.py").write_text("")


def became_executable(venv: Path) -> None:
    (site_packages(venv) / "six.py").chmod(0o755)


def became_a_link(venv: Path) -> None:
    path = site_packages(venv) / "six.py"
    path.rename(venv.parent / "six.py")
    path.symlink_to(venv.parent / "six.py")


def other_name_in_metadata(venv: Path) -> None:
    path = site_packages(venv) / "six-1.16.0.dist-info" / "METADATA"
    path.write_text(path.read_text().replace("Name: six", "Name: sixth"))


def late_in_metadata(venv: Path) -> None:
    """Behind what the quick proof reads."""
    path = site_packages(venv) / "attrs-24.2.0.dist-info" / "METADATA"
    path.write_text(path.read_text() + "\nmore\n")


def duplicated(venv: Path) -> None:
    site = site_packages(venv)
    shutil.copytree(site / "six-1.16.0.dist-info", site / "six-1.15.0.dist-info")


def no_record(venv: Path) -> None:
    (site_packages(venv) / "idna-3.7.dist-info" / "RECORD").unlink()


def own_file_edited(venv: Path) -> None:
    path = site_packages(venv) / "envguard" / "_value.py"
    path.write_text(path.read_text() + "# edited\n")


def startup_file_added(venv: Path) -> None:
    (site_packages(venv) / "late.pth").write_text("import os\n")


def shadowed(venv: Path) -> None:
    (venv.parent / "six.py").write_text("")


DAMAGES: "list[Callable[[Path], None]]" = [edited_with_its_times, added, own_file_edited]
MORE: "list[Callable[[Path], None]]" = [
    edited, deleted, became_executable, became_a_link, other_name_in_metadata, late_in_metadata, duplicated, no_record,
    startup_file_added, shadowed,
]  # fmt: skip
SLOW = [pytest.param(damage, marks=pytest.mark.slow) for damage in MORE]


@pytest.mark.parametrize("damage", [*DAMAGES, *SLOW], ids=lambda damage: damage.__name__)
def test_what_was_touched_gets_the_answer_of_the_whole_pipeline(frozen: Path, damage: "Callable[[Path], None]") -> None:
    damage(frozen)
    scans, told, whole = answers(frozen)
    assert scans == 1
    assert told == whole
    assert told[1][0] != "pinned"  # type: ignore[index] # decoded JSON


def editable(venv: Path) -> None:
    """An editable guard cannot be verified, which a report says."""
    folder = site_packages(venv) / f"{VERSION}.dist-info"
    (folder / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///nowhere"}')


def without_own_record(venv: Path) -> None:
    (site_packages(venv) / f"{VERSION}.dist-info" / "RECORD").unlink()


@pytest.mark.parametrize("lack", [editable, without_own_record], ids=lambda lack: lack.__name__)
def test_what_cannot_be_verified_about_the_guard_is_said(venv: Path, lack: "Callable[[Path], None]") -> None:
    install_own(site_packages(venv))
    lack(venv)
    done = inside(venv, "import envguard; envguard.freeze(depth='files')")
    assert done.returncode == 0, done.stderr
    scans, told, whole = answers(venv)
    assert scans == 1
    assert told == whole
    assert told[1][5]  # type: ignore[index] # decoded JSON


def test_conda_packages_that_came_later_are_looked_at(frozen: Path) -> None:
    (frozen / "conda-meta").mkdir()
    assert answers(frozen)[0] == 1
