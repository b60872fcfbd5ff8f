"""Which ONNX Runtime is installed, and what its provider libraries were built against.

ONNX Runtime never raises when a provider cannot be loaded: it goes on with the CPU. So what the provider library needs
is read from the library. Wheels up to 1.15 name no CUDA library among what they need; their symbol versions still do.
"""

import os
import re

from envguard._value import Value
from envguard.facts import constants, cuda_families, reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.facts.elf import Elf
    from envguard.facts.natives import NativeFile, Natives

DISTRIBUTIONS = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-directml",
    "onnxruntime-openvino",
    "onnxruntime-qnn",
    "onnxruntime-rocm",
    "onnxruntime-training",
    "ort-nightly",
    "ort-nightly-gpu",
)
"""Distributions that install the one package ``onnxruntime``."""
INFO_FILE = "onnxruntime/capi/build_and_package_info.py"

_PROVIDER = re.compile(r"libonnxruntime_providers_(\w+)\.so", re.ASCII)
_SHARED = "shared"
_INFO_LIMIT = 64 << 10
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)


class Provider(Value):
    """One provider library."""

    name: str
    """``cuda``, ``tensorrt``, ``openvino`` ..."""
    path: str
    owner: str
    """Normalised name of the distribution that owns the file."""
    libraries: tuple[str, ...] = ()
    """Libraries of the CUDA toolkit that it needs, sorted."""

    @property
    def cuda(self) -> str:
        """The CUDA generation that it was built for, such as ``12``; empty where it needs none."""
        return _generation(self.libraries, ("libcudart", "libcublas", "libcublasLt"))

    @property
    def cudnn(self) -> str:
        """The same for cuDNN, such as ``9``."""
        return _generation(self.libraries, ("libcudnn",))


class OnnxRuntime(Value):
    """What is installed under the name ``onnxruntime``."""

    distributions: tuple[str, ...]
    """Normalised names of those that are installed; more than one is one too many."""
    package_name: str = ""
    """What the files say of themselves: the last installation wins."""
    version: str = ""
    cuda: str = ""
    """``cuda_version`` as the build recorded it; only newer wheels have it."""
    providers: tuple[Provider, ...] = ()


def read(natives: "Natives") -> "OnnxRuntime | None":
    """The installed ONNX Runtime, None where there is none."""
    found = [each for name in DISTRIBUTIONS if (each := natives.distribution(name)) is not None]
    if not found:
        return None
    said = _info(found[0].location)
    return OnnxRuntime(
        distributions=tuple(each.name for each in found),
        package_name=said.get("package_name", ""),
        version=said.get("__version__", found[0].version),
        cuda=said.get("cuda_version", ""),
        providers=tuple(sorted(_providers(natives.files), key=lambda each: each.name)),
    )


def toolkit_libraries(elf: "Elf") -> tuple[str, ...]:
    """Libraries of the CUDA toolkit that a file needs, whether it names them or only their symbol versions."""
    named = {*elf.needed, *(need.file for need in elf.version_needs() if not need.weak)}
    return tuple(sorted(name for name in named if cuda_families.family(name)))


def _providers(files: "Iterable[NativeFile]") -> "Iterable[Provider]":
    for file in files:
        folder, name = os.path.split(file.path)
        matched = _PROVIDER.fullmatch(name)
        if matched is None or matched.group(1) == _SHARED or not folder.endswith("/onnxruntime/capi"):
            continue
        libraries = toolkit_libraries(file.elf)
        yield Provider(name=matched.group(1), path=file.path, owner=file.owner, libraries=libraries)


def _info(location: str) -> dict[str, str]:
    try:
        said = constants.assigned(reading.read(os.path.join(location, *INFO_FILE.split("/")), _INFO_LIMIT))
    except reading.ReadFailure:  # wheels up to 1.20 have none
        return {}
    return {key: value[:100] for key, value in said.items() if isinstance(value, str) and value}


def _generation(libraries: "Iterable[str]", families: tuple[str, ...]) -> str:
    for wanted in families:
        for name in libraries:
            if cuda_families.family(name) == wanted:
                found = _NUMBER.match(cuda_families.generation(name))
                if found:
                    return found.group()
    return ""
