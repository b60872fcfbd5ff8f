"""Asks uv what it would do: ``uv pip install --dry-run``.

Its JSON (``--output-format json``, a preview since uv 0.9) and its text say names, versions and removals, and not which
artifacts. These are asked of ``uv pip compile --format pylock.toml`` with the exact versions. What was asked for by a
path or URL has no version there, and no URL in the JSON: the text on stderr has it (see ``_uv_sources``).
"""

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile

from envguard import formats
from envguard.change.installers import _process, _uv_sources, places
from envguard.change.installers.resolution import Arrival, Resolution
from envguard.environment import tags
from envguard.errors import EnvguardError, UnverifiableError
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envguard.change.installers.places import Place
    from envguard.model import Artifact, Environment, Pin

_LINE = re.compile(r"^ ([-+~]) ([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)(?: \(from (.+)\))?$", re.MULTILINE)
_DIRECT = re.compile(r"^ [+~] ([A-Za-z0-9][A-Za-z0-9._-]*) @ (\S.*)$", re.MULTILINE)
_VERSION = re.compile(r"uv (\d+\.\d+\.\d+\S*)")
_YANKED = re.compile(r"`([A-Za-z0-9._-]+)==([^`]+)` is yanked(?: \(reason: \"(.*)\"\))?", re.ASCII)
_UNKNOWN_OPTION = "unexpected argument '--output-format'"
_INDEX_OPTIONS = ("--index-url", "--extra-index-url", "--find-links", "--index", "--default-index", "--index-strategy")
_CONFLICT = ("No solution found",)
_FRAME = " \t\u2502\u251c\u2500\u25b6\u2570\u00d7\u00b7"
"""What uv draws around its explanation."""


def program() -> str:
    """The path of uv: beside this interpreter, else on PATH; empty for none."""
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.access(beside, os.X_OK) else shutil.which("uv") or ""


def ask(
    uv: str, action: str, words: "Sequence[str]", live: "Environment", *, offline: bool, find_links: "Sequence[str]"
) -> Resolution:
    """What ``uv pip install`` or ``uv pip sync`` with these words would do.

    Raises:
        UnverifiableError: It cannot be run, or its answer is not understood.
    """
    closed = ["--offline", "--no-config"] if offline else []
    call = [uv, "--color", "never", "pip", action, "--dry-run", "--python", live.executable, *closed, *words]
    with _without_trace(live.prefix):
        answer = _process.run([*call, "--output-format", "json"], offline=offline)
        if answer.status and _UNKNOWN_OPTION in answer.errors:
            answer = _process.run(call, offline=offline)
    if answer.status:
        return _refused(answer).replace(installer=_version(uv))
    changes = _changes(answer)
    named = {name: (version, url) for sign, name, version, url in changes if sign != "-"}
    gone = tuple(name for sign, name, _version, _url in changes if sign == "-" and name not in named)
    yanked = {(normalise(name), version): why or "withdrawn" for name, version, why in _YANKED.findall(answer.errors)}
    wanted = places.wanted(words, live)
    arrivals = tuple(
        _arrival(name, version, url, wanted).replace(yanked=yanked.get((name, version), ""))
        for name, (version, url) in named.items()
    )
    steering = [word for pair in _pairs(words) for word in pair]
    pins = _pins(uv, arrivals, [*closed, *steering], live, wanted, offline=offline)
    best = {str(tag): rank for rank, tag in enumerate(tags.supported(live.interpreter))}
    located = tuple(
        _uv_sources.told(each, pins.get(each.name), live, steering, offline=offline)
        if each.url
        else _with_artifact(each, pins.get(each.name), best, find_links)
        for each in arrivals
    )
    return Resolution(installer=_version(uv), arrivals=located, removals=gone)


@contextlib.contextmanager
def _without_trace(prefix: str) -> "Iterator[None]":
    """Even a dry run of uv leaves an empty ``.lock`` in the environment; one that was not there is taken away again."""
    path = os.path.join(prefix, ".lock")
    was_there = os.path.lexists(path)
    try:
        yield
    finally:
        if not was_there and os.path.isfile(path) and os.path.getsize(path) == 0:
            os.unlink(path)


def _arrival(name: str, version: str, url: str, wanted: "Sequence[Place]") -> Arrival:
    asked = places.asked_for(url, wanted) if url else None
    editable = asked is not None and asked.editable
    return Arrival(
        name=name, version=version, url=url, direct=bool(url), requested=asked is not None, editable=editable
    )


