"""The main job on real environments: freeze, pass, damage, be refused with the right code."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import envguard
from envguard import latch
from envguard.model import Report
from support import SOURCE, run, scrubbed, site_packages

if TYPE_CHECKING:
    from envguard.model import Depth


@pytest.fixture(autouse=True)
def forget_refusals() -> None:
    latch.reset()


def found(report: Report) -> set[tuple[str, str]]:
    return {(finding.change.code, finding.change.package) for finding in report.findings}


def pip(venv: Path, *words: str | Path) -> None:
    done = run(venv / "bin" / "python", "-m", "pip", *words)
    assert done.returncode == 0, done.stderr


# --- damages: what was done, and what must be found at which depth ----------------------------------------------------

Damage = Callable[[Path, Path], None]


def upgraded_by_pip(venv: Path, wheels: Path) -> None:
    pip(venv, "install", "-q", "--no-index", "-f", wheels, "six==1.17.0")


def upgraded_by_uv(venv: Path, wheels: Path) -> None:
    done = run(
        sys.executable, "-m", "uv", "pip", "install", "-q", "--python", venv / "bin" / "python", "--no-index",
        "--find-links", wheels, "six==1.17.0", UV_LINK_MODE="copy", UV_NO_CACHE="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def removed(venv: Path, _wheels: Path) -> None:
    pip(venv, "uninstall", "-q", "-y", "six")


def added(venv: Path, wheels: Path) -> None:
    shutil.copytree(site_packages(venv) / "six-1.16.0.dist-info", site_packages(venv) / "sevn-1.0.dist-info")
    folder = site_packages(venv) / "sevn-1.0.dist-info"
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: sevn\nVersion: 1.0\n")
    (folder / "RECORD").write_text("sevn-1.0.dist-info/METADATA,,\nsevn-1.0.dist-info/RECORD,,\n")


def other_artifact(venv: Path, wheels: Path) -> None:
    """The same version, built with one more comment, installed by pip."""
    built = venv.parent / "rebuilt"
    built.mkdir()
    source = next(wheels.glob("six-1.16.0-*.whl"))
    rows: list[bytes] = []
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(built / source.name, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "six.py":
                data += b"# rebuilt\n"
            if name.endswith("/RECORD"):
                data = b"".join(rows)
            else:
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                rows.append(b"%s,sha256=%s,%d\n" % (name.encode(), digest, len(data)))
            new.writestr(name, data)
    pip(venv, "install", "-q", "--no-index", "--no-deps", "--force-reinstall", "-f", built, "six==1.16.0")


def edited(venv: Path, _wheels: Path) -> None:
    path = site_packages(venv) / "six.py"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def deleted(venv: Path, _wheels: Path) -> None:
    (site_packages(venv) / "attr" / "filters.py").unlink()


def added_file(venv: Path, _wheels: Path) -> None:
    (site_packages(venv) / "attr" / "extra.py").write_text("x = 1\n")


def duplicated(venv: Path, _wheels: Path) -> None:
    site = site_packages(venv)
    shutil.copytree(site / "six-1.16.0.dist-info", site / "six-1.15.0.dist-info")
    metadata = site / "six-1.15.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.16.0", "Version: 1.15.0"))


BY_NAME: dict[Damage, tuple[str, str]] = {
    upgraded_by_pip: ("EG102", "six"),
    upgraded_by_uv: ("EG102", "six"),
    removed: ("EG101", "six"),
    added: ("EG103", "sevn"),
    duplicated: ("EG106", "six"),
}
BY_RECORD: dict[Damage, tuple[str, str]] = {other_artifact: ("EG107", "six")}
BY_FILE: dict[Damage, tuple[str, str]] = {
    edited: ("EG108", "six"),
    deleted: ("EG108", "attrs"),
    added_file: ("EG108", "attrs"),
}


WANTED = {**BY_NAME, **BY_RECORD, **BY_FILE}
DEPTHS: "tuple[Depth, ...]" = ("versions", "records", "files")


@pytest.mark.parametrize("damage", [*BY_NAME, *BY_RECORD, *BY_FILE], ids=lambda damage: damage.__name__)
def test_every_damage_is_found_with_its_code_and_package(
    damage: Damage, venv: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    lock = tmp_path / "envguard.lock"
    envguard.freeze(lock, python=venv, depth="files")
    for depth in DEPTHS:
        assert envguard.check(lock, python=venv, depth=depth).pinned, depth
    damage(venv, wheelhouse)
    wanted = WANTED[damage]
    assert wanted in found(envguard.check(lock, python=venv, depth="files"))
    if damage not in BY_FILE:
        assert wanted in found(envguard.check(lock, python=venv, depth="records"))
    if damage in BY_NAME:
        assert wanted in found(envguard.check(lock, python=venv, depth="versions"))


def test_a_shadowing_folder_on_pythonpath_is_found_at_every_depth(
    venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "envguard.lock"
    envguard.freeze(lock, python=venv, depth="files")
    (tmp_path / "work" / "attr").mkdir(parents=True)
    (tmp_path / "work" / "attr" / "__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "work"))
    for depth in DEPTHS:
        assert ("EG112", "attrs") in found(envguard.check(lock, python=venv, depth=depth))


# --- the API, in a process of the environment itself ------------------------------------------------------------------


def inside(venv: Path, code: str, cwd: Path, **extra: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(venv / "bin" / "python"), "-c", code],
        cwd=cwd,
        env=scrubbed(PYTHONPATH=str(SOURCE), **extra),
        capture_output=True,
        text=True,
        check=False,
    )


def test_service_starts_then_is_refused_with_reason_and_remedy(venv: Path, wheelhouse: Path, tmp_path: Path) -> None:
    assert inside(venv, "import envguard; envguard.freeze()", tmp_path).returncode == 0
    start = "import envguard; envguard.assert_pinned(); print('model loaded')"
    assert inside(venv, start, tmp_path).stdout == "model loaded\n"
    upgraded_by_pip(venv, wheelhouse)
    refused = inside(venv, start, tmp_path)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "EG102" in refused.stderr
    assert "pip install --no-deps six==1.16.0" in refused.stderr


@pytest.mark.parametrize("optimise", ["", "1"])
def test_a_refusal_survives_optimisation_and_swallowing(
    venv: Path, wheelhouse: Path, tmp_path: Path, optimise: str
) -> None:
    assert inside(venv, "import envguard; envguard.freeze()", tmp_path).returncode == 0
    upgraded_by_pip(venv, wheelhouse)
    code = """
