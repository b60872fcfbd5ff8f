"""A finder on ``sys.meta_path`` that adds a look before and a look after to the import of protected modules."""

import sys
from _thread import _local  # threading.local, without importing threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Protocol

    class Guard(Protocol):
        """What the finder tells."""

        names: tuple[str, ...]

        def before_import(self, name: str) -> None: ...
        def after_import(self, name: str) -> None: ...


class _Thread(_local):
    finding = False


class Finder:
    """Finds what the other finders find, so that probing for a module gives the usual answer.

    It is an extra beside the audit hook: it hears of modules that have no file, which ``importlib.import_module`` loads
    without an ``import`` event on older Pythons (cpython#138310), and it knows when an import is over. A program may
    take it off ``sys.meta_path`` and is still refused.
    """

    def __init__(self, guards: "Callable[[], Sequence[Guard]]") -> None:
        self._guards = guards
        self._thread = _Thread()

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """The spec that the finders behind this one give, its loader prepared; never refuses."""
        guards = [guard for guard in self._guards() if name in guard.names]
        if not guards or self._thread.finding:
            return None
        self._thread.finding = True
        try:
            spec = self._found_by_others(name, path, target)
        finally:
            self._thread.finding = False
        if spec is not None:
            _prepare(spec.loader, name, guards)
        return spec

    def _found_by_others(
        self, name: str, path: "Sequence[str] | None", target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(name, path, target)
                if spec is not None:
                    return spec
        return None


def _prepare(loader: object, name: str, guards: "list[Guard]") -> None:
    """Make this one loader tell the guards, once. Its type stays what others expect, and so does it afterwards."""
    execute = getattr(loader, "exec_module", None)
    if execute is None or isinstance(loader, type):
        return  # a namespace package, or a built-in module

    def exec_module(module: "ModuleType") -> None:
        vars(loader).pop("exec_module", None)
        for guard in guards:
            guard.before_import(name)
        execute(module)
        for guard in guards:
            guard.after_import(name)

    try:
        loader.exec_module = exec_module  # type: ignore[attr-defined]
    except AttributeError:
        return  # a loader with slots
