"""The CUDA stack as it is on the index: what is said of it, and what the loader says.

About 3 GB of wheels. A folder that has them already can be named in PIP_FIND_LINKS.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from native_places import look, opened
from torch_wheels import CUDA

from envguard.facts import cuda_stack, gpu_architecture, torch_build
from envguard.facts.driver import Driver
from envguard.model import Change
from support import run, site_packages

pytestmark = [
    pytest.mark.wheels,
    pytest.mark.skipif(sys.version_info[:2] not in ((3, 10), (3, 11)), reason="no onnxruntime-gpu 1.15.0 for others"),
]

TORCH = (
    "torch==2.5.0",
    "torchvision==0.20.0",
    "torchaudio==2.5.0",
    *CUDA,
    "numpy==1.26.4",
    "pillow==10.4.0",
    "filelock==3.16.1",
    "fsspec==2024.9.0",
    "jinja2==3.1.4",
    "markupsafe==2.1.5",
    "mpmath==1.3.0",
    "networkx==3.3",
    "sympy==1.13.1",
    "typing-extensions==4.12.2",
)
RUNTIMES = ("onnxruntime-gpu==1.15.0", "onnxruntime-gpu==1.17.0", "onnxruntime-gpu==1.19.2", "onnxruntime==1.19.2")
NO_DRIVER = Driver(why="no NVIDIA driver here")


class Places:
    """Environments that share their files by hard links: each installation takes the place of what it replaces."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wheels = folder / "wheels"
        self._cache = folder / "cache"
        self.base = folder / "base"
        self._made = 0

    def download(self, *requirements: str) -> bool:
        command = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", self._wheels, *requirements)
        return run(*command, PIP_NO_CACHE_DIR="1", PIP_REQUIRE_VIRTUALENV="0").returncode == 0

    def install(self, venv: Path, *requirements: str) -> None:
        uv = (Path(sys.executable).parent / "uv", "pip", "install", "-q", "--no-deps", "--no-index")
        where = ("--python", venv / "bin" / "python", "--find-links", self._wheels, "--cache-dir", self._cache)
        done = run(*uv, *where, "--link-mode", "hardlink", *requirements)
        assert done.returncode == 0, done.stderr

    def make(self) -> None:
        assert run(sys.executable, "-m", "venv", "--without-pip", self.base).returncode == 0
        for requirement in (*TORCH, *RUNTIMES):
            assert self.download(requirement), requirement
        self.install(self.base, *TORCH)

    def like(self, *changed: str) -> Path:
        """A copy of the base with other versions of something."""
        self._made += 1
        venv = self._folder / f"copy{self._made}"
        shutil.copytree(self.base, venv, symlinks=True, copy_function=os.link)
        self.install(venv, *changed)
        return venv


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    folder = tmp_path_factory.mktemp("cuda")
    made = Places(folder)
    made.make()
    yield made
    shutil.rmtree(folder)  # ten gigabytes are not kept for a look afterwards


def findings(venv: Path) -> list[Change]:
    with opened(look(venv)) as natives:
        return [each for each in cuda_stack.observe(natives, driver=NO_DRIVER) if each.kind != "noted"]


def python(venv: Path, code: str) -> str:
    """What a program says, its errors too."""
    done = run(venv / "bin" / "python", "-c", code, LD_LIBRARY_PATH="")
    return done.stdout + done.stderr


def provider(venv: Path) -> Path:
    return site_packages(venv) / "onnxruntime/capi/libonnxruntime_providers_cuda.so"


def opened_after_torch(venv: Path) -> str:
    """What the loader says when the provider is opened in a process that has torch's libraries loaded."""
    return python(venv, f"import torch, ctypes; ctypes.CDLL({str(provider(venv))!r}); print('loaded')")


def not_found(venv: Path) -> str:
    """What ldd misses of the provider in the folders of all CUDA wheels."""
    folders = ":".join(map(str, (site_packages(venv) / "nvidia").glob("*/lib")))
    listed = run("ldd", "-v", provider(venv), LD_LIBRARY_PATH=folders)
    return "".join(line for line in (listed.stdout + listed.stderr).splitlines() if "not found" in line)


def test_what_belongs_together_is_clean(places: Places) -> None:
    assert findings(places.base) == []
    said = python(places.base, "import torch, torchvision, torchaudio; print(torch.version.cuda, 'fine')")
    assert said.strip().endswith("12.4 fine")


