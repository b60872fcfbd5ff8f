"""The toolchain of an environment, one plain fact after the other: what ``envguard doctor`` shows.

Nothing is judged here, and nothing is left out: what is not known is said to be unknown, and why.
"""

import os

from envguard.facts import (
    cuda_baggage,
    cuda_families,
    gpu_architecture,
    linkage_words as words,
    nvml,
    onnxruntime_build,
    torch_family,
)
from envguard.facts.driver import numbers
from envguard.facts.providers import is_public
from envguard.model import Fact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.facts.driver import Driver, Gpu
    from envguard.facts.elf import Elf
    from envguard.facts.natives import Natives

_LIBSTDCXX = "libstdc++.so.6"
_LIBC = "libc.so.6"
_NONE = "none"


def read(natives: "Natives", driver: "Driver | None" = None) -> tuple[Fact, ...]:
    """Everything that is known, section by section: interpreter, torch, cuda, onnxruntime, driver, system, search.

    Args:
        natives: The compiled files of the environment.
        driver: What is known of the driver; None asks this machine.
    """
    host = driver if driver is not None else nvml.this_machine(natives.library_path)
    return (
        *_interpreter(natives),
        *_torch(natives),
        *_cuda(natives),
        *_onnxruntime(natives),
        *_driver(host),
        *_system(natives),
        *_search(natives),
    )


def unknown(why: str) -> str:
    """How a fact that is not known is shown."""
    return f"unknown ({why})" if why else "unknown"


def _interpreter(natives: "Natives") -> "Iterator[Fact]":
    environment = natives.environment
    it = environment.interpreter
    yield Fact(
        section="interpreter", name="python", value=f"{it.implementation} {it.version}", source=environment.executable
    )
    yield Fact(section="interpreter", name="abi", value=it.soabi or unknown("the interpreter does not say"))
    yield Fact(section="interpreter", name="platform", value=f"{it.system} {it.machine}")
    yield Fact(section="interpreter", name="prefix", value=environment.prefix)


def _torch(natives: "Natives") -> "Iterator[Fact]":
    builds = torch_family.builds(natives)
    for name in ("torch", "torchvision", "torchaudio"):
        distribution, build = natives.distribution(name), builds.get(name)
        if distribution is None:
            if name == "torch":
                yield Fact(section="torch", name=name, value="not installed")
            continue
        version = build.version if build is not None and build.version else distribution.version
        label = build.label if build is not None else ""
        silent = unknown("its version.py does not say")
        yield Fact(section="torch", name=name, value=version)
        source = words.short(build.path, natives) if build is not None else ""
        yield Fact(section="torch", name=f"{name} built for", value=label or silent, source=source)
    torch = builds.get("torch")
    if torch is not None and torch.cuda:
        yield _architectures(natives, "torch", "torch")


def _architectures(natives: "Natives", section: str, owner: str) -> Fact:
    found = gpu_architecture.of_owner(natives, owner)
    value = gpu_architecture.shown(found) if found else unknown("no device code was found in its libraries")
    if found and not found.complete:
        value += ", and perhaps more"
    return Fact(section=section, name=f"{owner} GPU architectures", value=value, source=".nv_fatbin of its libraries")


def _cuda(natives: "Natives") -> "Iterator[Fact]":
    """The distributions that bring CUDA, and the generations of its libraries that the environment has."""
    found = False
    for distribution in sorted(natives.environment.distributions, key=lambda each: each.name):
        if cuda_baggage.is_baggage(distribution.name):
            found = True
            yield Fact(section="cuda", name=distribution.name, value=distribution.version)
    if not found:
        yield Fact(section="cuda", name="CUDA distributions", value=_NONE)
    for family in ("libcudart", "libcublas", "libcudnn"):
        named = {os.path.basename(file.path): file for file in natives.files}
        there = {
            name: file.path
            for name, file in named.items()
            if cuda_families.family(name) == family and is_public(file, name)
        }
        if there:
            value = ", ".join(sorted(there))
            yield Fact(section="cuda", name=family, value=value, source=words.short(there[min(there)], natives))


