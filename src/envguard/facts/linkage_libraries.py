"""EG401: a library that a compiled file needs is not there, for nobody who may be counted on."""

from collections.abc import Iterator, Sequence

from envguard.facts import cuda_families, linkage_words as words
from envguard.facts.natives import Natives
from envguard.facts.providers import Providers, is_public
from envguard.facts.resolution import Broken, MissingLibrary
from envguard.model import Change

_CODE = "EG401"
_Case = tuple[Broken, MissingLibrary]
"""A broken file, and one of the libraries that it lacks."""


def changes(natives: Natives, providers: Providers, broken: Sequence[Broken]) -> Iterator[Change]:
    """One change for each library and owner of the files that ask for it; one note for each package and reason.

    torch's GPU libraries are one thing: a CPU build has none of them.
    """
    groups: dict[tuple[str, str], list[_Case]] = {}
    notes: dict[tuple[str, str], list[_Case]] = {}
    for each in broken:
        for library in each.libraries:
            if _belongs_to_cuda(library):
                continue
            severity = severity_of(each, library)
            cause = "torch" if library.name in each.torchless else library.name
            if severity == "noted":
                notes.setdefault((each.file.owner, each.why), []).append((each, library))
            else:
                asking = library.owner or each.file.owner
                groups.setdefault((asking, cause), []).append((each._replace(severity=severity), library))
    for (owner, _cause), found in sorted(groups.items()):
        yield _change(owner, found, natives, providers)
    said = {(library.owner, library.name) for found in groups.values() for _each, library in found}
    for (owner, why), found in sorted(notes.items()):
        unsaid = [pair for pair in found if (pair[1].owner, pair[1].name) not in said]
        if unsaid:
            yield _note(owner, why, unsaid, natives)


def severity_of(broken: Broken, library: MissingLibrary) -> str:
    """What one of several missing libraries means: each severity rests on something that may not hold for all."""
    if broken.way is not None or broken.severity == "noted":
        return broken.severity
    if any(each.gone for each in broken.libraries):
        return broken.severity if library.gone else "noted"
    if broken.torchless:
        return broken.severity if library.name in broken.torchless else "noted"
    if not broken.versions and broken.severity == "doubtful":
        return "doubtful" if library.rivals else "noted"
    return broken.severity


def _belongs_to_cuda(library: MissingLibrary) -> bool:
    """True for what the facts of CUDA say: another generation of a toolkit library is installed."""
    return bool(library.rivals) and cuda_families.family(library.name) != ""


def _change(owner: str, found: list[_Case], natives: Natives, providers: Providers) -> Change:
    found = sorted(found, key=lambda pair: words.by_gravity(pair[0]))
    files = [each for each, _library in found]
    library = found[0][1]
    names = sorted({each.name for _file, each in found})
    asking = list(dict.fromkeys(library.requester for _each, library in found))
    evidence = [_needs(library, names, natives)]
    evidence.extend(words.so_do(asking, natives))
    evidence.extend(_instead(library, natives, providers))
    if any(library.name in each.torchless for each in files):
        evidence.append(f"{natives.version('torch')} is installed, a build without GPU support")
    evidence.extend(_brought_by(names, natives))
    evidence.extend(words.reached(files, natives))
    evidence.extend(words.doubts(files))
    others = sorted({each.file.owner for each in files} - {owner, ""})
    if others:
        evidence.append(f"loaded by files of {words.listed([natives.version(other) for other in others])}")
    return Change(
        code=_CODE,
        kind=words.gravest(each.severity for each in files),
        package=owner.removeprefix("conda:"),
        locked=", ".join(names),
        installed=", ".join(library.rivals),
        path=library.requester,
        evidence=tuple(evidence),
    )


def _needs(library: MissingLibrary, names: Sequence[str], natives: Natives) -> str:
    how = "" if library.listed else ", as its version requirements say; DT_NEEDED does not list it"
    return f"{words.of(library.requester, natives)} needs {words.cut(words.listed(names))}{how}"


def _instead(library: MissingLibrary, natives: Natives, providers: Providers) -> Iterator[str]:
    if library.gone:
        yield f"RECORD lists {words.short(library.gone, natives)}, which is not there"
    for rival in library.rivals[: words.SHOWN]:
        file = next(each for each in providers.named(rival) if is_public(each, rival))
        yield f"{words.of(file.path, natives)} is installed, another generation"
    private = [file for file in providers.named(library.name) if not is_public(file, library.name)]
    if private:
        yield f"{words.of(private[0].path, natives)} is a private copy, which others cannot count on"


def _brought_by(names: Sequence[str], natives: Natives) -> Iterator[str]:
    """Which distributions have the missing libraries, where they are NVIDIA's."""
    if any(map(cuda_families.family, names)):
        from envguard.facts import cuda_generations, tables

        yield from cuda_generations.bringers(natives, names, tables.load(""))


def _note(owner: str, why: str, found: list[_Case], natives: Natives) -> Change:
    files = sorted({each.file.path for each, _library in found})
    names = sorted({library.name for _each, library in found})
    return Change(
        code=_CODE,
        kind="noted",
        package=owner.removeprefix("conda:"),
        locked=words.cut(words.listed(names)),
        path=files[0],
        evidence=(
            f"{words.files(len(files))}: {words.listed([words.short(path, natives) for path in files])}",
            why,
        ),
    )
