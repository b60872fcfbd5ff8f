"""EG301 to EG304 and EG307: generations, providers, driver and architectures, on small libraries."""

import subprocess
from pathlib import Path

import pytest
from cuda_places import driver, everything, install, install_torch, seen
from native_places import add, new_venv
from shared_objects import shared_object
from test_fatbin import container, entry

from envguard.environment import scan
from envguard.environment.interpreter import markers
from envguard.facts import cuda_stack, fatbin, gpu_architecture, tables
from envguard.facts.driver import Driver
from envguard.facts.natives import Natives

ORT = "onnxruntime/capi"
OLD = ("libcublas.so.11", "libcudart.so.11.0", "libcudnn.so.8")
NEW = ("libcublas.so.12", "libcudart.so.12", "libcudnn.so.9")


def cuda_12(site: Path) -> None:
    for name, soname in (
        ("nvidia-cublas-cu12", "libcublas.so.12"),
        ("nvidia-cuda-runtime-cu12", "libcudart.so.12"),
        ("nvidia-cudnn-cu12", "libcudnn.so.9"),
    ):
        folder = f"nvidia/{name.split('-')[1]}/lib"
        install(site, name, "12.4", {f"{folder}/{soname}": shared_object(soname=soname)})


def runtime(
    site: Path, needed: tuple[str, ...], *, name: str = "onnxruntime-gpu", requires: tuple[str, ...] = ()
) -> None:
    files: dict[str, str | bytes] = {
        f"{ORT}/__init__.py": "",
        f"{ORT}/libonnxruntime_providers_cuda.so": shared_object(needed=needed),
        f"{ORT}/libonnxruntime_providers_shared.so": shared_object(),
        f"{ORT}/build_and_package_info.py": "package_name = 'onnxruntime-gpu'\n__version__ = '1.17.0'\n",
    }
    install(site, "onnxruntime-gpu", "1.17.0", files, requires)


@pytest.mark.slow
def test_a_real_wheel_of_another_generation(tmp_path: Path) -> None:
    """The user needs CUDA 11's runtime, the wheel of CUDA 12's is installed; the loader agrees."""
    venv = new_venv(tmp_path, "nvidia-cuda-runtime-cu12==12.4.127")
    site = next((venv / "lib").glob("python3*")) / "site-packages"
    user = shared_object(needed=["libcudart.so.11.0"], soname="core.so")
    install(site, "gpu-user", "1.0", {"gpu_user/core.so": user}, ["nvidia-cuda-runtime-cu12"])
    environment = scan(python=str(venv / "bin" / "python"))
    with Natives(environment, markers=markers(environment.interpreter), library_path="", preload="") as natives:
        found = [each for each in cuda_stack.observe(natives, driver=Driver()) if each.kind != "noted"]
        assert not [each for each in natives.resolution.broken if "nvidia" in each.file.path]
    (change,) = found
    assert (change.code, change.kind, change.package) == ("EG302", "doubtful", "gpu-user")
    assert (change.locked, change.installed) == ("libcudart.so.11.0", "libcudart.so.12")
    assert any("nvidia-cuda-runtime-cu11" in line for line in change.evidence)
    code = f"import ctypes; ctypes.CDLL({str(site / 'gpu_user' / 'core.so')!r})"
    done = subprocess.run([venv / "bin" / "python", "-c", code], capture_output=True, text=True, check=False)
    assert "libcudart.so.11.0: cannot open shared object file" in done.stderr
    add(venv, "nvidia-cuda-runtime-cu11==11.7.99")
    with Natives(scan(python=str(venv / "bin" / "python")), library_path="", preload="") as natives:
        assert [each.code for each in cuda_stack.observe(natives, driver=Driver()) if each.kind != "noted"] == []


def test_cudnn_has_its_own_code_and_is_said_once(tmp_path: Path) -> None:
    cuda_12(tmp_path)
    install(tmp_path, "gpu-user", "1.0", {"gpu_user/core.so": shared_object(needed=OLD)})
    (change,) = seen(tmp_path)
    assert (change.code, change.package) == ("EG303", "gpu-user")
    assert change.locked.startswith("libcudnn.so.8")
    assert all(name in change.evidence[0] for name in OLD)
    assert any("nvidia-cudnn-cu12 12.4" in line for line in change.evidence)


