"""What was not touched since it was read is not read again, and whatever was touched, in whatever way, is."""

import mmap
import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_restore_damages import DAMAGES, added, file_added, flip
from yard import Yard, state

from envguard import making
from envguard.change.mending.restoring import Options, plan_restore
from envguard.change.placing import seen as seeing
from envguard.facts import mounts, standing, touched

pytestmark = pytest.mark.skipif(
    not mounts.are_trusted([os.path.realpath(os.environ.get("TMPDIR", "/tmp"))]),
    reason="the file system of temporary files does not show every change",
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, which keeps what was last changed before the look began."""
    monkeypatch.delenv("ENVGUARD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(standing, "SETTLED", 0.0)
    return tmp_path / "cache" / "envguard" / "evidence-1"


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A line for each look at the whole environment."""
    looks: list[str] = []
    real = seeing.look

    def counted(lock: str, **more: object) -> seeing.Seen:
        looks.append(lock)
        return real(lock, **more)  # type: ignore[arg-type] # whatever the caller gives

    monkeypatch.setattr(seeing, "look", counted)
    return looks


def kept_in(cache: Path) -> Path:
    """The one file that is kept."""
    (found,) = cache.glob("*.bytes")
    return found


def frozen(yard: Yard) -> dict[str, tuple[str, bool, str]]:
    time.sleep(0.02)  # more than a tick, of which the kernel's times are
    return yard.freeze()


def looked(yard: Yard, **more: object) -> tuple[int, int]:
    """How many files were read, and how many there are."""
    found = plan_restore(str(yard.lock), yard.options(**more)).looked
    assert found is not None
    return found.read, found.files


def read_all(yard: Yard, **more: object) -> bool:
    read, files = looked(yard, **more)
    assert files > 50
    return read == files


def test_nothing_is_read_where_nothing_was_touched(yard: Yard, cache: Path, whole: list[str]) -> None:
    frozen(yard)
    outcome = yard.restore()
    assert outcome.complete
    assert not outcome.done
    assert outcome.looked is not None
    assert outcome.looked.read == 0 < outcome.looked.files
    assert outcome.looked.since == time.strftime("%Y-%m-%d %H:%M") or time.strftime("%S") < "05"
    assert "the others untouched since" in outcome.looked.words
    assert not whole
    assert stat.S_IMODE(kept_in(cache).stat().st_mode) == 0o600


def test_its_report_is_that_of_a_look_at_everything(yard: Yard, cache: Path) -> None:
    frozen(yard)
    assert yard.restore().report == yard.restore(reread=True).report


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_each_damage_is_seen_and_mended_as_without(yard: Yard, cache: Path, damage: Callable[[Yard], None]) -> None:
    golden = frozen(yard)
    damage(yard)
    more: dict[str, object] = {"prune": damage is added}
    told = plan_restore(str(yard.lock), yard.options(**more))
    assert told.steps == plan_restore(str(yard.lock), yard.options(reread=True, **more)).steps
    outcome = yard.restore(None, **more)
    assert outcome.complete
    assert outcome.done
    assert state(yard.venv) == golden
    assert yard.restore(reread=True).done == ()


def edited_in_place(path: Path, _yard: Yard) -> None:
    """Size and modification time as before."""
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path, yard: Yard) -> None:
    before = path.stat()
    other = yard.folder / "other.py"
    shutil.copy2(path, other)
    flip(other)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    shutil.move(other, path)


def edited_through_another_name(path: Path, yard: Yard) -> None:
    other = yard.folder / "cached.py"
    before = path.stat()
    os.link(path, other)
    flip(other)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.unlink()


def edited_through_a_mapping(path: Path, _yard: Yard) -> None:
    before = path.stat()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[10] ^= 1
        mapped.flush()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def through_a_descriptor_that_was_open(path: Path, yard: Yard) -> None:
    descriptor = os.open(path, os.O_RDWR)
    path.rename(yard.folder / "away")
    os.pwrite(descriptor, b"#", 0)
    os.close(descriptor)
    (yard.folder / "away").rename(path)


