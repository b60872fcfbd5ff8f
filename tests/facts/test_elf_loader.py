"""The ELF reader against the dynamic loader itself, on files that a real compiler and linker made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from elf_oracles import check_against_readelf
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from envguard.facts.elf import Elf, ElfError

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc makes the files"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is the oracle"),
]


def compile_library(path: Path, source: str, *options: str, versions: str = "") -> Path:
    code, script = path.with_suffix(".c"), path.with_suffix(".map")
    code.write_text(source)
    script.write_text(versions)
    script_option = [f"-Wl,--version-script={script}"] if versions else []
    command = ["gcc", "-shared", "-fPIC", "-o", str(path), str(code), *script_option, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


def loads(path: Path) -> tuple[bool, str]:
    """Whether dlopen with RTLD_NOW succeeds, in a process of its own."""
    code = "import ctypes, os, sys; ctypes.CDLL(sys.argv[1], mode=os.RTLD_NOW)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LD_")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, env=environment
    )
    return done.returncode == 0, done.stderr


PLAIN = "int wanted(void) { return 1; }\nint first(void) { return 2; }\nint second(void) { return 3; }\n"
RENAMED = PLAIN.replace("int wanted(", "int impl(")
TWO_VERSIONS = "V1 { global: first; };\nV2 { global: second; } V1;\n"
PROVIDERS = {
    "no versions": (PLAIN, ""),
    "no versions, but needs of them": ("int rand(void);\n" + PLAIN.replace("return 1", "return rand()"), ""),
    "not in any version": (PLAIN, TWO_VERSIONS),
    "default, first version": (PLAIN, TWO_VERSIONS.replace("first;", "first; wanted;")),
    "default, second version": (PLAIN, TWO_VERSIONS.replace("second;", "second; wanted;")),
    "old, first version": (
        RENAMED + '__asm__(".symver impl, wanted@V1");\n',
        TWO_VERSIONS.replace("second;", "second; local: impl;"),
    ),
    "old, second version": (
        RENAMED + '__asm__(".symver impl, wanted@V2");\n',
        TWO_VERSIONS.replace("second;", "second; local: impl;"),
    ),
    "hidden": (PLAIN.replace("int wanted", '__attribute__((visibility("hidden"))) int wanted'), TWO_VERSIONS),
    "protected": (PLAIN.replace("int wanted", '__attribute__((visibility("protected"))) int wanted'), TWO_VERSIONS),
    "weak": (PLAIN.replace("int wanted", "__attribute__((weak)) int wanted"), TWO_VERSIONS),
    "not at all": (PLAIN.replace("wanted", "unwanted"), TWO_VERSIONS),
    "thread-local": (PLAIN.replace("int wanted(void) { return 1; }", "__thread int wanted;"), TWO_VERSIONS),
}


@pytest.fixture(scope="module")
def consumers(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, Path]:
    """Two libraries that want ``wanted``: one without a version, one with V1."""
    folder = tmp_path_factory.mktemp("consumers")
    found: dict[str | None, Path] = {}
    for version, script in ((None, ""), ("V1", PROVIDERS["default, first version"][1])):
        provider = compile_library(folder / "libprovider.so", PLAIN, "-Wl,-soname,libprovider.so", versions=script)
        code = "extern int wanted(void); int consume(void) { return wanted(); }"
        consumer = folder / f"libconsumer{version}.so"
        found[version] = compile_library(consumer, code, str(provider), "-Wl,-rpath,$ORIGIN")
        provider.unlink()
    return found


@pytest.mark.parametrize("style", ["gnu", "sysv"])
@pytest.mark.parametrize("version", [None, "V1"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_definition_is_found_where_the_loader_finds_it(
    provider: str, version: str | None, style: str, consumers: dict[str | None, Path], tmp_path: Path
) -> None:
    source, script = PROVIDERS[provider]
    options = ("-Wl,-soname,libprovider.so", f"-Wl,--hash-style={style}")
    library = compile_library(tmp_path / "libprovider.so", source, *options, versions=script)
    consumer = Path(shutil.copy(consumers[version], tmp_path))
    reference = next(found for found in Elf.open(str(consumer)).undefined() if found.name == b"wanted")
    assert reference.version == version
    assert reference.file == ("libprovider.so" if version else None)
    done, why = loads(consumer)
    if "Assertion" in why:  # the loader's own rule forbids what linkers never make: a library that lost its tables
        assert provider == "no versions"
        return
    assert Elf.open(str(library)).defines(b"wanted", version) == done, why
    assert done or "wanted" in why
    check_against_readelf(library)


@pytest.mark.parametrize("version", [None, "V1"])
def test_a_definition_that_is_marked_local_in_the_version_table_is_still_found(
    version: str | None, consumers: dict[str | None, Path], tmp_path: Path
) -> None:
    source, script = PROVIDERS["default, second version"]
    options = ("-Wl,-soname,libprovider.so", "-Wl,--hash-style=gnu")
    library = compile_library(tmp_path / "libprovider.so", source, *options, versions=script)
    with library.open("rb") as file:
        other = ELFFile(file)
        table, versions = other.get_section_by_name(".dynsym"), other.get_section_by_name(".gnu.version")
        assert isinstance(table, SymbolTableSection)
        assert versions is not None
        names = [symbol.name for symbol in table.iter_symbols()]
        at = versions.header.sh_offset + 2 * names.index("wanted")
    with library.open("r+b") as file:
        file.seek(at)
        file.write(b"\0\0")
    consumer = Path(shutil.copy(consumers[version], tmp_path))
    done, why = loads(consumer)
    assert Elf.open(str(library)).defines(b"wanted", version) == done, why


def test_a_library_that_was_cut_off_is_refused_and_does_not_load(tmp_path: Path) -> None:
    library = compile_library(tmp_path / "a.so", PLAIN)
    assert loads(library)[0]
    end = max(offset + length for _, offset, length, _ in Elf.open(str(library)).segments())
    os.truncate(library, end)
    assert Elf.open(str(library)).defines(b"wanted"), "section headers lie behind all that is loaded"
    assert loads(library)[0]
    os.truncate(library, end - 5000)
    with pytest.raises(ElfError, match="cut off"):
        Elf.open(str(library))
    assert not loads(library)[0]


@pytest.mark.parametrize("style", ["gnu", "sysv", "both"])
def test_a_library_that_exports_nothing_tells_what_it_needs(style: str, tmp_path: Path) -> None:
    code = (
        "extern int nobody(void); extern int anybody(void) __attribute__((weak));\n"
        "__attribute__((constructor)) static void start(void) { nobody(); if (anybody) anybody(); }\n"
    )
    library = compile_library(tmp_path / "a.so", code, f"-Wl,--hash-style={style}", "-nostdlib")
    elf = Elf.open(str(library))
    assert {(reference.name, reference.weak) for reference in elf.undefined()} == {
        (b"nobody", False),
        (b"anybody", True),
    }
    assert list(elf.exported()) == []
    done, why = loads(library)
    assert not done
    assert "nobody" in why
    check_against_readelf(library)


def test_an_executable_asks_for_functions_whose_address_it_gives_itself(tmp_path: Path) -> None:
    code = tmp_path / "main.c"
    code.write_text(
        "#include <stdio.h>\nint (*volatile f)(const char *) = puts; int main(void) { return f != puts; }\n"
    )
    for option in ("-no-pie", "-pie"):
        program = tmp_path / option
        done = subprocess.run(
            ["gcc", option, "-fno-pic", "-O0", "-rdynamic", "-o", str(program), str(code)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            check_against_readelf(program)
            assert b"puts" in {reference.name for reference in Elf.open(str(program)).undefined()}


def test_a_static_executable_and_an_object_file_have_no_dynamic_section(tmp_path: Path) -> None:
    code = tmp_path / "main.c"
    code.write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-c", "-o", str(tmp_path / "main.o"), str(code)], check=True)
    subprocess.run(["gcc", "-nostdlib", "-static", "-o", str(tmp_path / "main"), str(tmp_path / "main.o")], check=True)
    for name, kind in (("main.o", 1), ("main", 2)):
        elf = Elf.open(str(tmp_path / name))
        assert (elf.kind, elf.has_dynamic, elf.needed, elf.undefined()) == (kind, False, (), ())
        assert not elf.defines(b"main")


def test_a_stripped_library_answers_as_before(tmp_path: Path) -> None:
    library = compile_library(tmp_path / "a.so", PLAIN, versions=TWO_VERSIONS)
    before = Elf.open(str(library))
    subprocess.run(["strip", "--strip-all", str(library)], check=True)
    after = Elf.open(str(library))
    assert (after.undefined(), list(after.exported())) == (before.undefined(), list(before.exported()))
    assert after.defines(b"first", "V1")


def test_a_library_of_32_bits(tmp_path: Path) -> None:
    try:
        library = compile_library(
            tmp_path / "a.so",
            PLAIN + "extern int absent(void); int third(void) { return absent(); }",
            "-m32",
            "-nostdlib",
            versions=TWO_VERSIONS,
        )
    except AssertionError as error:
        pytest.skip(f"this gcc makes none: {error!s:.100}")
    elf = Elf.open(str(library))
    assert (elf.bits, elf.machine) == (32, 3)
    assert check_against_readelf(library)[0] == 1
