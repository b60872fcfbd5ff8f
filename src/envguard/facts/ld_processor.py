"""Folders for better processors, into which the loader looks before the plain folder.

Since glibc 2.33 these are ``glibc-hwcaps/x86-64-v3`` and the like. Until 2.36 there were the older ones as well, such
as ``tls``, ``haswell`` or ``x86_64``, in every combination (elf/dl-hwcaps.c, sysdeps/x86/cpu-features.c).
"""

from typing import NamedTuple

_X86_64, _AARCH64 = 62, 183
_LEVELS = (
    ("x86-64-v2", ("cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3")),
    ("x86-64-v3", ("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave")),
    ("x86-64-v4", ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")),
)
"""Each level and the processor's flags that it needs beside those of the one before (x86-64 psABI, in the spelling of
/proc/cpuinfo)."""
_HASWELL = frozenset({"avx2", "bmi1", "bmi2", "abm", "movbe", "popcnt"})
_AVX512_1 = frozenset({"avx512cd", "avx512bw", "avx512dq", "avx512vl"})
_PLATFORMS = {3: "i686", 21: "ppc64le", 22: "s390x", 40: "v7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
"""e_machine to AT_PLATFORM."""


class Processor(NamedTuple):
    """What the loader makes of this machine's processor."""

    platform: str
    """What ``$PLATFORM`` stands for."""
    levels: tuple[str, ...]
    """Names of the glibc-hwcaps folders that it may use, best first."""
    capabilities: tuple[str, ...]
    """Names of the older kind of folders, the most significant first."""


def examine(machine: int, cpuinfo: str = "/proc/cpuinfo") -> Processor:
    """The processor of this machine, for programs of a kind.

    Args:
        machine: e_machine of the program.
        cpuinfo: What the kernel says; nothing special is assumed where it cannot be read.
    """
    intel, flags = _read(cpuinfo)
    platform = _PLATFORMS.get(machine, "")
    if machine == _AARCH64:
        return Processor(platform, (), ("atomics",) if "atomics" in flags else ())
    if machine != _X86_64:
        return Processor(platform, (), ())
    capabilities = ["x86_64"]
    if intel and flags >= _AVX512_1 and "avx512er" not in flags:
        capabilities.insert(0, "avx512_1")
    if intel and {"avx512er", "avx512pf"} <= flags:
        platform = "xeon_phi"
    elif intel and flags >= _HASWELL:
        platform = "haswell"
    return Processor(platform, _levels(flags), tuple(capabilities))


def subfolders(processor: Processor, *, hwcaps: bool, legacy: bool) -> tuple[str, ...]:
    """The folders below each folder of a search path, in the order in which the loader looks into them.

    Args:
        processor: What ``examine`` gives.
        hwcaps: The loader knows glibc-hwcaps.
        legacy: It knows the older folders.
    """
    found = [f"glibc-hwcaps/{level}" for level in processor.levels] if hwcaps else []
    if legacy:
        parts = ("tls", *filter(None, (processor.platform,)), *processor.capabilities)
        for number in range(2 ** len(parts) - 1, 0, -1):
            chosen = f"{number:0{len(parts)}b}"
            found.append("/".join(part for part, bit in zip(parts, chosen, strict=True) if bit == "1"))
    return tuple(dict.fromkeys(found))


def _levels(flags: frozenset[str]) -> tuple[str, ...]:
    supported: list[str] = []
    for level, needed in _LEVELS:
        if not flags.issuperset(needed):
            break
        supported.insert(0, level)
    return tuple(supported)


def _read(cpuinfo: str) -> tuple[bool, frozenset[str]]:
    """Whether Intel made it, and its flags, of the first processor that is listed."""
    intel = False
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as lines:
            for line in lines:
                intel = intel or (line.startswith("vendor_id") and "GenuineIntel" in line)
                if line.startswith(("flags", "Features")):
                    return intel, frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return intel, frozenset()
