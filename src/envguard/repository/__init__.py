"""What the files of a repository say about the environments that will be built from it.

Dockerfiles, compose files, GitHub workflows, GitLab CI and Kubernetes manifests are read, never run, and no registry or
index is asked. ``examine`` gives a report without a golden file.
"""

import os
import re
import time

from envguard import config, rules
from envguard.errors import EnvguardError, UnverifiableError, UsageError
from envguard.facts.places import DISK
from envguard.facts.reading import ReadFailure, read
from envguard.formats import _text
from envguard.git import trees
from envguard.model import Change, Report
from envguard.repository import compose, dockerfile, documents, finding, gitlab, kubernetes, workflow
from envguard.repository.changes import changes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envguard.facts.places import Files
    from envguard.repository.said import Said

FILE_LIMIT = 4 << 20
"""Bytes of one file; the largest manifests of operators have 2 MB."""
CHECKS = ("images", "requirements", "interpreters")
KNOWN = "Dockerfile, compose file, workflow, GitLab CI, Kubernetes manifest"
_PLACEHOLDER = re.compile(r"(?<!\$)\{\{[^{}\n]*\}\}")
"""What a template of Helm or Jinja has and YAML has not; GitHub's expressions begin with a dollar sign."""
_NO_LINE_ENDS = dict.fromkeys((0x0D, 0x85, 0x2028, 0x2029), " ")
"""What PyYAML counts as the end of a line, and editors, Docker and YAML 1.2 do not."""
_READERS = {"compose": compose.read, "workflow": workflow.read, "gitlab": gitlab.read, "kubernetes": kubernetes.read}


def examine(paths: "Sequence[str]" = ()) -> Report:
    """Judge files of a repository: do they name images and packages that are others tomorrow?

    Args:
        paths: Files and folders; none is the working folder. A file that is named is read whatever its name.

    Raises:
        UsageError: A path does not exist, or what a named file is cannot be told.
        UnverifiableError: There is no file that is known.
        RuleError: The project's rule table is broken.
        LockError: There is YAML, and PyYAML, which comes with an extra, is missing.
    """
    asked = tuple(paths) or (".",)
    candidates = list(finding.find(asked))
    for candidate in candidates:
        if not candidate.form:
            _refuse_unknown(candidate.path)
    if not candidates:
        raise UnverifiableError(f"no file below {_root(asked)} is known", remedy=f"known are: {KNOWN}")
    return _report(candidates, _root(asked), DISK)


def examine_tree(from_ref: str = "", to_ref: str = "", *, paths: "Sequence[str]" = ()) -> "Report | None":
    """Judge the files that a commit changes, as they are in it: what is staged, or the way between two refs.

    Args:
        from_ref: Judge what changed since here; empty is HEAD.
        to_ref: The commit whose files are read; empty is the index.
        paths: Only these, changed or not. What is no file of a known kind is passed over.

    Returns:
        The report; None where none of the files is of a known kind.

    Raises:
        UsageError: There is no repository, git knows no such ref, or a path is not in that commit.
        UnverifiableError: git fails.
        RuleError, LockError: As ``examine``.
    """
    before, after = trees.sides(from_ref, to_ref)
    if paths:
        missing = next((path for path in paths if after.identity(path) is None), None)
        if missing is not None:
            raise UsageError(f"not a file of {after.name}", path=missing, remedy="stage it first: git add")
        asked = list(paths)
    else:
        changed = sorted(path for path, entry in after.entries.items() if before.entries.get(path) != entry)
        asked = [os.path.relpath(os.path.join(after.root, path)) for path in changed]
    after.prefetch((path for path in asked if finding.by_name(path)), FILE_LIMIT)
    candidates = [each for path in asked if (each := finding.in_tree(path, after)).form]
    return _report(candidates, after.root, after) if candidates else None


def _report(candidates: "Sequence[finding.Candidate]", root: str, files: "Files") -> Report:
    told: list[Change] = []
    blind: list[str] = []
    for candidate in candidates:
        told += look(candidate.path, candidate.form, blind, files)
    found = tuple(dict.fromkeys(change for change in told if change.kind != "noted"))
    settings = config.find(os.getcwd(), files) if found else None
    return Report(
        lock="",
        format="",
        lock_sha256="",
        seal="",
        prefix=root,
        depth="versions",
        packages=0,
        installed=0,
        files=len(candidates),
        findings=rules.judge(
            found, config.rules(settings) if settings is not None else (), today=time.strftime("%Y-%m-%d")
        ),
        checks=CHECKS,
        notes=tuple(dict.fromkeys(change for change in told if change.kind == "noted")),
        blind=tuple(blind),
    )


def look(path: str, form: str, blind: "list[str]", files: "Files" = DISK) -> "tuple[Change, ...]":
    """What one file says, neutrally; what cannot be read is a change too. Adds to ``blind`` what nobody can read.

    Raises:
        LockError: PyYAML, which comes with an extra, is missing.
    """
    if form != "dockerfile":
        documents.require(path)
    text = ""
    try:
        data = files.read(path, FILE_LIMIT)
        text = _text.decode(data, path)
        return _once(changes(statements(text, form, path), path))
    except ReadFailure as failure:
        return (_unread(path, 0, failure.why),)
    except EnvguardError as error:
        if form != "dockerfile" and _PLACEHOLDER.search(text):
            blind.append(f"{path} is a template, which is YAML only once it was rendered")
            return ()
        return (_unread(path, error.line, error.problem),)


def statements(text: str, form: str, path: str) -> "Iterator[Said]":
    """What a text of a known form says.

    Raises:
        LockError: The text is no YAML where it should be, or more of it than is read.
    """
    text = text.replace("\r\n", "\n").translate(_NO_LINE_ENDS)
    if form == "dockerfile":
        return dockerfile.read(text)
    return _READERS[form](documents.load(text, path))


def _once(told: "Iterable[Change]") -> "tuple[Change, ...]":
    """What stands once in the file is told once, though aliases bring it to several places."""
    once: dict[tuple[object, ...], Change] = {}
    for change in told:
        words = change.evidence if change.kind == "noted" and change.code == "EG502" else ()
        once.setdefault(
            (change.code, change.kind, change.part, change.line, change.package, change.installed, words), change
        )
    return tuple(once.values())


def _unread(path: str, line: int, why: str) -> Change:
    return Change(
        code="EG501", kind="unread", path=path, line=line or 1, package=os.path.basename(path), evidence=(why,)
    )


def _refuse_unknown(path: str) -> None:
    try:
        read(path, FILE_LIMIT)
    except ReadFailure as failure:
        raise UsageError(failure.why, path=path) from failure
    raise UsageError("not a kind of file that is known", path=path, remedy=f"known are: {KNOWN}")


def _root(paths: "tuple[str, ...]") -> str:
    if len(paths) == 1 and os.path.isdir(paths[0]):
        return os.path.abspath(paths[0])
    return os.getcwd()
