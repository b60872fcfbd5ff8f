"""GPU architectures in device code, against what nvcc was asked for, and against anything at all."""

import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from envguard.facts import fatbin
from envguard.facts.elf import Elf

SOURCE = "__global__ void twice(float *x) { x[threadIdx.x] *= 2; }\nvoid run(float *x) { twice<<<1, 1>>>(x); }\n"


def entry(kind: int, architecture: int, payload: bytes = b"\0" * 24) -> bytes:
    head = struct.pack("<HHIQ", kind, 0x101, 64, len(payload)) + bytes(12) + struct.pack("<I", architecture)
    return head.ljust(64, b"\0") + payload


def container(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return struct.pack("<IHHQ", fatbin.MAGIC, 1, 16, len(body)) + body


def test_machine_code_and_ptx_of_several_containers() -> None:
    first = container(entry(2, 80), entry(2, 90), entry(1, 90))
    second = container(entry(2, 75), entry(16, 99))
    found = fatbin.of_sections([first + bytes(8) + second])
    assert found == fatbin.Architectures(sass=frozenset({75, 80, 90}), ptx=frozenset({90}))
    assert fatbin.of_sections([first, second]) == found


def test_padding_is_passed_over_and_the_rest_is_not_taken_for_nothing() -> None:
    one = container(entry(2, 80))
    assert fatbin.of_sections([one + bytes(4096)]).complete
    assert fatbin.of_sections([one + bytes(4096) + one]).complete
    assert not fatbin.of_sections([one + b"garbage!" * 4096]).complete
    assert not fatbin.of_sections([one + bytes(3 * fatbin.GAP)]).complete
    cut = fatbin.of_sections([one[:-1]])
    assert not cut.complete


@pytest.mark.parametrize("hostile", ["short header", "endless entries", "no progress", "huge"])
def test_hostile_counts_end(hostile: str) -> None:
    data = {
        "short header": struct.pack("<IHHQ", fatbin.MAGIC, 1, 0, 0) * 100_000,
        "endless entries": container(entry(2, 80, b"") * 400_000),
        "no progress": container(struct.pack("<HHIQ", 2, 1, 0, 0) * 100_000),
        "huge": struct.pack("<IHHQ", fatbin.MAGIC, 1, 16, 2**64 - 1) + bytes(64),
    }[hostile]
    begin = time.thread_time()
    assert not fatbin.of_sections([data]).complete
    assert time.thread_time() - begin < 5


@given(st.binary(max_size=400), st.integers(0, 200))
def test_any_bytes_give_an_answer(junk: bytes, at: int) -> None:
    good = container(entry(2, 80), entry(1, 80))
    fatbin.of_sections([junk])
    fatbin.of_sections([good[:at] + junk + good[at:]])


@pytest.mark.slow
def test_what_nvcc_was_asked_for(tmp_path: Path) -> None:
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("no nvcc")
    (tmp_path / "twice.cu").write_text(SOURCE)
    wanted = ("arch=compute_80,code=sm_80", "arch=compute_90,code=[sm_90,compute_90]")
    options = [word for each in wanted for word in ("-gencode", each)]
    command = [nvcc, "-shared", "-Xcompiler", "-fPIC", *options, "-o", "libtwice.so", "twice.cu"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nvcc: {done.stderr[:200]}")
    elf = Elf.open(str(tmp_path / "libtwice.so"))
    found = fatbin.of(elf)
    assert found is not None
    assert {80, 90} <= found.sass
    assert 90 in found.ptx
    assert found.complete
    subprocess.run(["strip", "--strip-all", str(tmp_path / "libtwice.so")], check=True)
    assert fatbin.of(Elf.open(str(tmp_path / "libtwice.so"))) == found


def test_a_library_without_device_code_has_no_architectures() -> None:
    import _json

    assert fatbin.of(Elf.open(_json.__file__)) is None
