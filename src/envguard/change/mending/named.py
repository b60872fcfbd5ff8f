"""A look at some packages alone, for one who wants those repaired and nothing else.

Their metadata, their files and what lies in folders of their own is held to the golden file as a look at everything
does it. Of all others the names are known, and the RECORDs where it matters who else lists a file.
"""

from envguard import comparing, environment
from envguard._value import Value
from envguard.change.mending.damage import Step
from envguard.change.placing import journal
from envguard.change.placing.seen import Seen
from envguard.environment import interpreter
from envguard.errors import ChangeError, UsageError
from envguard.facts import against_manifest, against_records, manifest
from envguard.facts.bytecode import is_cached
from envguard.facts.conda_files import CONDA
from envguard.facts.differences import Difference, gather
from envguard.facts.manifest_differences import explain
from envguard.facts.named_files import NamedFiles
from envguard.facts.owners import OWN_NAME
from envguard.facts.providers import required_name
from envguard.facts.tree import symbolic
from envguard.model import CondaPackage, Environment, Selection, Snapshot
from envguard.reporters.safe import safe
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.change.mending.restoring import Options
    from envguard.change.placing.journal import Journal
    from envguard.facts.tree import Listing
    from envguard.model import Change, Pin

_OF_FILES = ("EG108", "EG109")
"""Codes of what is found in files; where it belongs to no package, it belongs to none that was named."""


class Names(Value):
    """The packages that some words name."""

    python: frozenset[str] = frozenset()
    """Normalised names of distributions."""
    conda: frozenset[str] = frozenset()
    """conda's names."""
    others: int = 0
    """How many packages there are besides."""

    @property
    def owners(self) -> frozenset[str]:
        """The same as files are owned."""
        return self.python | {CONDA + name for name in self.conda}

    @property
    def told(self) -> tuple[str, ...]:
        """The same for people, sorted."""
        return tuple(sorted(self.python | self.conda))

    def has(self, change: "Change") -> bool:
        """True for what concerns them, and for what concerns all."""
        if not change.package:
            return change.code not in _OF_FILES
        return change.package in self.python or change.package.lower() in {each.lower() for each in self.conda}

    def has_pin(self, pin: "Pin") -> bool:
        """True for the pin of one of them, and for one that says no name."""
        return not pin.name or pin.name in (self.conda if pin.manager == "conda" else self.python)


class Named(Value):
    """What was found out of the packages that were named."""

    seen: Seen
    names: "Names"
    files: int
    """How many were read."""
    shared: tuple[str, ...] = ()
    """Files that are not as they were, and which a package that was not looked at lists too; a sentence each."""


def look(lock: str, asked: "Options", before: "Names | None" = None) -> Named:
    """Compares some packages of an environment with a golden file.

    Args:
        lock: Path of the golden file.
        asked: Which, and how.
        before: What was named at an earlier look, and may have been removed since.

    Raises:
        UsageError: A word names nothing that is golden or installed.
        ChangeError: A change of other packages was interrupted, which comes first.
        EnvguardError: As ``check``.
    """
    whom = interpreter.of(asked.python)[0] if asked.python is not None else interpreter.running()
    selection = (asked.selection or Selection()).replace(interpreter=whom)
    snapshot = comparing.load(lock, sha256=asked.sha256, selection=selection)
    with manifest.no_collection():
        snapshot = comparing.applicable(snapshot, whom)
        listing = comparing.sealed_files(snapshot)
        return _Look(snapshot, listing, asked, before or Names()).named()


