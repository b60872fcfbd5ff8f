"""The ELF reader against readelf and pyelftools, on real files."""

import mmap
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from elf_oracles import (
    check_against_pyelftools,
    check_against_readelf,
    interpreter_files,
    system_files,
    system_library,
    wheel_files,
)

from envguard.facts.elf import Elf, ElfError, gnu_hash
from envguard.facts.reading import ReadFailure

pytestmark = pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is the oracle")

SMALL_WHEELS = ("markupsafe==3.0.2", "msgpack==1.1.0", "charset-normalizer==3.4.1")
LARGE_WHEELS = ("numpy", "scipy", "pandas", "lxml", "pyzmq", "cryptography", "pillow", "psycopg-binary", "onnxruntime")


@pytest.fixture(scope="module")
def small_wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return wheel_files(tmp_path_factory.mktemp("small"), *SMALL_WHEELS)


@pytest.fixture
def module() -> Path:
    """A shared object of some kilobytes that is always here."""
    return min((path for path in interpreter_files() if path.suffix == ".so"), key=lambda path: path.stat().st_size)


def sample(small_wheels: list[Path]) -> list[Path]:
    interpreter = interpreter_files()
    named = [system_library(name) for name in ("libc.so.6", "libm.so.6", "libstdc++.so.6", "ld-linux-x86-64.so.2")]
    return [
        *interpreter[:2],
        *interpreter[2::5],
        *(path for path in named if path is not None),
        *system_files()[::40],
        *small_wheels,
    ]


def test_thirty_real_files_read_as_readelf_and_pyelftools_read_them(small_wheels: list[Path]) -> None:
    files = sample(small_wheels)
    assert len(files) >= 30
    counts = [check_against_readelf(path) for path in files]
    for path in files:
        check_against_pyelftools(path)
    assert sum(undefined for undefined, _ in counts) > 1000
    assert sum(defined for _, defined in counts) > 5000


@pytest.mark.slow
def test_two_hundred_real_files_read_as_readelf_and_pyelftools_read_them(tmp_path: Path) -> None:
    wheels = wheel_files(tmp_path, *LARGE_WHEELS)
    files = [*wheels, *interpreter_files(), *system_files()]
    assert len(files) >= 200
    undefined = defined = 0
    for path in files:
        counts = check_against_readelf(path)
        undefined, defined = undefined + counts[0], defined + counts[1]
        if path.stat().st_size < 8 << 20:
            check_against_pyelftools(path)
    print(f"{len(files)} files, {undefined} undefined and {defined} defined symbols")
    assert undefined > 10_000
    assert defined > 10_000


def test_bytes_a_mapping_and_a_member_of_an_archive_read_like_the_file(module: Path, tmp_path: Path) -> None:
    opened = Elf.open(str(module))
    data = module.read_bytes()
    with zipfile.ZipFile(tmp_path / "a.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(module, "a.so")
    with zipfile.ZipFile(tmp_path / "a.whl") as archive:
        member = archive.read("a.so")
    with module.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        for other in (Elf.of(data, "a.so"), Elf.of(member, "a.so"), Elf.of(mapped, "a.so")):
            assert other.undefined() == opened.undefined()
            assert list(other.exported()) == list(opened.exported())
            assert (other.needed, other.version_needs(), other.segments()) == (
                opened.needed,
                opened.version_needs(),
                opened.segments(),
            )
            section, expected = other.section(".text"), opened.section(".text")
            assert section is not None
            assert expected is not None
            assert section == expected
            section.release()


def test_a_known_hash_gives_the_same_answer(module: Path) -> None:
    elf = Elf.open(str(module))
    names = [*elf.exported(), *(reference.name for reference in elf.undefined())]
    assert any(elf.defines(name) for name in names)
    assert [elf.defines(name) for name in names] == [elf.defines(name, hashed=gnu_hash(name)) for name in names]


def test_the_hash_is_the_published_one() -> None:
    assert gnu_hash(b"") == 0x1505
    assert gnu_hash(b"printf") == 0x156B2BB8
    assert gnu_hash(b"exit") == 0x7C967E3F
    assert gnu_hash(b"flapenguin.me") == 0x8AE9F18E


def test_without_section_headers_all_but_sections_is_known(module: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.so"
    data = bytearray(module.read_bytes())
    data[40:48] = bytes(8)  # e_shoff
    data[58:64] = bytes(6)  # e_shentsize, e_shnum, e_shstrndx
    stripped.write_bytes(data)
    before, after = Elf.open(str(module)), Elf.open(str(stripped))
    assert before.section(".text") is not None
    assert after.section(".text") is None
    assert after.undefined() == before.undefined()
    assert after.undefined() != ()
    assert list(after.exported()) == list(before.exported())
    assert after.needed == before.needed


def test_a_section_that_is_not_there_is_none(module: Path) -> None:
    elf = Elf.open(str(module))
    assert elf.section(".nv_fatbin") is None
    assert elf.section(".bss") is None, "it has no bytes in the file"
    assert elf.section(".tex") is None, "a part of a name is not the name"


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (58, b"\x09\0", "section headers of 9 bytes"),
        (40, b"\xff" * 7, "outside the file"),
        (62, b"\xff\xff", ""),  # no section has the names
    ],
)
def test_broken_section_headers_concern_sections_only(module: Path, at: int, value: bytes, why: str) -> None:
    data = module.read_bytes()
    elf = Elf.of(data[:at] + value + data[at + len(value) :], "a.so")
    assert elf.undefined() == Elf.open(str(module)).undefined()
    if why:
        with pytest.raises(ElfError, match=why):
            elf.section(".text")
    else:
        assert elf.section(".text") is None


