"""What ``envguard doctor`` shows: every fact is there, and what is not known is said to be."""

import platform
import subprocess
from pathlib import Path

import pytest
from cuda_places import COMPANION, NO_DRIVER, driver, install, install_torch, opened
from shared_objects import shared_object

from envguard.facts import toolchain
from envguard.facts.driver import Driver, Gpu
from envguard.model import Fact


def facts(site: Path, host: Driver = NO_DRIVER) -> dict[str, Fact]:
    with opened(site) as natives:
        return {each.name: each for each in toolchain.read(natives, host)}


def test_an_environment_without_a_gpu_stack(tmp_path: Path) -> None:
    install(tmp_path, "six", "1.16.0", {"six.py": ""})
    found = facts(tmp_path)
    assert found["python"].value == f"{platform.python_implementation().lower()} {platform.python_version()}"
    assert found["torch"].value == found["onnxruntime"].value == "not installed"
    assert found["CUDA distributions"].value == "none"
    assert (found["NVIDIA driver"].value, found["NVIDIA driver"].source) == ("none", "no NVIDIA driver here")
    assert found["LD_LIBRARY_PATH"].value == found["LD_PRELOAD"].value == "not set"
    assert found["sys.path"].value == str(tmp_path)
    assert all(each.section and each.name and each.value for each in found.values())


def test_versions_of_the_system_s_libraries_are_what_readelf_lists(tmp_path: Path) -> None:
    install(tmp_path, "six", "1.16.0", {"six.py": ""})
    found = facts(tmp_path)
    if found["GLIBC"].value.startswith("unknown"):
        pytest.skip(found["GLIBC"].value)
    for name in ("GLIBC", "GLIBCXX", "CXXABI"):
        if found[name].value.startswith("unknown"):
            continue
        listed = subprocess.run(
            ["readelf", "-VW", found[name].source], capture_output=True, text=True, check=True
        ).stdout
        stated = {word for word in listed.split() if word.startswith(f"{name}_") and word[len(name) + 1].isdigit()}
        newest = max(stated, key=lambda word: [int(part) for part in word.partition("_")[2].split(".")])
        assert found[name].value == newest


def test_the_gpu_stack(tmp_path: Path) -> None:
    install_torch(tmp_path)
    install(tmp_path, "torchvision", "0.20.0", {"torchvision/version.py": COMPANION.format(version="0.20.0a0+afc54f7")})
    install(
        tmp_path,
        "nvidia-cudnn-cu12",
        "9.1.0.70",
        {"nvidia/cudnn/lib/libcudnn.so.9": shared_object(soname="libcudnn.so.9")},
    )
    provider = shared_object(needed=["libcublas.so.12", "libcudnn.so.9"])
    install(tmp_path, "onnxruntime-gpu", "1.19.2", {"onnxruntime/capi/libonnxruntime_providers_cuda.so": provider})
    found = facts(tmp_path, driver("550.54.15", cuda="12.4", gpu=(9, 0)))
    said = {name: each.value for name, each in found.items()}
    assert said["torch"] == "2.5.0+cu124"
    assert said["torch built for"] == "CUDA 12.4"
    assert said["torchvision built for"] == "unknown (its version.py does not say)"
    assert said["torch GPU architectures"].startswith("unknown (")
    assert said["nvidia-cudnn-cu12"] == "9.1.0.70"
    assert said["libcudnn"] == "libcudnn.so.9"
    assert said["distribution"] == "onnxruntime-gpu 1.19.2"
    assert said["provider libraries"] == "cuda"
    assert said["cuda built for"] == "CUDA 12, cuDNN 9"
    assert said["NVIDIA driver"] == "550.54.15"
    assert said["newest CUDA"] == "12.4"
    assert said["GPU 0"] == "NVIDIA Test GPU, compute capability 9.0"


def test_a_driver_that_is_known_in_part(tmp_path: Path) -> None:
    install(tmp_path, "six", "1.16.0", {"six.py": ""})
    host = Driver(present=True, why="nothing names a version", gpus=(Gpu(name="Tesla T4"),))
    found = facts(tmp_path, host)
    assert found["NVIDIA driver"].value == "unknown (nothing names a version)"
    assert found["GPU 0"].value == "Tesla T4, compute capability unknown (nothing names a version)"
    both = facts(tmp_path, driver("470.256.02", library="550.54.15"))
    assert (both["NVIDIA driver"].value, both["kernel module"].value) == ("550.54.15", "470.256.02")
    assert both["GPUs"].value.startswith("unknown")
