"""Which wheels an interpreter can install: its compatibility tags, best first (PEP 425, PEP 600, PEP 656)."""

import functools

from envguard.environment.interpreter import running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag

    from envguard.model import Interpreter

_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""Names of platforms from before PEP 600, by the minor version of glibc 2."""
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
"""PEP 513 knew these two machines only; all others begin with glibc 2.17 (PEP 599)."""
_OLDEST_ELSEWHERE = 17
_COMPATIBLE = {"armv8l": ("armv8l", "armv7l")}


@functools.lru_cache(maxsize=4)
def supported(interpreter: "Interpreter | None" = None) -> "tuple[Tag, ...]":
    """The tags that an interpreter accepts, in the order in which an installer prefers them.

    Args:
        interpreter: None is the running one. Tags of another one are computed from its ABI, machine and C library, as
            ``packaging.tags.sys_tags()`` would in a process of its own.
    """
    from packaging import tags

    if interpreter is None or interpreter == running():
        return tuple(tags.sys_tags())
    version = [int(part) for part in interpreter.version.split(".")[:2]]
    platforms = list(_platforms(interpreter))
    if interpreter.implementation == "cpython":
        label = f"cp{version[0]}{version[1]}"
        own = tags.cpython_tags(version, _cpython_abis(interpreter), platforms)
        return (*own, *tags.compatible_tags(version, label, platforms))
    short = {"pypy": "pp"}.get(interpreter.implementation, interpreter.implementation)
    label = f"{short}{version[0]}{version[1]}"
    abi = "_".join(interpreter.soabi.split("-")[:2])
    own = tags.generic_tags(label, [abi], platforms)
    return (*own, *tags.compatible_tags(version, "pp3" if short == "pp" else label, platforms))


def _cpython_abis(interpreter: "Interpreter") -> list[str]:
    """``cpython-313t-x86_64-linux-gnu`` is ``cp313t``; a debug build loads what was built for others too."""
    flags = interpreter.soabi.split("-")[1] if interpreter.soabi.count("-") else ""
    abi = f"cp{flags}"
    return [abi, abi.replace("d", "")] if "d" in flags else [abi]


def _platforms(interpreter: "Interpreter") -> "Iterator[str]":
    if interpreter.system != "linux":
        from packaging import tags

        # What is judged runs on this machine, whatever its version.
        yield from tags.platform_tags()
        return
    machine = _machine(interpreter)
    machines = _COMPATIBLE.get(machine, (machine,))
    library, _space, release = interpreter.libc.partition(" ")
    numbers = [int(part) if part.isdigit() else 0 for part in release.split(".")[:2]]
    major, minor = [*numbers, 0, 0][:2]
    yield from (f"linux_{name}" for name in machines)
    for name in machines:
        if library == "glibc" and major == 2:
            yield from _manylinux(minor, name)
        elif library == "musl":
            yield from (f"musllinux_{major}_{older}_{name}" for older in range(minor, -1, -1))


def _manylinux(minor: int, machine: str) -> "Iterator[str]":
    for older in range(minor, _OLDEST_GLIBC.get(machine, _OLDEST_ELSEWHERE) - 1, -1):
        yield f"manylinux_2_{older}_{machine}"
        if older in _LEGACY:
            yield f"{_LEGACY[older]}_{machine}"


def _machine(interpreter: "Interpreter") -> str:
    """The machine of the process: a 32-bit interpreter on a 64-bit kernel takes 32-bit wheels."""
    if interpreter.machine == "x86_64" and "-i386-" in interpreter.soabi:
        return "i686"
    if interpreter.machine == "aarch64" and "-arm-" in interpreter.soabi:
        return "armv8l"
    return interpreter.machine
