"""Live answers: what is missing, raises, crashes or hangs is an answer too."""

import os
import time
from pathlib import Path

import pytest
from native_places import new_venv

from envguard.facts import probe
from support import scrubbed, site_packages

GPU = """
__version__ = "2.5.0+cu124"
class version:
    cuda = "12.4"
class cuda:
    is_available = staticmethod(lambda: True)
    device_count = staticmethod(lambda: 1)
    get_device_capability = staticmethod(lambda index: (9, 0))
    get_device_name = staticmethod(lambda index: "NVIDIA H100")
class backends:
    class cudnn:
        version = staticmethod(lambda: 90100)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_venv(tmp_path_factory.mktemp("probe")) / "bin" / "python"


def module(python: Path, name: str, source: str) -> None:
    (site_packages(python.parent.parent) / f"{name}.py").write_text(source)


def ask(python: Path, package: str, **options: float) -> dict[str, str]:
    found = probe.ask(str(python), (package,), environ=scrubbed(PYTHONDONTWRITEBYTECODE="1"), **options)
    assert {each.section for each in found} == {"live"}
    return {each.name: each.value for each in found}


def test_not_installed(python: Path) -> None:
    found = probe.ask(str(python), environ=scrubbed())
    assert [each.name for each in found] == [f"import {name}" for name in probe.QUESTIONS]
    assert {each.value for each in found} == {"not installed"}
    assert probe.observed(found) == {}


def test_answers(python: Path) -> None:
    module(python, "torch", GPU)
    found = ask(python, "torch")
    assert found["torch.cuda.is_available()"] == "True"
    assert found["torch.version.cuda"] == "12.4"
    assert found["torch.cuda device 0"] == "NVIDIA H100, compute capability 9.0"
    assert probe.observed(probe.ask(str(python), ("torch",), environ=scrubbed())) == {"torch": True}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (
            "raise ImportError('libcudnn.so.9: cannot open shared object file')",
            "ImportError: libcudnn.so.9: cannot open",
        ),
        ("import nothing_like_that", "ModuleNotFoundError: No module named 'nothing_like_that'"),
        ("import os; os.abort()", "unknown (the process was ended by SIGABRT)"),
        ("import os; os.kill(os.getpid(), 40)", "unknown (the process was ended by"),
        ("import os; os._exit(3)", "unknown (the process left with 3"),
        ("import os; os._exit(0)", "unknown (its answer could not be understood)"),
        ("raise SystemExit('no')", "SystemExit: no"),
        ("raise RuntimeError('two\\nlines' + 'x' * 10_000)", "RuntimeError: two lines"),
        ("print('noise'); raise KeyError('\\udcff')", "KeyError: "),
    ],
)
def test_whatever_goes_wrong_is_said(python: Path, source: str, value: str) -> None:
    module(python, "numpy", source)
    found = ask(python, "numpy")
    assert found["import numpy"].startswith(value)
    assert len(found["import numpy"]) <= probe.SHOWN


def test_what_hangs_is_ended_with_its_children(python: Path, tmp_path: Path) -> None:
    source = f"""
import subprocess, time
child = subprocess.Popen(["sleep", "600"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
time.sleep(600)
"""
    module(python, "onnxruntime", source)
    begin = time.monotonic()
    assert ask(python, "onnxruntime", seconds=2.0) == {"import onnxruntime": "unknown (no answer within 2 s)"}
    assert time.monotonic() - begin < 10
    child = int((tmp_path / "child").read_text())
    time.sleep(0.2)
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] in "ZX"


def test_no_interpreter() -> None:
    (found,) = probe.ask("/nonexistent/python", ("numpy",))
    assert found.value.startswith("unknown (the interpreter cannot be run")


def test_the_work_folder_is_not_imported_from(python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torchvision.py").write_text("raise SystemExit('from the work folder')")
    monkeypatch.chdir(tmp_path)
    assert "work folder" not in ask(python, "torchvision")["import torchvision"]
    assert os.getcwd() == str(tmp_path)
