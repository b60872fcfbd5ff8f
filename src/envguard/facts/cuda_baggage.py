"""EG306: CUDA libraries in an environment whose torch cannot use them.

Some builds of torch for the CPU still require the CUDA wheels, and exchanging torch for its CPU build leaves those of
the former one behind: gigabytes in an image that has no use for them. A library is carried in vain where no other
distribution requires it, in any of its extras, and no compiled file of another one links it.
"""

import re

from envguard import versions
from envguard.facts import onnxruntime_build, torch_build
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.requirements import Requirement

    from envguard.facts.natives import Natives
    from envguard.facts.torch_build import Build
    from envguard.model import Distribution

_BAGGAGE = re.compile(
    r"nvidia-(?:cublas|cuda-(?:runtime|nvrtc|cupti)|cudnn|cufft|cufile|curand|cusolver|cusparse|cusparselt|nccl|nvjitlink"
    r"|nvshmem|nvtx)(?:-cu\d+)?"
    r"|(?:pytorch-)?triton|cuda-(?:toolkit|bindings|pathfinder)",
    re.ASCII,
)
"""What builds of torch require. Other products of NVIDIA, such as compilers, were asked for by somebody."""
_REQUIRED_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.ASCII)
_SHOWN = 200
_LISTED = 20


def is_baggage(name: str) -> bool:
    """True for a distribution that is of no use without CUDA."""
    return _BAGGAGE.fullmatch(name) is not None


def observe(natives: "Natives", *, target: "Mapping[str, str] | None" = None) -> "Iterator[Change]":
    """At most one change, about torch.

    Args:
        natives: The compiled files of the environment.
        target: The PEP 508 variables of another platform; what torch requires there is judged, and not what is
            installed here.
    """
    torch = natives.distribution("torch")
    build = torch_build.read("torch", torch.location) if torch is not None else None
    if torch is None or build is None or not build.cpu:
        return
    asked = tuple(_required_of_torch(torch, natives.markers if target is None else target))
    if target is not None:
        if asked:
            yield _on_target(torch, build, asked, target)
        return
    vain = sorted(_in_vain(natives))
    if vain:
        yield _carried(natives, torch, build, vain, asked)


def _required_of_torch(torch: "Distribution", markers: "Mapping[str, str]") -> "Iterator[str]":
    for text in dict.fromkeys(torch.requires):
        requirement = _parsed(text)
        if requirement is not None and is_baggage(_name(requirement)) and _holds(requirement, markers, [""]):
            yield text


def _on_target(torch: "Distribution", build: "Build", asked: tuple[str, ...], target: "Mapping[str, str]") -> Change:
    where = f"{target.get('sys_platform', '')} {target.get('platform_machine', '')}".strip()
    return Change(
        code="EG306",
        kind="incompatible",
        package="torch",
        locked="no CUDA library beside a torch for the CPU",
        installed=f"{_counted(len(asked), 'requirement')} on {where}",
        path=torch.path,
        evidence=(
            f"torch {build.version} was built for the CPU",
            *(f"on {where} it requires {text[:_SHOWN]}" for text in asked[:_LISTED]),
        ),
    )


def _carried(
    natives: "Natives", torch: "Distribution", build: "Build", vain: list[str], asked: tuple[str, ...]
) -> Change:
    """Certain where the CPU build's own metadata brings them; else somebody may have a use that no file shows."""
    sizes = {name: sum(row.size or 0 for row in natives.rows(name)) for name in vain}
    named = {match.group(1) for text in asked if (match := _REQUIRED_NAME.match(text))}
    brought = sorted(name for name in vain if name in {versions.normalise(each) for each in named})
    largest = sorted(vain, key=lambda name: (-sizes[name], name))
    who = (
        f"torch {build.version} requires {len(brought)} of them"
        if brought
        else "nothing that is installed requires them"
    )
    return Change(
        code="EG306",
        kind="incompatible" if brought else "doubtful",
        package="torch",
        locked="no CUDA library beside a torch for the CPU",
        installed=f"{_counted(len(vain), 'distribution')}, {_megabytes(sum(sizes.values()))}",
        path=torch.path,
        evidence=(
            f"torch {build.version} was built for the CPU",
            who,
            *(f"{natives.version(name)}: {_megabytes(sizes[name])}" for name in largest[:_LISTED]),
            *([f"and {len(largest) - _LISTED} more"] if len(largest) > _LISTED else []),
        ),
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e6:.1f} MB"


def _in_vain(natives: "Natives") -> set[str]:
    installed = {each.name for each in natives.environment.distributions}
    baggage = {name for name in installed if is_baggage(name)}
    if not baggage:
        return set()
    needed = _required(natives, installed, baggage)
    return baggage - _linked_as_well(natives, baggage, needed)


def _required(natives: "Natives", installed: set[str], baggage: set[str]) -> set[str]:
    """What distributions other than torch require. Which extras were asked for is not recorded: any may have been."""
    waiting = [(name, "") for name in installed - baggage - {"torch"}]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        distribution = natives.distribution(name)
        if (name, extra) in seen or distribution is None:
            continue
        seen.add((name, extra))
        for text in distribution.requires:
            requirement = _parsed(text)
            if requirement is None or (wanted := _name(requirement)) not in baggage:
                continue
            extras = [extra] if name in baggage else ["", *_extras_of(distribution)]
            if _holds(requirement, natives.markers, extras):
                waiting += [(wanted, each) for each in ("", *sorted(requirement.extras))]
    return {name for name, _extra in seen if name in baggage}


def _extras_of(distribution: "Distribution") -> "Iterator[str]":
    """The extras that its requirements speak of."""
    for text in distribution.requires:
        yield from re.findall(r"extra\s*==\s*['\"]([\w.-]+)['\"]", text)


def _linked_as_well(natives: "Natives", baggage: set[str], needed: set[str]) -> set[str]:
    """With what compiled files of others link, and what that links in turn."""
    brings: dict[str, str] = {}
    links: dict[str, set[str]] = {}
    for file in natives.files:
        if file.owner in baggage:
            brings.setdefault(file.elf.soname or file.path.rpartition("/")[2], file.owner)
        if file.owner and file.owner != "torch":
            links.setdefault(file.owner, set()).update(onnxruntime_build.toolkit_libraries(file.elf))
    waiting = [*needed, *(owner for owner in links if owner not in baggage)]
    reached: set[str] = set()
    while waiting:
        owner = waiting.pop()
        if owner not in reached:
            reached.add(owner)
            waiting += [brings[name] for name in links.get(owner, ()) if name in brings]
    return reached & baggage


def _parsed(text: str) -> "Requirement | None":
    """The requirement, where it may be one for CUDA; what is no requirement is said by EG407."""
    from packaging.requirements import InvalidRequirement, Requirement

    named = _REQUIRED_NAME.match(text)
    if named is None or not is_baggage(versions.normalise(named.group(1))):
        return None
    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError):
        return None


def _name(requirement: "Requirement") -> str:
    return versions.normalise(requirement.name)


def _holds(requirement: "Requirement", markers: "Mapping[str, str]", extras: "Iterable[str]") -> bool:
    """True where the marker holds with one of the extras."""
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

    marker = requirement.marker
    if marker is None:
        return True
    try:
        return any(marker.evaluate({**markers, "extra": extra}) for extra in extras)
    except (UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        return True  # not understood: let it be needed
