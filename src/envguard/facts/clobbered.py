"""EG406: one path in the RECORDs of two distributions, with different content. Whose bytes lie there?

pip and uv install over the files of another distribution without a word. The one that came last wins, and removing
either removes files of the other: opencv-python beside opencv-python-headless, onnxruntime-gpu beside onnxruntime.

Sharing a path is normal where it makes no difference: equal content, the ``__init__.py`` of a namespace package, byte
code. It is only noted where no code of an installed package differs: scripts and data outside site-packages, a licence
or a folder ``tests`` that was packed to the top by mistake.
"""

import ast
import os
import re
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from envguard.facts import linkage_words, records
from envguard.facts.hashing import hash_files
from envguard.facts.natives import Natives
from envguard.facts.ownership import Owned
from envguard.facts.reading import ReadFailure, read
from envguard.model import Change

SHOWN = 3
"""Files that a change names; its counts are exact."""
STUB_LIMIT = 2048
"""Bytes of the ``__init__.py`` of a namespace package, licence text included."""

_CODE = re.compile(r"\.(?:py|pyd|pth|so(?:\.[\w.-]+)?)$")
_BESIDE_THE_PACKAGE = frozenset(
    {
        "benchmarks",
        "conf.py",
        "conftest.py",
        "doc",
        "docs",
        "example",
        "examples",
        "scripts",
        "setup.py",
        "test",
        "tests",
    }
)
"""What is packed to the top of site-packages by mistake, and imported by nobody."""
_MOST_OWNERS = 64
"""Owners of one path that are compared with one another; the wheels of one family share ``nvidia/__init__.py``."""


class _Pair(NamedTuple):
    """What two distributions both claim."""

    differing: list[tuple[Owned, Owned]]
    equal: list[str]
    undecided: list[str]
    """A row without a hash, such as that of a script, tells nothing."""


def observe(natives: Natives) -> Iterator[Change]:
    """One change for each pair of distributions that claim a path with different content."""
    for (first, second), pair in sorted(_pairs(natives.ownership.rows).items()):
        if pair.differing:
            yield _change(first, second, pair, natives)


def _pairs(rows: "list[Owned]") -> dict[tuple[str, str], _Pair]:
    pairs: dict[tuple[str, str], _Pair] = {}
    for owners in _shared(rows).values():
        for first, second in combinations(sorted(owners)[:_MOST_OWNERS], 2):
            pair = pairs.setdefault((first, second), _Pair([], [], []))
            one, other = owners[first], owners[second]
            if not one.hash or not other.hash or one.hash.partition(":")[0] != other.hash.partition(":")[0]:
                pair.undecided.append(one.path)
            elif one.hash == other.hash:
                pair.equal.append(one.path)
            else:
                pair.differing.append((one, other))
    return pairs


def _shared(rows: "list[Owned]") -> dict[str, dict[str, Owned]]:
    """Path to owner to row, for the paths that several distributions claim."""
    first: dict[str, Owned] = {}
    shared: dict[str, dict[str, Owned]] = {}
    for row in rows:
        known = first.setdefault(row.path, row)
        if known.owner != row.owner and not records.is_bytecode(row.path) and ".dist-info/" not in row.path:
            shared.setdefault(row.path, {known.owner: known}).setdefault(row.owner, row)
    return shared


def _change(first: str, second: str, pair: _Pair, natives: Natives) -> Change:
    found = dict(zip((one.path for one, _other in pair.differing), _digests(pair), strict=True))
    sites = [f"{os.path.realpath(each.location)}/" for each in natives.environment.distributions]
    telling = [
        rows for rows in pair.differing if is_telling(rows, bool(found[rows[0].path]), tuple(dict.fromkeys(sites)))
    ]
    won = {owner: sum(_lies_there(rows, owner, found) for rows in pair.differing) for owner in (first, second)}
    loser, winner = sorted((first, second), key=lambda owner: won[owner])
    shown = sorted(telling or pair.differing, key=lambda rows: not rows[0].path.endswith("__init__.py"))
    count = len(pair.differing) + len(pair.equal) + len(pair.undecided)
    one, other = natives.version(first), natives.version(second)
    neither = len(pair.differing) - won[first] - won[second]
    differs = f"the content of {len(pair.differing)} differs"
    return Change(
        code="EG406",
        kind="overwritten" if telling else "noted",
        package=loser,
        locked=natives.version(loser),
        installed=natives.version(winner),
        path=shown[0][0].path,
        evidence=(
            f"{_paths(count)} in the RECORD of {one} and in that of {other}; {differs}",
            f"of those, {won[first]} are as {one} lists them, {won[second]} as {other} does, {neither} as neither",
            *(_told(rows, found, natives) for rows in shown[:SHOWN]),
        ),
    )


