"""EG302, EG303, EG304: which generation of a CUDA library is wanted, and which one is there?

What does not load is known from ``natives.resolution``. Here it is said in the words of the CUDA stack, once for each
distribution and cause: ONNX Runtime's provider first, then cuDNN, then the rest.
"""

import os

from envguard.facts import cuda_families, onnxruntime_build, onnxruntime_pair
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envguard.facts.natives import Natives
    from envguard.facts.onnxruntime_build import OnnxRuntime, Provider
    from envguard.facts.resolution import Broken, MissingLibrary
    from envguard.facts.tables import Tables

_CUDNN = "libcudnn"
_FILES = 5
_KINDS = {"unloadable": "incompatible", "doubtful": "doubtful"}
_ORDER = ("incompatible", "doubtful", "noted")


def explains(broken: "Broken") -> bool:
    """True where a file misses a generation of a CUDA library whose other generation is there: said here, not there."""
    return any(_is_mix(library) for library in broken.libraries)


def observe(
    natives: "Natives", tables: "Tables", *, observed: "Mapping[str, bool] | None" = None
) -> "Iterator[Change]":
    """One change for each distribution and code.

    Args:
        natives: The compiled files.
        tables: For the distributions that bring a library.
        observed: What was seen to load, by path or by the name of a library: it wins over what files say.
    """
    seen = {name for name, worked in (observed or {}).items() if worked}
    runtime = onnxruntime_build.read(natives)
    if runtime is not None:
        yield from _of_onnxruntime(natives, runtime, tables, seen)
    groups: dict[tuple[str, str], list[Broken]] = {}
    for broken in natives.resolution.broken:
        mixed = [library for library in broken.libraries if _is_mix(library) and library.name not in seen]
        if not mixed or broken.file.path in seen or _is_provider(broken, runtime):
            continue
        is_cudnn = any(cuda_families.family(library.name).startswith(_CUDNN) for library in mixed)
        groups.setdefault(("EG303" if is_cudnn else "EG302", broken.file.owner), []).append(broken)
    for (code, owner), members in sorted(groups.items()):
        yield _mix(natives, code, owner, members, tables)


def _is_mix(library: "MissingLibrary") -> bool:
    return bool(library.rivals) and bool(cuda_families.family(library.name))


def _is_provider(broken: "Broken", runtime: "OnnxRuntime | None") -> bool:
    return runtime is not None and any(each.path == broken.file.path for each in runtime.providers)


def _mix(natives: "Natives", code: str, owner: str, members: "list[Broken]", tables: "Tables") -> Change:
    kinds = [_KINDS.get(broken.severity, "noted") for broken in members]
    libraries = [library for broken in members for library in broken.libraries if _is_mix(library)]
    if code == "EG303":
        libraries.sort(key=lambda library: not cuda_families.family(library.name).startswith(_CUDNN))
    wanted = list(dict.fromkeys(library.name for library in libraries))
    rivals = list(dict.fromkeys(rival for library in libraries for rival in library.rivals))
    files = [broken.file.path for broken in members]
    return Change(
        code=code,
        kind=min(kinds, key=_ORDER.index),
        package=owner,
        locked=", ".join(wanted[:_FILES]),
        installed=", ".join(rivals[:_FILES]),
        path=files[0],
        evidence=(
            *(f"{library.requester} needs {library.name}" for library in _first_of_each(libraries)[:_FILES]),
            f"installed are {', '.join(rivals[:_FILES])}",
            *([f"{len(files)} files are concerned"] if len(files) > 1 else []),
            *_bringers(natives, wanted, tables),
        ),
    )


def _first_of_each(libraries: "Iterable[MissingLibrary]") -> "list[MissingLibrary]":
    return list({library.name: library for library in reversed(list(libraries))}.values())[::-1]


def _bringers(natives: "Natives", wanted: "Iterable[str]", tables: "Tables") -> "Iterator[str]":
    """Which distribution brings a generation, and which version of it is installed instead."""
    for name in wanted:
        row = tables.row(cuda_families.family(name), cuda_families.generation(name))
        if row is None:
            continue
        there = [natives.version(each) for each in row.distributions if natives.distribution(each) is not None]
        beside = f"; installed is {', '.join(there)}" if there else ""
        yield f"{name} comes with {' or '.join(row.distributions)}{beside}"


def _of_onnxruntime(natives: "Natives", runtime: "OnnxRuntime", tables: "Tables", seen: set[str]) -> "Iterator[Change]":
    pair = onnxruntime_pair.judge(natives, runtime)
    if pair is not None:
        yield pair
    for provider in runtime.providers:
        if provider.name == "cuda" and not {provider.path, provider.owner} & seen:
            yield from _provider(natives, provider, tables, seen)


def _provider(natives: "Natives", provider: "Provider", tables: "Tables", seen: set[str]) -> "Iterator[Change]":
    broken = next((each for each in natives.resolution.broken if each.file.path == provider.path), None)
    missing = [library for library in broken.libraries if library.name not in seen] if broken is not None else []
    if not missing:
        yield from _needs_help(natives, provider)
        return
    wanted = [library.name for library in missing]
    rivals = list(dict.fromkeys(rival for library in missing for rival in library.rivals))
    built = f"it was built for CUDA {provider.cuda or '?'} and cuDNN {provider.cudnn or '?'}"
    yield Change(
        code="EG304",
        # Without another generation beside it CUDA may lie where only the service's LD_LIBRARY_PATH leads.
        kind="incompatible" if rivals else "doubtful",
        package=provider.owner,
        locked=", ".join(wanted[:_FILES]),
        installed=", ".join(rivals[:_FILES]),
        path=provider.path,
        evidence=(
            *(f"{library.requester} needs {library.name}" for library in missing[:_FILES]),
            built,
            f"installed are {', '.join(rivals[:_FILES])}" if rivals else "no generation of them is installed",
            *_bringers(natives, wanted, tables),
            "ONNX Runtime does not raise: its sessions run on the CPU",
        ),
    )


def _needs_help(natives: "Natives", provider: "Provider") -> "Iterator[Change]":
    """The loader alone would not find them: who loads torch, or the libraries themselves, before is safe."""
    elf = natives.loader.load(provider.path)
    if elf is None:
        return
    alone = {name for _requester, name in natives.loader.closure(elf).missing}
    alone = {name for name in alone if cuda_families.family(name)}
    if alone:
        names = ", ".join(sorted(alone)[:_FILES])
        yield Change(
            code="EG304",
            kind="noted",
            package=provider.owner,
            locked=names,
            path=provider.path,
            evidence=(
                f"{os.path.basename(provider.path)} finds {names} only where they are loaded before",
                "import torch, or call onnxruntime.preload_dlls(), before a session is made",
            ),
        )
