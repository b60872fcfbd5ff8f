"""What a loader and a processor say of themselves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from shared_objects import interpreter_of

from envguard.facts import ld_processor, ld_program
from envguard.facts.ld_folders import expand, split
from envguard.facts.ld_processor import Processor

X86, ARM, RISCV = 62, 183, 243
V2 = "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3"
V3 = f"{V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"


def cpuinfo(folder: Path, flags: str, vendor: str = "AuthenticAMD", name: str = "flags\t\t") -> str:
    path = folder / "cpuinfo"
    path.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\n{name}: {flags}\n\nprocessor\t: 1\nflags\t\t: nothing\n")
    return str(path)


@pytest.mark.parametrize(
    ("flags", "levels"),
    [
        ("fpu", ()),
        (V2, ("x86-64-v2",)),
        (V3, ("x86-64-v3", "x86-64-v2")),
        (V4, ("x86-64-v4", "x86-64-v3", "x86-64-v2")),
        (V4.replace(" avx2", ""), ("x86-64-v2",)),
    ],
)
def test_a_level_needs_all_that_is_below_it(tmp_path: Path, flags: str, levels: tuple[str, ...]) -> None:
    assert ld_processor.examine(X86, cpuinfo(tmp_path, flags)) == Processor("x86_64", levels, ("x86_64",))


def test_intel_s_processors_have_names_of_their_own(tmp_path: Path) -> None:
    intel = "GenuineIntel"
    assert ld_processor.examine(X86, cpuinfo(tmp_path, V2, intel)).platform == "x86_64"
    assert ld_processor.examine(X86, cpuinfo(tmp_path, V3, intel)).platform == "haswell"
    assert ld_processor.examine(X86, cpuinfo(tmp_path, V4, intel)).capabilities == ("avx512_1", "x86_64")
    knights = ld_processor.examine(X86, cpuinfo(tmp_path, f"{V4} avx512er avx512pf", intel))
    assert (knights.platform, knights.capabilities) == ("xeon_phi", ("x86_64",))


def test_other_machines_have_other_folders_or_none(tmp_path: Path) -> None:
    arm = cpuinfo(tmp_path, "fp asimd atomics", name="Features")
    assert ld_processor.examine(ARM, arm) == Processor("aarch64", (), ("atomics",))
    assert ld_processor.examine(RISCV, arm) == Processor("riscv64", (), ())
    assert ld_processor.examine(1234, str(tmp_path / "absent")) == Processor("", (), ())
    assert ld_processor.examine(X86, str(tmp_path / "absent")) == Processor("x86_64", (), ("x86_64",))


def test_the_older_folders_come_in_every_combination_after_the_newer() -> None:
    """As LD_DEBUG=libs of glibc 2.31 prints them."""
    haswell = Processor("haswell", ("x86-64-v3",), ("x86_64",))
    older = ["tls/haswell/x86_64", "tls/haswell", "tls/x86_64", "tls", "haswell/x86_64", "haswell", "x86_64"]
    assert ld_processor.subfolders(haswell, hwcaps=True, legacy=True) == ("glibc-hwcaps/x86-64-v3", *older)
    assert ld_processor.subfolders(haswell, hwcaps=False, legacy=True) == tuple(older)
    assert ld_processor.subfolders(haswell, hwcaps=False, legacy=False) == ()


@pytest.mark.skipif("ld-linux-x86-64" not in interpreter_of(sys.executable), reason="for glibc on x86-64")
def test_this_machine_s_loader_prints_what_was_read_from_it() -> None:
    interp = interpreter_of(sys.executable)
    said = subprocess.run([interp, "--help"], capture_output=True, text=True, check=False).stdout
    if "glibc-hwcaps" not in said:
        pytest.skip("a loader from before glibc 2.33 prints no folders")
    program = ld_program.examine(interp, X86, 64)
    assert program.folders == tuple(re.findall(r"^  (/\S+) \(system search path\)$", said, re.MULTILINE))
    levels = re.findall(r"^  (x86-64-v\d) \(supported, searched\)$", said, re.MULTILINE)
    assert ld_processor.examine(X86).levels == tuple(levels)
    assert program.hwcaps
    assert program.legacy == ("Legacy HWCAP" in said)
    assert program.cache == "/etc/ld.so.cache"


@pytest.mark.parametrize(
    ("data", "folders", "cache", "lib"),
    [
        (b"/lib64/\0/usr/lib64/\0", ("/lib64", "/usr/lib64"), "/etc/ld.so.cache", "lib64"),
        (b"/usr/lib/\0/lib/\0", ("/usr/lib", "/lib"), "/etc/ld.so.cache", "lib"),
        (
            b"/usr/lib/x/\0/nix/store/abc-glibc/lib/\0/nix/store/abc-glibc/lib64/\0/nix/store/abc-glibc/etc/ld.so.cache\0",
            ("/nix/store/abc-glibc/lib", "/nix/store/abc-glibc/lib64"),
            "/nix/store/abc-glibc/etc/ld.so.cache",
            "lib",
        ),
        (b"/proc/\0/sys/\0", ("/lib64", "/usr/lib64", "/lib", "/usr/lib"), "/etc/ld.so.cache", "lib64"),
    ],
)
def test_a_loader_s_own_folders_are_read_from_its_bytes(
    tmp_path: Path, data: bytes, folders: tuple[str, ...], cache: str, lib: str
) -> None:
    path = tmp_path / "ld.so"
    path.write_bytes(b"\x7fELF\0noise\0" + data + b"\0more")
    found = ld_program.examine(str(path), 1234, 64)
    assert (found.folders, found.cache, found.lib) == (folders, cache, lib)
    assert (found.hwcaps, found.legacy) == (False, True)


def test_where_the_loader_cannot_be_read_the_usual_folders_are_taken(tmp_path: Path) -> None:
    usual = ld_program.examine(str(tmp_path / "absent"), ARM, 64)
    assert usual.folders[:2] == ("/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu")
    assert usual.lib == "lib/aarch64-linux-gnu"
    assert "/lib64" in usual.folders
    assert "/lib64" not in ld_program.examine(str(tmp_path / "absent"), 40, 32).folders


def test_tokens_are_replaced_with_and_without_braces_and_nothing_else() -> None:
    def expanded(text: str) -> str:
        return expand(text, origin="/o", lib="lib64", platform="haswell")

    assert expanded("$ORIGIN/../x:${ORIGIN}y:$LIB:${PLATFORM}") == "/o/../x:/oy:lib64:haswell"
    for text in ("$ORIGINAL", "${ORIGIN", "$origin", "$$", "ORIGIN", "${HOME}", "$LIB_"):
        assert expanded(text) == text


def test_search_paths_are_split_as_the_loader_does() -> None:
    assert split("") == ()
    assert split("/a::/b:/a:") == ("/a", ".", "/b")
    assert split("/a;/b:/c") == ("/a;/b", "/c")
    assert split("/a;/b:/c", ":;") == ("/a", "/b", "/c")
