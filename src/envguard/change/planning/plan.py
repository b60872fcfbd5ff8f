"""Judges a change before it happens: what an installer would do, what its artifacts say, and what the rules say of it.

Nothing is installed. The environment's installer is run for its dry run; artifacts are read without installing them.
"""

import os
import tempfile
import time
from typing import TypedDict

from envguard import comparing, environment, locate, rules
from envguard._value import Value
from envguard.change.installers.conda_archive import Archive
from envguard.change.installers.request import Request, of_words
from envguard.change.planning import (
    arriving,
    arriving_conda,
    chains,
    commands,
    condas,
    consequences,
    held,
    left_behind,
    moves,
    resolving,
    resulting,
)
from envguard.environment.interpreter import markers
from envguard.errors import EnvguardError, UnverifiableError, UsageError
from envguard.facts import evidence, requirers
from envguard.facts.ownership import read_ownership
from envguard.guard import fail_closed
from envguard.model import GRAVITY, Change, Finding, Report, Selection
from envguard.proposal import Move, Proposal
from envguard.rules._builtin_plan import KEEP
from envguard.rules.fill import fill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.change.installers.resolution import Resolution
    from envguard.change.planning.arriving import Arriving
    from envguard.change.planning.resolving import Asked
    from envguard.model import Depth, Distribution, Environment, Snapshot, Verdict

    StrPath = str | os.PathLike[str]

_CHECKS = ("artifacts", "changes", "consequences", "installer")
_WITH_SOURCES = (*_CHECKS, "used-symbols")


class Plan(Value):
    """What a change would do, judged."""

    report: Report
    """Findings with their verdicts; ``report.proposal`` holds what stands below too."""
    moves: tuple[Move, ...]
    """Every distribution that would be installed, replaced or removed; the named ones first."""
    command: str
    """What makes exactly this change; empty where nothing would change, or nothing can be installed."""
    installer: str
    """Which program resolved it, such as ``pip 26.3``."""
    archives: tuple[Archive, ...] = ()
    """The conda packages that would be put in, where it is a change of conda's. Their URLs may hold credentials."""
    unlinked: tuple[str, ...] = ()
    """conda's names of what would be taken out and not replaced."""

    @property
    def verdict(self) -> "Verdict":
        """The gravest verdict; ``pinned`` where nothing would change."""
        return self.report.verdict


def plan(
    request: "Request | str | Sequence[str]",
    *,
    lock: "StrPath | None" = None,
    python: "StrPath | None" = None,
    free: bool = False,
    offline: bool = False,
    find_links: "Sequence[StrPath]" = (),
    installer: str = "",
    sha256: "str | None" = None,
    selection: "Selection | None" = None,
    native: bool = True,
    uses: "Sequence[StrPath]" = (),
) -> Plan:
    """Judge a change before it is made. Never raises because a change is forbidden.

    Args:
        request: What to change: a ``Request``, or words such as ``"numpy==2.0.0"`` and ``"-six"``.
        lock: The golden file, as in ``envguard.check``.
        python: The interpreter or folder of the environment to judge; None is this process.
        free: Let the installer move what the golden file pins, too.
        offline: Ask nothing of the network; artifacts come from ``find_links``.
        find_links: Folders with wheels.
        installer: ``pip`` or ``uv``; empty is the one that the request names, else the environment's own pip.
        sha256: What the golden file itself must hash to.
        selection: Which part of the lock is meant.
        native: Read the compiled files of what would be installed.
        uses: Sources of the project: symbols that they use are compared between the versions (needs griffe).

    Raises:
        UnverifiableError: Nothing could be resolved, whatever the golden file says.
        UsageError: The request makes no sense here.
        LockError, RuleError: As ``envguard.check``.
    """
    if not isinstance(request, Request):
        request = of_words((request,) if isinstance(request, str) else tuple(request))
    wanted = request
    return fail_closed(
        lambda: _Planning(
            wanted,
            lock=locate.locate(lock),
            python=None if python is None else os.fspath(python),
            free=free,
            offline=offline,
            find_links=tuple(os.path.abspath(folder) for folder in find_links),
            installer=installer,
            sha256=sha256,
            selection=selection or Selection(),
            native=native,
            uses=tuple(os.fspath(folder) for folder in uses),
        ).plan()
    )


class _Looking(TypedDict):
    """How what arrives is looked at."""

    native: bool
    unpack: str
    offline: bool
    find_links: tuple[str, ...]


