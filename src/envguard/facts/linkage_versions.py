"""EG403: a library is there, but it is older (or other) than the one that a file was linked against.

The version is looked up in the set of those that the library defines. Numbers are not compared: ``GLIBC_PRIVATE`` and
``GLIBC_ABI_DT_RELR`` have none.
"""

from collections.abc import Iterator, Sequence

from envguard.facts import linkage_words as words
from envguard.facts.natives import Natives
from envguard.facts.resolution import Broken, MissingVersion
from envguard.model import Change

_CODE = "EG403"


def changes(natives: Natives, broken: Sequence[Broken]) -> Iterator[Change]:
    """One change for each owner, library and severity."""
    groups: dict[tuple[str, str, bool], list[tuple[Broken, MissingVersion]]] = {}
    for each in broken:
        for missing in each.versions:
            key = (missing.owner or each.file.owner, missing.provider, each.severity == "noted")
            groups.setdefault(key, []).append((each, missing))
    for (owner, provider, _noted), found in sorted(groups.items()):
        yield _change(owner, provider, found, natives)


def _change(owner: str, provider: str, found: list[tuple[Broken, MissingVersion]], natives: Natives) -> Change:
    found = sorted(found, key=lambda pair: words.by_gravity(pair[0]))
    files = [each for each, _missing in found]
    versions = sorted({missing.need.version for _each, missing in found})
    asking = list(dict.fromkeys(missing.requester for _each, missing in found))
    evidence = [
        f"{words.of(asking[0], natives)} needs {words.cut(words.listed(versions))} of {found[0][1].need.file}",
        f"{words.of(provider, natives)} is found for it and does not define {_them(versions)}",
    ]
    evidence.extend(words.so_do(asking, natives))
    newest = _newest_like(versions[-1], provider, natives)
    if newest:
        evidence.append(f"the newest that it defines is {words.cut(newest)}")
    evidence.extend(words.reached(files, natives))
    evidence.extend(words.doubts(files))
    return Change(
        code=_CODE,
        kind=words.gravest(each.severity for each in files),
        package=owner.removeprefix("conda:"),
        locked=words.cut(words.listed(versions)),
        installed=provider,
        path=asking[0],
        evidence=tuple(evidence),
    )


def _them(versions: Sequence[str]) -> str:
    return "it" if len(versions) == 1 else "them"


def _newest_like(version: str, provider: str, natives: Natives) -> str:
    """The last version that a library defines of the same series, for the reader; "" where it has none."""
    elf = natives.loader.load(provider)
    series = version.partition("_")[0] + "_"
    alike = [each for each in elf.version_definitions() if each.startswith(series)] if elf is not None else []
    return max(filter(_numbers, alike), key=_numbers, default="")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.partition("_")[2].split(".") if part.isdigit()]
