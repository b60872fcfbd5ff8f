"""Each damage that people do to environments, on a real one: after restore it is the golden one, file by file."""

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from yard import Yard, pip_install, pip_uninstall, state, uv_install


def by_pip(yard: Yard) -> None:
    pip_install(yard.venv, yard.house, "idna==3.10")


def by_uv(yard: Yard) -> None:
    uv_install(yard.venv, yard.house, "six==1.17.0")


def removed(yard: Yard) -> None:
    pip_uninstall(yard.venv, "attrs", "markupsafe", "tqdm", "tabulate")


def added(yard: Yard) -> None:
    pip_install(yard.venv, yard.house, "toolz==1.0.0")


def other_artifact(yard: Yard) -> None:
    """The same version from a wheel with one more line, and a RECORD that fits."""
    wheel = next(yard.house.glob("six-1.16*.whl"))
    folder = yard.folder / "rebuilt"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(folder / wheel.name, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("RECORD"):
                rows = [row for row in data.decode().splitlines() if not row.startswith("six.py,")]
                data = "\n".join([*rows, "six.py,,"]).encode()
            new.writestr(name, data + b"\n# rebuilt\n" if name == "six.py" else data)
    pip_uninstall(yard.venv, "six")
    pip_install(yard.venv, folder, "six==1.16.0")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(data)


def byte_of_source(yard: Yard) -> None:
    flip(yard.site / "attr" / "_make.py")


def byte_of_library(yard: Yard) -> None:
    flip(next((yard.site / "markupsafe").glob("*.so")))


def file_deleted(yard: Yard) -> None:
    (yard.site / "packaging" / "tags.py").unlink()


def file_added(yard: Yard) -> None:
    (yard.site / "tqdm" / "extra.py").write_text("x = 1\n")


def duplicated(yard: Yard) -> None:
    real = yard.metadata("attrs")
    other = real.with_name("attrs-0.0.1.dist-info")
    shutil.copytree(real, other)
    text = (other / "METADATA").read_text()
    (other / "METADATA").write_text(text.replace("\nVersion: 24.2.0", "\nVersion: 0.0.1"))


def relabelled(yard: Yard) -> None:
    real = yard.metadata("packaging")
    for name in ("METADATA", "RECORD"):
        path = real / name
        path.write_text(path.read_text().replace("24.2", "24.2+cu126"))
    real.rename(real.with_name("packaging-24.2+cu126.dist-info"))


def leftovers(yard: Yard) -> None:
    """What an upgrade that was killed leaves: the old folders renamed, a new metadata folder without METADATA."""
    real = yard.metadata("idna")
    shutil.copytree(real, real.with_name("~dna-3.7.dist-info"))
    shutil.copytree(yard.site / "idna", yard.site / "~dna")
    (yard.site / "gone-1.0.dist-info").mkdir()
    (yard.site / "gone-1.0.dist-info" / "INSTALLER").write_text("pip\n")


def no_record(yard: Yard) -> None:
    (yard.metadata("idna") / "RECORD").unlink()
    flip(yard.site / "idna" / "core.py")


def no_metadata(yard: Yard) -> None:
    (yard.metadata("six") / "METADATA").unlink()


def script_edited(yard: Yard) -> None:
    (yard.venv / "bin" / "tqdm").write_text("#!/bin/sh\nexit 3\n")
    (yard.venv / "bin" / "tabulate").unlink()


def mode(yard: Yard) -> None:
    (yard.site / "idna" / "core.py").chmod(0o755)
    (yard.venv / "bin" / "tqdm").chmod(0o644)


def poisoned(yard: Yard) -> None:
    """Byte code whose header fits its source and whose code does not."""
    import importlib.util
    import marshal
    import struct

    source = yard.site / "six.py"
    status = source.stat()
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir(exist_ok=True)
    head = importlib.util.MAGIC_NUMBER + struct.pack("<III", 0, int(status.st_mtime), status.st_size & 0xFFFFFFFF)
    cached.write_bytes(head + marshal.dumps(compile("import os", str(source), "exec")))


def folder_is_a_link(yard: Yard) -> None:
    elsewhere = yard.folder / "elsewhere"
    (yard.site / "idna").rename(elsewhere)
    (yard.site / "idna").symlink_to(elsewhere)


def folder_for_a_file(yard: Yard) -> None:
    (yard.site / "six.py").unlink()
    (yard.site / "six.py" / "deep").mkdir(parents=True)
    (yard.site / "six.py" / "deep" / "x").write_text("x")


def everything(yard: Yard) -> None:
    for path in yard.site.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


DAMAGES = [
    by_pip, by_uv, removed, added, other_artifact, byte_of_source, byte_of_library, file_deleted, file_added,
    duplicated, relabelled, leftovers, no_record, no_metadata, script_edited, mode, poisoned, folder_is_a_link,
    folder_for_a_file,
    everything,
]  # fmt: skip
UNSEEN = {mode, poisoned, script_edited}
"""Without a manifest nothing says how these should be."""


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_after_restore_every_file_is_the_golden_one(yard: Yard, damage: Callable[[Yard], None]) -> None:
    golden = yard.freeze()
    damage(yard)
    outcome = yard.restore(prune=damage is added)
    assert outcome.report.findings == ()
    assert outcome.complete
    assert outcome.done
    assert state(yard.venv) == golden
    assert not (yard.venv / ".envguard").exists()


@pytest.mark.slow
@pytest.mark.parametrize("damage", [each for each in DAMAGES if each not in UNSEEN], ids=lambda damage: damage.__name__)
def test_without_a_manifest_the_sealed_records_lead_back(yard: Yard, damage: Callable[[Yard], None]) -> None:
    golden = yard.freeze(manifest=False)
    damage(yard)
    outcome = yard.restore(prune=damage is added)
    assert outcome.report.findings == ()
    after = state(yard.venv)
    notes = ("INSTALLER", "REQUESTED", "RECORD", "uv_cache.json")
    assert {path for path in after if not path.endswith(notes)} == {path for path in golden if not path.endswith(notes)}
    differing = {path for path in after if after[path] != golden.get(path) and not path.endswith(notes)}
    assert differing <= {"bin/tqdm", "bin/tabulate"}  # pip and uv write scripts in other words


@pytest.mark.slow
def test_all_damages_at_once(yard: Yard) -> None:
    golden = yard.freeze()
    several = [added, by_pip, by_uv, byte_of_source, byte_of_library, file_deleted, file_added, duplicated, leftovers]
    for damage in (*several, script_edited, mode):
        damage(yard)
    outcome = yard.restore(prune=True)
    assert outcome.report.findings == ()
    assert state(yard.venv) == golden
    assert not (yard.venv / ".envguard").exists()


@pytest.mark.slow
def test_the_check_of_another_process_agrees(yard: Yard) -> None:
    yard.freeze()
    for damage in (by_pip, byte_of_source, byte_of_library, file_deleted, file_added, leftovers):
        damage(yard)
    assert yard.checks().startswith("1")
    assert yard.restore().complete
    assert yard.checks().startswith("0")


def test_a_hard_link_is_replaced_and_never_written_through(yard: Yard) -> None:
    shared = yard.folder / "shared.py"
    yard.freeze()
    os.link(yard.site / "six.py", shared)
    shared.write_text("# edited through another name\n")
    before = shared.read_bytes()
    assert yard.restore().complete
    assert shared.read_bytes() == before
    assert shared.stat().st_nlink == 1


def test_what_a_link_leads_to_outside_is_left_as_it_is(yard: Yard) -> None:
    yard.freeze()
    folder_is_a_link(yard)
    elsewhere = yard.folder / "elsewhere"
    (elsewhere / "core.py").write_text("# mine\n")
    before = state(elsewhere)
    assert yard.restore().complete
    assert state(elsewhere) == before
    assert not (yard.site / "idna").is_symlink()


def test_scripts_folder_that_leads_out_of_the_environment_is_refused(yard: Yard) -> None:
    from envguard.errors import ChangeError

    yard.freeze()
    (yard.venv / "bin" / "tqdm").unlink()
    elsewhere = yard.folder / "elsewhere"
    (yard.venv / "bin").rename(elsewhere)
    (yard.venv / "bin").symlink_to(elsewhere)
    before = state(elsewhere)
    with pytest.raises(ChangeError, match="leads out of the environment"):
        yard.restore()
    assert state(elsewhere) == before


def test_extra_is_left_without_prune_and_named(yard: Yard) -> None:
    yard.freeze()
    added(yard)
    (yard.site / "stray.py").write_text("x = 1\n")
    outcome = yard.restore()
    assert not outcome.complete
    assert {(step.package, step.action) for step in outcome.left} == {("toolz", "leave"), ("", "leave")}
    assert all("--prune" in step.what for step in outcome.left)
    assert yard.restore(prune=True).complete
    assert not (yard.site / "stray.py").exists()
    assert not (yard.site / "toolz").exists()


def test_an_artifact_that_is_not_the_golden_one_is_refused(yard: Yard) -> None:
    golden = yard.freeze()
    other_artifact(yard)
    before = state(yard.venv)
    outcome = yard.restore(find_links=(str(yard.folder / "rebuilt"),))
    assert not outcome.complete
    assert any("record digest is not the one" in step.what for step in outcome.left)
    assert state(yard.venv) == before
    outcome = yard.restore(find_links=(str(yard.folder / "rebuilt"), str(yard.house)))
    assert outcome.complete
    assert state(yard.venv) == golden


def test_an_edited_file_in_a_wheel_whose_record_is_golden_is_refused(yard: Yard) -> None:
    yard.freeze()
    file = yard.site / "six.py"
    file.write_text("# edited\n")
    wheel = next(yard.house.glob("six-1.16*.whl"))
    folder = yard.folder / "forged"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(folder / wheel.name, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b"# forged\n" if name == "six.py" else b""))
    outcome = yard.restore(find_links=(str(folder),))
    assert not outcome.complete
    assert file.read_text() == "# edited\n"
    assert any("not what its RECORD lists" in step.what for step in outcome.left)


def test_what_comes_from_a_folder_is_named_and_left(yard: Yard) -> None:
    project = yard.folder / "local"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "local"\nversion = "1"\n')
    metadata = yard.site / "local-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: local\nVersion: 1\n")
    (metadata / "direct_url.json").write_text(f'{{"url": "file://{project}", "dir_info": {{"editable": true}}}}')
    (metadata / "RECORD").write_text("local-1.dist-info/METADATA,,\nlocal-1.dist-info/RECORD,,\n")
    yard.freeze()
    shutil.rmtree(metadata)
    outcome = yard.restore()
    assert not outcome.complete
    assert [step.package for step in outcome.left] == ["local"]
    assert "editable" in outcome.left[0].what
