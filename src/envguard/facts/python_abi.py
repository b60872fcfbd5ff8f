"""EG404: compiled modules that were made for another Python.

``ModuleNotFoundError: No module named 'orjson.orjson'`` with the file lying there: an interpreter looks only for the
suffixes that are its own (PEP 3149). The wheel's tags say the same of the whole distribution (PEP 425), with less
certainty: a wheel that is tagged for a newer C library may work.
"""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from envguard.facts import linkage_words as words
from envguard.facts.entrances import entrance, ways
from envguard.facts.natives import NativeFile, Natives
from envguard.facts.severity import is_extension
from envguard.facts.suffixes import bound_to, extension_suffixes, is_for_another
from envguard.model import Change, Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.reach import Way

_CODE = "EG404"
_SOURCES = (".py", ".pyc", "/__init__.py")


class _Stray(NamedTuple):
    """A file that has the name of a module, which this interpreter cannot load."""

    path: str
    owner: str
    what: str
    """Whom it is for: ``cp310``, or what it is."""
    named: bool
    """Its suffix says that it is an extension module."""
    by_suffix: bool
    """``what`` is what its suffix says; otherwise what its bytes show."""


def observe(natives: Natives) -> Iterator[Change]:
    """What is for another Python: one change for each distribution and certainty."""
    strays = [*_for_others(natives), *_foreign(natives)]
    reached = {owner: _ways(owner, strays, natives) for owner in {stray.owner for stray in strays if stray.owner}}
    for distribution in natives.environment.distributions:
        if natives.distribution(distribution.name) is distribution:
            mine = [stray for stray in strays if stray.owner == distribution.name]
            yield from _of(distribution, mine, reached.get(distribution.name, {}), natives)


def _of(
    distribution: Distribution, strays: Sequence[_Stray], reached: "dict[str, Way]", natives: Natives
) -> Iterator[Change]:
    unaccepted = _is_unaccepted(distribution, natives)
    met = [stray for stray in strays if stray.path in reached]
    others = [stray for stray in strays if stray.path not in reached]
    tags = [_tags_said(distribution, natives)] if unaccepted else []
    if met:
        imports = [f"import {reached[stray.path].top} needs {_module(stray.path, natives)}" for stray in met]
        evidence = [*_said(met, natives), *dict.fromkeys(imports[: words.SHOWN]), *tags]
        yield _change(distribution, "unloadable", met, evidence, natives)
    if others and (tags or not met):
        kind = "doubtful" if unaccepted and not met else "noted"
        yield _change(distribution, kind, others, [*_said(others, natives), *tags], natives)
    elif unaccepted and not strays:
        kind, why = _weight_of_tags(distribution, natives)
        yield _change(distribution, kind, (), [*tags, why], natives)


def _for_others(natives: Natives) -> list[_Stray]:
    """Extension modules with the suffix of another interpreter, and none beside them that this one would load."""
    mine = natives.environment.interpreter.soabi
    suffixes = extension_suffixes(mine)
    found = []
    for file in natives.files:
        if is_for_another(file.path, mine) and not _has_variant(file.path, suffixes):
            tag = bound_to(file.path)
            what = _spoken(tag, mine) if tag else "the stable ABI, which this interpreter has not"
            found.append(_Stray(file.path, file.owner, what, named=True, by_suffix=True))
    return found


def _foreign(natives: Natives) -> list[_Stray]:
    """Files with a suffix that this interpreter looks for, whose bytes it cannot load."""
    suffixes = extension_suffixes(natives.environment.interpreter.soabi)
    return [
        _Stray(path, natives.owner_of(path), why, named=path.endswith(suffixes[:-1]), by_suffix=False)
        for path, why in natives.foreign
        if path.endswith(".so")
    ]


def _has_variant(path: str, suffixes: Sequence[str]) -> bool:
    """Something that this interpreter would import under the same name."""
    stem = os.path.join(os.path.dirname(path), os.path.basename(path).partition(".")[0])
    return any(os.path.isfile(stem + suffix) for suffix in (*suffixes, *_SOURCES))


