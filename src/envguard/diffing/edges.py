"""Who requires whom, and what the project itself asks for, as far as a lock or what is installed says it."""

import os
import re

from envguard._value import Value
from envguard.environment.interpreter import markers
from envguard.facts.requirements import applicable
from envguard.formats import _text, _toml
from envguard.formats.poetry_lock import allows
from envguard.versions import normalise, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envguard.diffing.sides import Side
    from envguard.formats._toml import Table
    from envguard.model import Environment

_ROOTS = ("virtual", "editable", "directory")
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)", re.ASCII)
_VIA = re.compile(r"\s+#\s+via\b(.*)")
_VIA_MORE = re.compile(r"\s+#\s{3,}(\S.*)")
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:==|@)", re.ASCII)


class Edge(Value):
    """One package requires another."""

    package: str
    by: str
    asks: str = ""
    """The requirement, where it has bounds that are known."""
    poetry: bool = False
    """``asks`` is written in Poetry's way."""

    @property
    def bounded(self) -> bool:
        """True where it is known which versions would do."""
        return bool(self.asks)

    def accepts(self, version: str) -> bool:
        """True where that version would do; also where it cannot be told."""
        if self.poetry:
            return allows(self.asks, version)
        from packaging.requirements import InvalidRequirement, Requirement

        known = parse(version)
        try:
            return known is None or Requirement(self.asks).specifier.contains(known, prereleases=True)
        except InvalidRequirement:
            return True


class Edges(Value):
    """What is known of one side."""

    of: "dict[str, tuple[Edge, ...]]"
    """Package -> who requires it."""
    direct: "frozenset[str] | None" = None
    """What the project asks for itself; None where nothing says so."""
    spoken_of: "frozenset[str] | None" = None
    """The packages of which anything is known; None is all."""


def known(side: "Side") -> "Edges | None":
    """Who requires whom on one side; None where nothing says so.

    Raises:
        UnverifiableError: git fails.
    """
    if side.live is not None:
        return _made(_of_live(side.live), declared(os.path.join(os.getcwd(), "pyproject.toml"), side))
    reader = _READERS.get(side.snapshot.format)
    if reader is None:
        return None
    path = side.snapshot.path
    text = _text.decode(side.files.read(path, _text.FILE_LIMIT), path)
    return reader(text, side)


def _made(edges: "Iterable[Edge]", direct: "frozenset[str] | None") -> "Edges | None":
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.package, []).append(edge)
    return Edges(of={name: tuple(each) for name, each in found.items()}, direct=direct) if found or direct else None


def _of_live(live: "Environment") -> "Iterator[Edge]":
    facts = markers(live.interpreter)
    for item in live.distributions:
        for text in item.requires:
            try:
                requirement = applicable(text, facts)
            except ValueError:
                continue  # EG407 says that it cannot be read
            if requirement is not None:
                name = normalise(requirement.name)
                yield Edge(package=name, by=item.name, asks=f"{requirement.name}{requirement.specifier}")


def _of_uv(text: str, side: "Side") -> "Edges | None":
    document = _toml.load(text.encode(), side.snapshot.path)
    manifest = _toml.section(document.table, "manifest")
    members = {normalise(name) for name in _toml.texts(manifest, "members")}
    edges: list[Edge] = []
    direct = {normalise(_toml.text(each, "name")) for each in _toml.tables(manifest, "requirements")}
    for table in _toml.tables(document.table, "package"):
        name = normalise(_toml.text(table, "name"))
        source = _toml.section(table, "source")
        required = list(_uv_required(table))
        if name in members or any(source.get(kind) == "." for kind in _ROOTS):
            direct |= set(required) | {name}
        else:
            edges += [Edge(package=each, by=name) for each in required]
    return _made(edges, frozenset(direct))


def _uv_required(table: "Table") -> "Iterator[str]":
    lists = [_toml.tables(table, "dependencies")]
    for key in ("optional-dependencies", "dev-dependencies"):
        section = _toml.section(table, key)
        lists += [_toml.tables(section, group) for group in section]
    for each in lists:
        yield from (normalise(_toml.text(edge, "name")) for edge in each)