def test_a_section_that_lies_outside_the_file_is_an_error(module: Path) -> None:
    data = module.read_bytes()
    start = int.from_bytes(data[40:48], "little")
    for at in range(start, len(data) - 40, 64):
        data = data[: at + 32] + b"\xff" * 7 + data[at + 39 :]  # sh_size
    with pytest.raises(ElfError, match="outside the file"):
        Elf.of(data, "a.so").section(".text")


def test_a_section_of_a_large_file_is_mapped_and_lives_as_long_as_its_view(module: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.so"
    large.write_bytes(module.read_bytes())
    os.truncate(large, 17 << 20)
    small, mapped = Elf.open(str(module)).section(".text"), Elf.open(str(large)).section(".text")
    assert small is not None
    assert mapped is not None
    assert mapped.obj.__class__ is mmap.mmap
    assert mapped == small


def test_a_file_that_was_replaced_gives_no_section_of_another(module: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.so"
    shutil.copy(module, path)
    elf = Elf.open(str(path))
    assert elf.section(".text") is not None
    shutil.copy(module, tmp_path / "b.so")
    (tmp_path / "b.so").replace(path)
    with pytest.raises(ReadFailure, match="changed"):
        elf.section(".text")
    path.unlink()
    with pytest.raises(ReadFailure) as caught:
        elf.section(".text")
    assert caught.value.missing


def test_a_file_that_is_truncated_or_gone_after_it_was_opened_still_answers(module: Path, tmp_path: Path) -> None:
    """A mapping would end the process with SIGBUS here."""
    path = tmp_path / "a.so"
    shutil.copy(module, path)
    expected = Elf.open(str(module))
    elf = Elf.open(str(path))
    os.truncate(path, 0)
    assert elf.undefined() == expected.undefined()
    assert all(elf.defines(name) for name in expected.exported())
    path.unlink()
    assert list(elf.exported()) == list(expected.exported())


def test_no_descriptor_stays_open(module: Path) -> None:
    """An environment has more shared objects than a process may have descriptors."""
    before = len(os.listdir("/proc/self/fd"))
    files = [Elf.open(str(module)) for _ in range(100)]
    sections = [elf.section(".text") for elf in files]
    assert len(os.listdir("/proc/self/fd")) == before
    assert all(sections)


def test_closing_gives_the_memory_back_and_ends_the_answers(module: Path) -> None:
    elf = Elf.open(str(module))
    needed = elf.needed
    elf.close()
    elf.close()
    assert elf.needed == needed
    assert elf.segments()
    with pytest.raises(ElfError, match="closed"):
        elf.undefined()
    with pytest.raises(ElfError, match="closed"):
        elf.defines(b"PyInit_math")
    with pytest.raises(ElfError, match="closed"):
        elf.exported()


def test_what_is_not_a_regular_file_is_refused_without_hanging(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.so"
    os.mkfifo(fifo)
    for path in (str(fifo), str(tmp_path), "/dev/zero"):
        with pytest.raises(ReadFailure, match="not a regular file"):
            Elf.open(path)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(ReadFailure) as caught:
        Elf.open(str(tmp_path / "none.so"))
    assert caught.value.missing
    with pytest.raises(ReadFailure, match="null"):
        Elf.open("a\0b")
    (tmp_path / "loop.so").symlink_to("loop.so")
    with pytest.raises(ReadFailure, match="symbolic links"):
        Elf.open(str(tmp_path / "loop.so"))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"PK\3\4" + bytes(100), b"#!/bin/sh\n" * 10, b"\x7fELF" + bytes(60)])
def test_what_is_no_elf_file_says_so(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(data)
    with pytest.raises(ElfError) as caught:
        Elf.open(str(path))
    assert caught.value.why
    with pytest.raises(ElfError):
        Elf.of(data, "a.so")


def test_links_are_followed(module: Path, tmp_path: Path) -> None:
    (tmp_path / "a.so").symlink_to(module)
    elf = Elf.open(str(tmp_path / "a.so"))
    assert elf.path == str(tmp_path / "a.so")
    assert elf.undefined() == Elf.open(str(module)).undefined()


def test_the_reader_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, envguard.facts.elf; print(sorted({'ctypes', 'elftools', 'importlib.metadata'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
