"""EG401: a library that a compiled file needs is not there, for nobody who may be counted on."""

from collections.abc import Iterator, Sequence

from envguard.facts import cuda_families, linkage_words as words
from envguard.facts.natives import Natives
from envguard.facts.providers import Providers, is_public
from envguard.facts.resolution import Broken, MissingLibrary
from envguard.model import Change

_CODE = "EG401"


def changes(natives: Natives, providers: Providers, broken: Sequence[Broken]) -> Iterator[Change]:
    """One change for each library and owner of the files that ask for it; one note for each package and reason."""
    groups: dict[tuple[str, str], list[tuple[Broken, MissingLibrary]]] = {}
    notes: dict[tuple[str, str], list[tuple[Broken, MissingLibrary]]] = {}
    for each in broken:
        for library in each.libraries:
            if _belongs_to_cuda(library):
                continue
            severity = severity_of(each, library)
            if severity == "noted":
                notes.setdefault((each.file.owner, each.why), []).append((each, library))
            else:
                pair = each._replace(severity=severity), library
                groups.setdefault((library.owner or each.file.owner, library.name), []).append(pair)
    for (owner, name), found in sorted(groups.items()):
        yield _change(owner, name, found, natives, providers)
    for (owner, why), found in sorted(notes.items()):
        yield _note(owner, why, found, natives)


def severity_of(broken: Broken, library: MissingLibrary) -> str:
    """What one of several missing libraries means: each severity rests on something that may not hold for all."""
    if broken.way is not None or broken.severity == "noted":
        return broken.severity
    if broken.torchless:
        return broken.severity if library.name in broken.torchless else "noted"
    if not broken.versions and broken.severity == "doubtful":
        return "doubtful" if library.rivals else "noted"
    return broken.severity


def _belongs_to_cuda(library: MissingLibrary) -> bool:
    """True for what the facts of CUDA say: another generation of a toolkit library is installed."""
    return bool(library.rivals) and cuda_families.family(library.name) != ""


def _change(
    owner: str, name: str, found: list[tuple[Broken, MissingLibrary]], natives: Natives, providers: Providers
) -> Change:
    found = sorted(found, key=lambda pair: words.by_gravity(pair[0]))
    files = [each for each, _library in found]
    library = found[0][1]
    asking = list(dict.fromkeys(library.requester for _each, library in found))
    evidence = [_needs(library, natives)]
    if len(asking) > 1:
        evidence.append(f"so do {words.listed([words.short(path, natives) for path in asking[1:]])}")
    evidence.extend(_instead(library, natives, providers))
    if any(name in each.torchless for each in files):
        evidence.append(f"{natives.version('torch')} is installed, a build without it")
    evidence.extend(words.reached(files, natives))
    others = sorted({each.file.owner for each in files} - {owner, ""})
    if others:
        evidence.append(f"loaded by files of {words.listed([natives.version(other) for other in others])}")
    return Change(
        code=_CODE,
        kind=words.gravest(each.severity for each in files),
        package=owner.removeprefix("conda:"),
        locked=name,
        installed=", ".join(library.rivals),
        path=library.requester,
        evidence=tuple(evidence),
    )


def _needs(library: MissingLibrary, natives: Natives) -> str:
    how = "" if library.listed else ", as its version requirements say; DT_NEEDED does not list it"
    return f"{words.of(library.requester, natives)} needs {words.cut(library.name)}{how}"


def _instead(library: MissingLibrary, natives: Natives, providers: Providers) -> Iterator[str]:
    for rival in library.rivals[: words.SHOWN]:
        file = next(each for each in providers.named(rival) if is_public(each, rival))
        yield f"{words.of(file.path, natives)} is installed, another generation"
    private = [file for file in providers.named(library.name) if not is_public(file, library.name)]
    if private:
        yield f"{words.of(private[0].path, natives)} is a private copy, which others cannot count on"


def _note(owner: str, why: str, found: list[tuple[Broken, MissingLibrary]], natives: Natives) -> Change:
    files = sorted({each.file.path for each, _library in found})
    names = sorted({library.name for _each, library in found})
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return Change(
        code=_CODE,
        kind="noted",
        package=owner.removeprefix("conda:"),
        locked=words.cut(words.listed(names)),
        path=files[0],
        evidence=(
            f"{count}: {words.listed([words.short(path, natives) for path in files])}",
            why,
        ),
    )
