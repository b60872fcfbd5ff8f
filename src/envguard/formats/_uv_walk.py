"""Which packages of a uv.lock are installed: the walk from the project over its dependencies.

A universal lock holds several versions of one name, several indexes of one version, and every platform. What applies
follows from the edges: each names its target closely enough and carries a marker. Extras and groups that exclude each
other stand in the markers too, as made-up extras: ``extra == 'extra-8-nanochat-gpu'`` is the extra ``gpu`` of the
project whose name has 8 letters (uv: ``crates/uv-resolver/src/universal_marker.rs``).
"""

from envguard._value import Value
from envguard.formats import _locked, _toml
from envguard.formats._conditions import Conditions
from envguard.formats._toml import ShapeError
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envguard.formats._toml import Table

_ROUNDS = 20
"""How often the walk may begin again because it reached an extra that markers speak of."""


class Dependency(Value):
    """An edge: what it points to, and when."""

    name: str
    version: "str | None"
    source: "tuple[tuple[str, str], ...] | None"
    marker: str
    extras: tuple[str, ...]


class Package(Value):
    """A node."""

    name: str
    version: "str | None"
    source: tuple[tuple[str, str], ...]
    markers: tuple[str, ...]
    """Of several nodes of one name and no better distinction, those apply for which one of these holds."""
    dependencies: tuple[Dependency, ...]
    extras: "dict[str, tuple[Dependency, ...]]"
    groups: "dict[str, tuple[Dependency, ...]]"


class Start(Value):
    """Where the walk begins."""

    roots: tuple[int, ...]
    """Indices of the project, or of all members of a workspace that is no project."""
    extra_edges: tuple[Dependency, ...]
    """Of a lock without a project: a script's requirements."""
    extras: tuple[str, ...]
    groups: tuple[str, ...]


def package(table: "Table") -> Package:
    """The node that an entry of the lock describes.

    Raises:
        ShapeError: It has not the form of one.
    """
    return Package(
        name=_locked.name(table),
        version=_locked.version(table),
        source=source(table),
        markers=_toml.texts(table, "resolution-markers"),
        dependencies=edges(table, "dependencies"),
        extras=_named_edges(table, "optional-dependencies"),
        groups=_named_edges(table, "dev-dependencies"),
    )


def source(table: "Table") -> tuple[tuple[str, str], ...]:
    """The source of an entry or of an edge, sorted by key.

    Raises:
        ShapeError: It is no table of texts.
    """
    found = table.get("source")
    if not isinstance(found, dict) or not found or not all(isinstance(value, str) for value in found.values()):
        raise ShapeError("source is no table of texts, or an empty one")
    return tuple(sorted(found.items()))


def edges(table: "Table", key: str) -> tuple[Dependency, ...]:
    """The edges under a key.

    Raises:
        ShapeError: One has not the form of an edge.
    """
    return tuple(
        Dependency(
            name=_locked.name(each),
            version=_locked.version(each),
            source=source(each) if "source" in each else None,
            marker=_toml.text(each, "marker"),
            extras=tuple(map(normalise, _toml.texts(each, "extra"))),
        )
        for each in _toml.tables(table, key)
    )


def walk(
    packages: "list[Package]", start: Start, environment: "Mapping[str, str]", spoken_of: "frozenset[str]"
) -> "tuple[list[int], frozenset[str]]":
    """The indices of what is installed, and the made-up extras that are active.

    Args:
        packages: All nodes.
        start: Where to begin.
        environment: The marker environment (PEP 508).
        spoken_of: The made-up extras that exclude each other.

    Raises:
        ShapeError: An edge points nowhere, or the extras that the walk reaches contradict the way to them.
    """
    active = frozenset(_atoms_of_start(packages, start))
    for _round in range(_ROUNDS):
        reached, atoms = _Walk(packages, Conditions(environment, active)).run(start)
        new = (atoms & spoken_of) - active
        if not new:
            return reached, active
        active |= new
    raise ShapeError("conflicting extras that depend on one another")


def atom(kind: str, package_name: str, name: str) -> str:
    """The made-up extra for an extra or a group of a project."""
    return f"{kind}-{len(package_name)}-{package_name}" + (f"-{name}" if name else "")


def _atoms_of_start(packages: "list[Package]", start: Start) -> "Iterator[str]":
    for root in start.roots:
        name = packages[root].name
        yield atom("project", name, "")
        yield from (atom("extra", name, extra) for extra in start.extras)
        yield from (atom("group", name, group) for group in start.groups)


class _Walk:
    def __init__(self, packages: "list[Package]", conditions: Conditions) -> None:
        self._packages = packages
        self._conditions = conditions
        self._by_name: dict[str, list[int]] = {}
        for index, each in enumerate(packages):
            self._by_name.setdefault(each.name, []).append(index)
        self._seen: set[tuple[int, str]] = set()
        self._todo: list[tuple[int, str]] = []

    def run(self, start: Start) -> "tuple[list[int], set[str]]":
        for root in start.roots:
            self._visit(root, "")
            for extra in start.extras:
                self._visit(root, extra)
            for group in start.groups:
                self._follow(self._packages[root].groups.get(group, ()))
        self._follow(start.extra_edges)
        while self._todo:
            index, extra = self._todo.pop()
            node = self._packages[index]
            self._follow(node.extras.get(extra, ()) if extra else node.dependencies)
        atoms = {
            atom("extra" if extra else "project", self._packages[index].name, extra) for index, extra in self._seen
        }
        return sorted({index for index, _extra in self._seen}), atoms

    def _visit(self, index: int, extra: str) -> None:
        if (index, extra) not in self._seen:
            self._seen.add((index, extra))
            self._todo.append((index, extra))

    def _follow(self, dependencies: tuple[Dependency, ...]) -> None:
        for dependency in dependencies:
            if self._conditions.hold(dependency.marker):
                for index in self._targets(dependency):
                    self._visit(index, "")
                    for extra in dependency.extras:
                        self._visit(index, extra)

    def _targets(self, dependency: Dependency) -> list[int]:
        found = self._by_name.get(dependency.name, [])
        if dependency.version is not None:
            found = [index for index in found if self._packages[index].version == dependency.version]
        if dependency.source is not None:
            found = [index for index in found if self._packages[index].source == dependency.source]
        if not found:
            raise ShapeError(f"it depends on {dependency.name}, which the lock does not hold")
        if len(found) > 1:
            here = [i for i in found if any(map(self._conditions.hold, self._packages[i].markers))]
            found = here or found
        return found


def _named_edges(table: "Table", key: str) -> "dict[str, tuple[Dependency, ...]]":
    found = _toml.section(table, key)
    return {normalise(name): edges(found, name) for name in found}
