"""The driver as its files describe it, from recorded samples: no test machine needs a GPU."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from shared_objects import shared_object, write

from envguard.facts import driver

PROPRIETARY = """NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024
GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)
"""
OPEN = """NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build  (dvs-builder@U16)  \
Fri Aug 16 21:22:33 UTC 2024
GCC version:  gcc version 13.2.0 (Ubuntu 13.2.0-23ubuntu4)
"""
LEGACY = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  390.157  Wed Oct 12 09:19:07 UTC 2022\nGCC version: 9.4.0\n"
JETSON = "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  35.4.1  Release Build  (buildbrain@mobile)\n"
GPU = """Model: \t\t NVIDIA H100 80GB HBM3
IRQ:   \t\t 18
GPU UUID: \t GPU-00000000-0000-0000-0000-000000000000
Video BIOS: \t 96.00.5e.00.01
Bus Type: \t PCIe
DMA Size: \t 52 bits
Bus Location: \t 0000:19:00.0
Device Minor: \t 0
GPU Firmware: \t 550.54.15
"""


def machine(root: Path, version: str = "", gpus: tuple[str, ...] = ()) -> str:
    folder = root / "proc/driver/nvidia"
    folder.mkdir(parents=True)
    if version:
        (folder / "version").write_text(version)
    for index, text in enumerate(gpus):
        bus = folder / "gpus" / f"0000:{index:02x}:00.0"
        bus.mkdir(parents=True)
        (bus / "information").write_text(text)
    return str(root)


def link(root: Path, folder: str, version: str) -> None:
    place = root / folder.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    (place / f"libcuda.so.{version}").write_bytes(b"\x7fELF")
    (place / "libcuda.so.1").symlink_to(f"libcuda.so.{version}")


@pytest.mark.parametrize(
    ("text", "version", "comparable"),
    [
        (PROPRIETARY, "550.54.15", True),
        (OPEN, "560.35.03", True),
        (LEGACY, "390.157", True),
        (JETSON, "35.4.1", False),
        ("NVRM version: something else\n", "", False),
        ("", "", False),
    ],
)
def test_the_kernel_module(tmp_path: Path, text: str, version: str, comparable: bool) -> None:
    found = driver.read(machine(tmp_path, text))
    assert (found.version, found.comparable) == (version, comparable)
    assert found.present == bool(text)
    assert found.sources == (("/proc/driver/nvidia/version",) if version else ())
    assert bool(found.why) == (not version)


def test_gpus_are_known_by_name_only(tmp_path: Path) -> None:
    found = driver.read(machine(tmp_path, PROPRIETARY, (GPU, "Model: \t\t Unknown\n", "")))
    assert [gpu.name for gpu in found.gpus] == ["NVIDIA H100 80GB HBM3", "Unknown", ""]
    assert all(gpu.capability is None and gpu.architecture is None for gpu in found.gpus)


def test_no_driver(tmp_path: Path) -> None:
    found = driver.read(str(tmp_path))
    assert (found.present, found.version, found.gpus) == (False, "", ())
    assert "no NVIDIA driver" in found.why


@pytest.mark.parametrize("folder", ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/nvidia/lib64"])
def test_the_library_is_named_after_the_driver(tmp_path: Path, folder: str) -> None:
    link(tmp_path, folder, "535.183.01")
    found = driver.read(str(tmp_path))
    assert (found.library, found.version, found.present) == ("535.183.01", "535.183.01", True)
    assert found.sources == (f"{folder}/libcuda.so.1",)


def test_library_path_comes_first_and_a_newer_library_is_forward_compatibility(tmp_path: Path) -> None:
    machine(tmp_path, PROPRIETARY.replace("550.54.15", "470.256.02"))
    link(tmp_path, "/usr/lib/x86_64-linux-gnu", "470.256.02")
    link(tmp_path, "/usr/local/cuda/compat", "550.54.15")
    assert driver.read(str(tmp_path)).version == "470.256.02"
    found = driver.read(str(tmp_path), library_path="relative:/nowhere:/usr/local/cuda/compat/:")
    assert (found.kernel, found.library, found.version) == ("470.256.02", "550.54.15", "550.54.15")


def test_a_link_into_the_root_and_links_in_a_circle(tmp_path: Path) -> None:
    link(tmp_path, "/opt/driver", "550.54.15")
    place = tmp_path / "usr/lib64"
    place.mkdir(parents=True)
    (place / "libcuda.so.1").symlink_to("/opt/driver/libcuda.so.1")
    assert driver.read(str(tmp_path)).library == "550.54.15"
    (tmp_path / "opt/driver/libcuda.so.1").unlink()
    (tmp_path / "opt/driver/libcuda.so.1").symlink_to("/usr/lib64/libcuda.so.1")
    assert not driver.read(str(tmp_path)).present


def test_an_empty_place_for_the_driver_is_none(tmp_path: Path) -> None:
    place = tmp_path / "usr/lib64"
    place.mkdir(parents=True)
    (place / "libcuda.so.550.54.15").touch()
    (place / "libcuda.so.1").symlink_to("libcuda.so.550.54.15")
    assert not driver.read(str(tmp_path)).present


def test_a_library_without_a_version_in_its_name_leaves_it_unknown(tmp_path: Path) -> None:
    place = tmp_path / "usr/lib/wsl/lib"
    place.mkdir(parents=True)
    (place / "libcuda.so.1").write_bytes(b"\x7fELF")
    found = driver.read(str(tmp_path))
    assert (found.present, found.version, found.comparable) == (True, "", False)
    assert "/usr/lib/wsl/lib/libcuda.so.1" in found.why


def test_the_loader_s_cache_is_asked(tmp_path: Path) -> None:
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin:/usr/bin")
    if ldconfig is None:
        pytest.skip("no ldconfig")
    folder = tmp_path / "opt" / "gpu"
    write(folder / "libcuda.so.525.60.13", shared_object(soname="libcuda.so.1"))
    (folder / "libcuda.so.1").symlink_to("libcuda.so.525.60.13")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/ld.so.conf").write_text(f"{folder}\n")
    cache = tmp_path / "etc/ld.so.cache"
    command = [ldconfig, "-X", "-f", str(tmp_path / "etc/ld.so.conf"), "-C", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not cache.exists():
        pytest.skip(f"ldconfig: {done.stderr[:200]}")
    # The cache names the folder from the real root, so that is where it leads below the other root.
    (tmp_path / str(folder).lstrip("/")).parent.mkdir(parents=True)
    (tmp_path / str(folder).lstrip("/")).symlink_to(
        os.path.relpath(folder, (tmp_path / str(folder).lstrip("/")).parent)
    )
    assert driver.read(str(tmp_path)).library == "525.60.13"


@given(st.text(max_size=300))
def test_any_text_gives_an_answer(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = machine(tmp_path_factory.mktemp("any"), text or "x", (text,))
    found = driver.read(root)
    assert found.comparable in (True, False)


@pytest.mark.parametrize(
    ("older", "newer"),
    [("450.80.02", "450.119.03"), ("525.60.13", "525.105.17"), ("99.1", "525"), ("580", "580.65.06")],
)
def test_versions_are_compared_as_numbers(older: str, newer: str) -> None:
    assert driver.numbers(older) < driver.numbers(newer)
    assert driver.numbers("none") == driver.numbers("") == ()
