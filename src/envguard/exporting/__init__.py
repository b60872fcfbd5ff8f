"""A golden file in the words of another tool. The directory is the registry: a module without underscore is a target.

A target has

- ``NAME``: what ``envguard export --to`` takes;
- ``FILE``: how the file is usually called, for messages;
- optionally ``FOR_ONE = True``, where the file can say for whom its packages were chosen;
- ``HOLDS``: which of ``_losses.FACTS`` the target has a place for;
- ``write(snapshot, wheels, remarks) -> str``, which adds a remark for whatever it could only write as a comment, and
  raises where a file without it would install something else.

Nothing is dropped silently, and the same snapshot gives the same bytes.
"""

import importlib

from envguard._value import Value
from envguard.errors import UsageError
from envguard.exporting import _losses, _plain, _wheels
from envguard.registry import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from envguard.model import Interpreter, Snapshot


class Exported(Value):
    """A file for another tool."""

    text: str
    """Its whole content, ending in a line end."""
    remarks: tuple[str, ...] = ()
    """What the file does not say, or says in a comment only; one line each."""


def names() -> tuple[str, ...]:
    """The targets, sorted."""
    return tuple(sorted(_modules()))


def export(
    snapshot: "Snapshot", to: str, *, wheels: str = "", base: str = "", selected_for: "Interpreter | None" = None
) -> Exported:
    """A snapshot as the file of another tool.

    Args:
        snapshot: What to write.
        to: One of ``names()``.
        wheels: A folder with the wheels that the pins mean; their file names and sha256 are then known.
        base: The folder that paths in the file are relative to; empty is the working directory.
        selected_for: Whom the pins were read for. A lock of several environments does not name it, and what does not
            apply there is not among its pins any more; a target that can say so does.

    Raises:
        UsageError: There is no such target.
        EnvguardError: The target cannot say what the snapshot says, or a name in it is unfit to be written.
    """
    modules = _modules()
    if to not in modules:
        raise UsageError(f"no export to {to!a}", remedy=f"one of {', '.join(sorted(modules))}")
    target = modules[to]
    _plain.refuse_unfit(snapshot)
    found = _wheels.find(wheels, snapshot, base) if wheels else {}
    remarks: list[str] = []
    for_whom = selected_for if getattr(target, "FOR_ONE", False) else None
    written = snapshot.replace(interpreter=snapshot.interpreter or for_whom)
    text: str = target.write(written, found, remarks)
    remarks += _losses.of(snapshot, target.FILE, target.HOLDS)
    return Exported(text=text, remarks=tuple(remarks))


def _modules() -> "dict[str, ModuleType]":
    found = [importlib.import_module(f"{__name__}.{name}") for name in modules(__path__)]
    return {module.NAME: module for module in found}