def _spoken(tag: str, mine: str) -> str:
    """``cp310`` for ``cpython-310-x86_64-linux-gnu``; the whole tag where the platform is another."""
    implementation, _dash, rest = tag.partition("-")
    version, _dash, platform = rest.partition("-")
    if implementation != "cpython" or platform != mine.partition("-")[2].partition("-")[2]:
        return tag
    return f"cp{version}"


def _ways(owner: str, strays: Sequence[_Stray], natives: Natives) -> "dict[str, Way]":
    """How imports surely ask for some of them."""
    mine = {stray.path: stray for stray in strays if stray.owner == owner}
    tags = {bound_to(path) for path in mine}
    late = (*sorted(f".{tag}.so" for tag in tags if tag), ".abi3.so")
    found = ways(owner, tuple(mine), natives, late=late)
    for path, stray in mine.items():
        way = entrance(path, owner, natives) if stray.named else None
        if way is not None:
            found.setdefault(path, way)
    return found


def _is_unaccepted(distribution: Distribution, natives: Natives) -> bool:
    """True where it has tags, and the interpreter accepts none of them."""
    return bool(distribution.tags and natives.supported) and natives.accepted.isdisjoint(distribution.tags)


def _weight_of_tags(distribution: Distribution, natives: Natives) -> tuple[str, str]:
    """What tags that are not accepted mean, where every file has a name that this interpreter loads."""
    files = [file for file in natives.files if file.owner == distribution.name]
    if not files:
        return "noted", "it has no compiled file"
    tied = [file for file in files if is_extension(file) and file.path.endswith(".so") and not _says_for_whom(file)]
    if tied and not any(_fits_python(tag, natives) for tag in distribution.tags):
        shown = words.listed([words.short(file.path, natives) for file in tied])
        return "doubtful", f"nothing in their names keeps them from being imported: {shown}"
    if natives.loader.unmodelled:
        return "doubtful", "whether its files load is not known"
    if any(each.severity != "noted" for each in natives.resolution.broken if each.file.owner == distribution.name):
        return "doubtful", "and not all of its files load"
    return "noted", "all its files find what they need"


def _says_for_whom(file: NativeFile) -> bool:
    return bool(bound_to(file.path)) or file.path.endswith(".abi3.so")


def _fits_python(tag: str, natives: Natives) -> bool:
    """True where interpreter and ABI are accepted on some platform."""
    python_and_abi = tag.rpartition("-")[0]
    return any(each.rpartition("-")[0] == python_and_abi for each in natives.supported)


def _said(strays: Sequence[_Stray], natives: Natives) -> Iterator[str]:
    by_kind: dict[tuple[str, bool], list[str]] = {}
    for stray in strays:
        by_kind.setdefault((stray.what, stray.by_suffix), []).append(words.short(stray.path, natives))
    for (what, by_suffix), paths in by_kind.items():
        if by_suffix:
            is_for = "is there, but its suffix is" if len(paths) == 1 else "are there, but their suffix is"
            yield f"{words.listed(paths)} {is_for} for {words.cut(what)}"
        else:
            yield f"{words.listed(paths)} cannot be loaded: {words.cut(what)}"


def _tags_said(distribution: Distribution, natives: Natives) -> str:
    wheel = words.listed(list(distribution.tags))
    best = next((tag for tag in natives.supported if "linux_" in tag and "-linux_" not in tag), natives.supported[0])
    return f"its wheel is for {words.cut(wheel)}; what fits best here is {best}"


def _module(path: str, natives: Natives) -> str:
    folder, _slash, name = words.short(path, natives).rpartition("/")
    stem = name.partition(".")[0]
    return words.cut(".".join([*folder.split("/"), stem]) if folder else stem)


def _change(
    distribution: Distribution, kind: str, strays: Sequence[_Stray], evidence: Sequence[str], natives: Natives
) -> Change:
    interpreter = natives.environment.interpreter
    made_for = sorted({stray.what for stray in strays if stray.by_suffix})
    if not made_for and _is_unaccepted(distribution, natives):
        made_for = list(distribution.tags)
    return Change(
        code=_CODE,
        kind=kind,
        package=distribution.name,
        locked=words.cut(words.listed(made_for)),
        installed=_spoken(interpreter.soabi, interpreter.soabi),
        path=strays[0].path if strays else distribution.path,
        evidence=tuple(evidence),
    )