def test_what_was_seen_to_load_is_no_finding(tmp_path: Path) -> None:
    cuda_12(tmp_path)
    install(tmp_path, "gpu-user", "1.0", {"gpu_user/core.so": shared_object(needed=["libcudnn.so.8"])})
    assert [each.code for each in seen(tmp_path)] == ["EG303"]
    assert [each.code for each in seen(tmp_path, observed={"libcudnn.so.8": False})] == ["EG303"]
    assert seen(tmp_path, observed={"libcudnn.so.8": True}) == []
    assert seen(tmp_path, observed={str(tmp_path / "gpu_user" / "core.so"): True}) == []


def test_what_is_there_is_not_spoken_of(tmp_path: Path) -> None:
    cuda_12(tmp_path)
    needs = ("nvidia-cublas-cu12", "nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12")
    install(tmp_path, "gpu-user", "1.0", {"gpu_user/core.so": shared_object(needed=NEW)}, needs)
    runtime(tmp_path, NEW, requires=needs)
    assert seen(tmp_path) == []


def test_the_provider_of_another_generation(tmp_path: Path) -> None:
    cuda_12(tmp_path)
    runtime(tmp_path, OLD)
    (change,) = seen(tmp_path)
    assert (change.code, change.kind, change.package) == ("EG304", "incompatible", "onnxruntime-gpu")
    assert "it was built for CUDA 11 and cuDNN 8" in change.evidence
    assert seen(tmp_path, observed={"onnxruntime-gpu": True}) == []


def test_a_provider_without_any_cuda_is_a_doubt(tmp_path: Path) -> None:
    runtime(tmp_path, NEW)
    (change,) = seen(tmp_path)
    assert (change.code, change.kind, change.installed) == ("EG304", "doubtful", "")


def test_a_provider_that_needs_help_is_told_so(tmp_path: Path) -> None:
    cuda_12(tmp_path)
    runtime(tmp_path, NEW, requires=("nvidia-cublas-cu12", "nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12"))
    (note,) = everything(tmp_path, "EG304")
    assert note.kind == "noted"
    assert "import torch first" in note.evidence[1]


@pytest.mark.parametrize(("last", "kind"), [("onnxruntime", "incompatible"), ("onnxruntime-gpu", "doubtful")])
def test_two_distributions_of_one_package(tmp_path: Path, last: str, kind: str) -> None:
    names = [name for name in ("onnxruntime", "onnxruntime-gpu") if name != last] + [last]
    for name in names:
        binding: dict[str, str | bytes] = {
            f"{ORT}/onnxruntime_pybind11_state.so": shared_object(soname=name),
            f"{ORT}/__init__.py": "",
        }
        install(tmp_path, name, "1.17.0", binding)
    (change,) = seen(tmp_path)
    assert (change.code, change.kind, change.package) == ("EG304", kind, "onnxruntime-gpu")
    assert f"that of {last} 1.17.0" in change.evidence[1]


@pytest.mark.parametrize(
    ("version", "cuda", "kinds"),
    [
        ("525.60.13", "12.4", []),
        ("525.60.11", "12.4", ["incompatible"]),
        ("520.61.05", "12.1", ["incompatible"]),
        ("999.1", "12.4", []),
        ("450.80.02", "11.8", []),
        ("450.51.06", "11.0", ["incompatible"]),
        ("580.65.06", "13.0", []),
        ("575.57.08", "13.0", ["incompatible"]),
        ("400.1", "10.2", []),
    ],
)
def test_the_oldest_driver_is_the_only_limit(tmp_path: Path, version: str, cuda: str, kinds: list[str]) -> None:
    install_torch(tmp_path, "2.5.0", cuda)
    assert [each.kind for each in everything(tmp_path, "EG301", driver=driver(version))] == kinds


def test_users_of_one_generation_are_told_together(tmp_path: Path) -> None:
    install_torch(tmp_path)
    cuda_12(tmp_path)
    install(tmp_path, "gpu-user", "1.0", {"gpu_user/core.so": shared_object(needed=["libcudart.so.12"])})
    (change,) = seen(tmp_path, "EG301", driver=driver("470.256.02"))
    assert (change.package, change.locked, change.installed) == ("torch", "driver >= 525.60.13", "driver 470.256.02")
    assert "so do gpu-user 1.0" in change.evidence
    assert any("minor-version-compatibility" in line for line in change.evidence)
    (noted,) = everything(tmp_path, "EG301", driver=driver("470.256.02"), observed={"torch": True})
    assert noted.kind == "noted"
    (compatible,) = everything(tmp_path, "EG301", driver=driver("470.256.02", library="550.54.15"))
    assert (compatible.kind, "forward-compatibility" in compatible.evidence[0]) == ("noted", True)