class _Planning:
    """One plan: what the stages share."""

    def __init__(
        self,
        request: Request,
        *,
        lock: str,
        python: "str | None",
        free: bool,
        offline: bool,
        find_links: tuple[str, ...],
        installer: str,
        sha256: "str | None",
        selection: Selection,
        native: bool,
        uses: tuple[str, ...],
    ) -> None:
        self.request = request
        self.free = free
        self.offline = offline
        self.find_links = find_links
        self.installer = installer
        self.native = native or bool(uses)
        self.uses = uses
        self.unseen: list[str] = []
        self.live: Environment = environment.scan(python=python)
        whom = self.live.interpreter
        loaded = comparing.load(lock, sha256=sha256, selection=selection.replace(interpreter=whom))
        self.snapshot: Snapshot = comparing.applicable(loaded, whom)
        self.markers = markers(whom)
        self.question: Asked = resolving.asked(
            request, self.live, self.snapshot, free=free, find_links=find_links, offline=offline
        )

    def plan(self) -> Plan:
        resolution = self._resolve(self.question)
        if resolution.problem:
            return self._unsolved(resolution)
        with tempfile.TemporaryDirectory(prefix="envguard-wheels-") as unpack:
            found = self._look(resolution, unpack)
            self.unseen += found.unseen
            consequent = consequences.of(self.live, found.distributions, resolution.removals, coming=found.coming)
            stated = (*consequent, *self._used(found))
        return self._judged(resolution, found, stated)

    def _look(self, resolution: "Resolution", unpack: str) -> "Arriving":
        options: _Looking = {
            "native": self.native,
            "unpack": unpack,
            "offline": self.offline,
            "find_links": self.find_links,
        }
        if self.request.installer == "conda":
            return arriving_conda.look(resolution, self.live, **options)
        return arriving.look(resolution.arrivals, self.live, **options)

    def _used(self, found: "Arriving") -> "Iterable[Change]":
        """Used symbols that change with a version; nothing where no sources are named."""
        if not self.uses:
            return
        from envguard.change.planning import used_api

        installed = {item.name: item for item in reversed(self.live.distributions)}
        for said in found.distributions:
            before = installed.get(said.name)
            if before is None or before.version == said.version or not said.unpacked_in:
                continue
            try:
                compared = used_api.compare(self.uses, before.top_level, before.location, said.unpacked_in)
            except UsageError:
                raise
            except EnvguardError as error:
                self.unseen.append(f"used symbols of {said.name}: {error}")
                continue
            if compared.used:
                self.unseen += [f"used symbols of {said.name}: {why}" for why in compared.blind]
            change = used_api.change(said.name, before.version, said.version, compared)
            if change is not None:
                yield change

    def _resolve(self, question: "Asked") -> "Resolution":
        return resolving.resolve(
            self.request,
            question,
            self.live,
            offline=self.offline,
            find_links=self.find_links,
            installer=self.installer,
        )

    def _judged(self, resolution: "Resolution", found: "Arriving", stated: "Sequence[Change]") -> Plan:
        after = resulting.of(self.live, found.distributions, resolution.removals, coming=found.coming).after
        named = self._named(resolution)
        concerned = {*resolution.removals, *(each.name for each in resolution.arrivals)}
        installed = condas.installed(_with_evidence(self.live, concerned), self.live, self.request, concerned)
        ways = chains.of(after.distributions, named, self.markers)
        moved = moves.moves(resolution, found.read, installed, ways, named, markers=self.markers)
        moved = condas.with_builds(moved, self.live, self.request)
        said = {each.name: each for each in found.read}
        pins = condas.pins(self.snapshot, self.live, self.request)
        changes = (*moves.changes(moved, self.snapshot, installed, said, pins), *stated, *found.unread)
        behind = self._behind(after, named)
        proposal = Proposal(
            request=self.request.text,
            installer=resolution.installer,
            command=commands.making(self.request, resolution, moved, self.live, self.find_links, offline=self.offline),
            trial=commands.trying(self.request) if moved else "",
            moves=moved,
            held=bool(self.question.held),
        )
        plan = self._report(changes, after, proposal, notes=behind)
        return plan.replace(archives=resolution.archives, unlinked=resolution.unlinked)

    def _behind(self, after: "Environment", named: "Iterable[str]") -> tuple[Change, ...]:
        """Notes on what nobody would require any more; whether one of conda's does, requirements alone do not tell."""
        if self.request.installer == "conda":
            return ()
        return left_behind.find(self.live.distributions, after.distributions, self.markers, keep={*named, *moves.TOOLS})

    def _unsolved(self, failed: "Resolution") -> Plan:
        """Say which pins stand against the request.

        Raises:
            UnverifiableError: It is not the pins: the request cannot be resolved at all.
        """
        found: tuple[Change, ...] = ()
        if self.question.held:
            freely = self._resolve(self.question.replace(held=()))
            found = held.find(failed, freely, self.question, self.snapshot, self.live)
        if not found:
            raise UnverifiableError(
                f"{failed.installer} finds no way to do it: {failed.problem}",
                remedy="nothing was judged; see that the names, versions and sources of the request are right",
            )
        proposal = Proposal(request=self.request.text, installer=failed.installer, command="")
        return self._report(found, self.live, proposal)

    def _report(
        self, changes: "Sequence[Change]", after: "Environment", proposal: Proposal, *, notes: "Sequence[Change]" = ()
    ) -> Plan:
        findings = rules.judge(
            (change for change in changes if change.kind != "noted"),
            comparing.rules_for(self.snapshot) if changes else (),
            environment=after,
            today=time.strftime("%Y-%m-%d"),
            markers=self.markers,
        )
        findings = tuple(sorted(map(_for_a_proposal, findings), key=_gravity))
        names = {finding.change.package for finding in findings} - {""}
        unseen = (*(f"left alone: {why}" for why in self.question.left_alone), *self.unseen)
        depth: Depth = "native" if self.native else "records"
        report = Report(
            lock=self.snapshot.path,
            format=self.snapshot.format,
            lock_sha256=self.snapshot.sha256,
            seal=self.snapshot.seal or self.snapshot.sha256,
            prefix=self.live.prefix,
            interpreter=self.live.interpreter,
            depth=depth,
            packages=len(self.snapshot.pins),
            installed=sum(1 for item in self.live.distributions if item.name != comparing.OWN_DISTRIBUTION),
            findings=findings,
            checks=_WITH_SOURCES if self.uses else _CHECKS,
            notes=(*(change for change in changes if change.kind == "noted"), *notes, *self._drift()),
            requirers=requirers.of(after, names, self.markers) if names else (),
            blind=(*unseen, *self.live.blind),
            proposal=proposal.replace(unseen=len(unseen)),
        )
        return Plan(report=report, moves=proposal.moves, command=proposal.command, installer=proposal.installer)

    def _named(self, resolution: "Resolution") -> dict[str, tuple[str, ...]]:
        """What the request names, with the extras that it asks for."""
        words = (*self.question.named, *self.question.removes)
        if self.request.installer == "conda":
            words = condas.names(words, self.live)
        named: dict[str, tuple[str, ...]] = dict.fromkeys(words, ())
        named |= {each.name: each.extras for each in resolution.arrivals if each.requested or each.name in named}
        return named

    def _drift(self) -> tuple[Change, ...]:
        """A note where the environment is not the golden one to begin with."""
        found = comparing.judge(self.snapshot, self.live, "records", ()).findings
        if not found:
            return ()
        count = f"{len(found)} difference{'s' if len(found) > 1 else ''}"
        said = f"the environment is not the golden one now: {count}, which envguard check shows"
        return (Change(code="EG209", kind="noted", path=self.snapshot.path, evidence=(said,)),)


def _with_evidence(live: "Environment", names: "Iterable[str]") -> "dict[str, Distribution]":
    """What is installed of these names, with the traits that its files show."""
    wanted = set(names)
    found: dict[str, Distribution] = {}
    for item in live.distributions:
        if item.name in wanted:
            found.setdefault(item.name, item)
    rows = read_ownership(live.replace(distributions=tuple(found.values()), conda=None)).rows if found else []
    return {
        name: item.replace(traits=evidence.traits(item, [row for row in rows if row.owner == name]))
        for name, item in found.items()
    }


def _for_a_proposal(finding: Finding) -> Finding:
    """A remedy of the built-in table that undoes a change is no remedy for one that has not happened."""
    remedy = KEEP.get(finding.rule)
    return finding if remedy is None else finding.replace(instead=fill(remedy, finding.change))


def _gravity(finding: Finding) -> tuple[int, str, str]:
    return -GRAVITY.index(finding.verdict), finding.change.package, finding.change.code
