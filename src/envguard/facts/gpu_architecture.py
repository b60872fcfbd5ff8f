"""EG307: was anything compiled for the GPU that is in this machine?

Machine code runs on the same major compute capability with the same or a higher minor one. PTX runs on any newer GPU,
compiled by the driver, which must know the CUDA that the PTX was made with. (CUDA C++ Programming Guide, "Binary
Compatibility" and "PTX Compatibility".)
"""

import os

from envguard.facts import fatbin
from envguard.facts.elf import ElfError
from envguard.facts.reading import ReadFailure
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from envguard.facts.cuda_users import User
    from envguard.facts.driver import Driver, Gpu
    from envguard.facts.fatbin import Architectures
    from envguard.facts.natives import Natives

_MAIN_LIBRARY = "libtorch_cuda"
"""Of torch only the library with its kernels is asked; those for linear algebra may lack an architecture."""

_NO_PTX = "none of it runs there, and there is no PTX that the driver could compile"


def observe(
    natives: "Natives",
    driver: "Driver",
    users: "Iterable[User]",
    *,
    toolkit: str = "",
    working: "Collection[str]" = (),
) -> "Iterator[Change]":
    """One change for each user of CUDA and kind of GPU that it has no code for.

    Args:
        natives: The compiled files.
        driver: The driver, with its GPUs. Where it is not known what they can do, nothing is said.
        users: Who uses CUDA.
        toolkit: The CUDA that torch was built with, such as ``12.4``; empty where it is not known.
        working: Distributions that were seen to reach the GPU.
    """
    gpus = sorted({gpu for gpu in driver.gpus if gpu.architecture}, key=lambda gpu: (gpu.architecture or 0, gpu.name))
    if not gpus:
        return
    without_torch: set[Gpu] = set()
    for user in sorted(users, key=lambda user: (not user.main, user.name != "torch", user.name)):
        found = of_owner(natives, user.name)
        if not found or not found.complete:
            continue
        for gpu in gpus:
            change = _judged(gpu, found, driver, user, toolkit if user.name == "torch" else "")
            if change is None or (gpu in without_torch and not user.main):
                continue  # what is built upon torch reaches the GPU no better than torch does
            if user.name == "torch" and change.kind != "noted":
                without_torch.add(gpu)
            yield change.replace(kind="noted") if user.name in working else change


def of_owner(natives: "Natives", owner: str) -> "Architectures":
    """The architectures that the device code of a distribution was compiled for, over all its files."""
    found = fatbin.Architectures()
    for file in natives.files:
        if file.owner != owner or (owner == "torch" and not os.path.basename(file.path).startswith(_MAIN_LIBRARY)):
            continue
        try:
            found = found.joined(fatbin.of(file.elf) or fatbin.Architectures())
        except (ElfError, ReadFailure):  # the file itself is spoken of by those who judge files
            found = found.replace(complete=False)
    return found


def fits(architecture: int, sass: "Iterable[int]") -> bool:
    """Whether machine code for one of ``sass`` runs on a GPU of that architecture (90 is compute capability 9.0)."""
    return any(each // 10 == architecture // 10 and each <= architecture for each in sass)


def _judged(gpu: "Gpu", found: "Architectures", driver: "Driver", user: "User", toolkit: str) -> Change | None:
    architecture = gpu.architecture or 0
    if fits(architecture, found.sass):
        return None
    compilable = [each for each in found.ptx if each <= architecture]
    kind, why = (
        _by_ptx(driver.cuda, toolkit, max(compilable)) if compilable else ("incompatible", "no PTX it could use")
    )
    if kind == "incompatible" and not user.main:
        kind = "doubtful"
    return Change(
        code="EG307",
        kind=kind,
        package=user.name,
        locked=f"sm_{architecture}",
        installed=shown(found),
        path=user.path,
        evidence=(
            f"{gpu.name or 'the GPU'} has compute capability {architecture // 10}.{architecture % 10}",
            f"{user.shown} has device code for {shown(found)}",
            why,
        ),
    )


def _by_ptx(known: str, toolkit: str, best: int) -> tuple[str, str]:
    """What the driver can make of PTX, by the CUDA that it knows and the one that the PTX was made with.

    Of the latter only the major version may be known: then drivers of that very major version remain a doubt.
    """
    if not known:
        return "doubtful", f"only PTX for compute_{best} is left, and whether the driver can compile it is not known"
    newer = _version(known)[:1] > _version(toolkit)[:1]
    if newer or (len(_version(toolkit)) > 1 and _version(known) >= _version(toolkit)):
        return "noted", f"the driver compiles PTX for compute_{best} at every first use"
    if len(_version(toolkit)) > 1 or _version(known)[:1] < _version(toolkit)[:1]:
        return "incompatible", f"the driver knows CUDA {known}, and cannot compile PTX of CUDA {toolkit}"
    return "doubtful", f"only PTX for compute_{best} is left; the driver must know the CUDA {toolkit} it was made with"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def shown(found: "Architectures") -> str:
    """``sm_80 sm_90 compute_90``."""
    words = [*(f"sm_{each}" for each in sorted(found.sass)), *(f"compute_{each}" for each in sorted(found.ptx))]
    return " ".join(words) or "no GPU"
