"""EG304: would ONNX Runtime use the GPU?

It raises nothing where its CUDA provider cannot be loaded: sessions run on the CPU, and the provider is still listed.
"""

import os

from envguard.facts import cuda_families, linkage_words as words, onnxruntime_pair
from envguard.facts.cuda_generations import brief, bringers, needs
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from envguard.facts.natives import Natives
    from envguard.facts.onnxruntime_build import OnnxRuntime, Provider
    from envguard.facts.resolution import Broken
    from envguard.facts.tables import Tables

_CUDA = "cuda"


def observe(
    natives: "Natives", runtime: "OnnxRuntime", tables: "Tables", *, seen: "Collection[str]" = ()
) -> "Iterator[Change]":
    """What stands in the way of the CUDA provider, and whether two distributions fight for one package.

    Args:
        natives: The compiled files.
        runtime: What ``onnxruntime_build.read`` found.
        tables: For the distributions that bring a library.
        seen: Distributions, paths and names of libraries that were seen to work.
    """
    pair = onnxruntime_pair.judge(natives, runtime)
    if pair is not None:
        yield pair
    for provider in runtime.providers:
        if provider.name != _CUDA or provider.path in seen or provider.owner in seen:
            continue
        broken = next((each for each in natives.resolution.broken if each.file.path == provider.path), None)
        change = _broken(natives, provider, broken, tables, seen) if broken is not None else None
        change = change or _on_its_own(natives, provider)
        if change is not None:
            yield change


def paths(runtime: "OnnxRuntime | None") -> frozenset[str]:
    """The files that are spoken of here."""
    return frozenset(each.path for each in runtime.providers) if runtime is not None else frozenset()


def _broken(
    natives: "Natives", provider: "Provider", broken: "Broken", tables: "Tables", seen: "Collection[str]"
) -> Change | None:
    missing = [library for library in broken.libraries if library.name not in seen]
    if not missing:
        return None
    wanted = [library.name for library in missing]
    rivals = list(dict.fromkeys(rival for library in missing for rival in library.rivals))
    return Change(
        code="EG304",
        # Without another generation beside it CUDA may lie where only the service's LD_LIBRARY_PATH leads.
        kind="incompatible" if rivals else "doubtful",
        package=provider.owner,
        locked=brief(wanted),
        installed=brief(rivals),
        path=provider.path,
        evidence=(
            *list(needs(missing, natives))[: words.SHOWN],
            f"it was built for CUDA {provider.cuda or '(unknown)'} and cuDNN {provider.cudnn or '(unknown)'}",
            "ONNX Runtime does not raise: its sessions run on the CPU",
            f"installed instead: {words.listed(rivals)}" if rivals else "no generation of them is installed",
            *bringers(natives, wanted, tables),
        ),
    )


def _on_its_own(natives: "Natives", provider: "Provider") -> Change | None:
    """A note where the loader alone would not find its libraries: something must have loaded them before."""
    elf = natives.loader.load(provider.path)
    if elf is None or natives.loader.unmodelled:
        return None
    alone = sorted({name for _requester, name in natives.loader.closure(elf).missing if cuda_families.family(name)})
    if not alone:
        return None
    return Change(
        code="EG304",
        kind="noted",
        package=provider.owner,
        locked=brief(alone),
        path=provider.path,
        evidence=(
            f"{os.path.basename(provider.path)} finds {words.listed(alone)} only where they are loaded before",
            "import torch first, or call onnxruntime.preload_dlls() (since 1.21), before a session is made",
        ),
    )
