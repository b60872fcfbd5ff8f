"""What compiled files, their owners and the GPU stack show: all native facts of an environment, asked in turn.

Facts state, and never judge: how sure one is stands in the kind of its change. ``noted`` is information, no finding.
What needs every file opened is remembered (``facts.remembered``); the rest is cheap and looked at each time.
"""

import importlib
from collections.abc import Iterable
from typing import NamedTuple

from envguard.facts import cuda_stack, nvml, probe, tables, target as targets, toolchain
from envguard.facts.natives import Natives
from envguard.facts.remembered import Memory
from envguard.model import Change, Fact

REMEMBERED = ("linkage", "python_abi", "numpy_abi", "hijack", "clobbered")
LIVE = ("requirements", "startup_code")
"""Modules of this folder with ``observe(natives) -> Iterator[Change]``; ``cuda_stack`` is remembered as well."""


class Seen(NamedTuple):
    """What the native facts of an environment are."""

    observations: tuple[Change, ...]
    notes: tuple[Change, ...]
    blind: tuple[str, ...]
    toolchain: tuple[Fact, ...]


def observe(natives: Natives, *, target: str = "", answers: tuple[Fact, ...] = (), tables_of: str = "") -> Seen:
    """Ask every native fact.

    Args:
        natives: The compiled files of an environment.
        target: Platform tag of the machine that the environment is meant for; empty is this one.
        answers: What ``facts.probe`` was answered. What was seen to work wins over files and tables.
        tables_of: The project's own compatibility tables; empty for the built-in ones alone.

    Raises:
        UsageError: ``target`` names no platform.
        RuleError: A table is not valid.
    """
    there = targets.markers(target, natives.markers) if target else None
    known_rows = tables.load(tables_of)
    host = nvml.this_machine(natives.library_path)
    memory = Memory(natives, (target, repr(answers), repr(host), repr(known_rows)))
    deep = memory.recall(Seen)
    if deep is None:
        stack = cuda_stack.observe(
            natives, driver=host, tables=known_rows, observed=probe.observed(answers), target=there
        )
        deep = _seen(natives, [*_asked(REMEMBERED, natives), *stack], toolchain.read(natives, host))
        memory.keep(deep, natives.loader.visited())
    shallow = _seen(natives, _asked(LIVE, natives))
    return Seen(
        observations=deep.observations + shallow.observations,
        notes=deep.notes + shallow.notes,
        blind=tuple(dict.fromkeys(deep.blind + shallow.blind)),
        toolchain=(*deep.toolchain, *answers),
    )


def _asked(names: Iterable[str], natives: Natives) -> list[Change]:
    modules = [importlib.import_module(f"envguard.facts.{name}") for name in names]
    return [change for module in modules for change in module.observe(natives)]


def _seen(natives: Natives, changes: Iterable[Change], facts: tuple[Fact, ...] = ()) -> Seen:
    told = tuple(changes)
    return Seen(
        observations=tuple(change for change in told if change.kind != "noted"),
        notes=tuple(change for change in told if change.kind == "noted"),
        blind=natives.blind,
        toolchain=facts,
    )
