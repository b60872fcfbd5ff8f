"""Names of C++ symbols, against c++filt."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from envguard.facts.elf import Elf
from envguard.facts.mangled import readable

LIBRARIES = ("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib64/libstdc++.so.6")
OPERATOR = re.compile(r"(operator(?:<<=?|>>=?|<=>?|>=|->\*?|<|>))")


def without_templates(name: str) -> str:
    """Leave out what stands in angle brackets, which is not told."""
    told, depth = "", 0
    for part in OPERATOR.split(name):
        if OPERATOR.fullmatch(part):
            told += part if depth == 0 else ""
            continue
        for character in part:
            depth += (character == "<") - (character == ">")
            told += character if depth == 0 and character != ">" else ""
    return re.sub(r"(?: const| volatile|&)+$", "", told).strip()


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("_ZN5torch3jit11parseSchemaERKSs", "torch::jit::parseSchema"),
        ("_ZN3c1015SmallVectorBaseIjE8grow_podEPvmm", "c10::SmallVectorBase::grow_pod"),
        ("_ZNK3c1010TensorImpl20is_contiguous_tensorEv", "c10::TensorImpl::is_contiguous_tensor"),
        ("_ZN2at6TensorC1ERKS0_", "at::Tensor::Tensor"),
        ("_ZN2at6TensorD0Ev", "at::Tensor::~Tensor"),
        ("_ZTVN10__cxxabiv117__class_type_infoE", "vtable for __cxxabiv1::__class_type_info"),
        ("_ZSt4cout", "std::cout"),
        ("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo"),
        ("_Z3foov", "foo"),
        ("zmq_curve_public", ""),
        ("_Z", ""),
        ("_ZN", ""),
        ("_ZN3c10", ""),
        ("_ZN99999999999999999999foo", ""),
        ("_ZNI", ""),
        ("_Z\x00\udc80", ""),
        ("_ZN" + "I" * 3000, ""),
        ("_ZN1a" + "9" * 6000, ""),
    ],
)
def test_the_name_of_a_symbol(symbol: str, name: str) -> None:
    assert readable(symbol) == name


@pytest.mark.skipif(shutil.which("c++filt") is None, reason="no c++filt")
def test_every_name_of_the_c_plus_plus_library() -> None:
    path = next((each for each in LIBRARIES if Path(each).exists()), None)
    if path is None:
        pytest.skip("no C++ library")
    symbols = sorted({name.decode() for name in Elf.open(path).exported() if name.startswith(b"_Z")})
    done = subprocess.run(["c++filt", "-p"], input="\n".join(symbols), capture_output=True, text=True, check=True)
    told = {symbol: readable(symbol) for symbol in symbols}
    for symbol, full in zip(symbols, done.stdout.splitlines(), strict=True):
        if not told[symbol] or any(short in symbol for short in ("Ss", "Si", "So", "Sd")):
            continue  # c++filt spells std::string out
        expected = without_templates(full)
        assert expected == told[symbol] or expected.endswith(f" {told[symbol]}"), (symbol, full)
    assert sum(map(bool, told.values())) > 0.9 * len(symbols)
