"""Whatever ends a restore of conda's packages, at whatever point: the next one reaches the golden state."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conda_place import Conda
from restore_place import State, Yard, build

from dying import full, in_child
from no_caches import no_conda_caches

pytestmark = pytest.mark.slow


def damage(yard: Yard) -> None:
    """Another version and another build by conda, pip over conda, edited, deleted and added files, a record gone."""
    yard.conda.install(yard.prefix, "python", "pip", "six=1.17.0", "pytorch=2.5.0=*cpu*", "graphviz", "markupsafe")
    yard.pip("uninstall", "-y", "six", "toolz")
    yard.replace("bin/dot", b"print", b"pront")
    (yard.prefix / "lib" / "libgvc.so").unlink()
    (yard.prefix / "lib" / "graphviz" / "extra.so").write_bytes(b"\x7fELF")
    yard.record("graphviz").unlink()


class Scene:
    """A damaged environment that is put back between attempts."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        damage(yard)
        self.damaged = yard.folder / "damaged"
        shutil.copytree(yard.prefix, self.damaged, symlinks=True)
        self.damage = yard.state()

    def again(self) -> None:
        shutil.rmtree(self.yard.prefix)
        shutil.copytree(self.damaged, self.yard.prefix, symlinks=True)

    def work(self) -> None:
        self.yard.restore(prune=True)

    def calls(self) -> int:
        ended, calls = in_child(self.work, 0)
        assert ended == 0
        assert self.yard.state() == self.yard.golden
        return calls

    def reaches_golden(self, where: str) -> None:
        """The journal, once it is written, needs no archives: the channel may have gone."""
        journal = (self.yard.prefix / ".envguard" / "journal.json").exists()
        if not journal:
            assert _without_ours(self.yard.state()) in (self.damage, self.yard.golden), f"{where}: without a journal"
        with self._no_channel() if journal else contextlib.nullcontext():
            outcome = self.yard.restore(prune=True, **({"find_links": ()} if journal else {}))
        assert outcome.report.findings == (), (where, outcome.left)
        assert self.yard.state() == self.yard.golden, where
        assert not (self.yard.prefix / ".envguard").exists(), where

    @contextlib.contextmanager
    def _no_channel(self) -> Iterator[None]:
        away = self.yard.channel.rename(self.yard.folder / "away")
        try:
            yield
        finally:
            away.rename(self.yard.channel)


def _without_ours(state: State) -> State:
    return {path: entry for path, entry in state.items() if not path.startswith(".envguard/")}


@pytest.fixture(scope="module")
def scene(conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CONDA_PKGS_DIRS", raising=False)
        return Scene(build(tmp_path_factory.mktemp("dying"), conda))


@pytest.fixture(autouse=True)
def no_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_conda_caches(monkeypatch, tmp_path)


def points(calls: int, count: int) -> list[int]:
    """Spread over all calls, the first and the last of them included."""
    return sorted({1 + round(step * (calls - 1) / (count - 1)) for step in range(count)})


def test_killed_at_any_point_it_goes_on(scene: Scene) -> None:
    scene.again()
    calls = scene.calls()
    killed = 0
    for number, at in enumerate(points(calls, 24)):
        scene.again()
        after = bool(number % 2)
        ended, _calls = in_child(scene.work, at, after=after)
        assert ended in (-9, 0), at
        killed += ended == -9
        scene.reaches_golden(f"killed {'after' if after else 'before'} call {at} of {calls}")
    assert killed >= 20


def test_killed_again_while_it_goes_on(scene: Scene) -> None:
    scene.again()
    calls = scene.calls()
    for first, second in ((calls // 3, calls // 5), (calls // 2, 5), (calls - 20, 11)):
        scene.again()
        in_child(scene.work, first)
        in_child(scene.work, second, after=True)
        scene.reaches_golden(f"killed at {first} and at {second} of {calls}")


def test_a_full_disk_at_any_point(scene: Scene) -> None:
    scene.again()
    for at in points(scene.calls(), 12):
        scene.again()
        ended, _calls = in_child(scene.work, at, full)
        assert ended in (0, 1), at
        scene.reaches_golden(f"no space at call {at}")


def test_a_disk_that_is_really_full(scene: Scene) -> None:
    """RLIMIT_FSIZE lets small files through and stops large ones half-way, as a quota does."""
    import resource
    import signal

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        scene.work()

    scene.again()
    ended, _calls = in_child(limited, 0)
    assert ended == 1
    assert scene.yard.state() == scene.damage, "nothing was changed, and nothing that filled the disk was left"
    scene.reaches_golden("file size limit")
