"""EG305: the pins of the family, and one build for all of it."""

from pathlib import Path

import pytest
from cuda_places import COMPANION, everything, install, install_torch, opened, seen

from envguard.facts import requirements


def vision(site: Path, version: str = "0.20.0+cu124", requires: tuple[str, ...] = ("torch (==2.5.0)", "numpy")) -> None:
    files = {"torchvision/version.py": COMPANION.format(version=version)}
    install(site, "torchvision", version.partition("+")[0], files, requires)


def audio(site: Path, version: str) -> None:
    files = {"torchaudio/version.py": f"__version__ = '{version}'\ngit_version = '34c52a6'\n"}
    install(site, "torchaudio", version.partition("+")[0], files)


def test_what_belongs_together_is_not_spoken_of(tmp_path: Path) -> None:
    install_torch(tmp_path)
    vision(tmp_path)
    audio(tmp_path, "2.5.0+cu124")
    assert everything(tmp_path, "EG305") == []


def test_a_pin_of_the_family_that_is_not_met(tmp_path: Path) -> None:
    install_torch(tmp_path)
    vision(tmp_path, "0.18.0+cu121", ("torch (==2.3.0)",))
    (found,) = seen(tmp_path, "EG305")
    assert (found.kind, found.package, found.part) == ("incompatible", "torchvision", "family")
    assert (found.locked, found.installed) == ("torch==2.3.0", "torch 2.5.0")
    assert found.evidence[0] == "torchvision 0.18.0 has Requires-Dist: torch (==2.3.0)"
    assert any("accepts another minor version" in line for line in found.evidence)  # said in the same breath
    with opened(tmp_path) as natives:  # and by nobody else
        assert not [each for each in requirements.observe(natives) if "torch" in each.locked]


def test_torch_is_not_there(tmp_path: Path) -> None:
    vision(tmp_path)
    (found,) = seen(tmp_path, "EG305")
    assert (found.kind, found.locked, found.installed) == ("incompatible", "torch==2.5.0", "")


@pytest.mark.parametrize(
    "requirement", ["torch==2.5.0; sys_platform == 'nowhere'", "torch>=2.4", "torch==2.5.*", "torch!"]
)
def test_a_pin_that_is_met_or_does_not_apply(tmp_path: Path, requirement: str) -> None:
    install_torch(tmp_path)
    vision(tmp_path, requires=(requirement, "torchmetrics==0.1"))
    assert everything(tmp_path, "EG305") == []


@pytest.mark.parametrize(
    ("torch", "companion", "kind"),
    [
        (("2.5.0+cu124", "12.4", None), "0.20.0+cu118", "incompatible"),
        (("2.5.0+cu124", "12.4", None), "0.20.0+cu121", "noted"),
        (("2.5.0+cpu", None, None), "0.20.0+cu124", "incompatible"),
        (("2.5.0+cu124", "12.4", None), "0.20.0+cpu", "doubtful"),
        (("2.5.0+rocm6.1", None, "6.1.4"), "0.20.0+cu124", "incompatible"),
        (("2.5.0+cu124", "12.4", None), "0.20.0+rocm6.1", "incompatible"),
        (("2.5.0+rocm6.1", None, "6.1.4"), "0.20.0+rocm6.1", ""),
        (("2.5.0", "12.4", None), "0.20.0+cu124", ""),
        (("2.5.0+cpu", None, None), "0.20.0+cpu", ""),
        (("2.5.0", "12.4", None), "0.20.0a0+afc54f7", ""),
    ],
)
def test_one_build(tmp_path: Path, torch: tuple[str, str | None, str | None], companion: str, kind: str) -> None:
    version, cuda, hip = torch
    install_torch(tmp_path, version, cuda, hip)
    vision(tmp_path, companion)
    found = everything(tmp_path, "EG305")
    assert [each.kind for each in found] == ([kind] if kind else [])


def test_torchaudio_compares_the_minor_version_too(tmp_path: Path) -> None:
    install_torch(tmp_path)
    audio(tmp_path, "2.5.0+cu121")
    (found,) = seen(tmp_path, "EG305")
    assert (found.kind, found.package) == ("incompatible", "torchaudio")
    assert "CUDA 12.1" in found.installed
