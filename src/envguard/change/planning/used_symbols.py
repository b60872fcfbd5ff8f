"""Which symbols of other packages a project's own sources use: read from syntax trees, nothing is imported.

Seen are imports, attributes of imported modules and names under any alias, and the arguments of calls. What is reached
in another way (attributes of objects, ``getattr``, ``importlib``, star imports) is not, and is said.
"""

import ast
import os
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from envguard.facts.reading import ReadFailure, read

SOURCE_LIMIT = 4 << 20
"""Bytes of one source file."""
SOURCES = 20_000
"""Source files of one project."""

_NOT_OWN = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "build", "dist", "venv"})


class Use(NamedTuple):
    """One place where a symbol is used."""

    symbol: str
    """Dotted path as the source reaches it, such as ``PIL.Image.open``."""
    place: str
    """``file:line``."""
    called: bool = False
    positional: int = 0
    """Positional arguments of the call."""
    keywords: tuple[str, ...] = ()
    """Keywords of the call."""
    open_ended: bool = False
    """The call unpacks ``*`` or ``**``: what it passes is not known."""


class Seen(NamedTuple):
    """What the sources use, and what could not be seen."""

    uses: tuple[Use, ...]
    blind: tuple[str, ...]
    files: int


def find(sources: "Sequence[str | os.PathLike[str]]", top_levels: Collection[str]) -> Seen:
    """What some sources use of some packages.

    Args:
        sources: Files and folders; folders of environments, builds and byte code are passed over.
        top_levels: Names that the packages are imported by.
    """
    uses: list[Use] = []
    blind: list[str] = []
    count = 0
    for path, shown in _files(sources):
        count += 1
        if count > SOURCES:
            blind.append(f"only the first {SOURCES} source files were read")
            break
        try:
            tree = ast.parse(read(path, SOURCE_LIMIT))
        except (ReadFailure, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            blind.append(f"{shown}: not read: {error.why if isinstance(error, ReadFailure) else 'no Python source'}")
            continue
        reader = _Reader(shown, frozenset(top_levels))
        try:
            reader.read(tree)
        except RecursionError:
            blind.append(f"{shown}: nested too deeply")
        uses += reader.uses
        blind += reader.blind
    return Seen(tuple(dict.fromkeys(uses)), tuple(dict.fromkeys(blind)), count)


class _Reader:
    """Reads one module: first what names are bound by imports, anywhere in it, then where they are used."""

    def __init__(self, shown: str, top_levels: frozenset[str]) -> None:
        self._shown = shown
        self._tops = top_levels
        self._names: dict[str, str] = {}
        self.uses: list[Use] = []
        self.blind: list[str] = []

    def read(self, tree: ast.Module) -> None:
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                self._import_from(node)
        calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
        inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in inner:
                self._use(node, calls)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if top in self._tops:
                self._names[alias.asname or top] = alias.name if alias.asname else top
                self.uses.append(Use(alias.name, self._place(node)))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if module.partition(".")[0] not in self._tops:
            return
        for alias in node.names:
            if alias.name == "*":
                self.blind.append(f"{self._place(node)}: from {module} import * hides what is used")
                continue
            self._names[alias.asname or alias.name] = f"{module}.{alias.name}"
            self.uses.append(Use(f"{module}.{alias.name}", self._place(node)))

    def _use(self, node: "ast.Attribute | ast.Name", calls: "dict[int, ast.Call]") -> None:
        dotted = self._dotted(node)
        if not dotted:
            return
        call = calls.get(id(node))
        if call is None:
            self.uses.append(Use(dotted, self._place(node)))
            return
        starred = any(isinstance(each, ast.Starred) for each in call.args)
        self.uses.append(
            Use(
                dotted,
                self._place(node),
                called=True,
                positional=len(call.args),
                keywords=tuple(each.arg for each in call.keywords if each.arg is not None),
                open_ended=starred or any(each.arg is None for each in call.keywords),
            )
        )

    def _dotted(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._names:
            return ""
        return ".".join([self._names[node.id], *reversed(parts)])

    def _place(self, node: ast.stmt | ast.expr) -> str:
        return f"{self._shown}:{node.lineno}"


def _files(sources: "Sequence[str | os.PathLike[str]]") -> Iterator[tuple[str, str]]:
    """Path and name to show of every source file."""
    for source in [os.fspath(each) for each in sources]:
        if not os.path.isdir(source):
            yield source, source
            continue
        for folder, folders, names in os.walk(source):
            folders[:] = sorted(each for each in folders if _is_own(os.path.join(folder, each), each))
            for name in sorted(names):
                if name.endswith(".py"):
                    path = os.path.join(folder, name)
                    yield path, os.path.relpath(path, source)


def _is_own(path: str, name: str) -> bool:
    return not name.startswith(".") and name not in _NOT_OWN and not os.path.exists(os.path.join(path, "pyvenv.cfg"))
