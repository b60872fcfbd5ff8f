"""What a commit would do to the golden files: staged against HEAD, or between two refs. The working folder is not read.

Each change is judged by the rules of the commit before and by those of the commit that is made; the graver verdict
counts, and where the new rules are the milder ones that itself is a finding (EG211).
"""

import os

from envguard import comparing, config, environment, formats, rules
from envguard._value import Value
from envguard.diffing import judging, sides
from envguard.environment.interpreter import running
from envguard.errors import UsageError
from envguard.git import trees
from envguard.git.trees import Tree
from envguard.model import GRAVITY, Change, Finding, Interpreter, Report, Rule, Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.diffing.sides import Side


class Proposal(Value):
    """Two states of a repository."""

    before: Tree
    after: Tree
    merge: bool = False
    """A merge is being concluded: HEAD is only one of its parents."""


class Judged(Value):
    """What a commit does to one golden file."""

    path: str
    """From the top of the repository."""
    what: str
    """``added`` | ``removed`` | ``changed`` | ``unchanged``."""
    report: "Report | None" = None


def proposal(from_ref: str = "", to_ref: str = "", start: str = ".") -> Proposal:
    """What is staged against HEAD; with refs, the way between them.

    Raises:
        UsageError: There is no repository here, git knows no such ref, or only one is given.
    """
    before, after = trees.sides(from_ref, to_ref, start)
    return Proposal(before=before, after=after, merge=not from_ref and trees.is_merging(after.root))


def judge(found: Proposal, named: "Sequence[str]" = (), *, python: "str | None" = None) -> tuple[Judged, ...]:
    """Judge every golden file that the commit touches.

    Args:
        found: The commit.
        named: Golden files, by their paths in the working folder; empty means what the settings name, else every file
            that is called like a lock.
        python: The interpreter that locks for several are read for; default this one.

    Raises:
        EnvguardError: A lock or rule table of either side cannot be read, or a named file is on neither side.
    """
    whom = environment.interpreter.of(python)[0] if python is not None else running()
    judged = []
    for old, new in _pairs(found, named):
        before, after = found.before.entries.get(old), found.after.entries.get(new)
        if before is None and after is None:
            continue
        if before is not None and after is None:
            judged.append(Judged(path=old, what="removed", report=_removed(found, old, whom)))
        elif before is None:
            _side(found, found.after, new, whom)  # what cannot be read must not get in
            judged.append(Judged(path=new, what="added"))
        elif old == new and _same(found, old):
            judged.append(Judged(path=new, what="unchanged"))
        else:
            judged.append(_changed(found, old, new, whom))
    return tuple(judged)


def _pairs(found: Proposal, named: "Sequence[str]") -> "list[tuple[str, str]]":
    """Path before and path after of each golden file."""
    if named:
        inside = [found.after.inside(path) or path for path in named]
        for path, given in zip(inside, named, strict=True):
            if path not in found.before.entries and path not in found.after.entries:
                raise UsageError("not a file of either commit", path=given, remedy="stage it first: git add")
        return [(path, path) for path in inside]
    old, new = (_configured(found, tree) for tree in (found.before, found.after))
    if old and new:
        return [(old, new)]
    if old:
        return [(old, old)]
    every = {path for path in (*found.before.entries, *found.after.entries) if formats.named_like_a_lock(path)}
    if new:
        # From now on one lock counts, and whatever guarded so far must not vanish on that occasion.
        every = {new, *(path for path in every if path in found.before.entries and path not in found.after.entries)}
    return [(path, path) for path in sorted(every)]


def _configured(found: Proposal, tree: Tree) -> str:
    """The lock that the settings at the top of one side name, or ""."""
    settings = config.find(found.after.root, tree)
    return (tree.inside(settings.lock) or "") if settings is not None and settings.lock else ""


def _same(found: Proposal, path: str) -> bool:
    """True where neither the file nor any that it may include differs."""
    if found.before.entries[path] != found.after.entries[path]:
        return False
    if not path.endswith((".txt", ".in", ".yml", ".yaml")):  # others include nothing
        return True
    return found.before.entries == found.after.entries


def _side(found: Proposal, tree: Tree, path: str, whom: Interpreter) -> "Side":
    where = sides.Place(
        told=f"{tree.name}:{path}", path=os.path.relpath(os.path.join(found.after.root, path)), files=tree
    )
    return sides.read_side(where, Selection(), whom)


def _changed(found: Proposal, old: str, new: str, whom: Interpreter) -> Judged:
    before, after = _side(found, found.before, old, whom), _side(found, found.after, new, whom)
    former = comparing.rules_for(before.snapshot, before.files)
    latter = comparing.rules_for(after.snapshot, after.files)
    strict = judging.between(before, after, former)
    if former == latter:
        return Judged(path=new, what="changed", report=strict)
    return Judged(path=new, what="changed", report=_graver(strict, judging.between(before, after, latter), found))


def _graver(former: Report, latter: Report, found: Proposal) -> Report:
    """Every change by its graver verdict; a milder one of the new rules is told besides."""
    now = {_subject(each.change): each for each in latter.findings}
    findings: list[Finding] = []
    for was in former.findings:
        new = now.pop(_subject(was.change), None)
        if new is None or GRAVITY.index(new.verdict) < GRAVITY.index(was.verdict):
            findings += [was, _loosened(was, new, found)]
        else:
            findings.append(new if GRAVITY.index(new.verdict) > GRAVITY.index(was.verdict) else was)
    findings += now.values()
    return former.replace(findings=rules.in_order(findings))


def _subject(change: Change) -> tuple[str, ...]:
    return (change.code, change.kind, change.package, change.locked, change.installed)


def _loosened(was: Finding, new: "Finding | None", found: Proposal) -> Finding:
    change = was.change
    says = f"{new.verdict} (rule {new.rule})" if new is not None else "nothing"
    told = Change(
        code="EG211",
        kind="loosened",
        package=change.package,
        locked=was.verdict,
        installed=new.verdict if new is not None else "no finding",
        path=change.path,
        line=change.line,
        evidence=(
            f"the rules of {found.before.name} say {was.verdict} (rule {was.rule})",
            f"the rules of {found.after.name} say {says}",
        ),
    )
    return rules.judge((told,), (), today="", markers={})[0]


def _removed(found: Proposal, path: str, whom: Interpreter) -> Report:
    before = _side(found, found.before, path, whom)
    told = Change(
        code="EG210",
        kind="lock-removed",
        package=os.path.basename(path),
        path=path,
        line=1,
        evidence=(f"{path} is in {found.before.name} and not in {found.after.name}",),
    )
    table: tuple[Rule, ...] = comparing.rules_for(before.snapshot, before.files)
    return Report(
        lock=before.told,
        format=before.snapshot.format,
        lock_sha256=before.snapshot.sha256,
        seal=before.snapshot.seal or before.snapshot.sha256,
        prefix=found.after.name,
        depth="versions",
        packages=len(before.snapshot.pins),
        installed=0,
        findings=rules.judge((told,), table, today=_today()),
        checks=("commit",),
    )


def _today() -> str:
    import time

    return time.strftime("%Y-%m-%d")