def test_onnxruntime_for_cuda_12_is_clean(places: Places) -> None:
    venv = places.like("onnxruntime-gpu==1.19.2")
    assert findings(venv) == []
    assert not_found(venv) == ""


def test_onnxruntime_1_17_is_for_cuda_11(places: Places) -> None:
    venv = places.like("onnxruntime-gpu==1.17.0")
    (change,) = findings(venv)
    assert (change.code, change.kind, change.package) == ("EG304", "incompatible", "onnxruntime-gpu")
    assert "it was built for CUDA 11 and cuDNN 8" in change.evidence
    said = opened_after_torch(venv)
    assert "cannot open shared object file" in said
    assert said.rpartition("OSError: ")[2].partition(":")[0] in change.evidence[0]
    assert all(name in not_found(venv) for name in ("libcublas.so.11", "libcudnn.so.8"))


def test_onnxruntime_1_15_says_it_in_its_versions_only(places: Places) -> None:
    venv = places.like("onnxruntime-gpu==1.15.0")
    (change,) = findings(venv)
    assert (change.code, change.kind) == ("EG304", "incompatible")
    assert all(name in change.evidence[0] for name in ("libcublas.so.11", "libcudnn.so.8"))
    assert any("DT_NEEDED does not list" in line for line in change.evidence)
    assert "loaded" not in opened_after_torch(venv)


def test_onnxruntime_over_onnxruntime_gpu(places: Places) -> None:
    venv = places.like("onnxruntime-gpu==1.19.2")
    asked = "import onnxruntime; print('CUDA' in str(onnxruntime.get_available_providers()))"
    assert python(venv, asked).strip().endswith("True")
    places.install(venv, "onnxruntime==1.19.2")
    (change,) = findings(venv)
    assert (change.code, change.kind, change.package) == ("EG304", "incompatible", "onnxruntime-gpu")
    assert python(venv, asked).strip().endswith("False")


def test_cudnn_8_under_torch_2_5(places: Places) -> None:
    assert places.download("nvidia-cudnn-cu12==8.9.2.26")
    venv = places.like("nvidia-cudnn-cu12==8.9.2.26")
    (change,) = findings(venv)
    assert (change.code, change.kind, change.package) == ("EG303", "incompatible", "torch")
    assert (change.locked, change.installed) == ("libcudnn.so.9", "libcudnn.so.8")
    assert "libcudnn.so.9: cannot open shared object file" in python(venv, "import torch")


def test_torchvision_of_another_torch(places: Places) -> None:
    assert places.download("torchvision==0.18.0")
    venv = places.like("torchvision==0.18.0")
    (change,) = findings(venv)
    assert (change.code, change.kind, change.package) == ("EG305", "incompatible", "torchvision")
    assert (change.locked, change.installed) == ("torch==2.3.0", "torch 2.5.0")
    assert "operator torchvision::nms does not exist" in python(venv, "import torchvision")


def test_torch_for_the_cpu_under_all_that(places: Places) -> None:
    if not places.download("torch==2.13.0+cpu"):
        pytest.skip("no torch for the CPU on this index")
    assert places.download("torchvision==0.28.0")
    venv = places.like("torch==2.13.0+cpu", "torchvision==0.28.0")
    found = {each.code: each for each in findings(venv) if each.package != "torchaudio"}
    assert set(found) == {"EG305", "EG306"}
    assert found["EG305"].kind == "incompatible"
    assert found["EG305"].package == "torchvision"
    assert "operator torchvision::nms does not exist" in python(venv, "import torchvision")
    assert found["EG306"].installed.startswith("12 distributions, 3")
    assert not any("nvidia-cuda-runtime" in line for line in found["EG306"].evidence)  # torchaudio links it
    assert any(line.startswith("nvidia-cudnn-cu12 9.1.0.70: 1") for line in found["EG306"].evidence)


def test_architectures_are_those_that_torch_names(places: Places) -> None:
    flags = python(places.base, "import torch; print(torch._C._cuda_getArchFlags())").split()
    with opened(look(places.base)) as natives:
        found = gpu_architecture.of_owner(natives, "torch")
    assert found.complete
    assert {f"sm_{each}" for each in found.sass} | {f"compute_{each}" for each in found.ptx} == set(flags)
    build = torch_build.read("torch", str(site_packages(places.base)))
    assert build is not None
    assert build.label == "CUDA 12.4"
    assert python(places.base, "import torch; print(torch.version.cuda)").strip() == build.cuda
