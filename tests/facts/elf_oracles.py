"""What readelf and pyelftools say of a shared object, as ``envguard.facts.elf`` says it; and files to ask about."""

import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection
from elftools.elf.segments import InterpSegment

from envguard.facts.elf import Elf, ElfError, VersionNeed
from support import run

_WORD = r"(?:<(?:OS|processor) specific>: \d+|\S+)"
"""Readelf names an indirect function and a unique symbol only where EI_OSABI says GNU; ld.so does not look at that."""
_SYMBOL = re.compile(
    rf"^ *\d+: +[0-9a-f]+ +(?:\d+|0x[0-9a-f]+) (?P<type>{_WORD}) +(?P<bind>{_WORD}) +(?P<vis>\S+)(?: +\[[^]]*\])* +"
    rf"(?P<section>\S+) (?P<name>\S+)(?: \(\d+\))?$"
)
_ENTRY = re.compile(r"^ 0x[0-9a-f]+ \((?P<tag>[A-Z0-9_]+)\) +.*\[(?P<value>.*)\]$")
SYSTEM_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")


class Symbols(NamedTuple):
    """The dynamic symbols of a file by ``readelf --dyn-syms``."""

    undefined: set[tuple[bytes, str | None, bool]]
    """Name, version, weak."""
    defined: set[tuple[bytes, str | None, bool]]
    """Name, version, default version."""


