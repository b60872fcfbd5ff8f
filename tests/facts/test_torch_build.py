"""What torch, torchvision and torchaudio say of their own build."""

from pathlib import Path

import pytest
from cuda_places import COMPANION, TORCH

from envguard.facts import torch_build

OF_2_13 = """from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '2.13.0+cpu'
debug = False
cuda: Optional[str] = None
git_version = 'cf30153c4c131c8164ee7798e5022d810682e2cb'
hip: Optional[str] = None
rocm: Optional[str] = None
xpu: Optional[str] = None
"""


@pytest.mark.parametrize(
    ("name", "text", "cuda", "label"),
    [
        ("torch", TORCH.format(version="2.5.0+cu124", cuda="12.4", hip=None), "12.4", "CUDA 12.4"),
        ("torch", TORCH.format(version="2.5.0", cuda="12.4", hip=None), "12.4", "CUDA 12.4"),
        ("torch", TORCH.format(version="2.0.1", cuda="11.7", hip=None), "11.7", "CUDA 11.7"),
        (
            "torch",
            TORCH.format(version="2.5.0+rocm6.1", cuda=None, hip="6.1.40091-a8dbc0c19"),
            "",
            "ROCm 6.1.40091-a8dbc0c19",
        ),
        ("torch", OF_2_13, "", "CPU"),
        ("torch", OF_2_13.replace("+cpu", "").replace("xpu: Optional[str] = None", "xpu = '20250000'"), "", ""),
        ("torch", "cuda = '12.4; nonsense'\n", "12.4", "CUDA 12.4"),
        ("torch", "cuda = compute()\n", "", ""),
        ("torchvision", COMPANION.format(version="0.20.0+cu124"), "12.4", "CUDA 12.4"),
        ("torchvision", COMPANION.format(version="0.20.0+cpu"), "", "CPU"),
        ("torchvision", COMPANION.format(version="0.20.0+rocm6.1"), "", "ROCm 6.1"),
        ("torchvision", COMPANION.format(version="0.20.0a0+afc54f7"), "", ""),
        ("torchaudio", "__version__ = '2.11.0+cu130'\ngit_version = '34c52a6'\n", "13.0", "CUDA 13.0"),
        ("torchaudio", "__version__ = '2.5.0+cu9'\n", "", ""),
        ("torchaudio", "__version__ = '2.5.0+cu12345'\n", "", ""),
        ("torch", "\0", "", ""),
    ],
)
def test_version_files(name: str, text: str, cuda: str, label: str) -> None:
    build = torch_build.from_source(name, text.encode())
    assert (build.cuda, build.label) == (cuda, label)
    assert build.cuda_major == (int(cuda.split(".", maxsplit=1)[0]) if cuda else None)


def test_a_cuda_build_without_its_cuda_library_is_one_for_the_cpu(tmp_path: Path) -> None:
    (tmp_path / "torch" / "lib").mkdir(parents=True)
    (tmp_path / "torch" / "version.py").write_text(TORCH.format(version="2.5.0", cuda="12.4", hip=None))
    of_conda = torch_build.read("torch", str(tmp_path))
    assert of_conda is not None
    assert of_conda.label == "CUDA 12.4"  # conda keeps the libraries elsewhere: nothing follows from their absence
    (tmp_path / "torch" / "lib" / "libtorch_cpu.so").touch()
    stripped = torch_build.read("torch", str(tmp_path))
    assert stripped is not None
    assert stripped.label == "CPU"
    (tmp_path / "torch" / "lib" / "libtorch_cuda.so").touch()
    whole = torch_build.read("torch", str(tmp_path))
    assert whole is not None
    assert (whole.label, whole.commit) == ("CUDA 12.4", "32f585d9346e316e554c8d9bf7548af9f62141fc")
    assert torch_build.read("torchvision", str(tmp_path)) is None
