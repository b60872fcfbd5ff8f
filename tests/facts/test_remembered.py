"""What was seen is remembered only for an environment in which nothing has changed since."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envguard import comparing, environment
from envguard.facts import cuda_stack, native, remembered
from envguard.facts.native import Seen
from envguard.facts.natives import Natives
from envguard.model import Change
from support import site_packages

START_UP = "import os; os.environ['SEEN'] = '1'\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENVGUARD_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(remembered, "_SETTLED", 0.0)
    return tmp_path / "cache"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows whenever the files are really looked at."""
    times: list[str] = []
    really = cuda_stack.observe

    def observe(*arguments: Any, **more: Any) -> Iterator[Change]:
        times.append("looked")
        return really(*arguments, **more)

    monkeypatch.setattr(cuda_stack, "observe", observe)
    return times


def see(venv: Path, target: str = "") -> Seen:
    live = environment.scan(python=str(venv / "bin" / "python"))
    with comparing.natives_of(live) as natives:
        return native.observe(natives, target=target)


def test_the_second_look_opens_nothing_and_says_the_same(
    venv: Path, cache: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = see(venv)
    monkeypatch.setattr(Natives, "files", property(lambda _self: pytest.fail("a file was opened")))
    second = see(venv)
    assert looked == ["looked"]
    assert second == first
    assert second.toolchain


def touched(venv: Path) -> None:
    os.utime(site_packages(venv) / "six.py")


def edited_at_equal_size_and_time(venv: Path) -> None:
    path = site_packages(venv) / "six.py"
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(venv: Path) -> None:
    path = site_packages(venv) / "six.py"
    shutil.copy2(path, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def added(venv: Path) -> None:
    (site_packages(venv) / "libx.so").write_bytes(b"")


def removed(venv: Path) -> None:
    (site_packages(venv) / "idna" / "codec.py").unlink()


@pytest.mark.parametrize("change", [touched, edited_at_equal_size_and_time, replaced, added, removed])
def test_any_change_is_looked_at(venv: Path, cache: Path, looked: list[str], change: Callable[[Path], None]) -> None:
    see(venv)
    change(venv)
    see(venv)
    assert looked == ["looked", "looked"]


def test_byte_code_is_no_change(venv: Path, cache: Path, looked: list[str]) -> None:
    see(venv)
    folder = site_packages(venv) / "__pycache__"
    folder.mkdir(exist_ok=True)
    (folder / "six.cpython-311.pyc").write_bytes(b"")
    see(venv)
    assert looked == ["looked"]


def test_variables_of_the_loader_are_part_of_the_question(
    venv: Path, cache: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    see(venv)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    see(venv)
    see(venv)
    (tmp_path / "libother.so").write_bytes(b"")  # a folder that was listed has another content now
    see(venv)
    assert looked == ["looked"] * 3


def test_another_target_is_another_question(venv: Path, cache: Path, looked: list[str]) -> None:
    see(venv)
    see(venv, target="linux_aarch64")
    assert looked == ["looked"] * 2


def test_what_changed_just_now_is_not_kept(
    venv: Path, cache: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of a file system is coarse: a second edit could share the time of the first."""
    monkeypatch.setattr(remembered, "_SETTLED", 60.0)
    touched(venv)
    see(venv)
    see(venv)
    assert looked == ["looked"] * 2


def test_start_up_code_is_looked_at_each_time(venv: Path, cache: Path, looked: list[str], tmp_path: Path) -> None:
    """It may lie in any entry of sys.path, so it is not remembered."""
    see(venv)
    (site_packages(venv) / "zz.pth").write_text(START_UP)
    assert [change.code for change in see(venv).observations] == ["EG409"]


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 1}', "null"])
def test_a_damaged_entry_is_no_answer(venv: Path, cache: Path, looked: list[str], damage: str) -> None:
    see(venv)
    for path in cache.rglob("*.json"):
        path.write_text(damage)
    see(venv)
    assert looked == ["looked"] * 2


def test_an_entry_of_another_form_is_no_answer(venv: Path, cache: Path, looked: list[str]) -> None:
    see(venv)
    for path in cache.rglob("*.json"):
        entry = json.loads(path.read_text())
        if "digest" in entry:
            entry["notes"] = [{"surplus": 1}]
            path.write_text(json.dumps(entry))
    see(venv)
    assert looked == ["looked"] * 2


def test_nothing_is_kept_where_no_cache_is_wanted(
    venv: Path, cache: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVGUARD_CACHE", "off")
    see(venv)
    see(venv)
    assert looked == ["looked"] * 2
    assert not cache.exists()