def _onnxruntime(natives: "Natives") -> "Iterator[Fact]":
    runtime = onnxruntime_build.read(natives)
    if runtime is None:
        yield Fact(section="onnxruntime", name="onnxruntime", value="not installed")
        return
    names = ", ".join(natives.version(name) for name in runtime.distributions)
    yield Fact(section="onnxruntime", name="distribution", value=names)
    providers = ", ".join(provider.name for provider in runtime.providers)
    yield Fact(section="onnxruntime", name="provider libraries", value=providers or "CPU only")
    for provider in runtime.providers:
        if provider.libraries:
            built = f"CUDA {provider.cuda or '(unknown)'}" + (f", cuDNN {provider.cudnn}" if provider.cudnn else "")
            source = words.short(provider.path, natives)
            yield Fact(section="onnxruntime", name=f"{provider.name} built for", value=built, source=source)


def _driver(driver: "Driver") -> "Iterator[Fact]":
    source = ", ".join(driver.sources)
    version = driver.version or (unknown(driver.why) if driver.present else "none")
    yield Fact(section="driver", name="NVIDIA driver", value=version, source=source or driver.why)
    if driver.kernel and driver.library and numbers(driver.kernel) != numbers(driver.library):
        yield Fact(section="driver", name="kernel module", value=driver.kernel)
        yield Fact(section="driver", name="libcuda.so.1", value=driver.library)
    if not driver.present:
        return
    yield Fact(section="driver", name="newest CUDA", value=driver.cuda or unknown(driver.why or "only NVML says it"))
    for index, gpu in enumerate(driver.gpus):
        yield Fact(section="driver", name=f"GPU {index}", value=_gpu(gpu, driver))
    if not driver.gpus:
        yield Fact(section="driver", name="GPUs", value=unknown(driver.why or "the driver lists none"))


def _gpu(gpu: "Gpu", driver: "Driver") -> str:
    name = gpu.name or "unnamed"
    if gpu.capability is None:
        return f"{name}, compute capability {unknown(driver.why)}"
    return f"{name}, compute capability {gpu.capability[0]}.{gpu.capability[1]}"


def _system(natives: "Natives") -> "Iterator[Fact]":
    """C library and C++ library, and the newest symbol versions that they define: what a wheel may ask for."""
    loader = natives.loader
    yield Fact(section="system", name="C library", value=natives.environment.interpreter.libc or unknown("not said"))
    if loader.unmodelled or not loader.scope:
        yield Fact(
            section="system", name="loader", value=unknown(loader.unmodelled or "the interpreter is no ELF file")
        )
        return
    program = loader.scope[0]
    libc = loader.names.get(_LIBC)
    yield _newest(libc, "GLIBC", _LIBC)
    loaded = loader.names.get(_LIBSTDCXX)
    found = None if loaded is not None else loader.find(_LIBSTDCXX, program, (program,))
    libstdcxx = loaded if loaded is not None else found.elf if found is not None else None
    for prefix in ("GLIBCXX", "CXXABI"):
        yield _newest(libstdcxx, prefix, _LIBSTDCXX)


def _newest(elf: "Elf | None", prefix: str, name: str) -> Fact:
    if elf is None:
        return Fact(section="system", name=prefix, value=unknown(f"{name} was not found"))
    stated = [
        version.removeprefix(f"{prefix}_") for version in elf.version_definitions() if version.startswith(f"{prefix}_")
    ]
    ordered = sorted((version for version in stated if numbers(version)), key=numbers)
    value = f"{prefix}_{ordered[-1]}" if ordered else unknown(f"{name} defines no versions")
    return Fact(section="system", name=prefix, value=value, source=elf.path)


def _search(natives: "Natives") -> "Iterator[Fact]":
    yield Fact(section="search", name="LD_LIBRARY_PATH", value=natives.library_path or "not set")
    yield Fact(section="search", name="LD_PRELOAD", value=natives.preload or "not set")
    for entry, elf in natives.loader.preloaded:
        yield Fact(
            section="search", name=f"preloaded {entry[:200]}", value=elf.path if elf is not None else "not found"
        )
    for path in natives.environment.paths:
        yield Fact(section="search", name="sys.path", value=path)
