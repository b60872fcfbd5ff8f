"""EG305: do torch, torchvision and torchaudio belong to one another?

Two answers count. What their metadata says: each release pins the others exactly. And what they were built for: symbols
that all resolve prove no health (torchvision 0.19.0 loads beside torch 2.5.0 and has no kernel for the CPU).

torchvision refuses to be imported where the major version of its CUDA differs from torch's, torchaudio where major or
minor do: read in ``torchvision/extension.py`` 0.18.0 and 0.28.0, and ``torchaudio/_extension/utils.py`` 2.5.0 and
2.11.0 (``_check_cuda_version``).
"""

from envguard import versions
from envguard.facts import torch_build
from envguard.facts.requirements import TORCH_FAMILY
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement

    from envguard.facts.natives import Natives
    from envguard.facts.torch_build import Build
    from envguard.model import Distribution

_SHOWN = 200
_WORST = ("incompatible", "doubtful", "noted")


def observe(natives: "Natives") -> "Iterator[Change]":
    """One change for each member of the family that does not belong to the others, with all reasons for it."""
    reasons: dict[str, list[Change]] = {}
    for distribution in natives.environment.distributions:
        if distribution.name in TORCH_FAMILY and natives.distribution(distribution.name) is distribution:
            reasons.setdefault(distribution.name, []).extend(_unmet(distribution, natives))
    for change in _builds(natives):
        reasons.setdefault(change.package, []).append(change)
    for found in reasons.values():
        if found:
            gravest = min(found, key=lambda change: _WORST.index(change.kind))
            others = [line for change in found if change is not gravest for line in change.evidence]
            yield gravest.replace(evidence=tuple(dict.fromkeys((*gravest.evidence, *others))))


def builds(natives: "Natives") -> "dict[str, Build]":
    """What each installed member says it was built for, by name."""
    found = {}
    for name in torch_build.FAMILY:
        distribution = natives.distribution(name)
        build = torch_build.read(name, distribution.location) if distribution is not None else None
        if build is not None:
            found[name] = build
    return found


def _unmet(distribution: "Distribution", natives: "Natives") -> "Iterator[Change]":
    for text in dict.fromkeys(distribution.requires):
        requirement = _of_family(text, natives.markers)
        if requirement is None:
            continue
        name = versions.normalise(requirement.name)
        said = f"{natives.version(distribution.name)} has Requires-Dist: {text[:_SHOWN]}"
        installed = natives.distribution(name)
        if installed is None:
            yield _change(
                distribution, f"{name}{requirement.specifier}", "", said, f"no distribution {name} is installed"
            )
            continue
        version = versions.parse(installed.version)
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            there = f"{name} {installed.version} is installed in {installed.location}"
            yield _change(distribution, f"{name}{requirement.specifier}", f"{name} {installed.version}", said, there)


def _of_family(text: str, markers: "Mapping[str, str]") -> "Requirement | None":
    """The requirement, where it is one for a member of the family and holds here.

    What cannot be understood is said by EG407's module, which reads every requirement.
    """
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement

    if not text.lstrip().lower().startswith("torch"):
        return None
    try:
        requirement = Requirement(text)
        holds = requirement.marker is None or requirement.marker.evaluate({**markers, "extra": ""})
    except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        return None
    return requirement if holds and versions.normalise(requirement.name) in TORCH_FAMILY else None


def _change(distribution: "Distribution", wanted: str, installed: str, *evidence: str) -> Change:
    return Change(
        code="EG305",
        kind="incompatible",
        package=distribution.name,
        part="family",
        locked=wanted[:_SHOWN],
        installed=installed,
        path=distribution.path,
        evidence=tuple(line[: 2 * _SHOWN] for line in evidence),
    )


def _builds(natives: "Natives") -> "Iterator[Change]":
    said = builds(natives)
    torch = said.get("torch")
    for name, build in said.items():
        if torch is None or name == "torch" or not (build.label and torch.label):
            continue
        kind, why = _misfit(torch, build)
        if kind:
            yield Change(
                code="EG305",
                kind=kind,
                package=name,
                part="family",
                locked=f"{name} built for {torch.label}",
                installed=f"{name} built for {build.label}",
                path=build.path,
                evidence=(
                    f"{name} {build.version} was built for {build.label}, as its version.py says",
                    f"torch {torch.version} was built for {torch.label}",
                    why,
                ),
            )


def _misfit(torch: "Build", build: "Build") -> tuple[str, str]:
    """Kind and reason of a difference between two builds that are both known; empty where they belong together."""
    if build.cpu:
        if torch.cpu:
            return "", ""
        return "doubtful", f"{build.name} has no kernels for the GPU: its operators fail on tensors that lie there"
    if torch.cpu:
        return "incompatible", f"{build.name} links GPU libraries of torch (libc10_cuda.so) that a CPU build lacks"
    if bool(build.hip) != bool(torch.hip):
        return "incompatible", "one is built for CUDA and the other for ROCm"
    if build.hip or build.cuda == torch.cuda:
        return "", ""
    if build.name == "torchaudio":
        return "incompatible", "torchaudio compares major and minor version of CUDA when it is imported, and raises"
    if build.cuda_major != torch.cuda_major:
        return "incompatible", f"{build.name} compares the major versions of CUDA when it is imported, and raises"
    return "noted", f"{build.name} accepts another minor version of CUDA"