def readelf(path: Path, *options: str) -> str:
    done = subprocess.run(["readelf", "-W", *options, str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "surrogateescape")


def symbols(path: Path, *options: str) -> Symbols:
    """Symbols by readelf, of the section or, with ``-D -s``, of the dynamic entries."""
    found = Symbols(set(), set())
    for line in readelf(path, *(options or ("--dyn-syms",))).splitlines():
        match = _SYMBOL.match(line)
        if match is None or match["bind"] == "LOCAL":
            continue
        name, at, version = match["name"].partition("@")
        if match["section"] == "UND":
            found.undefined.add((name.encode("utf-8", "surrogateescape"), version or None, match["bind"] == "WEAK"))
        elif match["vis"] not in {"HIDDEN", "INTERNAL"} and match["type"] not in {"SECTION", "FILE"}:
            default = not at or version.startswith("@")
            found.defined.add((name.encode("utf-8", "surrogateescape"), version.lstrip("@") or None, default))
    return found


def entries(path: Path) -> dict[str, list[str]]:
    """NEEDED, SONAME, RPATH and RUNPATH by ``readelf -d``."""
    found: dict[str, list[str]] = {}
    for line in readelf(path, "-d").splitlines():
        match = _ENTRY.match(line)
        if match is not None:
            found.setdefault(match["tag"], []).append(match["value"])
    return found


def check_against_readelf(path: Path, *options: str) -> tuple[int, int]:
    """Assert that undefined symbols are equal and that every definition is found; returns how many of each."""
    elf, oracle = Elf.open(str(path)), symbols(path, *options)
    undefined = elf.undefined()
    assert {(name, version, weak) for name, version, _, weak in undefined} == oracle.undefined, path
    missed = [
        (name, version)
        for name, version, default in oracle.defined
        if not elf.defines(name, version) or (default and not elf.defines(name))
    ]
    assert missed == [], path
    defined = {name for name, _, _ in oracle.defined}
    invented = [name for name, _, _ in oracle.undefined if name not in defined and elf.defines(name)]
    assert invented == [], path
    assert set(elf.exported()) == defined, path
    wrong = [name for name, version, _ in oracle.defined if version and elf.defines(name, version + "_of_nobody")]
    assert wrong == [], path
    listed = entries(path)
    assert list(elf.needed) == listed.get("NEEDED", [])
    for tag, value in (("SONAME", elf.soname), ("RPATH", elf.rpath), ("RUNPATH", elf.runpath)):
        assert listed.get(tag, []) == ([] if value is None else [value]), path
    return len(oracle.undefined), len(oracle.defined)


def check_against_pyelftools(path: Path) -> None:
    """Assert that head, segments and versions are those of pyelftools."""
    elf = Elf.open(str(path))
    with path.open("rb") as file:
        other = ELFFile(file)
        assert (elf.bits, elf.little) == (other.elfclass, other.little_endian), path
        assert (elf.machine, elf.kind) == _numbers(file), path
        loads = [part.header for part in other.iter_segments("PT_LOAD")]
        assert [tuple(part) for part in elf.segments()] == [
            (part.p_vaddr, part.p_offset, part.p_filesz, part.p_flags) for part in loads
        ], path
        interp = [part.get_interp_name() for part in other.iter_segments() if isinstance(part, InterpSegment)]
        assert interp == ([] if elf.interp is None else [elf.interp]), path
        dynamic = next(other.iter_segments("PT_DYNAMIC"), None)
        assert elf.has_dynamic == (dynamic is not None), path
        if isinstance(dynamic, DynamicSegment):
            flags = [tag.entry.d_val for tag in dynamic.iter_tags("DT_FLAGS_1")]
            assert [elf.flags_1] == (flags or [0]), path
        assert list(elf.version_needs()) == list(_needs(other)), path
        assert elf.version_definitions() == frozenset(_definitions(other)), path
        data = other.get_section_by_name(".rodata")
        mine = elf.section(".rodata")
        assert (mine is None) == (data is None), path
        if data is not None and mine is not None:
            assert bytes(mine) == data.data(), path


def _numbers(file: BinaryIO) -> tuple[int, int]:
    """Machine and type, which pyelftools gives as names."""
    file.seek(0)
    head = file.read(20)
    if head[5] == 1:
        return int.from_bytes(head[18:20], "little"), int.from_bytes(head[16:18], "little")
    return int.from_bytes(head[18:20], "big"), int.from_bytes(head[16:18], "big")


def _needs(other: ELFFile) -> Iterator[VersionNeed]:
    for section in other.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for file, versions in section.iter_versions():
                for version in versions:
                    yield VersionNeed(str(file.name), version.name, bool(version.entry.vna_flags & 2))


def _definitions(other: ELFFile) -> Iterator[str]:
    for section in other.iter_sections():
        if isinstance(section, GNUVerDefSection):
            for _, names in section.iter_versions():
                yield next(names).name


def is_shared_object(path: Path) -> bool:
    """Asked of pyelftools, so that a file that ours cannot read is not left out."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def interpreter_files() -> list[Path]:
    """The running interpreter: its executable, libpython and extension modules of the standard library."""
    folder = Path(sysconfig.get_config_var("DESTSHARED") or "")
    library = Path(sysconfig.get_config_var("LIBDIR") or "") / str(sysconfig.get_config_var("INSTSONAME"))
    files = [Path(sys.executable).resolve(), library, *sorted(folder.glob("*.so"))]
    return [path for path in files if is_shared_object(path)]


def system_files() -> list[Path]:
    """Shared libraries of the system, smallest first, each once."""
    found = {path.resolve() for folder in SYSTEM_FOLDERS for path in Path(folder).glob("*/*.so*")}
    return sorted((path for path in found if is_shared_object(path)), key=lambda path: (path.stat().st_size, path))


def system_library(name: str) -> Path | None:
    """A library of the system by its file name."""
    found = [
        path for folder in SYSTEM_FOLDERS for pattern in (name, f"*/{name}") for path in Path(folder).glob(pattern)
    ]
    return next((path for path in found if _opens(path)), None)


def _opens(path: Path) -> bool:
    try:
        return Elf.open(str(path)).bits == 64
    except ElfError:
        return False


def wheel_files(folder: Path, *requirements: str) -> list[Path]:
    """Shared objects of real wheels from the index."""
    command = ("-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder, *requirements)
    done = run(sys.executable, *command, PIP_REQUIRE_VIRTUALENV="0")
    assert done.returncode == 0, done.stderr
    found = []
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if ".so" in member:
                    found.append(Path(archive.extract(member, folder / wheel.stem)))
    return [path for path in found if is_shared_object(path)]