class _Look:
    def __init__(self, snapshot: Snapshot, listing: "Listing | None", asked: "Options", before: Names) -> None:
        self._snapshot = snapshot
        self._listing = listing
        self._asked = asked
        self._all = environment.by_name(environment.place_of(None, asked.python))
        live = self._scan(each.name for each in self._all if comparing.matches(each.name, asked.only))
        interrupted = journal.read(live.prefix)
        if interrupted is not None:
            before = _and_interrupted(before, interrupted.packages)
        self._names = self._named(live.conda or (), before)
        if self._names.python & {each.name for each in self._all} - {each.name for each in live.distributions}:
            live = self._scan(self._names.python)
        self._live = self._settled(live)
        if interrupted is not None:
            _refuse_to_finish(interrupted, self._names)

    def named(self) -> Named:
        live, names, pins = self._live, self._names, self._snapshot.pins
        found: list[Difference] = []
        blind: list[str] = []
        others = tuple(each for each in self._all if each.name not in names.python)
        files = NamedFiles(live, others, names.owners, self._listing)
        if self._asked.depth != "files":
            blind.append("edited, added and deleted files: only depth files reads them")
        elif self._listing is None:
            golden = tuple(pin for pin in pins if pin.name in names.python)
            found, blind = against_records.compare(live, golden, progress=self._asked.progress, named=files)
        else:
            found, blind = self._against_manifest(files, self._listing)
        if all(pin.name != OWN_NAME for pin in pins):
            found = [each for each in found if each.package != OWN_NAME]
        live = live.replace(observations=live.observations + gather(found), blind=live.blind + tuple(blind))
        report = comparing.judge(
            self._snapshot.replace(pins=tuple(filter(names.has_pin, pins))),
            live.replace(conda=_conda_of(live.conda, names)),
            self._asked.depth,
            (*names.told, *{each.package.removeprefix(CONDA) for each in found} - {""}),
        )
        seen = Seen(
            snapshot=self._snapshot,
            live=self._with_own_needs(live) if self._asked.prune and report.findings else live,
            report=report,
            differences=tuple(found),
            known=files.ownership if report.findings else None,
            listing=self._listing,
            only=names.owners,
        )
        return Named(
            seen=seen,
            names=names,
            files=len(files.expected) if self._asked.depth == "files" else 0,
            shared=tuple(_shared(found, files)),
        )

    def _named(self, conda: "Sequence[CondaPackage]", before: Names) -> Names:
        """Distributions and packages of conda's that the words name, with what those bring.

        Raises:
            UsageError: A word names nothing.
        """
        pins, words = self._snapshot.pins, self._asked.only
        sealed = frozenset(self._listing.owners) if self._listing is not None else frozenset()
        python = {each.name for each in self._all} | {each for each in sealed if each and not each.startswith(CONDA)}
        python |= {pin.name for pin in pins if pin.manager == "pip" and pin.name} | before.python
        of_conda = {each.name for each in conda} | {pin.name for pin in pins if pin.manager == "conda"} | before.conda
        for word in words:
            if not any(comparing.matches(name, (word,)) for name in (*python, *of_conda)):
                problem = f"--only: {safe(word)!r} is neither installed nor in {self._snapshot.path}"
                raise UsageError(problem, remedy=_meant(word, python | of_conda))
        named = {name for name in python if comparing.matches(name, words)}
        of_them = {name for name in of_conda if comparing.matches(name, words)}
        brought = [(each.name, each.python_name) for each in conda if each.python_name]
        of_them |= {name for name, python_name in brought if python_name in named}
        named |= {python_name for name, python_name in brought if name in of_them}
        others = (python | of_conda) - named - of_them - {OWN_NAME}
        return Names(python=frozenset(named), conda=frozenset(of_them), others=len(others))

    def _scan(self, names: "Iterable[str]") -> Environment:
        return environment.scan(
            python=self._asked.python, depth=self._asked.depth, may_be_empty=True, only=frozenset(names)
        )

    def _settled(self, live: Environment) -> Environment:
        """Without what was observed of others; a name that seems shadowed is looked at again beside all owners."""
        if any(change.kind == "shadowed" and self._names.has(change) for change in live.observations):
            whole = environment.scan(python=self._asked.python, depth=self._asked.depth, may_be_empty=True)
            live = live.replace(observations=whole.observations)
        return live.replace(observations=tuple(filter(self._names.has, live.observations)))

    def _against_manifest(self, files: NamedFiles, listing: "Listing") -> "tuple[list[Difference], list[str]]":
        progress = self._asked.progress
        seen = against_manifest.look(files.sealed, files.roots, conda=False, progress=progress, find=files.find)
        blind = list(seen.blind)
        if not seen.suspects and not seen.live.found.unlisted:
            return [], blind
        # Byte code that Python wrote since is whose its source is; for all else it matters who else has the file.
        alone = all(entry is None and is_cached(path) for path, entry in seen.suspects)
        found = explain(
            files.live if alone else files.all,
            listing,
            self._snapshot.pins,
            seen=seen,
            blind=blind,
            ownership=files.narrow if alone else files.ownership,
            folders=None if alone else files.folders,
            about=self._names.owners,
        )
        return [own for each in found if (own := _own(each, files)) is not None], blind

    def _with_own_needs(self, live: Environment) -> Environment:
        """With what the guard needs where it is installed in this environment: that is never removed."""
        known = {each.name: each for each in live.distributions}
        todo = frozenset({OWN_NAME})
        while todo:
            more = {each.name: each for each in self._scan(todo).distributions}
            required = {required_name(text) for each in more.values() for text in each.requires}
            known = {**more, **known}
            todo = frozenset(required & {each.name for each in self._all} - known.keys())
        return live.replace(distributions=tuple(known.values()))


