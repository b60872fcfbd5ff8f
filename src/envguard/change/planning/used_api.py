"""EG229: used symbols that changed between two versions of a package.

griffe reads the Python sources of both; nothing is imported. Only what the project's own code uses is compared. That
nothing is found means: no used symbol was seen to change. It does not mean that the new version works.
"""

import importlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from envguard._value import Value
from envguard.change.planning import used_symbols
from envguard.change.planning.used_symbols import Use
from envguard.errors import EnvguardError, UsageError
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

BLIND = (
    "attributes of objects, getattr, importlib and compiled code are not seen",
    "behaviour behind an unchanged signature is not seen",
)
"""What no comparison of sources sees."""

_SHOWN = 5
_TEXT = 300
_DEPTH = 40
_PARAMETERS = frozenset(
    {
        "PARAMETER_MOVED",
        "PARAMETER_REMOVED",
        "PARAMETER_CHANGED_KIND",
        "PARAMETER_CHANGED_DEFAULT",
        "PARAMETER_CHANGED_REQUIRED",
        "PARAMETER_ADDED_REQUIRED",
    }
)
_SILENT = frozenset({"RETURN_CHANGED_TYPE", "ATTRIBUTE_CHANGED_TYPE", "ATTRIBUTE_CHANGED_VALUE", "CLASS_REMOVED_BASE"})
"""Annotations, values and bases: they say nothing of whether a use still works."""


class Changed(Value):
    """One used symbol that changed."""

    symbol: str
    """As the project's sources reach it."""
    what: str
    """Such as ``was removed``."""
    places: tuple[str, ...]
    """``file:line`` of every use that it concerns."""


class Comparison(Value):
    """What was found of one package."""

    changed: tuple[Changed, ...] = ()
    """Sorted by symbol."""
    used: int = 0
    """Distinct symbols of the package that the sources use."""
    files: int = 0
    """Source files of the project that were read."""
    blind: tuple[str, ...] = ()
    """What could not be seen, a sentence each."""


def compare(
    sources: "Sequence[str | os.PathLike[str]]",
    top_levels: Sequence[str],
    old: "str | os.PathLike[str]",
    new: "str | os.PathLike[str]",
) -> Comparison:
    """Which symbols of a package that some sources use changed or vanished.

    Args:
        sources: The project's own files and folders.
        top_levels: Names that the package is imported by, such as ``PIL``.
        old: The folder that holds the old version: site-packages, or one that a wheel was unpacked into.
        new: The same for the new version.

    Raises:
        UsageError: griffe is not installed.
        EnvguardError: The sources of the package cannot be read.
    """
    griffe = _griffe()
    seen = used_symbols.find(sources, top_levels)
    uses: dict[str, list[Use]] = {}
    for use in seen.uses:
        uses.setdefault(use.symbol, []).append(use)
    tops = sorted({symbol.partition(".")[0] for symbol in uses})
    changed: list[Changed] = []
    unknown: list[str] = []
    for top in tops:
        mine = {symbol: found for symbol, found in uses.items() if symbol.partition(".")[0] == top}
        before, after = _load(griffe, top, old), _load(griffe, top, new)
        if before is None:
            unknown += mine
        elif after is None:
            changed += [_changed(symbol, "was removed with its package", found) for symbol, found in mine.items()]
        else:
            found, lost = _compared(griffe, before, after, mine)
            changed += found
            unknown += lost
    told = [f"not in its Python sources, so not compared: {_listed(unknown)}"] if unknown else []
    return Comparison(
        changed=tuple(sorted(changed, key=lambda each: (each.symbol, each.what))),
        used=len(uses),
        files=seen.files,
        blind=(*seen.blind, *told, *BLIND),
    )


def change(package: str, old: str, new: str, found: Comparison) -> "Change | None":
    """The comparison as a change, None where no used symbol was seen to change.

    Args:
        package: Normalised name.
        old: Its version now.
        new: Its version after the change.
        found: What ``compare`` gave.
    """
    if not found.changed:
        return None
    count = len({each.symbol for each in found.changed})
    return Change(
        code="EG229",
        kind="used-symbols",
        package=package,
        locked=old,
        installed=new,
        path=found.changed[0].places[0].rpartition(":")[0],
        line=int(found.changed[0].places[0].rpartition(":")[2]),
        evidence=(
            f"used symbols that changed: {count} of {found.used}",
            *(f"{each.symbol} {each.what}; used in {_listed(each.places)}" for each in found.changed),
        ),
    )


def _griffe() -> "ModuleType":
    try:
        return importlib.import_module("griffe")
    except ImportError as error:
        raise UsageError(
            "comparing the symbols in use needs griffe, which is not installed",
            remedy="pip install 'envguard-lock[api]'",
        ) from error


def _load(griffe: "ModuleType", top: str, folder: "str | os.PathLike[str]") -> "Any":
    """A package as griffe reads it, None where the folder has none of that name."""
    place = os.path.join(os.path.realpath(folder), top)
    path = place if os.path.isdir(place) else f"{place}.py"
    if not os.path.exists(path):
        return None
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # griffe tells of every source that it cannot follow
    try:
        return griffe.load(
            top,
            search_paths=[os.path.realpath(folder)],
            allow_inspection=False,
            try_relative_path=False,
            store_source=False,
            resolve_aliases=True,
            resolve_external=False,
        )
    except Exception as error:
        problem = f"its sources cannot be compared: {type(error).__name__}: {str(error)[:200]}"
        raise EnvguardError(problem, path=path) from error
    finally:
        logging.disable(before)


