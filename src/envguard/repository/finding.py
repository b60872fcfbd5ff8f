"""Which files of a repository are read, and as what."""

import os
import re

from envguard.errors import UsageError
from envguard.facts.reading import ReadFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.facts.places import Files

_LARGEST = 64 << 20
HEAD = 64 << 10
"""Bytes by which a file is recognised."""
_CACHES = (".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__")
_FOREIGN = frozenset((".git", ".hg", ".svn", "node_modules", "site-packages", ".venv", "venv", *_CACHES))
_DOCKERFILE = re.compile(r"(?:Dockerfile|Containerfile)(?:[._-].*)?|.*\.(?:Dockerfile|Containerfile)", re.IGNORECASE)
_NO_DOCKERFILE = re.compile(
    r".*(?:\.dockerignore|\.md|\.rst|\.txt|\.j2|\.jinja2?|\.tmpl|\.template|\.tpl|\.py|\.sh|\.json)", re.IGNORECASE
)
_COMPOSE = re.compile(r"(?:docker-|podman-)?compose(?:[._-].*)?\.ya?ml")
_WORKFLOW = re.compile(r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml")
_ACTION = re.compile(r"(?:.*/)?action\.ya?ml")
_GITLAB = re.compile(r"(?:.*/)?(?:[^/]*\.?gitlab-ci[^/]*\.ya?ml|\.gitlab/ci/.+\.ya?ml)")
_KUSTOMIZATION = re.compile(r"kustomization(?:\.ya?ml)?", re.IGNORECASE)
_YAML = re.compile(r".*\.ya?ml", re.IGNORECASE)
_CONTENT = (
    (
        "kubernetes",
        (re.compile(r"^[\"']?apiVersion[\"']?:", re.MULTILINE), re.compile(r"^[\"']?kind[\"']?:", re.MULTILINE)),
    ),
    ("workflow", (re.compile(r"^jobs:", re.MULTILINE), re.compile(r"^[\"']?on[\"']?:", re.MULTILINE))),
    ("workflow", (re.compile(r"^runs:", re.MULTILINE), re.compile(r"^[ ]+using:", re.MULTILINE))),
    ("compose", (re.compile(r"^services:[ \t]*(?:#.*)?$(?!\n[ \t]*-)", re.MULTILINE),)),
    ("gitlab", (re.compile(r"^[ ]+(?:before_)?script:", re.MULTILINE),)),
    ("gitlab", (re.compile(r"^(?:stages|default):", re.MULTILINE),)),
    ("dockerfile", (re.compile(r"\A(?:[ \t]*(?:#.*|ARG[ \t].*)?\n)*[ \t]*FROM[ \t]+\S", re.IGNORECASE),)),
)


class Candidate:
    """A file and what it is."""

    def __init__(self, path: str, form: str) -> None:
        self.path = path
        self.form = form


def by_name(path: str) -> str:
    """What a file is by its name and folder: a form, ``yaml`` for one that may be a manifest, else ""."""
    place, name = os.path.abspath(path).replace(os.sep, "/"), os.path.basename(path)
    if _DOCKERFILE.fullmatch(name) and not _NO_DOCKERFILE.fullmatch(name):
        return "dockerfile"
    if _COMPOSE.fullmatch(name):
        return "compose"
    if _WORKFLOW.fullmatch(place) or _ACTION.fullmatch(place):
        return "workflow"
    if _GITLAB.fullmatch(place):
        return "gitlab"
    if _KUSTOMIZATION.fullmatch(name):
        return "kubernetes"
    return "yaml" if _YAML.fullmatch(name) else ""


def by_content(head: str) -> str:
    """What a file is by its first lines; "" where that is not known."""
    text = head.removeprefix("\ufeff").replace("\r\n", "\n")
    return next((form for form, signs in _CONTENT if all(sign.search(text) for sign in signs)), "")


def find(paths: "tuple[str, ...]") -> "Iterator[Candidate]":
    """The files below folders that are known by name, or as manifests by content, and every file that is named.

    Raises:
        UsageError: A path does not exist.
    """
    seen: set[str] = set()
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError("there is no such file or folder", path=path)
        found = _below(path) if os.path.isdir(path) else iter((Candidate(path, _form(path)),))
        for candidate in found:
            if candidate.path not in seen:
                seen.add(candidate.path)
                yield candidate


def _form(path: str) -> str:
    form = by_name(path)
    return by_content(_head(path)) if form in ("", "yaml") else form


def in_tree(path: str, files: "Files") -> Candidate:
    """A file of a commit: known by its name, or a manifest by its content; what else it may be is not guessed."""
    form = by_name(path)
    if form == "yaml":
        form = by_content(_head_of(path, files))
        form = form if form == "kubernetes" else ""
    return Candidate(path, form)


def _head_of(path: str, files: "Files") -> str:
    try:
        return files.read(path, _LARGEST)[:HEAD].decode("utf-8", "replace")
    except ReadFailure:  # reading it says why, if it is one of those that are read
        return ""


def _below(folder: str) -> "Iterator[Candidate]":
    def stop(error: OSError) -> None:
        raise UsageError(f"cannot be listed: {(error.strerror or '').lower()}", path=str(error.filename))

    for place, folders, files in os.walk(folder, onerror=stop):
        folders[:] = sorted(name for name in folders if not _is_foreign(place, name))
        for name in sorted(files):
            path = os.path.normpath(os.path.join(place, name))
            form = by_name(path) if os.path.isfile(path) else ""
            if form == "yaml":
                form = by_content(_head(path))
                form = form if form == "kubernetes" else ""
            if form:
                yield Candidate(path, form)


def _is_foreign(place: str, name: str) -> bool:
    return name in _FOREIGN or os.path.isfile(os.path.join(place, name, "pyvenv.cfg"))


def _head(path: str) -> str:
    """The first bytes of a regular file; of one that cannot be read nothing, so that reading it says why."""
    if not os.path.isfile(path):
        return ""
    try:
        with open(path, "rb") as file:
            return file.read(HEAD).decode("utf-8", "replace")
    except OSError:
        return ""
