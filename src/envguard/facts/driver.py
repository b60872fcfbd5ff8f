"""The NVIDIA driver of this machine, and its GPUs, as far as files say so.

Nothing is loaded: the kernel module says its version in ``/proc``, and the driver's library has it in its file name.
NVML, which alone knows what a GPU can do, is asked by ``envguard.facts.nvml``. Unknown stays unknown.

Sources: the NVIDIA Linux driver README, chapters "Installed Components" and "The /proc Interface".
"""

import contextlib
import os
import re

from envguard._value import Value
from envguard.facts import ld_cache, reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION_FILE = "proc/driver/nvidia/version"
GPU_FOLDER = "proc/driver/nvidia/gpus"
LIBRARY = "libcuda.so.1"
"""The part of the driver that CUDA programs load; a link to a file that is named after the driver's version."""
DEFAULT_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/lib64",
    "/usr/lib",
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
)
"""Where it lies on distributions, in WSL, and where container runtimes put it."""
LIMIT = 1 << 14
"""Bytes of a file below /proc/driver/nvidia; they have some hundred."""
GPUS = 1024
"""GPUs of one machine that are listed."""

_MODULE = re.compile(r"^NVRM version:.*?\s(\d{1,4}(?:\.\d{1,4}){1,3})(?=\s|$)", re.ASCII | re.MULTILINE)
_OF_LIBRARY = re.compile(r"libcuda\.so\.(\d{2,4}(?:\.\d{1,4}){1,3})", re.ASCII)
_MODEL = re.compile(r"^Model:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_LINKS = 8
_TEGRA_BELOW = 100
"""Drivers of Jetson boards are numbered after their board support package (35.3.1): another numbering."""


class Gpu(Value):
    """One GPU."""

    name: str = ""
    capability: "tuple[int, int] | None" = None
    """Compute capability, such as (9, 0); None is unknown."""

    @property
    def architecture(self) -> "int | None":
        """90 for compute capability 9.0: the number in sm_90."""
        return None if self.capability is None else self.capability[0] * 10 + self.capability[1]


class Driver(Value):
    """What is known of the driver."""

    kernel: str = ""
    """Version of the kernel module, such as ``550.54.15``."""
    library: str = ""
    """Version of libcuda.so.1. It is newer than the kernel module where a forward-compatibility package is in use."""
    cuda: str = ""
    """The newest CUDA that the driver knows, such as ``12.4``; only NVML says it."""
    present: bool = False
    """Something of a driver was found, whether or not its version is known."""
    gpus: tuple[Gpu, ...] = ()
    sources: tuple[str, ...] = ()
    """Where the facts come from."""
    why: str = ""
    """Why the version, or what the GPUs can do, is not known."""

    @property
    def version(self) -> str:
        """The version that decides what runs: the newer of the two, empty where neither is known."""
        return max(self.kernel, self.library, key=numbers)

    @property
    def comparable(self) -> bool:
        """True where the version is of the numbering that NVIDIA's tables speak of."""
        found = numbers(self.version)
        return bool(found) and found[0] >= _TEGRA_BELOW


def numbers(version: str) -> tuple[int, ...]:
    """``550.54.15`` as numbers that can be compared; empty for what is no version."""
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isascii() and part.isdigit() for part in parts) else ()


def read(root: str = "/", *, library_path: str = "") -> Driver:
    """What the files of this machine say of its driver.

    Args:
        root: The folder that stands for ``/``.
        library_path: LD_LIBRARY_PATH of the process that is judged.
    """
    kernel, module = _kernel(root)
    where, target = _library(root, library_path)
    named = _OF_LIBRARY.fullmatch(os.path.basename(target))
    gpus = tuple(_gpus(root))
    sources = [f"/{VERSION_FILE}"] if kernel else []
    sources += [where] if named else []
    sources += [f"/{GPU_FOLDER}"] if gpus else []
    driver = Driver(
        kernel=kernel,
        library=named.group(1) if named else "",
        present=module or bool(target) or bool(gpus),
        gpus=gpus,
        sources=tuple(sources),
    )
    return driver.replace(why=_why_unknown(driver, module, where))


def _why_unknown(driver: Driver, module: bool, where: str) -> str:
    if not driver.present:
        return f"no NVIDIA driver here: neither /{VERSION_FILE} nor {LIBRARY} was found"
    if driver.version:
        return ""
    told = [f"/{VERSION_FILE} names no version"] if module else []
    return " and ".join([*told, *([f"{where} is no link to a file that is named after a version"] if where else [])])


def _kernel(root: str) -> tuple[str, bool]:
    """Version of the kernel module, and whether it is there.

    ``NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar ...``, or, since 515,
    ``NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build ...``.
    """
    text = _text(os.path.join(root, VERSION_FILE))
    if text is None:
        return "", False
    found = _MODULE.search(text)
    return (found.group(1) if found else ""), True


def _library(root: str, library_path: str) -> tuple[str, str]:
    """Where libcuda.so.1 was found, and the file that it leads to; both empty where there is none."""
    for candidate in _candidates(root, library_path):
        target = _followed(root, candidate)
        if target:
            return candidate, target
    return "", ""


def _candidates(root: str, library_path: str) -> "Iterator[str]":
    """In the loader's order: LD_LIBRARY_PATH, its cache, the folders that it knows."""
    for folder in re.split("[:;]", library_path):
        if folder.startswith("/"):
            yield f"{folder.rstrip('/')}/{LIBRARY}"
    with contextlib.suppress(ld_cache.CacheError):  # the loader goes on without it, too
        yield from ld_cache.read(os.path.join(root, "etc/ld.so.cache")).get(LIBRARY, ())
    for folder in DEFAULT_FOLDERS:
        yield f"{folder}/{LIBRARY}"


def _followed(root: str, path: str) -> str:
    """Where links lead from ``path``, with ``root`` for ``/``; empty where nothing is at the end of them.

    An empty file is a place that a container image keeps for the driver of the machine that it will run on.
    """
    for _ in range(_LINKS):
        real = os.path.join(root, path.lstrip("/"))
        try:
            if not os.path.islink(real):
                return path if os.path.getsize(real) else ""
            path = os.path.join(os.path.dirname(path), os.readlink(real))
        except (OSError, ValueError):  # ValueError: a NUL in LD_LIBRARY_PATH's folder
            return ""
    return ""


def _gpus(root: str) -> "Iterator[Gpu]":
    """The GPUs by name; what they can do is not said there."""
    folder = os.path.join(root, GPU_FOLDER)
    try:
        buses = sorted(os.listdir(folder))[:GPUS]
    except OSError:  # no driver, or one that does not say
        return
    for bus in buses:
        text = _text(os.path.join(folder, bus, "information"))
        found = _MODEL.search(text) if text is not None else None
        yield Gpu(name=found.group(1)[:100] if found else "")


def _text(path: str) -> "str | None":
    try:
        return reading.read(path, LIMIT).decode("utf-8", "replace")
    except reading.ReadFailure:
        return None