def _compared(
    griffe: "ModuleType", before: "Any", after: "Any", uses: Mapping[str, list[Use]]
) -> tuple[list[Changed], list[str]]:
    """What changed of one package, and the used symbols that its sources do not have."""
    changed: list[Changed] = []
    unknown: list[str] = []
    alike: dict[str, list[str]] = {}
    for symbol, found in uses.items():
        old = _member(before, symbol)
        if old is None:
            unknown.append(symbol)
        elif _member(after, symbol) is None:
            if _made_at_run_time(after, symbol):
                unknown.append(symbol)
            else:
                changed.append(_changed(symbol, "was removed", found))
        else:
            for path in {symbol, _canonical(old, symbol)}:
                alike.setdefault(path, []).append(symbol)
    for breakage in _breakages(griffe, before, after):
        for symbol in _concerned(breakage, alike):
            names = _parameters(before, breakage.obj.path)
            concerned = [use for use in uses[symbol] if _concerns(breakage, use, names)]
            if concerned:
                changed.append(_changed(symbol, _words(breakage), concerned))
    return list(dict.fromkeys(changed)), unknown


def _breakages(griffe: "ModuleType", before: "Any", after: "Any") -> "Iterator[Any]":
    found = griffe.find_breaking_changes(before, after)
    try:
        yield from found
    except Exception as error:
        problem = f"griffe cannot compare it: {type(error).__name__}: {str(error)[:200]}"
        raise EnvguardError(problem, path=str(before.path)) from error


def _concerned(breakage: "Any", alike: Mapping[str, list[str]]) -> list[str]:
    path = breakage.obj.path
    found = [*alike.get(path, ())]
    if path.endswith(".__init__"):  # whoever calls the class calls it
        found += alike.get(path.removesuffix(".__init__"), ())
    return list(dict.fromkeys(found))


def _concerns(breakage: "Any", use: Use, names: Sequence[str]) -> bool:
    """Whether one use meets a change of the symbol, whose parameters by position were ``names``."""
    kind = breakage.kind.name
    if kind in _SILENT or kind == "OBJECT_REMOVED":  # whether a symbol is there was looked up
        return False
    if kind not in _PARAMETERS:
        return not _is_dunder(use.symbol.rpartition(".")[2])
    if not use.called:
        return False
    parameter = getattr(breakage.old_value, "name", "") or getattr(breakage.new_value, "name", "")
    by_keyword = parameter in use.keywords
    by_position = parameter in names[: use.positional]
    if use.open_ended:
        return True
    if kind in ("PARAMETER_ADDED_REQUIRED", "PARAMETER_CHANGED_REQUIRED"):
        return not by_keyword
    if kind == "PARAMETER_CHANGED_DEFAULT":
        return not by_keyword and not by_position
    if kind == "PARAMETER_MOVED":
        return by_position
    return by_keyword or by_position


def _parameters(before: "Any", path: str) -> list[str]:
    """The parameters of a function as they were, without the one that the call itself fills."""
    function = _member(before, path)
    names = [each.name for each in _tried(lambda: list(function.parameters)) or ()]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _words(breakage: "Any") -> str:
    """What griffe says of it, without the names and colours of its own reports."""
    told = breakage.kind.value
    text = told[:1].lower() + told[1:]
    names = [getattr(each, "name", "") for each in (breakage.old_value, breakage.new_value)]
    parameter = next((name for name in names if isinstance(name, str) and name), "")
    if breakage.kind.name in _PARAMETERS and parameter:
        return f"changed: {text} ({parameter})"
    return f"changed: {text}: {breakage.old_value} -> {breakage.new_value}"[:_TEXT]


def _member(root: "Any", symbol: str) -> "Any":
    """The object at a dotted path, through aliases; None where the sources have none."""
    current = root
    for part in symbol.split(".")[1:][:_DEPTH]:
        current = _inside(current, part)
        if current is None:
            return None
    return current


def _inside(parent: "Any", name: str) -> "Any":
    for members in (lambda: parent.members, lambda: parent.all_members):  # the second has inherited ones
        found = _tried(lambda members=members: members().get(name))  # type: ignore[misc]
        if found is not None:
            return found
    return None


def _canonical(found: "Any", symbol: str) -> str:
    path = _tried(lambda: found.canonical_path)
    return path if isinstance(path, str) else symbol


def _made_at_run_time(root: "Any", symbol: str) -> bool:
    """True where a module on the way answers for names that it does not define (PEP 562)."""
    parts = symbol.split(".")
    for count in range(1, len(parts)):
        module = _member(root, ".".join(parts[:count]))
        if module is not None and _tried(lambda module=module: module.members.get("__getattr__")) is not None:  # type: ignore[misc]
            return True
    return False


def _tried(ask: "Callable[[], Any]") -> "Any":
    """An answer of griffe's; what leads out of the package, or in a circle, has none."""
    try:
        return ask()
    except Exception:  # noqa: BLE001 - griffe's aliases raise errors of several kinds, each meaning "not known"
        return None


def _changed(symbol: str, what: str, uses: Sequence[Use]) -> Changed:
    return Changed(symbol=symbol, what=what, places=tuple(dict.fromkeys(use.place for use in uses)))


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
