"""For which accelerator a package was built, in its own words.

The wheel of torch on the index is built for CUDA and its metadata says plain ``2.5.0``; only ``torch/version.py``
says ``2.5.0+cu124``. That file is read as text and never run.
"""

import os
import re

from envguard.facts import constants, reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION_FILES: "Mapping[str, str]" = {
    "torch": "torch/version.py",
    "torchaudio": "torchaudio/version.py",
    "torchvision": "torchvision/version.py",
}
"""Distributions that record what they were built for, and where, relative to site-packages."""

SIZE_LIMIT = 64 << 10
"""Bytes of a version file that are parsed; torch's has 300."""

_LABEL = re.compile(r"cpu|cu\d+|rocm[\d.]+|xpu", re.ASCII)
_NUMBERS = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


def of(name: str, location: str) -> "str | None":
    """The variant of an installed distribution.

    Args:
        name: Normalised name.
        location: The sys.path entry that the distribution was found in.

    Returns:
        ``cpu``, ``cu124``, ``rocm6.1``, ``xpu``, or None where the package is not one that says so, or its file is
        missing, unreadable, or silent.
    """
    file = VERSION_FILES.get(name)
    if file is None:
        return None
    try:
        return from_source(reading.read(os.path.join(location, *file.split("/")), SIZE_LIMIT))
    except reading.ReadFailure:
        return None


def of_torch(location: str) -> "str | None":
    """The variant of torch, see ``of``."""
    return of("torch", location)


def from_source(source: bytes) -> "str | None":
    """The variant that the text of a version.py states.

    What it was compiled against (``cuda``, ``hip`` or ``rocm``, ``xpu``) wins over the label of ``__version__``:
    builds of conda have no label, and a label can be chosen freely.
    """
    said = constants.assigned(source)
    cuda, hip, xpu = said.get("cuda"), said.get("rocm") or said.get("hip"), said.get("xpu")
    if isinstance(cuda, str) and _NUMBERS.fullmatch(cuda):
        return "cu" + "".join(cuda.split(".")[:2])
    if isinstance(hip, str) and (numbers := _NUMBERS.match(hip)):
        return "rocm" + ".".join(numbers.group().split(".")[:2])
    if isinstance(xpu, str) and xpu:
        return "xpu"
    label = said.get("__version__")
    if isinstance(label, str) and (named := _LABEL.fullmatch(label.partition("+")[2])):
        return named.group()
    if "cuda" in said and cuda is None and hip is None and xpu is None:
        return "cpu"
    return None
