"""EG405: extension modules that were compiled for another NumPy than the installed one.

What is certain: an extension module (it defines ``PyInit_`` of its name) with the import code of NumPy 1's headers
cannot be imported under NumPy 2. A library that is none but has the same code, such as libtorch_python, goes on without
NumPy, so there it is only doubtful.

A module that was compiled against a newer C-API refuses the installed one as surely. Yet wheels ship such modules for
those who have the newer NumPy (h5py 3.14 has one for NumPy 2 and works with 1.21): that somebody meets it is certain
only where the distribution's own metadata asks for a newer NumPy, or an import of it surely loads the module.
"""

import os
from collections.abc import Iterable, Iterator

from envguard import versions
from envguard.facts import evidence, linkage_words, numpy_sign, sure_imports
from envguard.facts.elf import Elf, ElfError
from envguard.facts.evidence import FileFacts
from envguard.facts.natives import NativeFile, Natives
from envguard.facts.origin import INCIDENTAL
from envguard.facts.reach import Reach
from envguard.facts.reading import ReadFailure
from envguard.facts.suffixes import bound_to, extension_suffixes
from envguard.model import Change, Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.version import Version

SHOWN = 3
"""Files that a change names; its count is exact."""


def observe(natives: Natives) -> Iterator[Change]:
    """At most one change for each distribution and reason; nothing where there is no NumPy."""
    numpy = natives.distribution("numpy")
    version = versions.parse(numpy.version) if numpy is not None else None
    if numpy is None or version is None:
        return
    for owner, files in sorted(_by_owner(natives, numpy).items()):
        facts = list(_facts(owner, files, natives))
        if version.release >= (2,):
            yield from _built_for_one(owner, facts, natives, version)
        yield from _built_for_newer(owner, facts, natives, version)


def _by_owner(natives: Natives, numpy: Distribution) -> dict[str, list[NativeFile]]:
    """The files that this interpreter can import, or that others link, without NumPy's own."""
    own = os.path.realpath(numpy.location) + "/numpy/"
    suffixes = extension_suffixes(natives.environment.interpreter.soabi)
    owners: dict[str, list[NativeFile]] = {}
    for file in natives.files:
        foreign = bound_to(file.path) and not file.path.endswith(suffixes[:-1])
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


def _built_for_one(owner: str, facts: list[FileFacts], natives: Natives, version: "Version") -> Iterator[Change]:
    why = (
        f"built with the headers of NumPy 1: numpy.core is looked up, numpy._core is not; numpy {version} is installed"
    )
    eager = [each for each in facts if each.numpy == numpy_sign.NP1_EAGER]
    modules = [each for each in eager if each.extension]
    if modules:
        yield _change(natives, owner, "unloadable", modules, why, "importing them fails", wanted="numpy<2")
    elif eager:
        said = "they are no modules of their own: what links them may go on without NumPy"
        yield _change(natives, owner, "doubtful", eager, why, said, wanted="numpy<2")
    lazy = [each for each in facts if each.numpy == numpy_sign.NP1_LAZY]
    if lazy and not eager:
        said = "they look it up on first use, which NumPy 2 provides for"
        yield _change(natives, owner, "noted", lazy, why, said, wanted="numpy<2")


def _built_for_newer(owner: str, facts: list[FileFacts], natives: Natives, version: "Version") -> Iterator[Change]:
    newer = [each for each in facts if each.floor and _release(each.floor) > version.release]
    if not newer:
        return
    floor = max((each.floor for each in newer), key=_release)
    modules = [each for each in newer if each.extension]
    libraries = [each for each in newer if not each.extension]
    why = f"built for the C-API of NumPy {floor}, which numpy {version} does not have"
    if modules and (_forbids(natives.distribution(owner), version) or _surely_loaded(owner, modules, natives)):
        kind, shown, said = "unloadable", modules, "importing them fails"
    elif libraries:
        kind, shown, said = "doubtful", libraries, "what links them refuses NumPy, or goes on without it"
    else:
        kind, shown, said = "noted", modules, "importing them fails; nothing is known to import them under this NumPy"
    yield _change(natives, owner, kind, shown, why, said, wanted=f"numpy>={floor}")


def _surely_loaded(owner: str, modules: list[FileFacts], natives: Natives) -> bool:
    """True where an import of the distribution loads one of these modules, as far as its sources show."""
    distribution = natives.distribution(owner)
    interpreter = natives.environment.interpreter
    reach = Reach(
        [os.path.realpath(path) for path in natives.environment.paths],
        extension_suffixes(interpreter.soabi),
        sure_imports.conditions(interpreter.version, interpreter.system, interpreter.implementation),
        lambda path: natives.owner_of(path) == owner,
    )
    names = set(distribution.top_level) if distribution is not None else set()
    loaded = reach.extensions(sorted(names - INCIDENTAL or names))
    return any(each.path in loaded for each in modules)


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


def _change(natives: Natives, owner: str, kind: str, facts: Iterable[FileFacts], *why: str, wanted: str) -> Change:
    paths = sorted(each.path for each in facts)
    numpy = natives.distribution("numpy")
    count = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    named = [linkage_words.short(path, natives) for path in paths[:SHOWN]]
    return Change(
        code="EG405",
        kind=kind,
        package=owner.removeprefix("conda:"),
        locked=wanted,
        installed=numpy.version if numpy is not None else "",
        path=paths[0],
        evidence=(f"{count}: {', '.join(named)}{' ...' if len(paths) > SHOWN else ''}", *why),
    )