def _changes(answer: _process.Answer) -> list[tuple[str, str, str, str]]:
    """``(sign, name, version, url)`` of each change; the sign is that of uv's text.

    The version is empty where uv says none: of what it would build from sources.
    """
    lines = answer.errors + answer.output
    direct = {normalise(name): url for name, url in _DIRECT.findall(lines)}
    told = [(sign, normalise(name), version, url) for sign, name, version, url in _LINE.findall(lines)]
    if answer.output.lstrip().startswith("{"):
        # A wheel that uv has built or fetched before is told with its version, and where it comes from behind that.
        urls = {**direct, **{name: url for sign, name, _version, url in told if sign != "-" and url}}
        found = [
            (sign, name, version, urls.get(name, "") if sign != "-" else "")
            for sign, name, version in _of_json(answer.output)
        ]
        lost = next((name for _sign, name, version, url in found if not (version or url)), "")
        if lost:
            problem = f"uv's report is not understood: it says neither version nor place of {lost}"
            raise UnverifiableError(problem, remedy="try --installer pip")
        return found
    found = [*told, *(("+", name, "", url) for name, url in direct.items())]
    if not found and not re.search(r"Would make no changes|Audited \d+ package", lines):
        raise UnverifiableError("uv's answer is not understood", remedy="try --installer pip")
    return found


def _of_json(output: str) -> list[tuple[str, str, str]]:
    """Sign, name and version of each change.

    Raises:
        UnverifiableError: It has another form.
    """
    signs = {"installed": "+", "uninstalled": "-", "reinstalled": "~"}
    try:
        told = json.loads(output)["changes"]
        return [(signs[each["action"]], normalise(each["name"]), str(each.get("version") or "")) for each in told]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = f"uv's report is not understood ({type(error).__name__}: {str(error)[:80]!a})"
        raise UnverifiableError(problem, remedy="try --installer pip") from error


def _pins(
    uv: str,
    arrivals: tuple[Arrival, ...],
    options: "Sequence[str]",
    live: "Environment",
    wanted: "Sequence[Place]",
    *,
    offline: bool,
) -> "dict[str, Pin]":
    """The artifact that uv would take for each arrival, by name, as far as it says."""
    lines = [f"{each.name}=={each.version}" for each in arrivals if not each.url]
    lines += [_line(each, wanted) for each in arrivals if each.url]
    if not lines:
        return {}
    with tempfile.TemporaryDirectory(prefix="envguard-plan-") as folder:
        asked, told = os.path.join(folder, "asked.txt"), os.path.join(folder, "pylock.toml")
        with open(asked, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        call = [uv, "--color", "never", "pip", "compile", "--quiet", "--no-deps", "--python", live.executable]
        answer = _process.run([*call, *options, "--format", "pylock.toml", "-o", told, asked], offline=offline)
        if answer.status or not os.path.isfile(told):
            return {}
        try:
            return {pin.name: pin for pin in formats.load(told).pins}
        except EnvguardError:  # a form that is not known yet: the artifacts stay unknown, and are said to be
            return {}


def _line(arrival: Arrival, wanted: "Sequence[Place]") -> str:
    """What stands for an arrival by path or URL in a requirements file; credentials are those of the request."""
    asked = places.asked_for(arrival.url, wanted)
    url = asked.url if asked is not None else arrival.url
    return f"--editable {url}" if arrival.editable else f"{arrival.name} @ {url}"


def _with_artifact(arrival: Arrival, pin: "Pin | None", best: "dict[str, int]", find_links: "Sequence[str]") -> Arrival:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    ranked: list[tuple[int, str, Artifact]] = []
    for artifact in pin.artifacts if pin is not None else ():
        try:
            known = [best[str(tag)] for tag in parse_wheel_filename(artifact.name)[3] if str(tag) in best]
        except InvalidWheelFilename:
            known = []
        rank = min(known) if known else len(best) + (not artifact.name.endswith(".whl"))
        if known or not artifact.name.endswith(".whl"):
            ranked.append((rank, artifact.name, artifact))
    if not ranked:
        return arrival
    chosen = min(ranked, key=lambda each: each[:2])[2]
    url = chosen.url or _in_folders(chosen.name, find_links)
    return arrival.replace(url=url, hashes=chosen.hashes, size=chosen.size)


def _in_folders(name: str, folders: "Sequence[str]") -> str:
    for folder in folders:
        path = os.path.join(os.path.abspath(folder), name)
        if os.path.isfile(path):
            return f"file://{path}"
    return ""


def _pairs(words: "Sequence[str]") -> list[tuple[str, ...]]:
    """The options among ``words`` that say where packages come from."""
    found: list[tuple[str, ...]] = [("--no-index",)] if "--no-index" in words else []
    found += [(word, words[at + 1]) for at, word in enumerate(words[:-1]) if word in _INDEX_OPTIONS]
    return found


def _refused(answer: _process.Answer) -> Resolution:
    lines = [line.strip(_FRAME) for line in answer.errors.splitlines()]
    told = [line for line in lines if line and not line.startswith(("Using Python", "Resolved", "warning:"))]
    conflict = any(word in answer.errors for word in _CONFLICT)
    problem = " ".join(told[1:] if conflict and len(told) > 1 else told) or f"uv left with {answer.status}"
    return Resolution(installer="uv", problem=problem[:300], conflict=conflict)


def _version(uv: str) -> str:
    found = _VERSION.search(_process.run([uv, "--version"]).output)
    return f"uv {found.group(1)}" if found else "uv"