def test_libraries_for_several_generations_need_the_oldest(tmp_path: Path) -> None:
    files = {
        "gpu_user/core_cuda11.so": shared_object(needed=["libcudart.so.11.0"]),
        "gpu_user/core_cuda12.so": shared_object(needed=["libcudart.so.12"]),
    }
    install(tmp_path, "gpu-user", "1.0", files)
    assert everything(tmp_path, "EG301", driver=driver("470.256.02")) == []
    (change,) = everything(tmp_path, "EG301", driver=driver("440.33"))
    assert change.kind == "doubtful"  # whether anybody uses it is not known


@pytest.mark.parametrize("host", [Driver(why="no NVIDIA driver here"), driver("35.4.1"), driver("")])
def test_what_is_not_known_of_a_driver_is_no_finding(tmp_path: Path, host: Driver) -> None:
    install_torch(tmp_path)
    (change,) = everything(tmp_path, driver=host)
    assert (change.code, change.kind) == ("EG301", "noted")


def test_without_a_user_of_cuda_nothing_is_said(tmp_path: Path) -> None:
    install_torch(tmp_path, "2.5.0+cpu", None)
    assert everything(tmp_path, driver=driver("390.157", gpu=(3, 0))) == []


def test_a_project_s_table_decides(tmp_path: Path) -> None:
    install_torch(tmp_path)
    own = tables.load()
    strict = own.replace(driver=(own.driver[1].replace(driver="560.1"),))
    (change,) = seen(tmp_path, driver=driver("550.54.15"), tables=strict)
    assert change.locked == "driver >= 560.1"


def with_device_code(site: Path, monkeypatch: pytest.MonkeyPatch, *entries: bytes) -> None:
    """Torch whose main library has that device code: sections of files that are written by hand have no names."""
    files = {"torch/lib/libtorch_cuda.so": shared_object(soname="libtorch_cuda.so")}
    install_torch(site, files=files)
    found = fatbin.of_sections([container(*entries)])
    monkeypatch.setattr(fatbin, "of", lambda elf: found if elf.soname == "libtorch_cuda.so" else None)


@pytest.mark.parametrize(
    ("gpu", "known", "kind"),
    [
        ((8, 0), "12.4", ""),
        ((8, 6), "12.4", ""),
        ((8, 9), "", ""),
        ((9, 0), "12.4", ""),
        ((7, 5), "12.4", "incompatible"),
        ((12, 0), "12.8", "noted"),
        ((12, 0), "12.2", "incompatible"),
        ((12, 0), "", "doubtful"),
    ],
)
def test_code_for_the_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: tuple[int, int], known: str, kind: str
) -> None:
    with_device_code(tmp_path, monkeypatch, entry(2, 80), entry(2, 90), entry(1, 90))
    found = everything(tmp_path, "EG307", driver=driver("550.54.15", cuda=known, gpu=gpu))
    assert [each.kind for each in found] == ([kind] if kind else [])
    if kind == "incompatible":
        (change,) = found
        assert change.installed == "sm_80 sm_90 compute_90"
        (noted,) = everything(
            tmp_path, "EG307", driver=driver("550.54.15", cuda=known, gpu=gpu), observed={"torch": True}
        )
        assert noted.kind == "noted"


def test_without_a_capability_or_a_whole_list_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_device_code(tmp_path, monkeypatch, entry(2, 80))
    assert everything(tmp_path, "EG307", driver=driver("550.54.15")) == []
    partial = fatbin.Architectures(sass=frozenset({80}), complete=False)
    monkeypatch.setattr(fatbin, "of", lambda _elf: partial)
    assert everything(tmp_path, "EG307", driver=driver("550.54.15", gpu=(9, 0))) == []


def test_binary_compatibility() -> None:
    assert gpu_architecture.fits(86, [80])
    assert not gpu_architecture.fits(80, [86])
    assert not gpu_architecture.fits(90, [80, 86])
    assert gpu_architecture.fits(103, [100])
    assert not gpu_architecture.fits(120, [100, 12])