def _of_poetry(text: str, side: "Side") -> "Edges | None":
    document = _toml.load(text.encode(), side.snapshot.path)
    edges = []
    for table in _toml.tables(document.table, "package"):
        by = normalise(_toml.text(table, "name"))
        for name, constraint in _toml.section(table, "dependencies").items():
            alternatives = constraint if isinstance(constraint, list) else [constraint]
            versions = [each.get("version", "") if isinstance(each, dict) else each for each in alternatives]
            # Several alternatives depend on markers; which one holds is not worth a guess.
            asks = str(versions[0]) if len(versions) == 1 else ""
            edges.append(Edge(package=normalise(name), by=by, asks=asks, poetry=True))
    return _made(edges, _declared_beside(side))


def _of_pdm(text: str, side: "Side") -> "Edges | None":
    document = _toml.load(text.encode(), side.snapshot.path)
    edges = []
    for table in _toml.tables(document.table, "package"):
        by = normalise(_toml.text(table, "name"))
        for asks in _toml.texts(table, "dependencies"):
            if named := _NAME.match(asks):
                edges.append(Edge(package=normalise(named[1]), by=by, asks=asks))
    return _made(edges, _declared_beside(side))


def _of_pylock(text: str, side: "Side") -> "Edges | None":
    document = _toml.load(text.encode(), side.snapshot.path)
    edges = [
        Edge(package=normalise(_toml.text(each, "name")), by=normalise(_toml.text(table, "name")))
        for table in _toml.tables(document.table, "packages")
        for each in _toml.tables(table, "dependencies")
    ]
    # Most tools leave the edges out: without any of them nothing is known.
    return _made(edges, _declared_beside(side)) if edges else None


def _of_requirements(text: str, side: "Side") -> "Edges | None":  # noqa: ARG001 - the shape of every reader
    """What pip-compile and uv write below each pin: ``# via pandas`` or ``# via -r requirements.in``."""
    edges: list[Edge] = []
    direct: set[str] = set()
    package, inside = "", False
    for line in text.splitlines():
        if pinned := _PINNED.match(line):
            package, inside = normalise(pinned[1]), False
        via = _VIA.search(line)
        more = _VIA_MORE.fullmatch(line) if inside and via is None else None
        inside = via is not None or more is not None
        word = (via[1] if via else more[1] if more else "").strip()
        if not word or not package:
            continue
        for each in word.split(","):
            named = _NAME.fullmatch(each)
            if named is None:  # -r requirements.in, or `project (pyproject.toml)`
                direct.add(package)
            else:
                edges.append(Edge(package=package, by=normalise(named[1])))
    found = _made(edges, frozenset(direct))
    # A line without such a comment, or of an included file, may be anybody's wish.
    return None if found is None else found.replace(spoken_of=frozenset({*found.of, *direct}))


_READERS = {
    "uv.lock": _of_uv,
    "poetry.lock": _of_poetry,
    "pdm.lock": _of_pdm,
    "pylock.toml": _of_pylock,
    "requirements.txt": _of_requirements,
}


def _declared_beside(side: "Side") -> "frozenset[str] | None":
    return declared(os.path.join(os.path.dirname(side.snapshot.path), "pyproject.toml"), side)


def declared(path: str, side: "Side") -> "frozenset[str] | None":
    """What a pyproject.toml asks for, in all groups and extras; None where there is none or it does not say.

    Raises:
        LockError: It is no TOML.
    """
    from envguard.facts.reading import ReadFailure

    try:
        data = side.files.read(path, 1 << 20)
    except ReadFailure as failure:
        if failure.missing:
            return None
        raise
    table = _toml.load(data, path).table
    project, tool = _toml.section(table, "project"), _toml.section(table, "tool")
    poetry = _toml.section(tool, "poetry")
    if "dependencies" in _toml.texts(project, "dynamic") and not poetry:
        return None
    texts = [*_toml.texts(project, "dependencies")]
    for groups in (
        _toml.section(project, "optional-dependencies"),
        _toml.section(table, "dependency-groups"),
        _toml.section(_toml.section(tool, "pdm"), "dev-dependencies"),
    ):
        texts += [text for group in groups.values() for text in group if isinstance(text, str)]
    texts += _toml.texts(_toml.section(tool, "uv"), "dev-dependencies")
    named = [found[1] for text in texts if (found := _NAME.match(text))]
    for section in (
        poetry,
        *(each for each in _toml.section(poetry, "group").values() if isinstance(each, dict)),
    ):
        named += [*_toml.section(section, "dependencies"), *_toml.section(section, "dev-dependencies")]
    if not named and not project and not poetry:
        return None
    return frozenset(normalise(name) for name in named)
