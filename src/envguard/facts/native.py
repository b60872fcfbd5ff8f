"""What compiled files, their owners and the GPU stack show: all native facts of an environment, asked in turn.

Facts state, and never judge: how sure one is stands in the kind of its change. ``noted`` is information, no finding.
"""

import importlib
from typing import NamedTuple

from envguard.facts.natives import Natives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change, Fact

FACTS = (
    "linkage",
    "python_abi",
    "numpy_abi",
    "clobbered",
    "requirements",
    "hijack",
    "startup_code",
)
"""Modules of this folder with ``observe(natives) -> Iterator[Change]``, in the order in which they are asked."""


class Seen(NamedTuple):
    """What the native facts of an environment are."""

    observations: "tuple[Change, ...]"
    notes: "tuple[Change, ...]"
    blind: tuple[str, ...]


def observe(natives: Natives, *, target: str = "") -> Seen:
    """Ask every native fact.

    Args:
        natives: The compiled files of an environment.
        target: Platform tag of the machine that the environment is meant for; empty is this one.

    Raises:
        UsageError: ``target`` names no platform.
    """
    from envguard.facts import cuda_stack, target as targets

    there = targets.markers(target, natives.markers) if target else None
    asked = [importlib.import_module(f"envguard.facts.{name}").observe(natives) for name in FACTS]
    seen = [change for each in (*asked, cuda_stack.observe(natives, target=there)) for change in each]
    return Seen(
        observations=tuple(change for change in seen if change.kind != "noted"),
        notes=tuple(change for change in seen if change.kind == "noted"),
        blind=natives.blind,
    )


def describe(natives: Natives, *, probe: bool = False) -> "tuple[Fact, ...]":
    """What the toolchain is made of, from the interpreter to the driver.

    Args:
        natives: The compiled files of an environment.
        probe: Also run its interpreter, and ask torch and ONNX Runtime themselves.
    """
    from envguard.facts import toolchain

    facts = tuple(toolchain.read(natives))
    if not probe:
        return facts
    from envguard.facts import probe as live

    return (*facts, *live.ask(natives.environment.executable))
