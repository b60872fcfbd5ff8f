"""Asks pip what it would install: ``pip install --dry-run --report -`` (pip 22.2 and later).

Source of the report's form: "Installation Report" in pip's documentation, version 1. It lists what would be installed
and nothing that would be removed.
"""

import json
import os
import re
import sys
import tempfile

from envguard.change.installers import _process
from envguard.change.installers.resolution import Arrival, Resolution
from envguard.errors import UnverifiableError
from envguard.facts import reading
from envguard.versions import normalise, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from envguard.model import Environment

_OLDEST, _OLDEST_FOR_OTHERS = "22.2", "22.3"
_LONGEST = 256 << 20
"""Bytes of a report: METADATA of every package is in it, descriptions included."""
_YANKED = re.compile(
    r"is a yanked version: '([^']+)' candidate \(version (\S+) at .*\)\s+Reason for being yanked: (.*)"
)
"""What pip warns of: its report says it since 24.0 only, and never why."""
_ERROR = re.compile(r"^ERROR: (.*)", re.MULTILINE)
_CONFLICT = ("conflicting dependencies", "ResolutionImpossible", "(constraint was for", "has inconsistent")
_USER_SITE = "import sys; sys.path.pop(0); import runpy; runpy.run_module('pip', run_name='__main__', alter_sys=True)"


def command(live: "Environment") -> "list[str] | None":
    """How pip is called for an environment: its own, else the one that belongs to this interpreter; None for neither.

    Its own is started so that neither the working directory nor PYTHON* variables can put other code in its place.
    """
    own = next((item.version for item in live.distributions if item.name == "pip"), "")
    if _is_new_enough(own, _OLDEST):
        beside = any("/.local/" in item.location for item in live.distributions)
        return [live.executable, *(["-E", "-c", _USER_SITE] if beside else ["-I", "-m", "pip"])]
    return None


def foreign_command(live: "Environment") -> "list[str] | None":
    """The pip of this interpreter, told to act for another one."""
    from importlib import metadata

    try:
        found = metadata.version("pip")
    except metadata.PackageNotFoundError:
        return None
    if not _is_new_enough(found, _OLDEST_FOR_OTHERS):
        return None
    return [sys.executable, "-I", "-m", "pip", "--python", live.executable]


def ask(pip: "Sequence[str]", words: "Sequence[str]", *, offline: bool) -> Resolution:
    """What ``pip install`` with these words would do.

    Raises:
        UnverifiableError: It cannot be run, or its answer is not understood.
    """
    with tempfile.TemporaryDirectory(prefix="envguard-plan-") as folder:
        told = os.path.join(folder, "report.json")
        # Not --quiet: what a conflict is caused by is said on that level only, and on stdout, so no --report -.
        call = [*pip, "install", "--dry-run", "--no-color", "--progress-bar", "off", "--report", told, *words]
        answer = _process.run(call, offline=offline)
        if answer.status:
            return _refused(answer)
        data = reading.read(told, _LONGEST)
    try:
        report = json.loads(data)
        if report["version"].split(".")[0] != "1":
            raise UnverifiableError(f"pip's report has version {report['version']!a}, and 1 is understood")
        why = {(normalise(name), version): text for name, version, text in _YANKED.findall(answer.errors)}
        arrivals = tuple(_with_reason(_arrival(item), why) for item in report["install"])
        return Resolution(installer=f"pip {report['pip_version']}", arrivals=arrivals)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = f"pip's report is not understood ({type(error).__name__}: {str(error)[:80]!a})"
        raise UnverifiableError(problem, remedy="try --installer uv, or a newer pip") from error


def _arrival(item: "dict[str, Any]") -> Arrival:
    metadata, info = item["metadata"], item["download_info"]
    archive = info.get("archive_info") or {}
    hashes = archive.get("hashes") or dict([archive["hash"].split("=", 1)] if archive.get("hash") else [])
    return Arrival(
        name=normalise(metadata["name"]),
        version=str(metadata["version"]),
        url=_place(info),
        hashes=tuple(sorted(f"{kind}:{digest}" for kind, digest in hashes.items())),
        requested=bool(item.get("requested")),
        direct=bool(item.get("is_direct")),
        editable=bool((info.get("dir_info") or {}).get("editable")),
        yanked="withdrawn" if item.get("is_yanked") else "",
        extras=tuple(sorted(normalise(extra) for extra in item.get("requested_extras") or ())),
        requires=tuple(str(each) for each in metadata.get("requires_dist") or ()),
        requires_python=str(metadata.get("requires_python") or ""),
    )


def _place(info: "dict[str, Any]") -> str:
    """Where the artifact is, as pip takes it: a repository with the commit that was meant."""
    url, vcs = str(info["url"]), info.get("vcs_info")
    if not vcs:
        return url
    below = f"#subdirectory={info['subdirectory']}" if info.get("subdirectory") else ""
    return f"{vcs['vcs']}+{url}@{vcs['commit_id']}{below}"


def _with_reason(arrival: Arrival, yanked: "dict[tuple[str, str], str]") -> Arrival:
    reason = yanked.get((arrival.name, arrival.version))
    return arrival if reason is None else arrival.replace(yanked=reason.strip() or "withdrawn")


def _refused(answer: _process.Answer) -> Resolution:
    errors = [line.strip() for line in _ERROR.findall(answer.errors)]
    told = [line for line in errors if not line.startswith("ResolutionImpossible")]
    last = (answer.errors.strip().splitlines() or [f"it left with {answer.status}"])[-1]
    return Resolution(
        installer="pip",
        problem=_short(told[0] if told else last),
        conflict=any(word in answer.errors for word in _CONFLICT),
        clashes=tuple(dict.fromkeys(_clashes(answer.output + answer.errors))),
    )


def _clashes(errors: str) -> "Iterator[str]":
    """The lines below "The conflict is caused by:", and those that say why a constraint left no candidate."""
    _before, _found, rest = errors.partition("The conflict is caused by:\n")
    for line in rest.splitlines():
        if not line.startswith("    "):
            return
        yield line.strip()


def _short(text: str) -> str:
    return text if len(text) <= 300 else text[:300] + "..."


def _is_new_enough(version: str, oldest: str) -> bool:
    found, needed = parse(version), parse(oldest)
    return found is not None and needed is not None and found >= needed
