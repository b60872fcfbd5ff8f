"""What torch says of itself, read as text."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from envguard.facts import variant

NEW = """from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '{version}'
debug = False
cuda: Optional[str] = {cuda}
git_version = 'cf30153c4c131c8164ee7798e5022d810682e2cb'
hip: Optional[str] = {hip}
rocm: Optional[str] = None
xpu: Optional[str] = {xpu}
"""


@pytest.mark.parametrize(
    ("version", "cuda", "hip", "xpu", "expected"),
    [
        ("2.13.0+cpu", None, None, None, "cpu"),
        ("2.13.0", None, None, None, "cpu"),
        ("2.5.0+cu124", "12.4", None, None, "cu124"),
        ("2.5.0", "12.4", None, None, "cu124"),
        ("2.5.0", "12.4.1", None, None, "cu124"),
        ("2.5.0+cpu", "12.4", None, None, "cu124"),
        ("2.5.0+rocm6.1", None, "6.1.40091-a8dbc0c19", None, "rocm6.1"),
        ("2.5.0+xpu", None, None, "20240100", "xpu"),
    ],
)
def test_the_form_of_today(version: str, cuda: str | None, hip: str | None, xpu: str | None, expected: str) -> None:
    source = NEW.format(version=version, cuda=repr(cuda), hip=repr(hip), xpu=repr(xpu))
    assert variant.from_source(source.encode()) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("__version__ = '1.13.1'\ncuda = '11.7'\nhip = None\n", "cu117"),
        ("__version__ = '2.5.0.post101'\ncuda = None\nhip = None\n", "cpu"),
        ("__version__ = '0.20.0+cu124'\nfrom torchvision.extension import _check_cuda_version\n", "cu124"),
        ("__version__ = '0.20.0'\nif True:\n    cuda = 1\n", None),
        ("__version__ = '0.20.0+git1234'\n", None),
        ("cuda = compute()\n", None),
        ("cuda = '11.8'\ncuda = None\n", "cpu"),
        ("cuda = ''\n__version__ = '1.0+cpu'\n", "cpu"),
        ("cuda = '12.4; rm -rf'\n", None),
        ("cuda: str\n", None),
        ("", None),
        ("def broken(:\n", None),
        ("x = '\\d'\ncuda = None\n", "cpu"),
        ("a\0b", None),
        ("(" * 5000, None),
    ],
)
def test_other_forms(source: str, expected: str | None) -> None:
    assert variant.from_source(source.encode()) == expected


def test_installed_packages(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text("__version__ = '2.5.0'\ncuda = '12.4'\nraise SystemExit\n")
    assert variant.of_torch(str(tmp_path)) == "cu124"
    assert variant.of("torch", str(tmp_path)) == "cu124"
    assert variant.of("torchvision", str(tmp_path)) is None
    assert variant.of("numpy", str(tmp_path)) is None
    (tmp_path / "torch" / "version.py").write_text("#" * (variant.SIZE_LIMIT + 1))
    assert variant.of_torch(str(tmp_path)) is None


@given(st.binary(max_size=200))
def test_any_bytes_give_a_variant_or_none(source: bytes) -> None:
    assert variant.from_source(source) is None
