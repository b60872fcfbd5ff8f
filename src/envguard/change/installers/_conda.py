"""Asks conda what it would do: ``conda install --dry-run --json``.

Source of the form: the output of conda 4.12 to 26 (``actions`` with ``LINK``, ``UNLINK`` and ``FETCH``).
"""

import json
import os
import shutil

from envguard.change.installers import _conda_transaction, _process, conda_archive
from envguard.change.installers.resolution import Resolution
from envguard.errors import UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from envguard.change.installers.request import Request
    from envguard.model import Environment


def program(request: "Request", live: "Environment") -> str:
    """The conda that the request names, or "" where it is not on PATH. One of the environment itself is never run."""
    found = shutil.which(request.options[0]) or ""
    inside = os.path.realpath(found).startswith(os.path.realpath(live.prefix) + os.sep)
    return "" if inside else found


def ask(found: str, request: "Request", options: "list[str]", live: "Environment", *, offline: bool) -> Resolution:
    """What conda would do.

    Args:
        found: The program.
        request: The command.
        options: Its options, without those that name the environment.
        live: The environment.
        offline: conda may use what it has, and nothing else.

    Raises:
        UnverifiableError: It cannot be run, or its answer is not understood.
    """
    name = request.options[0]
    verb = "remove" if request.action == "uninstall" else "install"
    files = [word for file in request.files for word in ("--file", file)]
    steer = ["--offline"] if offline and "--offline" not in options else []
    words = [*options, *steer, *files, *request.installs, *request.removes]
    call = [found, verb, "--dry-run", "--json", "--yes", "--prefix", live.prefix, *words]
    answer = _process.run(call, offline=offline)
    try:
        told = json.loads(answer.output)
        if answer.status or told.get("success") is not True:
            return _refused(name, told)
        return _resolution(name, found, told, live, (*request.installs, *request.removes))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{name}'s answer is not understood ({type(error).__name__}: {str(error)[:80]!a})"
        raise UnverifiableError(problem, remedy=f"run {name} {verb} --dry-run --json to see it") from error


def _resolution(
    name: str, found: str, told: "dict[str, Any]", live: "Environment", named: "Sequence[str]"
) -> Resolution:
    actions = told.get("actions") or {}
    fetched = {each["name"]: each for each in actions.get("FETCH") or ()}
    linked = [_whole(each, fetched) for each in actions.get("LINK") or ()]
    if any("url" not in each for each in linked):
        folders = _caches(found)
        linked = [each if "url" in each else {**each, **_cached(each, folders)} for each in linked]
    archives = [conda_archive.of_record(each) for each in linked]
    gone = [str(each["name"]) for each in actions.get("UNLINK") or ()]
    return _conda_transaction.resolution(name, archives, gone, map(_conda_transaction.spec_name, named), live)


def _whole(linked: "dict[str, Any]", fetched: "dict[str, dict[str, Any]]") -> "dict[str, Any]":
    """All that is known of a link: of what it need not fetch conda says no more than the name, and mamba says all."""
    whole = {**fetched.get(linked["name"], {}), **linked}
    # The build of a link is part of dist_name in every conda, and a field of its own in some.
    build = whole.get("build") or whole.get("build_string") or ""
    whole["build"] = build or str(linked.get("dist_name", "")).rpartition("-")[2]
    return whole


def _caches(found: str) -> "list[str]":
    """Where conda keeps archives that it need not fetch any more."""
    told = json.loads(_process.run([found, "info", "--json"], offline=True).output)
    folders = told.get("pkgs_dirs") or told.get("package cache") or ()
    return [str(folder) for folder in folders]


def _cached(linked: "dict[str, Any]", folders: "list[str]") -> "dict[str, Any]":
    """The record that the cache has of an archive, where it is that of the channel that conda names."""
    for folder in folders:
        path = os.path.join(folder, str(linked.get("dist_name")), "info", "repodata_record.json")
        try:
            with open(path, encoding="utf-8") as file:
                record: dict[str, Any] = json.load(file)
        except FileNotFoundError:
            continue
        same = (record.get("name"), record.get("version")) == (linked["name"], linked["version"])
        if same and str(record.get("url", "")).startswith(f"{linked.get('base_url')}/"):
            return record
    return {}


def _refused(program: str, told: "dict[str, Any]") -> Resolution:
    said = str(told.get("message") or told.get("error") or "it gave no reason")
    problem = " ".join(said.split())
    return Resolution(
        installer=program,
        problem=problem[:300],
        conflict=told.get("exception_name") in ("UnsatisfiableError", "LibMambaUnsatisfiableError"),
    )
