"""EG306: CUDA libraries beside a torch for the CPU, who brought them and how much they weigh."""

from pathlib import Path

import pytest
from cuda_places import everything, install, install_torch, opened, seen
from shared_objects import shared_object

from envguard.errors import UsageError
from envguard.facts import cuda_stack, target

MEGABYTE = b"\0" * 1_000_000
ON_X86 = "nvidia-cublas-cu12 (==12.6.4.1); platform_system == 'Linux' and platform_machine == 'x86_64'"


def cpu_torch(site: Path, *requires: str) -> None:
    install_torch(site, "2.7.0+cpu", None, requires=requires)


def library(site: Path, name: str, *requires: str, soname: str = "") -> None:
    stem = name.replace("-", "_")
    files = {f"nvidia/{stem}/blob.bin": MEGABYTE}
    if soname:
        files[f"nvidia/{stem}/lib/{soname}"] = shared_object(soname=soname)
    install(site, name, "12.4", files, requires)


def test_left_behind_by_a_torch_for_cuda(tmp_path: Path) -> None:
    cpu_torch(tmp_path)
    library(tmp_path, "nvidia-cublas-cu12")
    library(tmp_path, "nvidia-cudnn-cu12", "nvidia-cublas-cu12")
    library(tmp_path, "triton")
    (found,) = seen(tmp_path, "EG306")
    assert (found.kind, found.package) == ("doubtful", "torch")
    assert found.installed == "3 distributions, 3 MB"
    assert "nothing that is installed requires them" in found.evidence
    assert "triton 12.4: 1 MB" in found.evidence


def test_brought_by_the_cpu_build_itself(tmp_path: Path) -> None:
    cpu_torch(
        tmp_path, "nvidia-cublas-cu12==12.4; sys_platform == 'linux'", "nvidia-nccl-cu12; sys_platform == 'win32'"
    )
    library(tmp_path, "nvidia-cublas-cu12")
    (found,) = seen(tmp_path, "EG306")
    assert found.kind == "incompatible"
    assert "torch 2.7.0+cpu requires 1 of them" in found.evidence


@pytest.mark.parametrize(("version", "cuda"), [("2.7.0+cu126", "12.6"), ("2.7.0", "12.6")])
def test_torch_for_cuda_may_have_them(tmp_path: Path, version: str, cuda: str) -> None:
    install_torch(tmp_path, version, cuda)
    library(tmp_path, "nvidia-cublas-cu12")
    assert everything(tmp_path, "EG306") == []


def test_without_torch_nothing_is_said(tmp_path: Path) -> None:
    library(tmp_path, "nvidia-cublas-cu12")
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    "requires",
    [
        ("nvidia-nccl-cu12",),
        ("nvidia-nccl-cu12; extra == 'gpu'",),
        ("nvidia_nccl.cu12>=2",),
    ],
)
def test_what_another_requires_in_any_extra_is_not_in_vain(tmp_path: Path, requires: tuple[str, ...]) -> None:
    cpu_torch(tmp_path)
    library(tmp_path, "nvidia-nccl-cu12")
    install(tmp_path, "xgboost", "3.0", {"xgboost/__init__.py": ""}, requires)
    assert everything(tmp_path, "EG306") == []


def test_extras_are_followed_from_one_library_to_the_next(tmp_path: Path) -> None:
    cpu_torch(tmp_path)
    library(tmp_path, "cuda-toolkit", "nvidia-cublas; extra == 'cublas'", "nvidia-cufft; extra == 'cufft'")
    library(tmp_path, "nvidia-cublas")
    library(tmp_path, "nvidia-cufft")
    install(tmp_path, "cupy-cuda13x", "14.0", {"cupy/__init__.py": ""}, ["cuda-toolkit[cublas]==13.*; extra == 'ctk'"])
    (found,) = seen(tmp_path, "EG306")
    assert [line for line in found.evidence if "MB" in line] == ["nvidia-cufft 12.4: 1 MB"]


def test_what_a_compiled_file_links_is_not_in_vain(tmp_path: Path) -> None:
    cpu_torch(tmp_path)
    library(tmp_path, "nvidia-cublas-cu12", soname="libcublas.so.12")
    library(tmp_path, "nvidia-cudnn-cu12", soname="libcudnn.so.9")
    assert len(seen(tmp_path, "EG306")) == 1
    user = shared_object(needed=["libcublas.so.12"])
    install(tmp_path, "gpu-user", "1.0", {"gpu_user/core.so": user})
    (found,) = seen(tmp_path, "EG306")
    assert found.installed.startswith("1 distribution, ")
    assert not any("cublas" in line for line in found.evidence)


def test_other_products_of_nvidia_were_asked_for(tmp_path: Path) -> None:
    cpu_torch(tmp_path)
    for name in ("nvidia-ml-py", "nvidia-modelopt", "nvidia-cuda-nvcc-cu12", "nvidia-riva-client"):
        library(tmp_path, name)
    assert everything(tmp_path, "EG306") == []


@pytest.mark.parametrize(
    ("requirement", "tag", "is_found"),
    [
        (ON_X86, "linux_aarch64", False),
        (ON_X86, "linux_x86_64", True),
        (ON_X86, "manylinux_2_28_x86_64", True),
        ("triton==3.3.0; platform_system == 'Linux'", "linux_aarch64", True),
        ("triton==3.3.0; platform_system == 'Linux'", "macosx_14_0_arm64", False),
        ("triton==3.3.0; extra == 'gpu'", "linux_x86_64", False),
    ],
)
def test_another_platform(tmp_path: Path, requirement: str, tag: str, is_found: bool) -> None:
    cpu_torch(tmp_path, requirement)
    with opened(tmp_path) as natives:
        there = target.markers(tag, natives.markers)
        found = [each for each in cuda_stack.observe(natives, target=there) if each.code == "EG306"]
    assert [each.kind for each in found] == (["incompatible"] if is_found else [])
    if is_found:
        assert any(requirement in line for line in found[0].evidence)


@pytest.mark.parametrize("tag", ["", "linux", "aarch64", "beos_x86_64", "linux_x86_64; import os", "x" * 500])
def test_no_platform(tag: str) -> None:
    with pytest.raises(UsageError, match="unknown platform"):
        target.markers(tag, {})


def test_markers_of_a_platform() -> None:
    there = target.markers("win_amd64", {"python_version": "3.11", "sys_platform": "linux"})
    assert (there["sys_platform"], there["platform_machine"], there["os_name"]) == ("win32", "AMD64", "nt")
    assert there["python_version"] == "3.11"
    assert target.markers("musllinux_1_2_aarch64", {})["platform_machine"] == "aarch64"
    assert target.markers("manylinux2014_x86_64", {})["platform_system"] == "Linux"
