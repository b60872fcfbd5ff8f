"""The constants that show for which NumPy a file was built, wherever they lie in it."""

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from native_places import add, new_venv

from envguard.facts import evidence, numpy_sign
from envguard.facts.elf import Elf, ElfError
from envguard.facts.numpy_sign import Sign
from envguard.facts.reading import ReadFailure

BY_HAND = b"numpy.core._multiarray_umath\0_ARRAY_API\0_ARRAY_API is not PyCapsule object\0"
BY_CYTHON = (
    b"numpy.core.multiarray failed to import\0flatiter\0"
    b"%.200s.%.200s size changed, may indicate binary incompatibility\0"
)
READY = b"numpy._core._multiarray_umath\0" + BY_HAND
FLOOR = b"module was compiled against NumPy C-API version 0x%x (NumPy 1.23) but the running NumPy has\0"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (BY_HAND, Sign("np1-eager")),
        (BY_HAND.replace(b"_ARRAY_", b"_UFUNC_"), Sign("np1-eager")),
        (BY_CYTHON, Sign("np1-eager")),
        (BY_CYTHON.replace(b"flatiter", b""), None),
        (BY_HAND.replace(b" is not PyCapsule", b""), Sign("np1-lazy")),
        (READY, Sign("np2-ready")),
        (READY + FLOOR, Sign("np2-ready", "1.23")),
        (BY_HAND + FLOOR, Sign("np1-eager", "1.23")),
        (READY + FLOOR.replace(b"1.23", b"9" * 40), Sign("np2-ready")),
        (b"_ARRAY_API\0_ARRAY_API is not PyCapsule object", None),
        (b"numpy.core", None),
        (b"", None),
    ],
)
def test_signs(data: bytes, expected: Sign | None) -> None:
    assert numpy_sign.read(lambda: iter([data])) == expected


def test_a_text_across_two_pieces_is_seen() -> None:
    size = numpy_sign._CHUNK
    for shift in range(len(BY_HAND) + 2):
        data = memoryview(b"x" * (size - shift) + BY_HAND)

        def pieces(data: memoryview = data) -> Iterator[bytes]:
            return numpy_sign._windows(data)

        assert numpy_sign.read(pieces) == Sign("np1-eager")


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sign")
    add(new_venv(folder), "fast-histogram==0.12", target=folder / "site")
    return folder / "site" / "fast_histogram" / "_histogram_core.abi3.so"


def sign_of(path: Path) -> Sign | None:
    elf = Elf.open(str(path))
    assert numpy_sign.may_use_numpy(elf.undefined())
    return numpy_sign.of(elf)


def test_a_file_without_section_headers_tells_the_same(module: Path, tmp_path: Path) -> None:
    data = bytearray(module.read_bytes())
    struct.pack_into("<Q", data, 0x28, 0)  # e_shoff
    struct.pack_into("<HHH", data, 0x3A, 0, 0, 0)  # e_shentsize, e_shnum, e_shstrndx
    stripped = tmp_path / module.name
    stripped.write_bytes(data)
    elf = Elf.open(str(stripped))
    assert elf.section(".rodata") is None
    assert sign_of(stripped) == sign_of(module) == Sign("np1-eager")


def test_a_sign_of_numpy_2_elsewhere_in_the_file_counts(module: Path, tmp_path: Path) -> None:
    data = module.read_bytes()
    elf = Elf.open(str(module))
    rodata = elf.section(".rodata")
    assert rodata is not None
    start = data.index(bytes(rodata))
    # Some other text that is loaded and is no constant: a string of the symbol table.
    at = data.index(b"PyCapsule_")
    assert not start <= at < start + len(rodata)
    changed = tmp_path / module.name
    changed.write_bytes(data[:at] + b"numpy._core" + data[at + 11 :])
    assert numpy_sign.of(Elf.open(str(changed))) == Sign("np2-ready")


def test_what_is_gone_is_an_error_of_reading(module: Path, tmp_path: Path) -> None:
    copy = tmp_path / module.name
    copy.write_bytes(module.read_bytes())
    elf = Elf.open(str(copy))
    copy.unlink()
    with pytest.raises(ReadFailure):
        numpy_sign.of(elf)


def test_damaged_files_give_facts_or_an_error(module: Path, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    original = module.read_bytes()
    path = tmp_path / module.name
    for _ in range(300):
        data = bytearray(original)
        for _ in range(chance.randrange(1, 20)):
            data[chance.choice((chance.randrange(len(data)), chance.randrange(0x400)))] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(len(data))] if chance.random() < 0.2 else data)
        try:
            elf = Elf.open(str(path))
            evidence.facts_of(elf, "x.so")
            list(numpy_sign._loaded(elf))
        except (ElfError, ReadFailure):
            continue
