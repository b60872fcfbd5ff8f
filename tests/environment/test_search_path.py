"""sys.path of another interpreter, against what that interpreter has when it really starts."""

import json
import os
from pathlib import Path

import pytest
from building import base_python, run

from envguard.environment import interpreter, paths
from envguard.errors import UnverifiableError

PRINT = "import sys, json; print(json.dumps(sys.path))"


def _site(venv: Path) -> Path:
    (site,) = venv.glob("lib/python3*/site-packages")
    return site


def _same_as_started(python: Path | str, cwd: Path) -> list[str]:
    """What we say, after comparing with a real start; entries that do not exist are of no interest."""
    more = {name: os.environ[name] for name in ("PYTHONPATH", "PYTHONNOUSERSITE", "HOME") if name in os.environ}
    real = json.loads(run(python, "-c", PRINT, cwd=cwd, **more))
    assert real[0] == ""  # the working folder, which another process may have elsewhere
    ours = list(interpreter.of(str(python))[2])
    assert [path for path in ours if os.path.exists(path)] == [path for path in real[1:] if os.path.exists(path)]
    return ours


def _settings(venv: Path, system: str) -> None:
    text = (venv / "pyvenv.cfg").read_text().replace("include-system-site-packages = false", system)
    (venv / "pyvenv.cfg").write_text(text)


def test_every_interpreter(any_python: str, tmp_path: Path) -> None:
    assert _same_as_started(any_python, tmp_path)


def test_virtual_environment(venv: Path, tmp_path: Path) -> None:
    ours = _same_as_started(venv / "bin/python", tmp_path)
    assert str(_site(venv)) in ours
    assert sum(path.endswith("site-packages") for path in ours) == 1


@pytest.mark.parametrize("line", ["include-system-site-packages = true", "Include-System-Site-Packages=TRUE", ""])
def test_virtual_environment_that_sees_the_system(venv: Path, tmp_path: Path, line: str) -> None:
    _settings(venv, line)
    ours = _same_as_started(venv / "bin/python", tmp_path)
    assert sum(path.endswith("site-packages") for path in ours) >= 2


def test_pythonpath(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b.zip").touch()
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}/a:{tmp_path}/b.zip:{tmp_path}/missing:{tmp_path}/a:{_site(venv)}")
    ours = _same_as_started(venv / "bin/python", tmp_path)
    assert ours[:2] == [f"{tmp_path}/a", f"{tmp_path}/b.zip"]


def test_pythonpath_in_a_deleted_working_folder(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setenv("PYTHONPATH", f"relative::{tmp_path}")
    assert interpreter.of(str(venv))[2][0] == str(tmp_path)


def test_lines_of_pth_files(venv: Path, tmp_path: Path) -> None:
    site = _site(venv)
    for name in ("one", "two", "three", "dots"):
        (tmp_path / name).mkdir()
    (site / "inside").mkdir()
    (site / "b.pth").write_text(f"# comment\n\n{tmp_path}/two\ninside\n{tmp_path}/missing\n{tmp_path}/two  \n")
    (site / "a.pth").write_text(f"{tmp_path}/one\n  # indented\nimport os\n{tmp_path}/one/../three\n")
    (site / ".hidden.pth").write_text(f"{tmp_path}/dots\n")
    (site / "c.pth").symlink_to("nowhere")
    (site / "d.txt").write_text(f"{tmp_path}/never\n")
    ours = _same_as_started(venv / "bin/python", tmp_path)
    at = ours.index(str(site))
    wanted = [f"{tmp_path}/one", f"{tmp_path}/three", f"{tmp_path}/two", f"{site}/inside"]
    assert [path for path in ours[at + 1 :] if "dots" not in path] == wanted


def test_hidden_pth_files_by_release(any_python: str, tmp_path: Path) -> None:
    """Micro releases differ; each is compared with itself."""
    run(any_python, "-m", "venv", "--without-pip", tmp_path / "venv")
    (tmp_path / "extra").mkdir()
    (_site(tmp_path / "venv") / ".x.pth").write_text(f"{tmp_path}/extra\n")
    _same_as_started(tmp_path / "venv/bin/python", tmp_path)


def test_pth_that_cannot_be_read(venv: Path) -> None:
    os.mkfifo(_site(venv) / "a.pth")
    with pytest.raises(UnverifiableError, match=r"a\.pth: this \.pth cannot be read \(not a regular file\)"):
        interpreter.of(str(venv))


def test_user_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venv: Path) -> None:
    base = str(base_python())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    place = Path(run(base, "-c", "import site; print(site.getusersitepackages())", HOME=str(tmp_path / "home")).strip())
    assert str(place) not in _same_as_started(base, tmp_path)
    place.mkdir(parents=True)
    assert str(place) in _same_as_started(base, tmp_path)
    assert str(place) not in _same_as_started(venv / "bin/python", tmp_path)
    _settings(venv, "include-system-site-packages = true")
    assert str(place) in _same_as_started(venv / "bin/python", tmp_path)
    monkeypatch.setenv("PYTHONNOUSERSITE", "1")
    assert str(place) not in _same_as_started(base, tmp_path)


def test_setuid_process_has_no_user_site(tmp_path: Path) -> None:
    layout = paths.Layout(
        executable="/bin/python", prefix="/", standard=(), venv=(), system=(), user=str(tmp_path), same_user=False
    )
    assert paths.search_path(layout, "3.11.7", {})[0] == ()
    assert paths.search_path(layout.replace(same_user=True), "3.11.7", {})[0] == (str(tmp_path),)
