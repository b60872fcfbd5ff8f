"""What compiled files, their owners and the GPU stack show: all native facts of an environment, asked in turn.

Facts state, and never judge: how sure one is stands in the kind of its change. ``noted`` is information, no finding.
"""

import importlib
from typing import NamedTuple

from envguard.facts import toolchain
from envguard.facts.natives import Natives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.toolchain import Fact
    from envguard.model import Change

FACTS = (
    "linkage",
    "python_abi",
    "numpy_abi",
    "clobbered",
    "requirements",
    "hijack",
    "startup_code",
    "cuda_stack",
)
"""Modules of this folder with ``observe(natives) -> Iterator[Change]``, in the order in which they are asked."""


class Seen(NamedTuple):
    """What the native facts of an environment are."""

    observations: "tuple[Change, ...]"
    notes: "tuple[Change, ...]"
    blind: tuple[str, ...]


def observe(natives: Natives) -> Seen:
    """Ask every native fact."""
    observations: list[Change] = []
    notes: list[Change] = []
    for name in FACTS:
        for change in importlib.import_module(f"envguard.facts.{name}").observe(natives):
            (notes if change.kind == "noted" else observations).append(change)
    return Seen(tuple(observations), tuple(notes), natives.blind)


def describe(natives: Natives) -> "tuple[Fact, ...]":
    """What the toolchain is made of, from the interpreter to the driver."""
    return tuple(toolchain.read(natives))
