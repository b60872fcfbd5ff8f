"""EG405: extension modules that were compiled for another NumPy than the installed one.

What is certain: an extension module (it defines ``PyInit_`` of its name) with the import code of NumPy 1's headers
cannot be imported under NumPy 2. A library that is none but has the same code, such as libtorch_python, goes on without
NumPy, so there it is only doubtful.

A module that was compiled against a newer C-API refuses the installed one as surely. Yet wheels ship such modules for
those who have the newer NumPy (h5py 3.14 has one for NumPy 2 and works with 1.21): it is certain only where the
distribution's own metadata asks for the newer NumPy or all its modules need it, and noted otherwise.
"""

import os
import re
from collections.abc import Iterable, Iterator

from envguard import versions
from envguard.facts import evidence, numpy_sign
from envguard.facts.elf import Elf, ElfError
from envguard.facts.evidence import FileFacts
from envguard.facts.natives import NativeFile, Natives
from envguard.facts.reading import ReadFailure
from envguard.model import Change, Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.version import Version

SHOWN = 3
"""Files that a change names; its count is exact."""

_BOUND_MODULE = re.compile(r"\.(?:cpython|pypy|graalpy)[\w-]*\.so$", re.ASCII)


def observe(natives: Natives) -> Iterator[Change]:
    """At most one change for each distribution and reason; nothing where there is no NumPy."""
    numpy = natives.distribution("numpy")
    version = versions.parse(numpy.version) if numpy is not None else None
    if numpy is None or version is None:
        return
    for owner, files in sorted(_by_owner(natives, numpy).items()):
        facts = list(_facts(owner, files, natives))
        if version.release >= (2,):
            yield from _built_for_one(owner, facts, version)
        yield from _built_for_newer(owner, facts, natives, version)


def _by_owner(natives: Natives, numpy: Distribution) -> dict[str, list[NativeFile]]:
    """The files that this interpreter can import, or that others link, without NumPy's own."""
    own = os.path.realpath(numpy.location) + "/numpy/"
    suffix = f".{natives.environment.interpreter.soabi}.so"
    owners: dict[str, list[NativeFile]] = {}
    for file in natives.files:
        foreign = _BOUND_MODULE.search(file.path) and not file.path.endswith(suffix)
        if file.owner != "numpy" and not file.path.startswith(own) and not foreign:
            owners.setdefault(file.owner, []).append(file)
    return owners


def _facts(owner: str, files: list[NativeFile], natives: Natives) -> Iterator[FileFacts]:
    """Facts about the files with a sign; their paths are absolute."""
    opened = {file.path: file.elf for file in files}
    distribution = natives.distribution(owner)
    if distribution is not None and distribution.record:

        def opener(path: str) -> Elf:
            return opened[path] if path in opened else Elf.open(path)

        site = os.path.realpath(distribution.location)
        for facts in evidence.of(distribution, natives.rows(owner), opener).files:
            path = os.path.normpath(os.path.join(site, facts.path))
            if opened.pop(path, None) is not None and facts.numpy:
                yield facts.replace(path=path)
    for path, elf in opened.items():
        try:
            facts = evidence.facts_of(elf, path)
        except (ElfError, ReadFailure) as error:
            natives.unseen.append(f"{path}: {error.why}")
            continue
        if facts.numpy:
            yield facts


def _built_for_one(owner: str, facts: list[FileFacts], version: "Version") -> Iterator[Change]:
    why = f"compiled with the headers of NumPy 1; numpy {version} is installed"
    eager = [each for each in facts if each.numpy == numpy_sign.NP1_EAGER]
    modules = [each for each in eager if each.extension]
    if modules:
        yield _change(owner, "unloadable", modules, f"{why}, so their import fails", wanted="numpy<2", there=version)
    elif eager:
        yield _change(owner, "doubtful", eager, f"{why}, so they cannot use it", wanted="numpy<2", there=version)
    lazy = [each for each in facts if each.numpy == numpy_sign.NP1_LAZY]
    if lazy and not eager:
        yield _change(owner, "noted", lazy, f"{why}; they look it up on first use", wanted="numpy<2", there=version)


def _built_for_newer(owner: str, facts: list[FileFacts], natives: Natives, version: "Version") -> Iterator[Change]:
    newer = [each for each in facts if each.floor and _release(each.floor) > version.release]
    if not newer:
        return
    floor = max((each.floor for each in newer), key=_release)
    modules = [each for each in newer if each.extension]
    certain = modules and (len(newer) == len(facts) or _forbids(natives.distribution(owner), version))
    why = f"compiled against the C-API of NumPy {floor}, which numpy {version} does not have"
    kind = "unloadable" if certain else "noted"
    yield _change(owner, kind, modules or newer, why, wanted=f"numpy>={floor}", there=version)


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _forbids(distribution: Distribution | None, version: "Version") -> bool:
    """True where the distribution's own metadata does not accept this NumPy, whatever else it says."""
    from packaging.requirements import InvalidRequirement, Requirement

    for text in distribution.requires if distribution is not None else ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # EG407 notes it
        if versions.normalise(requirement.name) == "numpy" and requirement.marker is None:
            return not requirement.specifier.contains(version, prereleases=True)
    return False


def _change(owner: str, kind: str, facts: Iterable[FileFacts], why: str, *, wanted: str, there: "Version") -> Change:
    paths = sorted(each.path for each in facts)
    count = "1 file is" if len(paths) == 1 else f"{len(paths)} files are"
    return Change(
        code="EG405",
        kind=kind,
        package=owner.removeprefix("conda:"),
        locked=wanted,
        installed=str(there),
        path=paths[0],
        evidence=(f"{count} {why}", *paths[:SHOWN]),
    )