def _meant(word: str, known: "Iterable[str]") -> str:
    import difflib

    near = difflib.get_close_matches(normalise(word), sorted(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else "name a package as the golden file or the environment does"


def _and_interrupted(names: Names, packages: "Iterable[str]") -> Names:
    """With those that an interrupted change may have removed already."""
    python = {name for name in packages if not name.startswith(CONDA)}
    conda = {name.removeprefix(CONDA) for name in packages if name.startswith(CONDA)}
    return Names(python=names.python | python, conda=names.conda | conda)


def _refuse_to_finish(interrupted: "Journal", names: Names) -> None:
    if not set(interrupted.packages) <= names.owners:
        others = ", ".join(sorted(set(interrupted.packages) - names.owners))
        raise ChangeError(
            f"the {interrupted.purpose} of {interrupted.started} was interrupted, and was also of {safe(others)}",
            remedy="finish it first: envguard restore, without --only",
        )


def _conda_of(conda: "tuple[CondaPackage, ...] | None", names: Names) -> "tuple[CondaPackage, ...] | None":
    return None if conda is None else tuple(each for each in conda if each.name in names.conda)


def _own(difference: Difference, files: NamedFiles) -> "Difference | None":
    """A difference, said of the named package that the file is of; None where it concerns none."""
    if difference.package in files.owners:
        return difference
    entry = files.entry(symbolic(difference.path, files.roots))
    if entry is not None and entry.owner in files.owners:
        return difference._replace(package=entry.owner)
    rows = [row for row in files.narrow.rows if row.path == difference.path]
    if entry is not None and (same := [row for row in rows if row.hash == f"sha256:{entry.sha256}"]):
        return difference._replace(package=same[0].owner)
    is_theirs = bool(rows) and entry is not None
    return difference if is_theirs or any(path.startswith(difference.path + "/") for path in files.expected) else None


def _shared(differences: "Sequence[Difference]", files: NamedFiles) -> "Iterable[str]":
    for each in differences:
        if each.kind not in ("bytecode", "added-file") and (others := files.owners_beside(each.path)):
            others = [name.removeprefix(CONDA) for name in others]
            yield f"{each.path} is also listed by {', '.join(others)}, which was not looked at"


def confined(steps: "Iterable[Step]", only: frozenset[str]) -> "tuple[Step, ...]":
    """Steps of the packages that were named; one that would change another package is left.

    Args:
        steps: What would be done.
        only: Owners that were looked at.
    """
    names = {each.removeprefix(CONDA) for each in only}
    return tuple(
        step if step.action == "leave" or step.package.removeprefix(CONDA) in names else _left(step) for step in steps
    )


def _left(step: Step) -> Step:
    return step.replace(action="leave", what=f"{step.what}: {step.package or 'its package'} was not named by --only")
