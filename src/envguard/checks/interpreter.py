"""Is it the Python, the platform and the C library that were locked?

Independent differences are stated each; what follows from another one is not: another minor version always has another
ABI tag, another machine always another platform in it.
"""

from envguard import versions
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Depth, Environment, Interpreter, Snapshot

NAME = "interpreter"
CODES = ("EG110",)
DEPTH: "Depth" = "versions"


def blocked(snapshot: "Snapshot", _environment: "Environment") -> str:
    """Why interpreters cannot be compared."""
    return "" if snapshot.interpreter else "the golden file does not say which Python it was made for"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each difference of the interpreter and the platform below it."""
    locked, found = snapshot.interpreter, environment.interpreter
    if locked is None:
        return
    for part, before, after, traits in _differences(locked, found):
        yield Change(
            code="EG110",
            kind="interpreter",
            part=part,
            locked=before,
            installed=after or "unknown",
            path=snapshot.path,
            evidence=(f"prefix {environment.prefix}",),
            traits=traits,
        )


def _differences(locked: "Interpreter", found: "Interpreter") -> "Iterator[tuple[str, str, str, tuple[str, ...]]]":
    """Part, locked value, value found, and in which direction it moved."""
    part = _moved(locked, found)
    if part == "implementation":
        yield part, locked.implementation, found.implementation, ()
    elif part:
        yield part, locked.version, found.version, _direction(locked.version, found.version)
    before, after = f"{locked.system} {locked.machine}", f"{found.system} {found.machine}"
    if before != after:
        yield "platform", before, after, ()
        return
    if part in ("", "micro", "pre") and locked.soabi and locked.soabi != found.soabi:
        yield "abi", locked.soabi, found.soabi, ()
    if locked.libc and locked.libc != found.libc:
        yield "libc", locked.libc, found.libc, _newer_libc(locked.libc, found.libc)


def _moved(locked: "Interpreter", found: "Interpreter") -> str:
    if locked.implementation != found.implementation:
        return "implementation"
    if versions.relation(locked.version, found.version) == "equal":
        return ""
    return versions.moved_part(locked.version, found.version)


def _direction(locked: str, found: str) -> tuple[str, ...]:
    relation = versions.relation(locked, found)
    return {"upgraded": ("newer",), "downgraded": ("older",)}.get(relation, ())


def _newer_libc(locked: str, found: str) -> tuple[str, ...]:
    """The direction within one C library; another library has none."""
    name, _space, version = locked.partition(" ")
    other, _space, other_version = found.partition(" ")
    return _direction(version, other_version) if name == other else ()