def _digests(pair: _Pair) -> list[str]:
    """What lies at each differing path: hex digests, empty for what cannot be read."""
    digests = hash_files(
        [one.path for one, _other in pair.differing], sizes=[one.size or 0 for one, _ in pair.differing]
    )
    return [digest.sha256 for digest in digests]


def _lies_there(rows: tuple[Owned, Owned], owner: str, found: dict[str, str]) -> bool:
    return any(row.owner == owner and row.hash == f"sha256:{found[row.path]}" for row in rows)


def _told(rows: tuple[Owned, Owned], found: dict[str, str], natives: Natives) -> str:
    path = rows[0].path
    name = linkage_words.short(path, natives)
    if not found[path]:
        return f"{name}: missing, or not readable"
    owner = next((row.owner for row in rows if _lies_there(rows, row.owner, found)), "")
    return f"{name}: the file of {owner} lies there" if owner else f"{name}: what lies there is in neither RECORD"


def is_telling(rows: tuple[Owned, Owned], readable: bool, sites: tuple[str, ...]) -> bool:
    """True for code of an installed package, whose loss somebody notices.

    Args:
        rows: What two owners list for one path; what lies there now belongs to the first or to either.
        readable: Something lies there.
        sites: Every site-packages, each with a slash at its end.
    """
    path = rows[0].path
    inside = max((path[len(site) :] for site in sites if path.startswith(site)), key=len, default="")
    if not inside or not _CODE.search(inside) or inside.partition("/")[0] in _BESIDE_THE_PACKAGE:
        return False
    return not (path.endswith("/__init__.py") and _is_stub(rows, readable))


def _is_stub(rows: tuple[Owned, Owned], readable: bool) -> bool:
    """True where the ``__init__.py`` that lies there only opens a namespace, and so, by its size, did the other."""
    if not readable or any(row.size is None or row.size > STUB_LIMIT for row in rows):
        return False
    try:
        return opens_namespace(read(rows[0].path, STUB_LIMIT))
    except ReadFailure:
        return False


def opens_namespace(source: bytes) -> bool:
    """True for a module that does nothing but to open a namespace (pkgutil, pkg_resources) or to say its version.

    Source: "Packaging namespace packages" of the Python Packaging User Guide.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # MemoryError: nesting, on Python 3.10
        return False
    return all(_opens_namespace(statement) for statement in tree.body)


def _opens_namespace(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Try):
        handled = [each for handler in statement.handlers for each in handler.body]
        return all(map(_opens_namespace, (*statement.body, *handled, *statement.orelse, *statement.finalbody)))
    if isinstance(statement, ast.Import):
        return all(alias.name in ("pkgutil", "pkg_resources") for alias in statement.names)
    if isinstance(statement, ast.ImportFrom):
        return statement.module in ("pkgutil", "pkg_resources", "__future__")
    if isinstance(statement, ast.Assign):
        names = [each.id if isinstance(each, ast.Name) else "" for each in statement.targets]
        plain = isinstance(statement.value, ast.Constant)  # such as the version of whichever member came last
        return names == ["__path__"] or (plain and all(name.startswith("__") for name in names))
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) or "declare_namespace" in ast.dump(statement.value)
    return isinstance(statement, ast.Pass)


def _paths(count: int) -> str:
    return "1 path is" if count == 1 else f"{count} paths are"
