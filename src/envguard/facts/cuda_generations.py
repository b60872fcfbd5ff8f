"""EG302 and EG303: which generation of a CUDA library is wanted, and which one is there?

What does not load is known from ``natives.resolution``. Where another generation of the missing library is installed,
it is said here and not as EG401, once for each distribution that asks: under EG303 where cuDNN is among what a file
misses, else under EG302. Files of ONNX Runtime's providers are left to EG304.
"""

from typing import NamedTuple

from envguard.facts import cuda_families, linkage_words as words
from envguard.facts.linkage_libraries import severity_of
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from envguard.facts.natives import Natives
    from envguard.facts.resolution import Broken, MissingLibrary
    from envguard.facts.tables import Tables

CUDNN = "libcudnn"
_KINDS = {"unloadable": "incompatible", "doubtful": "doubtful"}
_NAMES = 12
"""Libraries that are named of one file; there are some twenty families."""
_ORDER = ("incompatible", "doubtful", "noted")


class _Miss(NamedTuple):
    broken: "Broken"
    library: "MissingLibrary"


def observe(
    natives: "Natives", tables: "Tables", *, seen: "Collection[str]" = (), apart: "Collection[str]" = ()
) -> "Iterator[Change]":
    """One change for each distribution and code.

    Args:
        natives: The compiled files.
        tables: For the distributions that bring a library.
        seen: Paths and names of libraries that were seen to load: it wins over what files say.
        apart: Paths of files that somebody else speaks of.
    """
    misses = [
        _Miss(broken, library)
        for broken in natives.resolution.broken
        if broken.file.path not in apart and broken.file.path not in seen
        for library in broken.libraries
        if library.rivals and cuda_families.family(library.name) and library.name not in seen
    ]
    with_cudnn = {each.library.requester for each in misses if _is_cudnn(each.library)}
    groups: dict[tuple[str, str], list[_Miss]] = {}
    for each in misses:
        code = "EG303" if each.library.requester in with_cudnn else "EG302"
        groups.setdefault((code, each.library.owner or each.broken.file.owner), []).append(each)
    for (code, owner), members in sorted(groups.items()):
        yield _change(natives, code, owner, members, tables)


def _is_cudnn(library: "MissingLibrary") -> bool:
    return cuda_families.family(library.name).startswith(CUDNN)


def _change(natives: "Natives", code: str, owner: str, members: list[_Miss], tables: "Tables") -> Change:
    kinds = [_KINDS.get(severity_of(*each), "noted") for each in members]
    members = sorted(members, key=lambda each: not _is_cudnn(each.library))
    wanted = list(dict.fromkeys(each.library.name for each in members))
    rivals = list(dict.fromkeys(rival for each in members for rival in each.library.rivals))
    asking = list(dict.fromkeys(each.library.requester for each in members))
    files = {each.broken.file.path: each.broken for each in members}
    others = sorted({each.file.owner for each in files.values()} - {owner, ""})
    evidence = list(needs([each.library for each in members], natives))[: words.SHOWN]
    if len(asking) > 1:
        evidence.append(f"{len(asking)} files ask: {words.listed([words.short(path, natives) for path in asking])}")
    evidence.append(f"installed instead: {words.listed(rivals)}")
    evidence.extend(bringers(natives, wanted, tables))
    evidence.extend(words.reached(files.values(), natives))
    if others:
        evidence.append(f"loaded by files of {words.listed([natives.version(other) for other in others])}")
    return Change(
        code=code,
        kind=min(kinds, key=_ORDER.index),
        package=owner.removeprefix("conda:"),
        locked=brief(wanted),
        installed=brief(rivals),
        path=asking[0],
        evidence=tuple(evidence),
    )


def brief(names: "Sequence[str]") -> str:
    """What fits into a heading; the evidence has all names."""
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def needs(libraries: "Iterable[MissingLibrary]", natives: "Natives") -> "Iterator[str]":
    """Who asks for them, a sentence for each file."""
    asked: dict[tuple[str, bool], list[str]] = {}
    for library in dict.fromkeys(libraries):
        asked.setdefault((library.requester, library.listed), []).append(words.cut(library.name))
    for (requester, listed), names in asked.items():
        how = "" if listed else ", as its version requirements say; DT_NEEDED does not list them"
        yield f"{words.of(requester, natives)} needs {', '.join(dict.fromkeys(names[:_NAMES]))}{how}"


def bringers(natives: "Natives", wanted: "Iterable[str]", tables: "Tables") -> "Iterator[str]":
    """Which distributions bring a library, and which version of them is installed instead: once for each of them."""
    told: dict[tuple[str, ...], list[str]] = {}
    for name in wanted:
        row = tables.row(cuda_families.family(name), cuda_families.generation(name))
        if row is not None:
            told.setdefault(row.distributions, []).append(name)
    for distributions, names in told.items():
        there = [natives.version(each) for each in distributions if natives.distribution(each) is not None]
        beside = f"; installed is {', '.join(there)}" if there else ""
        yield f"{words.listed(names)}: brought by {' or '.join(distributions)}{beside}"
