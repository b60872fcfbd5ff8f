"""Real wheels of torch and what belongs to it, in the combinations that cost people days; gigabytes are downloaded."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from linkage_places import download, environment_of, everything, import_error, install, observe, relative
from torch_wheels import CUDA

from envguard.facts import linkage, python_abi
from support import run, site_packages

pytestmark = [
    pytest.mark.wheels,
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="one set of wheels is enough"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="wheels with CUDA are for x86_64"),
]

REST = ("torch==2.5.0", "torchvision==0.20.0", "numpy==1.26.4", "pillow==11.1.0", "sympy==1.13.1", "mpmath==1.3.0",
        "filelock==3.16.1", "typing-extensions==4.12.2", "networkx==3.4.2", "jinja2==3.1.4", "markupsafe==3.0.2",
        "fsspec==2024.10.0")  # fmt: skip


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with downloaded wheels; that of ENVGUARD_TEST_WHEELS is kept from one run to the next."""
    kept = os.environ.get("ENVGUARD_TEST_WHEELS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("torch-wheels")
    for each in (*CUDA, *REST):
        fetch(folder, each)
    yield folder
    if not kept:
        shutil.rmtree(folder)


def fetch(folder: Path, requirement: str) -> Path:
    """The wheel of a pinned requirement, downloaded where it is not there."""
    start = requirement.replace("==", "-").replace("-", "_").lower()

    def found() -> list[Path]:
        return [each for each in folder.glob("*.whl") if each.name.replace("-", "_").lower().startswith(f"{start}_")]

    if not found():
        download(folder, requirement)
    return found()[0]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("torch")
    yield environment_of(folder, [fetch(wheels, each) for each in (*CUDA, *REST)])
    shutil.rmtree(folder)


@pytest.fixture
def place(tmp_path: Path, healthy: Path) -> Iterator[Path]:
    """Hard links: a file is replaced by a new one, and never written into."""
    shutil.copytree(healthy, tmp_path / "venv", symlinks=True, copy_function=os.link)
    yield tmp_path / "venv"
    shutil.rmtree(tmp_path / "venv")


NMS = "import torch, torchvision; torchvision.ops.nms(torch.rand(2, 4), torch.rand(2), 0.5)"


def test_what_belongs_together(healthy: Path) -> None:
    assert everything(healthy, linkage, python_abi) == []
    assert import_error(healthy, NMS) == ""


def test_torchvision_of_another_torch(place: Path, wheels: Path) -> None:
    install(place, [fetch(wheels, "torchvision==0.18.0")])
    one, other = observe(place, linkage)
    assert {relative(one, place), relative(other, place)} == {"torchvision/_C.so", "torchvision/image.so"}
    for change in (one, other):
        assert (change.code, change.kind, change.package) == ("EG402", "unloadable", "torchvision")
        assert change.installed == "torch 2.5.0"
        assert any(
            "torchvision 0.18.0 needs" in each and "torch 2.5.0 does not export" in each for each in change.evidence
        )
        assert any("requires torch" in each for each in change.evidence)
    assert import_error(place, "torchvision") == "RuntimeError: operator torchvision::nms does not exist"
    for change in (one, other):
        said = import_error(place, f"import torch, ctypes; ctypes.CDLL({change.path!r})")
        symbol = said.rpartition("undefined symbol: ")[2]
        assert symbol in " ".join(change.evidence)


def test_torchvision_with_cuda_beside_torch_without(place: Path, wheels: Path) -> None:
    run(Path(sys.executable).parent / "uv", "pip", "uninstall", "-q", "--python", place / "bin" / "python", "torch")
    try:
        install(place, [fetch(wheels, "torch==2.13.0+cpu"), fetch(wheels, "torchvision==0.28.0")])
    except AssertionError:
        pytest.skip("the index has no torch 2.13.0+cpu")
    (change,) = observe(place, linkage)
    assert (change.code, change.kind, change.package) == ("EG401", "unloadable", "torchvision")
    assert change.locked == "libc10_cuda.so, libtorch_cuda.so"
    assert import_error(place, "torchvision") == "RuntimeError: operator torchvision::nms does not exist"


def test_cudnn_of_another_generation(place: Path, wheels: Path) -> None:
    from envguard.environment import scan
    from envguard.facts.natives import Natives

    install(place, [fetch(wheels, "nvidia-cudnn-cu12==8.9.2.26")])
    assert observe(place, linkage) == []  # the facts of CUDA say it
    with Natives(scan(python=str(place / "bin" / "python")), library_path="", preload="") as natives:
        met = [each for each in natives.resolution.broken if each.severity == "unloadable"]
    assert [os.path.basename(each.file.path).partition(".")[0] for each in met] == ["_C"]
    assert {(each.name, each.rivals) for each in met[0].libraries} == {("libcudnn.so.9", ("libcudnn.so.8",))}
    assert "libcudnn.so.9: cannot open shared object file" in import_error(place, "torch")


def test_nvjitlink_older_than_cusparse(place: Path, wheels: Path) -> None:
    install(place, [fetch(wheels, "nvidia-nvjitlink-cu12==12.1.105")])
    (change,) = observe(place, linkage)
    assert (change.code, change.kind, change.package) == ("EG402", "unloadable", "nvidia-cusparse-cu12")
    assert change.installed == "nvidia-nvjitlink-cu12 12.1.105"
    said = import_error(place, "torch")
    assert f"undefined symbol: {change.locked}," in said
    assert os.path.basename(change.path) in said


def test_the_cuda_runtime_removed(place: Path) -> None:
    shutil.rmtree(site_packages(place) / "nvidia" / "cuda_runtime")
    (info,) = site_packages(place).glob("nvidia_cuda_runtime_cu12-*")
    shutil.rmtree(info)
    (change,) = observe(place, linkage)
    assert (change.code, change.kind, change.package, change.locked) == (
        "EG401",
        "unloadable",
        "torch",
        "libcudart.so.12",
    )
    assert "import torch loads torch/_C" in " ".join(change.evidence)
    assert "libcudart" in import_error(place, "torch")