import envguard
for attempt in range(2):
    try:
        envguard.assert_pinned()
    except (ImportError, RuntimeError, OSError, ValueError, AssertionError):
        print("swallowed by habit")
    except Exception as error:
        print(type(error).__name__)
"""
    assert inside(venv, code, tmp_path, PYTHONOPTIMIZE=optimise).stdout == "DriftError\nDriftError\n"


def test_allow_lets_milder_verdicts_pass(venv: Path, wheelhouse: Path, tmp_path: Path) -> None:
    assert inside(venv, "import envguard; envguard.freeze()", tmp_path).returncode == 0
    upgraded_by_pip(venv, wheelhouse)
    lenient = "import envguard; print(envguard.assert_pinned(allow='cautious').verdict)"
    assert inside(venv, lenient, tmp_path).stdout == "cautious\n"
    strict = inside(venv, lenient.replace("cautious", "safe"), tmp_path)
    assert (strict.returncode, "DriftError" in strict.stderr) == (1, True)
    other = "import envguard; print(envguard.assert_pinned(only=['attrs', 'pack*']).verdict)"
    assert inside(venv, other, tmp_path).stdout == "pinned\n"
    slip = "import envguard; print(envguard.assert_pinned(only='atrs').verdict)"
    assert "matches nothing" in inside(venv, slip, tmp_path).stderr


def test_the_golden_file_itself_can_be_pinned(venv: Path, tmp_path: Path) -> None:
    frozen = envguard.freeze(tmp_path / "envguard.lock", python=venv)
    assert envguard.check(tmp_path / "envguard.lock", python=venv, sha256=frozen.sha256).pinned
    start = "import envguard; envguard.assert_pinned(); print('loaded')"
    inside(venv, "import envguard; envguard.freeze()", tmp_path)
    good = envguard.freeze(tmp_path / "x", python=venv, write=False)
    assert inside(venv, start, tmp_path, ENVGUARD_LOCK_SHA256="0" * 64).returncode == 1
    assert "ENVGUARD_LOCK_SHA256 wants" in inside(venv, start, tmp_path, ENVGUARD_LOCK_SHA256="0" * 64).stderr
    assert good.sha256 != "0" * 64
    with pytest.raises(envguard.LockError, match="sha256"):
        envguard.check(tmp_path / "envguard.lock", python=venv, sha256="1" * 64)


def test_where_the_golden_file_is_looked_for(venv: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "deep" / "er").mkdir(parents=True)
    start = "import envguard; print(envguard.assert_pinned().lock)"
    nowhere = inside(venv, start, project)
    assert "no golden file" in nowhere.stderr
    inside(venv, "import envguard; envguard.freeze()", project)
    upward = inside(venv, start, project / "deep" / "er")
    assert upward.stdout.strip() == str(project / "envguard.lock")
    (project / "golden").mkdir()
    os.rename(project / "envguard.lock", project / "golden" / "serving.lock")
    (project / "pyproject.toml").write_text('[tool.envguard]\nlock = "golden/serving.lock"\n')
    configured = inside(venv, start, project / "deep")
    assert configured.stdout.strip() == str(project / "golden" / "serving.lock"), configured.stderr
    named = inside(venv, start, tmp_path, ENVGUARD_LOCK=str(project / "golden" / "serving.lock"))
    assert named.returncode == 0, named.stderr


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("check(depth='deep')", "depth='deep' is none of"),
        ("assert_pinned(allow='forbidden')", "allow='forbidden' is none of"),
        ("freeze(depth='native')", "depth='native' is none of"),
        ("check('missing.lock')", "missing.lock: cannot be read: no such file"),
    ],
)
def test_a_wrong_call_is_one_clear_error(venv: Path, tmp_path: Path, call: str, problem: str) -> None:
    done = inside(venv, f"import envguard; envguard.{call}", tmp_path)
    assert done.returncode == 1
    assert problem in done.stderr.splitlines()[-1]


def test_an_internal_error_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("six==1.16.0\n")

    def broken(*_args: object, **_options: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr("envguard.environment.scan", broken)
    with pytest.raises(envguard.UnverifiableError, match="internal error in the guard: KeyError: 'boom'"):
        envguard.check(lock)


def test_a_broken_environment_is_not_frozen(venv: Path, tmp_path: Path) -> None:
    duplicated(venv, tmp_path)
    with pytest.raises(envguard.DriftError, match="not fit to be frozen") as caught:
        envguard.freeze(tmp_path / "envguard.lock", python=venv)
    assert caught.value.report is not None
    assert ("EG106", "six") in found(caught.value.report)
    assert not (tmp_path / "envguard.lock").exists()


def test_freeze_from_another_lock_needs_an_environment_that_matches(venv: Path, tmp_path: Path) -> None:
    listed = run(venv / "bin" / "python", "-m", "pip", "freeze").stdout
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(listed)
    frozen = envguard.freeze(tmp_path / "envguard.lock", python=venv, source=requirements)
    assert {pin.name for pin in frozen.snapshot.pins} >= {"six", "attrs", "idna", "packaging"}
    requirements.write_text(listed.replace("six==1.16.0", "six==1.15.0"))
    with pytest.raises(envguard.DriftError, match=r"requirements\.txt"):
        envguard.freeze(tmp_path / "envguard.lock", python=venv, source=requirements)


def test_a_pip_freeze_file_is_a_golden_file_too(venv: Path, wheelhouse: Path, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(run(venv / "bin" / "python", "-m", "pip", "freeze").stdout)
    assert envguard.check(requirements, python=venv).pinned
    upgraded_by_pip(venv, wheelhouse)
    assert found(envguard.check(requirements, python=venv)) == {("EG102", "six")}


def test_diff_judges_the_way_between_two_locks(venv: Path, wheelhouse: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.lock", tmp_path / "new.lock"
    envguard.freeze(old, python=venv)
    upgraded_by_pip(venv, wheelhouse)
    removed_and = run(venv / "bin" / "python", "-m", "pip", "uninstall", "-q", "-y", "idna")
    assert removed_and.returncode == 0
    envguard.freeze(new, python=venv)
    assert found(envguard.diff(old, new)) == {("EG102", "six"), ("EG101", "idna")}
    assert found(envguard.diff(new, old)) == {("EG102", "six"), ("EG103", "idna")}
    assert envguard.diff(old, old).pinned
    rules = {finding.change.package: finding.rule for finding in envguard.diff(old, new).findings}
    assert rules["six"] == "upgraded-pure"  # of what is not installed, the sealed tags say that it has no compiled code


def test_tags_that_the_files_give_the_lie_are_not_sealed(venv: Path, tmp_path: Path) -> None:
    record = site_packages(venv) / "six-1.16.0.dist-info" / "RECORD"
    record.write_text(record.read_text() + "_six.abi3.so,,\n")
    frozen = envguard.freeze(tmp_path / "envguard.lock", python=venv)
    tags = {pin.name: pin.tags for pin in frozen.snapshot.pins}
    assert tags["six"] == ()
    assert tags["idna"] == ("py3-none-any",)


def test_its_own_dependency_missing_is_named_not_stumbled_over(venv: Path, wheelhouse: Path, tmp_path: Path) -> None:
    """The guard runs inside the environment that it judges, and must work when that is damaged."""
    assert inside(venv, "import envguard; envguard.freeze()", tmp_path).returncode == 0
    upgraded_by_pip(venv, wheelhouse)
    pip(venv, "uninstall", "-q", "-y", "packaging")
    code = "import envguard; print(sorted((f.change.code, f.change.package) for f in envguard.check().findings))"
    done = inside(venv, code, tmp_path)
    assert done.stdout == "[('EG101', 'packaging'), ('EG102', 'six')]\n", done.stderr


def test_an_update_of_the_guard_itself_is_no_drift(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)  # it would hide the copy below, and be reported
    lock = tmp_path / "envguard.lock"
    site = site_packages(venv)
    (site / "envguard").mkdir()

    def install(version: str) -> None:
        for old in site.glob("envguard_lock-*.dist-info"):
            shutil.rmtree(old)
        folder = site / f"envguard_lock-{version}.dist-info"
        folder.mkdir()
        data = f"__version__ = {version!r}\n".encode()
        (site / "envguard" / "__init__.py").write_bytes(data)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: envguard-lock\nVersion: {version}\n")
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows = [f"envguard/__init__.py,sha256={digest},{len(data)}", f"{folder.name}/METADATA,,"]
        (folder / "RECORD").write_text("\n".join([*rows, f"{folder.name}/RECORD,,", ""]))

    install("0.1.0")
    frozen = envguard.freeze(lock, python=venv, depth="files")
    assert all(pin.name != "envguard-lock" for pin in frozen.snapshot.pins)
    install("0.2.0")
    for depth in DEPTHS:
        assert envguard.check(lock, python=venv, depth=depth).pinned, depth


def test_diff_knows_conda_packages(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yml", tmp_path / "new.yml"
    old.write_text("dependencies:\n  - zlib=1.3.1=h4ab_1\n  - numpy=1.26.4=py311_0\n")
    new.write_text("dependencies:\n  - zlib=1.3.2=h4ab_0\n  - numpy=1.26.4=py311_0\n")
    assert found(envguard.diff(old, new)) == {("EG102", "zlib")}
    assert envguard.diff(old, old).pinned


def test_a_manifest_belongs_to_its_lock(venv: Path, tmp_path: Path) -> None:
    lock = tmp_path / "envguard.lock"
    envguard.freeze(lock, python=venv, depth="files")
    manifest = tmp_path / "envguard.lock.files"
    good = manifest.read_bytes()
    manifest.write_bytes(good.replace(b"six.py", b"sex.py"))
    with pytest.raises(envguard.LockError, match="not the manifest"):
        envguard.check(lock, python=venv, depth="files")
    manifest.unlink()
    with pytest.raises(envguard.LockError, match="manifest missing"):
        envguard.check(lock, python=venv, depth="files")


def test_a_bypass_needs_the_locks_permission_and_says_so(venv: Path, wheelhouse: Path, tmp_path: Path) -> None:
    start = "import envguard; print(envguard.assert_pinned().bypass)"
    asked = "hotfix OPS-41 until the image is rebuilt;until=2099-01-01"
    (tmp_path / "envguard.toml").write_text("bypass = true\n")
    inside(venv, "import envguard; envguard.freeze()", tmp_path)
    upgraded_by_pip(venv, wheelhouse)
    honoured = inside(venv, start, tmp_path, ENVGUARD_BYPASS=asked)
    assert "hotfix OPS-41" in honoured.stdout
    assert "NOT PINNED, started all the same" in honoured.stderr
    expired = inside(venv, start, tmp_path, ENVGUARD_BYPASS="hotfix OPS-41 for the image;until=2020-01-01")
    assert (expired.returncode, "expired on 2020-01-01" in expired.stderr) == (1, True)
    (tmp_path / "envguard.toml").unlink()
    pip(venv, "install", "-q", "--no-index", "-f", wheelhouse, "six==1.16.0")
    inside(venv, "import envguard; envguard.freeze()", tmp_path)
    upgraded_by_pip(venv, wheelhouse)
    ignored = inside(venv, start, tmp_path, ENVGUARD_BYPASS=asked)
    assert (ignored.returncode, "does not allow it" in ignored.stderr) == (1, True)


def test_an_interrupted_write_leaves_the_old_lock(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "envguard.lock"
    envguard.freeze(lock, python=venv)
    before = lock.read_bytes()

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(envguard.LockError, match="no space left on device"):
        envguard.freeze(lock, python=venv, depth="versions")
    assert lock.read_bytes() == before
    assert os.listdir(tmp_path / "..") is not None
    assert [name for name in os.listdir(tmp_path) if name.endswith(".tmp")] == []


@pytest.mark.parametrize(
    ("folder", "lock"), [("checks", "envguard.lock"), ("formats", "pins.txt"), ("reporters", "envguard.lock")]
)
def test_a_registry_that_cannot_be_listed_is_not_an_empty_one(
    venv: Path, wheelhouse: Path, tmp_path: Path, folder: str, lock: str
) -> None:
    """pkgutil takes an unlistable folder for an empty one; without checks nothing would differ."""
    (tmp_path / "pins.txt").write_text("six==1.16.0\n")  # our own format is known without a list of all
    assert inside(venv, "import envguard; envguard.freeze()", tmp_path).returncode == 0
    upgraded_by_pip(venv, wheelhouse)
    code = f"""
import os, envguard
listed = os.listdir
def refuse(path="."):
    if str(path).endswith("envguard/{folder}"):
        raise OSError(24, "Too many open files")
    return listed(path)
os.listdir = refuse
envguard.assert_pinned("{lock}")
"""
    done = inside(venv, code, tmp_path)
    assert done.returncode == 1
    assert "cannot list its own folder: too many open files" in done.stderr
