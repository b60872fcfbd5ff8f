"""The environment of a trial equals golden, whatever golden is made of, or it is said why not."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from support import REQUIRED, run
from trial_box import UV, Box, install

pytestmark = pytest.mark.slow


def freeze(box: Box, depth: str = "files") -> None:
    done = box("freeze", "--python", box.live, "--depth", depth)
    assert done.returncode == 0, done.stderr


def warnings(box: Box) -> str:
    return "\n".join(box.trials()[-1]["environment"]["warnings"])


def only_six(box: Box, tmp_path: Path) -> Path:
    """A folder with the wheels of six and of nothing else."""
    folder = tmp_path / "only-six"
    folder.mkdir()
    for wheel in box.wheels.glob("six-*.whl"):
        shutil.copy(wheel, folder)
    return folder


@pytest.mark.parametrize("depth", ["versions", "records"])
def test_a_golden_file_without_a_manifest(box: Box, depth: str) -> None:
    (box.folder / "envguard.lock.files").unlink()
    freeze(box, depth)
    done = box.tried("six==1.17.0")
    assert done.returncode == 0, done.stderr
    assert box.accept("--apply").returncode == 0
    assert box.check() == 0
    assert not (box.folder / "envguard.lock.files").exists()
    assert ("record=" in (box.folder / "envguard.lock").read_text()) is (depth == "records")


def test_pip_builds_where_no_uv_is(box: Box, tmp_path: Path) -> None:
    assert run(sys.executable, "-m", "venv", tmp_path / "tools").returncode == 0
    box.judge = tmp_path / "tools" / "bin" / "python"
    done = run(box.judge, "-m", "pip", "install", "-q", "--no-index", "-f", box.wheels, "packaging", *REQUIRED)
    assert done.returncode == 0, done.stderr
    done = box.tried("six==1.17.0")
    assert done.returncode == 0, done.stderr
    assert box.trials()[0]["environment"]["installer"] == "pip"
    done = box.accept("--apply")
    assert done.returncode == 0, done.stderr
    box.judge = Path(sys.executable)
    assert box.check() == 0


def test_an_environment_that_uv_made(box: Box, tmp_path: Path) -> None:
    shutil.rmtree(box.live)
    assert run(UV, "venv", "-q", "--python", sys.executable, box.live, UV_LINK_MODE="copy").returncode == 0
    names = ("six==1.16.0", "idna==3.7", "attrs==24.2.0", "packaging==24.2")
    command = (UV, "pip", "install", "-q", "--python", box.live, "--no-index", "--find-links", box.wheels, *names)
    assert run(*command, UV_LINK_MODE="copy", UV_CACHE_DIR=str(tmp_path / "cache")).returncode == 0
    freeze(box)
    before = box.state()
    done = box.tried("six==1.17.0", test="python -c 'import six'")
    assert done.returncode == 0, done.stderr
    assert box.state() == before
    assert box.accept("--apply").returncode == 0
    assert box.check() == 0


def test_what_no_index_offers_is_rebuilt_by_its_record(box: Box, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "ours"\nversion = "1.0"\n[project.scripts]\nours = "ours:main"\n'
    )
    (project / "ours.py").write_text("def main():\n    import sys; print(sys.prefix)\n")
    built = tmp_path / "built"
    assert run(UV, "build", "-q", "--wheel", "-o", built, project, PATH="/usr/bin:/bin").returncode == 0
    pip = (sys.executable, "-m", "pip", "--python", box.live / "bin" / "python", "install", "-q", "--no-deps")
    assert run(*pip, next(built.glob("*.whl"))).returncode == 0
    freeze(box)
    source = only_six(box, tmp_path)
    words = ("try", "six==1.17.0", "--test", "ours", "--python", box.live, "--yes", "--offline", "--find-links", source)
    done = box(*words, UV_CACHE_DIR=str(tmp_path / "none"), PIP_CACHE_DIR=str(tmp_path / "none"))
    assert done.returncode == 0, done.stderr
    for name in ("ours", "idna", "attrs", "packaging"):
        assert f"{name} was rebuilt from the original by its RECORD" in warnings(box)
    (said,) = box.trials()
    log = next((box.folder / ".envguard" / "trials" / said["id"] / "logs").glob("*-test-after.log"))
    assert log.read_text().strip() == said["environment"]["prefix"]


def test_an_editable_project_is_rebuilt_and_its_shared_sources_are_said(box: Box, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "ours"\nversion = "1.0"\n'
    )
    (project / "ours.py").write_text("VALUE = 1\n")
    pip = (sys.executable, "-m", "pip", "--python", box.live / "bin" / "python", "install", "-q", "--no-deps")
    done = run(*pip, "-e", project)
    assert done.returncode == 0, done.stderr
    freeze(box)
    done = box.tried("six==1.17.0", test="python -c 'import ours; assert ours.VALUE == 1'")
    assert done.returncode == 0, done.stderr
    assert "its sources are the original's" in warnings(box)


def test_what_was_edited_in_the_original_is_not_carried_over(box: Box, tmp_path: Path) -> None:
    (box.site / "idna" / "core.py").write_text("# edited\n")
    source = only_six(box, tmp_path)
    words = ("six==1.17.0", "--test", "python -c pass", "--python", box.live, "--yes", "--offline")
    done = box("try", *words, "--find-links", source)
    assert done.returncode == 2
    assert "is not the file that RECORD lists" in done.stderr
    done = box.tried("six==1.17.0", test="python -c 'import idna; idna.encode(\"a\")'")
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_had_is_named(box: Box, tmp_path: Path) -> None:
    source = only_six(box, tmp_path)
    shutil.rmtree(box.site / "idna")
    shutil.rmtree(next(box.site.glob("idna-*.dist-info")))
    words = ("six==1.17.0", "--test", "python -c pass", "--python", box.live, "--yes", "--offline")
    done = box("try", *words, "--find-links", source)
    assert done.returncode == 2
    assert "no environment that equals golden can be made: idna 3.7" in done.stderr


def test_a_drifted_original_is_not_what_the_trial_begins_with(box: Box) -> None:
    install(box.live, box.wheels, "idna==3.10", "--upgrade")
    before = box.state()
    done = box.tried("six==1.17.0", test="python -c 'import idna; assert idna.__version__ == \"3.7\"'")
    assert done.returncode == 0, done.stderr
    assert "once more, since the original has drifted" in done.stderr
    assert box.state() == before


def test_start_up_files_that_the_manifest_seals_are_there(box: Box, tmp_path: Path) -> None:
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "more.py").write_text("X = 1\n")
    (box.site / "more.pth").write_text(f"{tmp_path / 'extra'}\n")
    (box.site / "sitecustomize.py").write_text("import sys; sys.custom = 1\n")
    freeze(box)
    done = box.tried("six==1.17.0", test="python -c 'import more, sys; assert sys.custom'")
    assert done.returncode == 0, done.stderr
    assert "2 files that no package brings were taken from the original" in warnings(box)


def test_rules_and_bypass_of_the_old_golden_file_are_kept(box: Box) -> None:
    (box.folder / "envguard.toml").write_text(
        'bypass = true\n[[rules]]\nid = "mine"\npackage = ["numpy"]\nverdict = "forbidden"\nreason = "no"\n'
    )
    freeze(box)
    (box.folder / "envguard.toml").unlink()
    assert box.tried("six==1.17.0").returncode == 0
    assert box.accept().returncode == 0
    text = (box.folder / "envguard.lock").read_text()
    assert '"mine"' in text
    assert "bypass allowed" in text
    assert "six==1.17.0" in text


def let_go(box: Box, *names: str) -> None:
    """Rules by which packages may be removed: the built-in ones forbid it."""
    listed = ", ".join(f'"{name}"' for name in names)
    (box.folder / "envguard.toml").write_text(
        f'[[rules]]\nid = "go"\npackage = [{listed}]\nchange = ["removed"]\nverdict = "cautious"\nreason = "unused"\n'
    )
    freeze(box)


def test_packages_are_added_and_removed(box: Box) -> None:
    let_go(box, "idna", "attrs")
    done = box.tried("-idna", "-attrs", "six==1.17.0")
    assert done.returncode == 0, done.stderr
    assert box.accept("--apply", "--why", "gone").returncode == 0
    assert box.check() == 0
    assert not (box.site / "idna").exists()
    assert {"-idna", "-attrs", "six 1.16.0 -> 1.17.0"} == set(box.history()[-2]["what"].split(", "))
    done = box.tried("+idna", test="python -c 'import idna'")
    assert done.returncode == 2
    assert "before anything was changed" in done.stderr
    assert box("reject", box.trials()[-1]["id"]).returncode == 0
    assert box.tried("+idna").returncode == 0
    assert box.accept("--apply").returncode == 0
    assert box.check() == 0
    assert (box.site / "idna").is_dir()


def test_what_others_installed_is_not_removed_by_an_apply(box: Box) -> None:
    let_go(box, "idna")
    assert box.tried("-idna").returncode == 0
    folder = box.site / "stray-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: stray\nVersion: 1.0\n")
    (folder / "RECORD").write_text("stray-1.0.dist-info/METADATA,,\nstray-1.0.dist-info/RECORD,,\n")
    done = box.accept("--apply")
    assert done.returncode == 1
    assert "stray: 1.0 is not in the golden file: removed only with --prune" in done.stderr
    assert folder.is_dir()
    shutil.rmtree(folder)
    done = box.accept("--apply")
    assert done.returncode == 0, done.stderr
    assert box.check() == 0


def test_a_foreign_golden_file_is_refused_with_what_to_do(box: Box) -> None:
    (box.folder / "requirements.txt").write_text("six==1.16.0\n")
    done = box.tried("six==1.17.0", "--lock", "requirements.txt")
    assert done.returncode == 2
    assert "envguard freeze --from requirements.txt" in done.stderr


def test_the_answer_for_programs(box: Box) -> None:
    done = box.tried("six==1.17.0", "--output-format", "json")
    assert json.loads(done.stdout) == box.trials()[0]
    done = box.accept("--output-format", "json")
    assert json.loads(done.stdout)["state"] == "accepted"
    done = box("reject", "--output-format", "json")
    assert json.loads(done.stdout) == {"removed": json.loads(done.stdout)["removed"]}
    assert box.trials() == []
