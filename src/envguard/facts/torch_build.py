"""What torch, torchvision and torchaudio were compiled for, in their own words.

Metadata does not say it: wheels of the index carry no local label. Each of the three has a ``version.py`` that does,
and that is read as text.
"""

import os
import re

from envguard._value import Value
from envguard.facts import constants, reading
from envguard.facts.variant import SIZE_LIMIT, VERSION_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILY = tuple(sorted(VERSION_FILES))
"""Normalised names of the distributions that must be of one build."""
CPU_LIBRARY = "torch/lib/libtorch_cpu.so"
CUDA_LIBRARY = "torch/lib/libtorch_cuda.so"
"""What every build has, and what only a build for CUDA has, relative to site-packages."""

_NUMBERS = re.compile(r"(\d+)\.(\d+)", re.ASCII)
_CUDA_LABEL = re.compile(r"cu(\d\d)(\d)(?!\d)", re.ASCII)
"""``cu124`` is 12.4 and ``cu118`` 11.8: no minor release of CUDA has had two digits."""
_SHOWN = 100
"""Characters of a value that are kept; a commit has 40."""


class Build(Value):
    """One of the torch family and what it says of its own build. Empty is "not said"."""

    name: str
    """Normalised."""
    version: str = ""
    """With the local label, such as ``2.5.0+cu124``."""
    cuda: str = ""
    """``12.4``: major and minor of the CUDA it was compiled with."""
    hip: str = ""
    """The same for ROCm, as written."""
    cpu: bool = False
    """It says, or its files show, that it was built without CUDA, ROCm and XPU."""
    commit: str = ""
    path: str = ""
    """The version.py that was read."""

    @property
    def cuda_major(self) -> "int | None":
        """The CUDA generation, None where it is not said."""
        return int(self.cuda.partition(".")[0]) if self.cuda else None

    @property
    def label(self) -> str:
        """The build in a word: ``CUDA 12.4``, ``ROCm 6.1``, ``CPU``, or empty."""
        if self.cuda:
            return f"CUDA {self.cuda}"
        if self.hip:
            return f"ROCm {self.hip}"
        return "CPU" if self.cpu else ""


def read(name: str, location: str) -> "Build | None":
    """What an installed distribution of the family says.

    Args:
        name: Normalised name, one of ``FAMILY``.
        location: The sys.path entry that it was found in.

    Returns:
        None where it has no version.py that can be read.
    """
    path = os.path.join(location, *VERSION_FILES[name].split("/"))
    try:
        said = constants.assigned(reading.read(path, SIZE_LIMIT))
    except reading.ReadFailure:
        return None
    build = _from_constants(name, said, path)
    return build.replace(cuda="", cpu=True) if build.cuda and name == "torch" and _lost_cuda(location) else build


def from_source(name: str, source: bytes) -> Build:
    """What the text of a version.py says."""
    return _from_constants(name, constants.assigned(source), "")


def _from_constants(name: str, said: "Mapping[str, object]", path: str) -> Build:
    version = _text(said, "__version__")
    label = version.partition("+")[2].lower()
    hip = _text(said, "rocm") or _text(said, "hip") or (label[4:] if label.startswith("rocm") else "")
    cuda = _major_minor(_text(said, "cuda")) or ("" if hip else _of_label(label))
    nothing = "cuda" in said and not (cuda or hip or _text(said, "xpu")) and said["cuda"] is None
    return Build(
        name=name,
        version=version,
        cuda=cuda,
        hip=hip,
        cpu=nothing or (label == "cpu" and not cuda),
        commit=_text(said, "git_version"),
        path=path,
    )


def _lost_cuda(location: str) -> bool:
    """True where torch lies in parts as in the wheels of the index, and the part for CUDA is not among them.

    Builds of conda have their libraries in another folder, and prove nothing by what is not here.
    """
    in_parts = os.path.exists(os.path.join(location, *CPU_LIBRARY.split("/")))
    return in_parts and not os.path.exists(os.path.join(location, *CUDA_LIBRARY.split("/")))


def _text(said: "Mapping[str, object]", key: str) -> str:
    value = said.get(key)
    return value[:_SHOWN] if isinstance(value, str) else ""


def _major_minor(text: str) -> str:
    found = _NUMBERS.match(text)
    return f"{found.group(1)}.{found.group(2)}" if found and len(found.group(1)) < 4 else ""


def _of_label(label: str) -> str:
    found = _CUDA_LABEL.match(label)
    return f"{found.group(1)}.{found.group(2)}" if found else ""
