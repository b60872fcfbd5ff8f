"""Whatever ends a restore, at whatever point: the next one reaches the golden state, and nothing outside changes."""

import contextlib
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from yard import State, Yard, pip_install, pip_uninstall, put_back, state, uv_install

from dying import full, in_child
from envguard import making
from envguard.change.mending import restoring
from envguard.errors import ChangeError


def damage(yard: Yard) -> None:
    """Another version by pip and by uv, an edited, a deleted and an added file, one removed, one added, leftovers."""
    pip_install(yard.venv, yard.house, "idna==3.10", "toolz==1.0.0")
    uv_install(yard.venv, yard.house, "six==1.17.0")
    pip_uninstall(yard.venv, "attrs")
    (yard.site / "packaging" / "tags.py").write_text("# edited\n")
    (yard.site / "tqdm" / "cli.py").unlink()
    (yard.site / "tqdm" / "extra.py").write_text("x = 1\n")
    (yard.site / "~qdm").mkdir()
    (yard.site / "~qdm" / "x.py").write_text("x = 1\n")


class Scene:
    """A damaged environment that is put back between attempts."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.golden = yard.freeze()
        damage(yard)
        self.damaged = yard.folder / "damaged"
        shutil.copytree(yard.venv, self.damaged, symlinks=True)
        self.damage = state(yard.venv)
        self.around = self.surroundings()

    def surroundings(self) -> dict[str, State]:
        """What lies beside the environment, and must stay."""
        return {name: state(path) for name, path in (("house", self.yard.house), ("project", self.yard.project))}

    def again(self) -> None:
        shutil.rmtree(self.yard.venv)
        shutil.copytree(self.damaged, self.yard.venv, symlinks=True)

    def work(self) -> None:
        self.yard.restore(prune=True)

    def calls(self) -> int:
        ended, calls = in_child(self.work, 0)
        assert ended == 0
        assert state(self.yard.venv) == self.golden
        return calls

    def reaches_golden(self, where: str) -> None:
        """The journal, once it is written, needs no wheels: the index and the folder may have gone."""
        journal = (self.yard.venv / ".envguard" / "journal.json").exists()
        if not journal:
            now = {path: entry for path, entry in state(self.yard.venv).items() if not path.startswith(".envguard/")}
            assert now in (self.damage, self.golden), f"{where}: changed without a journal"
        links = () if journal else (str(self.yard.house),)
        outcome = self.yard.restore(prune=True, find_links=links)
        assert outcome.report.findings == (), where
        assert state(self.yard.venv) == self.golden, where
        assert not (self.yard.venv / ".envguard").exists(), where
        assert self.surroundings() == self.around, where


@pytest.fixture(scope="module")
def built(base: Path, house: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    put_back(base / "backup", base / "faulty")
    return Scene(Yard(base / "faulty", tmp_path_factory.mktemp("scene"), house))


@pytest.fixture
def scene(built: Scene) -> Scene:
    built.again()
    return built


def points(calls: int, count: int) -> list[int]:
    """Spread over all calls, the first and the last of them included."""
    return sorted({1 + round(step * (calls - 1) / (count - 1)) for step in range(count)})


def kill_at(scene: Scene, count: int) -> int:
    calls = scene.calls()
    killed = 0
    for number, at in enumerate(points(calls, count)):
        scene.again()
        after = bool(number % 2)
        ended, _calls = in_child(scene.work, at, after=after)
        assert ended in (-9, 0), at  # byte code that is there or not makes the last calls more or fewer
        killed += ended == -9
        scene.reaches_golden(f"killed {'after' if after else 'before'} call {at} of {calls}")
    return killed


@pytest.mark.slow
def test_killed_at_a_few_points_it_goes_on(scene: Scene) -> None:
    assert kill_at(scene, 4) >= 3


@pytest.mark.slow
def test_killed_at_any_point_it_goes_on(scene: Scene) -> None:
    assert kill_at(scene, 70) >= 50


@pytest.mark.slow
def test_killed_again_while_it_goes_on(scene: Scene) -> None:
    calls = scene.calls()
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _attempt in range(8):
        scene.again()
        places = [chance.randint(1, calls) for _time in range(3)]
        for at in places:
            in_child(scene.work, at, after=chance.random() < 0.5)
        scene.reaches_golden(f"killed at {places}, seed {seed}")


@pytest.mark.slow
def test_killed_on_the_way_to_a_new_golden_file_the_new_and_the_old_can_be_reached(yard: Yard) -> None:
    """What ``accept --apply`` does: the environment is the old golden one, and the lock is the new one."""
    old_state = yard.freeze()
    old = yard.folder / "old"
    shutil.copytree(yard.project, old)
    pip_install(yard.venv, yard.house, "idna==3.10", "toolz==1.0.0")
    uv_install(yard.venv, yard.house, "six==1.17.0")
    pip_uninstall(yard.venv, "tabulate")
    making.freeze(yard.lock, depth="files", python=yard.python)
    new_state = state(yard.venv)
    yard.restore(old / "envguard.lock", prune=True)
    assert state(yard.venv) == old_state
    backup = yard.folder / "backup"
    shutil.copytree(yard.venv, backup, symlinks=True)
    ended, calls = in_child(lambda: yard.restore(prune=True), 0)
    assert (ended, state(yard.venv)) == (0, new_state)
    for number, at in enumerate(points(calls, 50)):
        shutil.rmtree(yard.venv)
        shutil.copytree(backup, yard.venv, symlinks=True)
        in_child(lambda: yard.restore(prune=True), at, after=bool(number % 2))
        lock, wanted = ((yard.lock, new_state), (old / "envguard.lock", old_state))[number % 3 == 0]
        assert yard.restore(lock, prune=True).complete, at
        assert state(yard.venv) == wanted, at


def full_at(scene: Scene, chosen: list[int]) -> None:
    for at in chosen:
        scene.again()
        ended, _calls = in_child(scene.work, at, full)
        assert ended in (0, 1), at
        scene.reaches_golden(f"no space at call {at}")


@pytest.mark.slow
def test_a_full_disk_at_a_few_points(scene: Scene) -> None:
    full_at(scene, [3, points(scene.calls(), 3)[1]])


@pytest.mark.slow
def test_a_full_disk_at_any_point(scene: Scene) -> None:
    full_at(scene, points(scene.calls(), 40))


def test_a_disk_that_is_really_full(scene: Scene) -> None:
    """RLIMIT_FSIZE lets small files through and stops large ones half-way, as a quota does."""
    import resource
    import signal

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        scene.work()

    ended, _calls = in_child(limited, 0)
    assert ended == 1
    now = state(scene.yard.venv)
    assert now == scene.damage, "nothing was changed, and nothing that filled the disk was left"
    scene.reaches_golden("file size limit")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
@pytest.mark.slow
def test_a_small_file_system_that_is_full(yard: Yard) -> None:
    golden = yard.freeze()
    small = yard.folder / "small"
    small.mkdir()
    size = sum(path.stat().st_size for path in yard.venv.rglob("*") if path.is_file()) + (600 << 10)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size * 2}", "tmpfs", small], check=False)
    if done.returncode:
        pytest.skip("no mount here")
    try:
        shutil.copytree(yard.venv, small / "venv", symlinks=True)
        python = str(small / "venv" / "bin" / "python")
        lock = small / "gold" / "envguard.lock"
        lock.parent.mkdir()
        making.freeze(lock, depth="files", python=python)
        site = next((small / "venv" / "lib").glob("python3*")) / "site-packages"
        before = state(small / "venv")
        shutil.rmtree(site / "tqdm")
        (site / "six.py").write_text("# edited\n")
        damaged = state(small / "venv")
        filler = small / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        options = yard.options(python=python)
        with pytest.raises(ChangeError, match="no space left"):
            restoring.restore(str(lock), options)
        assert state(small / "venv") == damaged
        filler.unlink()
        assert restoring.restore(str(lock), options).complete
        assert state(small / "venv") == before
        assert golden
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_read_only_environment_is_refused_in_one_line(scene: Scene) -> None:
    venv = scene.yard.venv
    if subprocess.run(["mount", "--bind", venv, venv], check=False).returncode:
        pytest.skip("no mount here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", venv], check=True)
        with pytest.raises(ChangeError, match="cannot be written: read-only file system"):
            scene.work()
        assert state(venv) == scene.damage
    finally:
        subprocess.run(["umount", venv], check=True)
    scene.reaches_golden("read-only")


@pytest.mark.slow
def test_a_vanished_index_is_named_and_the_rest_is_done(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"PIP_INDEX_URL": f"file://{scene.yard.folder}/no-index", "PIP_CONFIG_FILE": os.devnull}
    for name, value in {**nowhere, "PIP_FIND_LINKS": "", "PIP_NO_INDEX": "0", "PIP_EXTRA_INDEX_URL": ""}.items():
        monkeypatch.setenv(name, value)
    outcome = scene.yard.restore(prune=True, find_links=(), offline=False)
    assert not outcome.complete
    left = {step.package: step.what for step in outcome.left}
    assert set(left) >= {"idna", "six", "attrs", "packaging", "tqdm"}
    assert all("the index" in left[name] for name in ("idna", "six"))
    assert not (scene.yard.venv / ".envguard").exists()
    assert scene.yard.restore(prune=True).complete
    assert state(scene.yard.venv) == scene.golden
    assert scene.surroundings() == scene.around


@pytest.mark.slow
def test_the_index_is_asked_for_what_is_nowhere_else(yard: Yard) -> None:
    golden = yard.freeze()
    pip_uninstall(yard.venv, "idna", "six")
    outcome = yard.restore(find_links=(), offline=False)
    assert outcome.report.findings == ()
    assert state(yard.venv) == golden


@pytest.mark.slow
def test_pip_of_the_environment_is_never_run(yard: Yard) -> None:
    """A pip that does harm when it is imported lies in the environment."""
    pip = yard.site / "pip"
    pip.mkdir()
    witness = yard.folder / "witness"
    (pip / "__init__.py").write_text(f"open({str(witness)!r}, 'w').close()\n")
    (pip / "__main__.py").write_text("raise SystemExit(1)\n")
    yard.freeze()
    pip_uninstall(yard.venv, "idna")
    assert yard.restore(find_links=(), offline=False).complete
    assert not witness.exists()


@pytest.mark.slow
def test_two_at_once(scene: Scene) -> None:
    from envguard.change.placing import site_lock

    with (
        site_lock.hold(str(scene.yard.venv), "restore"),
        pytest.raises(ChangeError, match="another envguard is changing"),
    ):
        scene.work()
    assert state(scene.yard.venv) == scene.damage
    command = [
        sys.executable,
        "-m",
        "envguard",
        "restore",
        "--lock",
        str(scene.yard.lock),
        "--python",
        scene.yard.python,
    ]
    command += ["--find-links", str(scene.yard.house), "--offline", "--yes", "--prune", "--wait", "60"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _each in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert state(scene.yard.venv) == scene.golden
