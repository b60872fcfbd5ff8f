"""What a wheel says of itself that speaks against installing it here: tags, Python, withdrawal, another variant."""

from collections.abc import Iterator

from envguard.change.planning.resulting import Result
from envguard.change.wheels.incoming import Incoming
from envguard.environment import tags
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_SHOWN = 200


def changes(result: Result) -> Iterator[Change]:
    """EG224, EG225 and EG228."""
    supported = frozenset(map(str, tags.supported(result.live.interpreter)))
    for incoming in result.arriving:
        yield from _python(incoming, result)
        yield from _tags(incoming, supported, result)
        yield from _withdrawn(incoming)
        yield from _variant(incoming, result)


def _python(incoming: Incoming, result: Result) -> Iterator[Change]:
    if not incoming.requires_python:
        return
    version = result.markers["python_full_version"]
    asked = _specifier(incoming.requires_python)
    if asked is None:
        said = f"its Requires-Python is none: {incoming.requires_python[:_SHOWN]!a}"
        yield _change(incoming, "EG224", "noted", said, locked=version)
    elif not asked.contains(version.removesuffix("local"), prereleases=True):
        said = f"its metadata has Requires-Python: {incoming.requires_python[:_SHOWN]}"
        yield _change(incoming, "EG224", "unfit", said, locked=f"Python {version}")


def _tags(incoming: Incoming, supported: frozenset[str], result: Result) -> Iterator[Change]:
    if supported and incoming.tags and supported.isdisjoint(incoming.tags):
        shown = ", ".join(incoming.tags[:3]) + (" ..." if len(incoming.tags) > 3 else "")
        said = f"its tags are {shown}; none is one that this interpreter takes"
        whom = result.live.interpreter
        yield _change(incoming, "EG224", "unfit", said, locked=f"{whom.soabi or whom.version}")


def _withdrawn(incoming: Incoming) -> Iterator[Change]:
    if incoming.yanked:
        yield _change(incoming, "EG225", "withdrawn", f"the index withdrew it: {incoming.yanked[:_SHOWN]}")


def _variant(incoming: Incoming, result: Result) -> Iterator[Change]:
    before = result.before(incoming.name)
    if before is None or before.variant is None or incoming.variant is None or before.variant == incoming.variant:
        return
    yield Change(
        code="EG228",
        kind="variant",
        package=incoming.name,
        part="local",
        locked=before.variant,
        installed=incoming.variant,
        path=before.path,
        evidence=(
            f"{incoming.name} {before.version} is built for {before.variant}",
            f"{incoming.name} {incoming.version} is built for {incoming.variant}",
        ),
        traits=incoming.traits,
    )


def _specifier(text: str) -> "SpecifierSet | None":
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


def _change(incoming: Incoming, code: str, kind: str, said: str, *, locked: str = "") -> Change:
    return Change(
        code=code,
        kind=kind,
        package=incoming.name,
        locked=locked,
        installed=f"{incoming.name} {incoming.version}",
        path=incoming.origin,
        evidence=(said,),
        traits=incoming.traits,
    )
