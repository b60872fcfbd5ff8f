"""Resolves a change of a conda environment with py-rattler. Started by ``_rattler`` as a process.

A process of its own, since py-rattler may crash while an interpreter that ran it shuts down. Installs nothing.

    python _rattler_solve.py QUESTION

Both the question and the answer, which is the one line on stdout, are JSON.
"""

import sys

sys.path.pop(0)  # the folder of this file: its modules are envguard's, and no top-level ones

import asyncio
import importlib
import json
import os
from collections import Counter
from typing import Any

MISSING = 3
"""Exit code where py-rattler is not there."""


def main(question: "dict[str, Any]") -> "dict[str, Any]":
    """The answer: what would be put in and taken out, or why nothing can be said."""
    rattler: Any = importlib.import_module("rattler")
    folder = os.path.join(question["prefix"], "conda-meta")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith("."))
    installed = [rattler.PrefixRecord.from_path(os.path.join(folder, name)) for name in names]
    answer = {"version": rattler.__version__}
    if question["removes"]:
        return {**answer, **_without(rattler, installed, question["removes"])}
    every = [*_channels(rattler, question["channels"]), *([] if question["override"] else _of_records(installed))]
    asked = [url for url in dict.fromkeys(every) if url.startswith("file:") or not question["offline"]]
    unasked = [url for url in dict.fromkeys(every) if url not in asked]
    try:
        solved = asyncio.run(_solved(rattler, installed, question, asked))
    except _unsolvable() as error:
        return {**answer, "problem": str(error), "unasked": unasked}
    return {**answer, **_difference(installed, solved), "unasked": unasked}


def _channels(rattler: Any, named: "list[str]") -> "list[str]":
    return [str(rattler.Channel(name).base_url).rstrip("/") for name in named]


def _of_records(installed: "list[Any]") -> "list[str]":
    """The channels that the packages came from, that of most of them first."""
    counted = Counter(record.url.rsplit("/", 2)[0] for record in installed if record.url.count("/") > 2)
    return [url for url, _count in counted.most_common()]


async def _solved(
    rattler: Any, installed: "list[Any]", question: "dict[str, Any]", channels: "list[str]"
) -> "list[Any]":
    """What would be there: everything else as it is, or, where that cannot be, with as little moved as possible.

    Of what is named without a version the newest is taken, as conda takes it.

    Raises:
        SolverError: There is no such environment.
    """
    specs = [rattler.MatchSpec(spec) for spec in question["specs"]]
    named = {spec.name.normalized for spec in specs if spec.name is not None}
    others = [record for record in installed if record.name.normalized not in named]
    wanted = [*specs, *(rattler.MatchSpec(record.name.normalized) for record in others)]
    disabled, strict = rattler.ChannelPriority.Disabled, rattler.ChannelPriority.Strict
    common: dict[str, Any] = {
        "platforms": sorted({*(record.subdir for record in installed), "noarch"}),
        "virtual_packages": rattler.VirtualPackage.detect(),
        "channel_priority": strict if question["strict"] else disabled,
        "constraints": [rattler.MatchSpec(text) for text in question["constraints"]],
    }
    if question["hold"]:
        try:
            return await _solve(rattler, channels, wanted, **common, pinned_packages=others)
        except _unsolvable():
            if question["freeze"]:
                raise
    common["constraints"] += _same_python(rattler, installed, named)
    return await _solve(rattler, channels, wanted, **common, locked_packages=others)


def _unsolvable() -> "type[Exception]":
    kind: type[Exception] = importlib.import_module("rattler.exceptions").SolverError
    return kind


async def _solve(rattler: Any, channels: "list[str]", specs: "list[Any]", **words: Any) -> "list[Any]":
    solved: list[Any] = await rattler.solve(channels, specs, **words)  # their names have changed between versions
    return solved


def _same_python(rattler: Any, installed: "list[Any]", named: "set[str]") -> "list[Any]":
    """As conda does it: another minor version of Python is never a means, only what was asked for."""
    python = next((record for record in installed if record.name.normalized == "python"), None)
    if python is None or "python" in named:
        return []
    return [rattler.MatchSpec(f"python {'.'.join(str(python.version).split('.')[:2])}.*")]


def _difference(installed: "list[Any]", solved: "list[Any]") -> "dict[str, Any]":
    before = {_identity(record): record.sha256 for record in installed}
    link = [
        json.loads(record.to_json())
        for record in sorted(solved, key=lambda record: str(record.name.normalized))
        if _identity(record) not in before or _differ(before[_identity(record)], record.sha256)
    ]
    after = {record.name.normalized for record in solved}
    gone = sorted(name for name in {record.name.normalized for record in installed} if name not in after)
    return {"link": link, "unlink": gone}


def _identity(record: Any) -> "tuple[str, str, str, str]":
    return record.name.normalized, str(record.version), str(record.build), record.subdir


def _differ(one: "bytes | None", other: "bytes | None") -> bool:
    return one is not None and other is not None and one != other


def _without(rattler: Any, installed: "list[Any]", removes: "list[str]") -> "dict[str, Any]":
    """As conda removes: with everything that depends on it."""
    gone = set(removes)
    missing = gone - {record.name.normalized for record in installed}
    if missing:
        return {"problem": f"not installed by conda: {', '.join(sorted(missing))}"}
    while True:
        more = {record.name.normalized for record in installed if _needs(rattler, record, gone)} - gone
        if not more:
            return {"link": [], "unlink": sorted(gone)}
        gone |= more


def _needs(rattler: Any, record: Any, gone: "set[str]") -> bool:
    names = (rattler.MatchSpec(text).name for text in record.depends)
    return any(name is not None and name.normalized in gone for name in names)


if __name__ == "__main__":
    try:
        importlib.import_module("rattler")
    except ImportError:
        os._exit(MISSING)
    try:
        said = main(json.loads(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - told to whoever started this, who raises it
        said = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    os._exit(0)