def folder_replaced(path: Path, yard: Yard) -> None:
    """A copy that keeps all times stands in the place of the folder."""
    copied = yard.folder / "copied"
    shutil.copytree(path.parent, copied, copy_function=shutil.copy2)
    flip(copied / path.name)
    os.utime(copied / path.name, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    path.parent.rename(yard.folder / "replaced")
    copied.rename(path.parent)


def only_its_mode(path: Path, _yard: Yard) -> None:
    path.chmod(0o755)


WAYS = [
    edited_in_place, replaced, edited_through_another_name, edited_through_a_mapping,
    through_a_descriptor_that_was_open, folder_replaced, only_its_mode,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_edit_shows_however_it_is_made(
    yard: Yard, cache: Path, whole: list[str], way: Callable[[Path, Yard], None]
) -> None:
    golden = frozen(yard)
    time.sleep(0.02)
    way(yard.site / "idna" / "core.py", yard)
    assert state(yard.venv) != golden
    outcome = yard.restore()
    assert outcome.complete
    assert [step.package for step in outcome.done] == ["idna"]
    assert state(yard.venv) == golden
    assert not whole  # it took no more than a look at what was touched
    assert outcome.looked is not None
    assert 0 < outcome.looked.read < outcome.looked.files / 2


def test_what_is_only_touched_is_read_and_found_right(yard: Yard, cache: Path, whole: list[str]) -> None:
    frozen(yard)
    os.utime(yard.site / "six.py")
    outcome = yard.restore()
    assert outcome.complete
    assert not outcome.done
    assert outcome.looked is not None
    assert outcome.looked.read == 1
    assert not whole


def test_a_folder_that_came_is_deleted_with_all_that_is_in_it(yard: Yard, cache: Path, whole: list[str]) -> None:
    golden = frozen(yard)
    (yard.site / "tqdm" / "new" / "deep").mkdir(parents=True)
    (yard.site / "tqdm" / "new" / "deep" / "x.py").write_text("x = 1\n")
    file_added(yard)
    assert yard.restore().complete
    assert state(yard.venv) == golden
    assert not whole


def start_up_code(yard: Yard) -> None:
    (yard.site / "extra.pth").write_text("import os\n")


def nobodys(yard: Yard) -> None:
    (yard.site / "nobodys.py").write_text("x = 1\n")


def link(yard: Yard) -> None:
    (yard.site / "idna" / "linked.py").symlink_to("core.py")


def configuration(yard: Yard) -> None:
    with (yard.venv / "pyvenv.cfg").open("a") as file:
        file.write("include-system-site-packages = false\n")


def conda_appears(yard: Yard) -> None:
    (yard.venv / "conda-meta").mkdir()


@pytest.mark.parametrize(
    "damage", [start_up_code, nobodys, link, configuration, conda_appears], ids=lambda damage: damage.__name__
)
def test_what_is_not_plain_is_looked_at_with_everything(
    yard: Yard, cache: Path, whole: list[str], damage: Callable[[Yard], None]
) -> None:
    frozen(yard)
    damage(yard)
    plan = plan_restore(str(yard.lock), yard.options())
    assert whole
    assert plan.steps == plan_restore(str(yard.lock), yard.options(reread=True)).steps
    assert plan.seen.report.findings == plan_restore(str(yard.lock), yard.options(reread=True)).seen.report.findings


def test_another_entry_of_the_search_path_is_another_environment(
    yard: Yard, cache: Path, whole: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen(yard)
    (yard.folder / "more").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(yard.folder / "more"))
    assert looked(yard)[0] == 0  # no file was touched
    assert len(whole) == 1


def test_what_changed_a_moment_ago_is_read_again(yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "SETTLED", 60.0)
    frozen(yard)
    assert read_all(yard)
    assert not list(cache.glob("*.bytes"))
    monkeypatch.setattr(standing, "SETTLED", 0.0)
    assert yard.restore(reread=True).complete
    assert looked(yard)[0] == 0


def test_what_changes_while_all_is_read_is_not_kept(yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = seeing.look

    def look(lock: str, **more: object) -> seeing.Seen:
        found = real(lock, **more)  # type: ignore[arg-type]
        flip(yard.site / "six.py")
        return found

    frozen(yard)
    monkeypatch.setattr(seeing, "look", look)
    assert yard.restore(reread=True).complete  # so it was when it was looked at
    monkeypatch.setattr(seeing, "look", real)
    assert [step.package for step in yard.restore().done] == ["six"]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_after_an_interruption_everything_is_looked_at(
    yard: Yard, cache: Path, whole: list[str], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    golden = frozen(yard)
    flip(yard.site / "idna" / "core.py")
    (yard.site / "idna" / "codec.py").unlink()
    file_added(yard)
    real = os.replace
    done: list[object] = []

    def replace(*given: object, **more: object) -> None:
        done.append(given)
        if len(done) > after:
            raise KeyboardInterrupt
        real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        yard.restore()
    monkeypatch.setattr(os, "replace", real)
    assert not whole
    assert yard.restore().complete
    assert state(yard.venv) == golden
    assert bool(whole) == (after > 0)  # before the journal there is nothing to go on with


@pytest.mark.parametrize("by", ["restore", "check"])
def test_a_folder_that_takes_anothers_place_while_all_is_read_is_not_kept(
    yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Its files say that nothing was done to them for long."""
    from envguard import comparing, guard

    edited = yard.site / "edited"
    shutil.copytree(yard.site / "attr", edited, copy_function=shutil.copy2)
    flip(edited / "_make.py")
    edited.rename(yard.folder / "edited")
    frozen(yard)
    kept_in(cache).unlink()
    real = comparing.judge

    def judge(*given: object, **more: object) -> object:
        found = real(*given, **more)  # type: ignore[arg-type]
        (yard.site / "attr").rename(yard.folder / "right")
        (yard.folder / "edited").rename(yard.site / "attr")
        return found

    time.sleep(0.02)
    monkeypatch.setattr(comparing, "judge", judge)
    if by == "restore":
        assert yard.restore(reread=True).complete  # so it was when it was looked at
    else:
        assert guard.check(yard.lock, python=yard.python, depth="files").pinned
    monkeypatch.setattr(comparing, "judge", real)
    assert [step.package for step in yard.restore().done] == ["attrs"]


def test_nothing_is_kept_where_the_clock_was_set(yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    clock = standing.Clock()
    assert not clock.was_set()
    monkeypatch.setattr(time, "time", lambda: real() - 100)
    assert clock.was_set()
    monkeypatch.setattr(time, "time", real)
    monkeypatch.setattr(standing.Clock, "was_set", lambda _self: True)
    frozen(yard)
    assert not list(cache.glob("*.bytes"))
    assert read_all(yard)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0" * 8)


def no_json(path: Path) -> None:
    path.write_bytes(b"?" + path.read_bytes())


def of_another_format(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":9', 1))


def names_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"core.py\0", b"core.py\n", 1))


def writable_for_others(path: Path) -> None:
    path.chmod(0o622)


def folder_writable_for_others(path: Path) -> None:
    path.parent.chmod(0o777)


def a_link(path: Path) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def somebody_elses(path: Path) -> None:
    if os.geteuid():
        pytest.skip("only the superuser can give a file away")
    os.chown(path, 4321, -1)


@pytest.mark.parametrize(
    "damage",
    [
        truncated, longer, no_json, of_another_format, names_cut, writable_for_others, folder_writable_for_others,
        a_link, somebody_elses,
    ],
    ids=lambda damage: damage.__name__,
)  # fmt: skip
def test_what_cannot_be_believed_is_not(yard: Yard, cache: Path, damage: Callable[[Path], None]) -> None:
    frozen(yard)
    assert looked(yard)[0] == 0
    damage(kept_in(cache))
    assert read_all(yard)


def test_it_is_of_one_golden_file(yard: Yard, cache: Path) -> None:
    frozen(yard)
    other = yard.project / "other.lock"
    flip(yard.site / "six.py")
    making.freeze(other, depth="files", python=yard.python)
    assert read_all(yard)
    assert [step.package for step in yard.restore().done] == ["six"]


def test_it_is_of_one_place(yard: Yard, cache: Path) -> None:
    frozen(yard)
    other = yard.folder / "other"
    shutil.copytree(yard.venv, other, symlinks=True)
    options = Options(python=str(other / "bin" / "python"), find_links=(str(yard.house),), offline=True)
    there = plan_restore(str(yard.lock), options).looked
    assert there is not None
    assert there.read == there.files > 50


def test_the_user_may_want_none(yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen(yard)
    assert looked(yard)[0] == 0
    assert read_all(yard, reread=True)
    monkeypatch.setenv("ENVGUARD_CACHE", "off")
    assert read_all(yard)
    kept = kept_in(cache).read_bytes()
    assert yard.restore().complete
    assert kept_in(cache).read_bytes() == kept


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs", "tmpfs", "zfs", "9p"])
def test_file_systems_that_do_not_show_every_change_are_read(
    yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    frozen(yard)
    monkeypatch.setattr(mounts, "read", lambda: [mounts.Mount("/", kind, "")])
    assert read_all(yard)


def test_the_guard_reads_every_byte(yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where somebody forges what is kept."""
    from envguard import guard

    frozen(yard)
    before = (yard.site / "six.py").stat()
    flip(yard.site / "six.py")
    monkeypatch.setattr(standing, "recall", lambda _prefix: pytest.fail("the guard asked what was kept"))
    report = guard.check(yard.lock, python=yard.python, depth="files")
    assert [finding.change.package for finding in report.findings] == ["six"]
    assert before.st_mtime_ns != (yard.site / "six.py").stat().st_mtime_ns


def test_a_check_keeps_what_it_read(yard: Yard, cache: Path) -> None:
    from envguard import guard

    frozen(yard)
    kept_in(cache).unlink()
    guard.check(yard.lock, python=yard.python, depth="records")
    assert not list(cache.glob("*.bytes"))
    assert guard.check(yard.lock, python=yard.python, depth="files").pinned
    assert looked(yard)[0] == 0


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_say_the_same(yard: Yard, cache: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    frozen(yard)
    flip(yard.site / "idna" / "core.py")
    file_added(yard)
    stands = standing.recall(os.path.realpath(yard.venv))
    assert stands is not None
    monkeypatch.setattr(touched, "suitable_workers", lambda _files, _size: workers)
    with touched.Comparing(stands) as comparison:
        found = comparison.join()
    assert found is not None
    (file,) = found.files
    folder = stands.folder_of(file)
    assert stands.folders[folder].endswith("/idna")
    assert stands.files_of(folder)[file - stands.first(folder)] == "core.py"
    assert [os.path.basename(stands.folders[number]) for number in found.folders] == ["tqdm"]


def test_a_worker_that_dies_has_seen_nothing(
    yard: Yard, cache: Path, whole: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen(yard)
    monkeypatch.setattr(touched, "suitable_workers", lambda _files, _size: 2)
    monkeypatch.setattr(touched, "compare", lambda *_given, **_more: os._exit(3))
    assert looked(yard)[0] == 0
    assert whole
