"""NVML through the real nvidia-ml-py, on a library that stands for the driver's."""

import shutil
import subprocess
from pathlib import Path

import pytest
from native_places import new_venv

from envguard.facts import nvml
from envguard.facts.driver import Driver, Gpu

LIBRARY = r"""
#include <string.h>
int nvmlInit_v2(void) { return INIT; }
int nvmlInitWithFlags(unsigned flags) { (void)flags; return INIT; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { (void)code; return "Driver Not Loaded"; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { strncpy(text, "550.54.15", size); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12040; return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)(long)(index + 1); return 0; }
int nvmlDeviceGetName(void *device, char *text, unsigned size) {
    strncpy(text, (long)device == 1 ? "NVIDIA H100 80GB HBM3" : "NVIDIA T4", size); return 0; }
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    *major = (long)device == 1 ? 9 : 7; *minor = (long)device == 1 ? 0 : 5; return 0; }
"""
FILES = Driver(present=True, library="550.54.15", sources=("/usr/lib64/libcuda.so.1",), gpus=(Gpu(name="by file"),))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with nvidia-ml-py."""
    venv = new_venv(tmp_path_factory.mktemp("nvml"), "nvidia-ml-py==12.575.51")
    return venv / "bin" / "python"


def with_library(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (folder / "nvml.c").write_text(source)
    command = [compiler, "-shared", "-fPIC", "-w", "-o", folder / "libnvidia-ml.so.1", folder / "nvml.c"]
    subprocess.run([str(word) for word in command], check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))


def test_what_it_adds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: Path) -> None:
    with_library(tmp_path, monkeypatch, LIBRARY.replace("INIT", "0"))
    found = nvml.ask(FILES, python=str(python))
    assert (found.kernel, found.library, found.cuda, found.why) == ("550.54.15", "550.54.15", "12.4", "")
    assert found.gpus == (
        Gpu(name="NVIDIA H100 80GB HBM3", capability=(9, 0)),
        Gpu(name="NVIDIA T4", capability=(7, 5)),
    )
    assert [gpu.architecture for gpu in found.gpus] == [90, 75]
    assert found.sources == ("/usr/lib64/libcuda.so.1", "NVML")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (LIBRARY.replace("INIT", "9"), "NVML: Driver Not Loaded"),
        (LIBRARY.replace("return INIT", "return *(volatile int *)0"), "left with -11"),
        (LIBRARY.replace("return INIT", "for (;;) ;"), "did not answer"),
    ],
)
def test_what_it_cannot_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: Path, source: str, why: str
) -> None:
    monkeypatch.setattr(nvml, "SECONDS", 1.5)
    with_library(tmp_path, monkeypatch, source)
    found = nvml.ask(FILES, python=str(python))
    assert why in found.why
    assert found.replace(why="") == FILES


def test_no_library_of_the_driver(python: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    found = nvml.ask(FILES, python=str(python))
    if found.cuda:
        pytest.skip("this machine has a driver")
    assert found.why.startswith("NVML: ")


def test_not_installed(tmp_path: Path) -> None:
    bare = new_venv(tmp_path)
    assert "nvidia-ml-py is not installed" in nvml.ask(FILES, python=str(bare / "bin" / "python")).why


def test_without_a_driver_it_is_not_asked() -> None:
    nothing = Driver(why="no NVIDIA driver here")
    assert nvml.ask(nothing, python="/nonexistent") is nothing
    assert "could not be asked" in nvml.ask(FILES, python="/nonexistent").why


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"gpus": [[1, 2]], "cuda": 1}', "[" * 99_999])
def test_an_answer_that_is_none(tmp_path: Path, answer: str) -> None:
    program = tmp_path / "python"
    (tmp_path / "answer").write_text(answer)
    program.write_text(f"#!/bin/sh\ncat {tmp_path / 'answer'}\n")
    program.chmod(0o755)
    assert "could not be understood" in nvml.ask(FILES, python=str(program)).why
