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


def observe(natives: Natives, *, target: str = "", answers: "tuple[Fact, ...]" = ()) -> Seen:
    """Ask every native fact.

    Args:
        natives: The compiled files of an environment.
        target: Platform tag of the machine that the environment is meant for; empty is this one.
        answers: What ``facts.probe`` was answered. What was seen to work wins over files and tables.

    Raises:
        UsageError: ``target`` names no platform.
    """
    from envguard.facts import cuda_stack, probe, target as targets

    there = targets.markers(target, natives.markers) if target else None
    asked = [importlib.import_module(f"envguard.facts.{name}").observe(natives) for name in FACTS]
    seen = [
        change
        for each in (*asked, cuda_stack.observe(natives, target=there, observed=probe.observed(answers)))
        for change in each
    ]
    return Seen(
        observations=tuple(change for change in seen if change.kind != "noted"),
        notes=tuple(change for change in seen if change.kind == "noted"),
        blind=natives.blind,
    )


def describe(natives: Natives) -> "tuple[Fact, ...]":
    """What the toolchain is made of, from the interpreter to the driver."""
    from envguard.facts import toolchain

    return toolchain.read(natives)
