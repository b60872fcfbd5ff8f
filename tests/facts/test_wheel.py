"""Tags and traits: only what was shown is stated."""

import pytest
from hypothesis import given, strategies as st
from packaging.tags import parse_tag

from envguard.facts import evidence, wheel

HEAD = "Wheel-Version: 1.0\nGenerator: bdist_wheel\nRoot-Is-Purelib: {}\n"
ANY = ("py3-none-any",)
LINUX = ("cp311-cp311-manylinux_2_17_x86_64",)


def test_tags_are_expanded_and_sorted() -> None:
    text = HEAD.format("false") + "Tag: cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64\r\nTag: cp310-abi3-any\n"
    assert wheel.tags(text.encode()) == (
        "cp310-abi3-any",
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64",
    )


@given(st.from_regex(r"\A(py2\.py3|cp31[0-3])-(none|abi3|cp311\.abi3)-(any|linux_x86_64\.win32)\Z"))
def test_tags_agree_with_packaging(tag: str) -> None:
    assert set(wheel.tags(f"Tag: {tag}\n".encode())) == {str(each) for each in parse_tag(tag)}


def test_a_wheel_file_without_a_tag() -> None:
    for data in (b"", b"\xff\xfe", b"Tag:\n", b"Tag: py3-none\n", b"Tag: a-b-c-d\n", b"Tag: \x1b-b-c\n"):
        assert wheel.tags(data) == ()


def test_a_hostile_tag_set_is_not_expanded() -> None:
    part = ".".join(f"a{number}" for number in range(1000))
    assert wheel.tags(f"Tag: {part}-{part}-{part}\n".encode()) == ()


@pytest.mark.parametrize(("said", "pure"), [("true", True), ("False", False), ("perhaps", None)])
def test_root_is_purelib(said: str, pure: bool | None) -> None:
    assert wheel.root_is_purelib(HEAD.format(said).encode()) is pure
    assert wheel.root_is_purelib(b"") is None


@pytest.mark.parametrize(
    ("tags", "paths", "purelib", "expected"),
    [
        (ANY, ["six.py"], True, {"pure"}),
        (ANY, ["six.py"], False, {"pure"}),
        (ANY, ["a/_x.cpython-311-x86_64-linux-gnu.so"], True, {"native"}),
        (LINUX, ["a.py"], True, {"native"}),
        (("py3-none-manylinux_2_17_x86_64",), ["../../../bin/ninja"], True, {"native"}),
        ((), ["a.py"], True, {"pure"}),
        ((), ["a.py"], False, set()),
        ((), ["a.py"], None, set()),
        (ANY, [], True, set()),
        ((), ["lib/libfoo.so.12.1"], None, {"native"}),
        ((), ["x.pyd"], None, {"native"}),
        (ANY, ["notes.some", "x.so.py", "so"], True, {"pure"}),
        (("cp38-abi3-manylinux_2_17_x86_64",), ["a/_x.abi3.so"], False, {"native", "abi3"}),
        (("cp38-abi3-manylinux_2_17_x86_64",), ["a/_x.so"], False, {"native", "abi3"}),
        (LINUX, ["a/_x.abi3.so"], False, {"native", "abi3"}),
        (LINUX, ["a/_x.abi3.so", "a/_y.cpython-311-x86_64-linux-gnu.so"], False, {"native"}),
    ],
)
def test_pure_native_and_abi3(
    tags: tuple[str, ...], paths: list[str], purelib: bool | None, expected: set[str]
) -> None:
    found = set(wheel.traits("demo", "1.0", tags, paths, purelib=purelib))
    assert found & {"pure", "native", "abi3"} == expected


def test_names_of_cuda_families() -> None:
    cuda = "nvidia-cublas nvidia-cudnn-cu12 nvidia-dali-cuda120 cuda-bindings cuda-toolkit cupy-cuda12x faiss-gpu-cu12"
    for name in (*cuda.split(), "jax-cuda12-plugin", "onnxruntime-gpu", "tensorflow-gpu"):
        assert "cuda" in wheel.traits(name, "1.0"), name


def test_names_that_only_look_so() -> None:
    for name in ("nvidia-ml-py", "onnxruntime", "torch", "cupboard", "barracuda", "circuit-cut", "my-gpu", "ecu12"):
        assert "cuda" not in wheel.traits(name, "1.0"), name


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.5.0+cu124", True),
        ("2.5.0+CU118", True),
        ("1.0+pt25.cu121", True),
        ("1.0+pt2-cu121", True),
        ("2.5.0+cpu", False),
        ("2.5.0", False),
        ("1.0+cut", False),
        ("1.0+focus12", False),
    ],
)
def test_local_labels(version: str, expected: bool) -> None:
    assert ("cuda" in wheel.traits("torch", version)) is expected


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("nvidia-cublas-cu12==12.4.5.8", True),
        ('nvidia_cublas_cu12 (>=1) ; platform_machine == "x86_64"', True),
        ('nvidia-cublas-cu12==12.4.5.8; platform_machine == "sparc"', False),
        ('nvidia-cublas-cu12; extra == "cuda"', False),
        ("cuda-toolkit[cublas]>=13", True),
        ("nvidia-ml-py>=12", False),
        ("numpy", False),
        ("nvidia-cublas; this is no marker", False),
        ("", False),
        ("nvidia-cublas; " + "(" * 100_000, False),
    ],
)
def test_requirements(requirement: str, expected: bool) -> None:
    found = wheel.traits("torch", "2.5.0", requires=[requirement], environment={"platform_machine": "x86_64"})
    assert ("cuda" in found) is expected


def test_code_startup_and_editable() -> None:
    paths = ["demo/__init__.py", "demo.pth", "../../../bin/demo.py"]
    assert wheel.traits("demo", "1.0", ANY, paths, editable=True) == ("code", "editable", "pure", "startup")
    assert wheel.traits("demo", "1.0", ANY, ["demo/data.pth", "../../../bin/demo.py"]) == ("pure",)


def test_every_trait_is_explained() -> None:
    paths = ["a/_x.abi3.so", "b.pth"]
    shown = {
        *wheel.traits("nvidia-x", "1", LINUX, paths, editable=True),
        *wheel.traits("demo", "1", ANY, ["x.py"]),
    }
    assert shown | set(evidence.ONLY_BYTES_PROVE) == set(wheel.TRAITS)
