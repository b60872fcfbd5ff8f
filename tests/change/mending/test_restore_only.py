"""``--only``: what was named is looked at and mended as always, and nothing else is touched, not even looked at."""

import builtins
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_restore_damages import DAMAGES
from test_restore_faults import points
from yard import Yard, pip_install, pip_uninstall, state, uv_install

from dying import in_child
from envguard.change.mending import restoring
from envguard.change.mending.restoring import plan_restore
from envguard.errors import ChangeError, UsageError
from envguard.facts import mounts, standing
from support import run
from wheel_making import make

NAMES = ("six", "idna", "attrs", "packaging", "tqdm", "markupsafe", "tabulate", "toolz")


def command(yard: Yard, *words: str) -> tuple[int, str, str]:
    given = (sys.executable, "-m", "envguard", "restore", yard.lock, "--python", yard.python, "--offline")
    done = run(*given, "--find-links", yard.house, *words)
    return done.returncode, done.stdout, done.stderr


def of_package(name: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """True where whatever differs lies in the files of one package."""
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return bool(changed) and all(name in path.replace("attr/", "attrs/") for path in changed)


class Touched:
    """Paths that this process asked the system for."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.paths: set[str] = set()
        for module, name in ((os, "lstat"), (os, "stat"), (os, "open"), (os, "readlink"), (builtins, "open")):
            patch.setattr(module, name, self._noted(getattr(module, name)))

    def _noted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(path, str | Path):
                self.paths.add(str(path))
            return real(path, *arguments, **options)

        return call

    def of_files(self, folder: Path) -> set[str]:
        """Those below a folder which are no folders, as paths relative to it."""
        found = {path for path in self.paths if path.startswith(f"{folder}/") and not os.path.isdir(path)}
        return {os.path.relpath(path, folder) for path in found}


@pytest.fixture
def two(yard: Yard) -> Yard:
    """Two packages are damaged."""
    yard.golden = yard.freeze()
    (yard.site / "six.py").write_text("# edited\n")
    (yard.site / "idna" / "core.py").write_text("# edited\n")
    return yard


def test_only_what_was_named_is_mended_and_the_rest_is_said_not_to_be_known(two: Yard) -> None:
    before = state(two.venv)
    status, out, err = command(two, "--only", "Six", "--yes")
    assert (status, out.splitlines()[0]) == (0, "restored  1 done, pinned at depth files"), err
    assert re.fullmatch(
        r"only six looked at, \d files; of 6 other packages and of files that belong to no package nothing is known",
        out.splitlines()[1],
    )
    assert of_package("six", before, state(two.venv))
    assert (two.site / "idna" / "core.py").read_text() == "# edited\n"
    assert two.checks().startswith("1 ")
    assert command(two, "--only", "six")[0] == 0
    status, out, err = command(two, "--yes")
    assert status == 0, err
    assert "only" not in out
    assert state(two.venv) == two.golden
    assert two.checks().startswith("0 ")


def test_a_dry_run_says_what_would_be_done_of_it(two: Yard) -> None:
    before = state(two.venv)
    status, out, _err = command(two, "--only", "idna", "--dry-run")
    assert status == 1
    assert out.startswith("install  idna 3.7: ")
    assert "six" not in out
    assert "only idna looked at" in out
    status, out, _err = command(two, "--only", "attrs", "--only", "tab*", "--dry-run", "--output-format", "json")
    told = json.loads(out)
    assert (status, told["steps"], told["complete"]) == (0, [], True)
    assert (told["only"], told["not_looked_at"]) == (["attrs", "tabulate"], 5)
    assert state(two.venv) == before


@pytest.mark.parametrize("word", ["sixx", "requests", "", "nvidia-*"])
def test_a_name_that_is_nowhere_is_a_slip(two: Yard, word: str) -> None:
    before = state(two.venv)
    status, out, err = command(two, "--only", "idna", "--only", word, "--yes")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"{word!r} is neither installed nor in " in err
    assert ("did you mean six?" in err) is (word == "sixx")
    assert state(two.venv) == before


def test_no_file_of_another_package_is_touched(two: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    idna = [path for path in two.golden if "/idna" in path]
    assert len(idna) > 8
    with monkeypatch.context() as patch:
        touched = Touched(patch)
        plan = plan_restore(str(two.lock), two.options(only=("idna",)))
    assert [step.package for step in plan.steps] == ["idna"]
    files = touched.of_files(two.site)
    assert {path for path in files if "idna" not in path} <= {
        f"{each.name}/RECORD" for each in two.site.glob("*.dist-info")
    }
    assert {path for path in files if path.endswith(".py")} == {
        os.path.relpath(two.venv / path, two.site) for path in idna if path.endswith(".py")
    }
    with monkeypatch.context() as patch:
        touched = Touched(patch)
        plan = plan_restore(str(two.lock), two.options(only=("attrs",)))
    assert plan.steps == ()
    assert all("attr" in path for path in touched.of_files(two.site))
    assert not {path for path in touched.of_files(two.venv) if path.startswith("bin/t")}


def other_version(yard: Yard) -> None:
    pip_install(yard.venv, yard.house, "idna==3.10")


def missing(yard: Yard) -> None:
    pip_uninstall(yard.venv, "idna")


def edited(yard: Yard) -> None:
    path = yard.site / "idna" / "core.py"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def files_came_and_went(yard: Yard) -> None:
    (yard.site / "idna" / "new").mkdir()
    (yard.site / "idna" / "new" / "extra.py").write_text("x = 1\n")
    (yard.site / "idna" / "__init__.py").unlink()
    (yard.site / "idna" / "core.py").chmod(0o755)


def folder_became_a_link(yard: Yard) -> None:
    shutil.move(yard.site / "idna", yard.folder / "elsewhere")
    (yard.site / "idna").symlink_to(yard.folder / "elsewhere")


def metadata_emptied(yard: Yard) -> None:
    (yard.metadata("idna") / "METADATA").write_bytes(b"")


@pytest.mark.parametrize("manifest", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("damage", [other_version, missing, edited, files_came_and_went, metadata_emptied])
def test_each_damage_of_it_is_mended(yard: Yard, damage: Callable[[Yard], None], *, manifest: bool) -> None:
    golden = yard.freeze(manifest=manifest)
    damage(yard)
    (yard.site / "six.py").write_text("# edited\n")
    outcome = yard.restore(only=("idna",))
    assert outcome.complete, outcome.left
    assert {step.package for step in outcome.done} == {"idna"}
    found = state(yard.venv)
    wrong = {os.path.basename(path) for path in golden | found if golden.get(path) != found.get(path)}
    # Without a manifest nothing says what the installer noted, nor that the bit was wrong.
    assert wrong <= ({"six.py"} if manifest else {"six.py", "RECORD", "REQUESTED", "INSTALLER", "core.py"})
    assert "six.py" in wrong
    assert yard.restore().complete


def test_a_folder_that_became_a_link_is_mended(yard: Yard) -> None:
    golden = yard.freeze()
    folder_became_a_link(yard)
    assert not plan_restore(str(yard.lock), yard.options(only=("idna",))).seen.report.pinned
    outcome = yard.restore(only=("idna",))
    assert outcome.complete, outcome.left
    assert state(yard.venv) == golden


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_the_steps_are_those_of_a_look_at_everything(yard: Yard, damage: Callable[[Yard], None]) -> None:
    yard.freeze()
    damage(yard)
    everything = plan_restore(str(yard.lock), yard.options(prune=True)).steps
    for name in NAMES:
        wanted = [step for step in everything if step.package == name]
        try:
            told = plan_restore(str(yard.lock), yard.options(prune=True, only=(name,))).steps
        except UsageError:
            told = ()
        assert list(told) == wanted, name


def test_what_is_extra_goes_by_name_and_only_when_asked(yard: Yard) -> None:
    yard.golden = yard.freeze()
    pip_install(yard.venv, yard.house, "toolz==1.0.0", "six==1.17.0")
    status, out, _err = command(yard, "--only", "toolz", "--yes")
    assert status == 1
    assert "removed only with --prune" in out
    status, out, _err = command(yard, "--only", "toolz", "--prune", "--yes")
    assert status == 0
    assert not (yard.site / "toolz").exists()
    assert "1.17.0" in next(yard.site.glob("six-*")).name
    assert yard.restore().complete
    assert state(yard.venv) == yard.golden


@pytest.mark.slow
def test_what_envguard_itself_needs_stays_though_only_it_was_named(yard: Yard) -> None:
    pip_uninstall(yard.venv, "packaging")
    yard.freeze()
    ours = {"envguard/__init__.py": ""}
    make(yard.folder / "ours", "envguard_lock", files=ours, requires=("packaging>=20",))
    uv_install(yard.venv, yard.folder / "ours", "envguard-lock")
    pip_install(yard.venv, yard.house, "packaging==24.2")
    (left,) = yard.restore(only=("packaging",), prune=True).left
    assert "envguard itself needs it" in left.what
    assert (yard.site / "packaging" / "tags.py").exists()


def test_above_depth_files_an_edit_is_not_seen(two: Yard) -> None:
    status, out, _err = command(two, "--only", "six", "--depth", "records", "--yes")
    assert (status, out.splitlines()[0]) == (0, "restored  nothing to do, pinned at depth records")
    assert out.splitlines()[1].startswith("only six looked at; of 6 other packages ")
    pip_install(two.venv, two.house, "idna==3.10", "six==1.17.0")
    outcome = two.restore(only=("six",), depth="records")
    assert [step.package for step in outcome.done] == ["six"]
    assert outcome.complete


def test_a_file_that_another_package_wrote_over_is_put_back_and_the_other_named(yard: Yard) -> None:
    yard.golden = yard.freeze()
    make(yard.folder / "rival", "rival", files={"six.py": "RIVAL = 1\n", "rival.py": "x = 1\n"})
    uv_install(yard.venv, yard.folder / "rival", "rival")
    assert (yard.site / "six.py").read_text() == "RIVAL = 1\n"
    status, out, err = command(yard, "--only", "six", "--yes")
    assert status == 0, err
    assert f"{yard.site}/six.py is also listed by rival, which was not looked at" in out
    assert (yard.site / "rival.py").exists()
    kept = {path: entry for path, entry in state(yard.venv).items() if "rival" not in path}
    assert kept == yard.golden


def test_a_file_that_two_golden_packages_share_is_put_back_by_either(yard: Yard) -> None:
    shared = {"both/__init__.py": "# the same\n"}
    wheels = yard.folder / "wheels"
    for name in ("first", "second"):
        make(wheels, name, files={**shared, f"both/{name}.py": "x = 1\n"})
        uv_install(yard.venv, wheels, name)
    yard.golden = yard.freeze()
    for name, other in (("first", "second"), ("second", "first")):
        (yard.site / "both" / "__init__.py").write_text("# edited\n")
        outcome = yard.restore(only=(name,), find_links=(str(wheels),))
        assert outcome.complete, outcome.left
        assert [step.package for step in outcome.done] == [name]
        assert outcome.looked is not None
        assert f"also listed by {other}, " in outcome.looked.shared[0]
        assert state(yard.venv) == yard.golden


def test_a_removal_leaves_what_another_package_lists_too(yard: Yard) -> None:
    yard.golden = yard.freeze()
    wheels = yard.folder / "wheels"
    for name in ("first", "second"):
        make(wheels, name, files={"both/__init__.py": "# the same\n", f"both/{name}.py": "x = 1\n"})
        uv_install(yard.venv, wheels, name)
    outcome = yard.restore(only=("first",), prune=True)
    assert outcome.complete, outcome.left
    assert sorted(path.name for path in (yard.site / "both").glob("*.py")) == ["__init__.py", "second.py"]


def test_byte_code_that_python_wrote_is_nobodys_damage(yard: Yard) -> None:
    yard.freeze()
    assert run(yard.python, "-c", "import six, idna, attr").returncode == 0
    assert list((yard.site / "idna" / "__pycache__").glob("*.pyc"))
    assert yard.restore(only=("idna", "six")).complete
    assert yard.restore(only=("idna",)).done == ()


def test_another_place_is_looked_at_there(yard: Yard, base: Path) -> None:
    yard.freeze()
    moved = yard.folder / "moved"
    shutil.copytree(yard.venv, moved, symlinks=True)
    site = moved / yard.site.relative_to(yard.venv)
    (site / "six.py").write_text("# edited\n")
    outcome = yard.restore(only=("six",), python=str(moved / "bin" / "python"))
    assert outcome.complete, outcome.left
    assert (site / "six.py").read_bytes() == (yard.site / "six.py").read_bytes()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, which keeps what was last changed before the look began."""
    if not mounts.are_trusted([os.path.realpath(os.environ.get("TMPDIR", "/tmp"))]):
        pytest.skip("the file system of temporary files does not show every change")
    monkeypatch.delenv("ENVGUARD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(standing, "SETTLED", 0.0)
    return tmp_path / "cache" / "envguard"


def test_what_was_known_of_all_stays_true_and_is_used_after_it(yard: Yard, cache: Path) -> None:
    time.sleep(0.02)  # more than a tick, of which the kernel's times are
    golden = yard.freeze()
    (yard.site / "six.py").write_text("# edited\n")
    (yard.site / "idna" / "core.py").write_text("# edited\n")
    kept = {path: path.read_bytes() for path in cache.rglob("*.bytes")}
    assert kept
    assert yard.restore(only=("six",)).complete
    assert {path: path.read_bytes() for path in cache.rglob("*.bytes")} == kept
    plan = plan_restore(str(yard.lock), yard.options())
    assert [step.package for step in plan.steps] == ["idna"]
    assert plan.looked is not None
    assert 0 < plan.looked.read < plan.looked.files
    assert yard.restore().complete
    assert state(yard.venv) == golden
    assert yard.restore(reread=True).done == ()


@pytest.mark.slow
def test_killed_anywhere_a_full_restore_goes_on(two: Yard) -> None:
    damaged = two.folder / "damaged"
    shutil.copytree(two.venv, damaged, symlinks=True)

    def work() -> None:
        two.restore(only=("six",))

    ended, calls = in_child(work, 0)
    assert (ended, calls > 10) == (0, True)
    for at in points(calls, 6):
        shutil.rmtree(two.venv)
        shutil.copytree(damaged, two.venv, symlinks=True)
        in_child(work, at)
        assert two.restore().complete, at
        assert state(two.venv) == two.golden, at
        assert not (two.venv / ".envguard").exists(), at


@pytest.mark.slow
def test_what_was_interrupted_of_others_is_finished_first(two: Yard) -> None:
    """The journal of a full restore is there: what it staged for others must not be taken away."""

    def full() -> None:
        restoring.restore(str(two.lock), two.options())

    _ended, calls = in_child(full, 0)
    for at in range(1, calls + 1):
        (two.site / "six.py").write_text("# edited\n")
        (two.site / "idna" / "core.py").write_text("# edited\n")
        in_child(full, at)
        if (two.venv / ".envguard" / "journal.json").exists():
            break
        two.restore()
    (two.venv / ".envguard" / "lock").unlink(missing_ok=True)
    before = state(two.venv)
    for words in (("--yes",), ("--dry-run",)):
        status, _out, err = command(two, "--only", "six", *words)
        assert status == 1
        assert "was interrupted, and was also of idna (finish it first: envguard restore, without --only)" in err
        assert state(two.venv) == before
    with pytest.raises(ChangeError):
        plan_restore(str(two.lock), two.options(only=("idna",)))
    assert command(two, "--only", "six", "--only", "idna", "--yes")[0] == 0
    assert state(two.venv) == two.golden
