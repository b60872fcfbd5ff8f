"""Constraints over a whole change set: packages that may only move together.

A row with ``together`` names packages. Once one of them moves, the others that stay behind are judged:

- ``follow = ""``: whoever stays behind breaks the row;
- ``follow = "requires-dist"``: the pins that the packages themselves publish decide who had to move. What they say is
  read from the metadata of what is installed, or from a lock that has it; where it is not known, that is said, and the
  row counts as cautious at most;
- ``label = "same"``: all of them keep one build (``cpu``, ``cu124``), as far as it is known.

torchvision up to 0.28 and torchaudio up to 2.10 pin one exact torch; later releases do not (their METADATA).
"""

from envguard import versions
from envguard.facts.requirements import applicable
from envguard.model import GRAVITY, Change, Finding, Rule
from envguard.rules.match import holds, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envguard.model import Distribution, Environment

MOVED = ("upgraded", "downgraded", "different", "variant")
"""Kinds of change after which the others must be looked at. ``added`` and ``removed`` ask no other version to move."""

ROWS = (
    Rule(
        id="torch-together",
        verdict="forbidden",
        reason="these packages are built for one another, release by release, and fail on import beside another one",
        instead="move them in one command, from one index, to the versions that were released together",
        together=("torch", "torchvision", "torchaudio", "torchtext", "torchdata"),
        follow="requires-dist",
        label="same",
    ),
)
"""The built-in rows. A row of the project with the same id takes the place of one."""


def judge(
    changes: "Iterable[Change]",
    rules: "Sequence[Rule]",
    *,
    environment: "Environment",
    today: str,
    markers: "Mapping[str, str]",
) -> tuple[Finding, ...]:
    """A finding for each package that should have moved with another one and did not.

    Args:
        changes: What differs.
        rules: The project's rows; those without ``together`` are passed over.
        environment: What would be there afterwards.
        today: ISO date.
        markers: PEP 508 environment.

    Raises:
        RuleError: A row's marker is not valid.
    """
    moved = {change.package: change for change in changes if change.kind in MOVED and change.package}
    if not moved:
        return ()
    own = [rule for rule in rules if rule.together]
    rows = [*own, *(row for row in ROWS if row.id not in {rule.id for rule in own})]
    there = {each.name: each for each in reversed(environment.distributions)}
    findings: list[Finding] = []
    for row in rows:
        if (row.until and row.until < today) or (row.when and not holds(row, markers)):
            continue
        members = {name: each for name, each in there.items() if named(row.together, name)}
        movers = [change for name, change in moved.items() if name in members]
        if movers:
            findings += _left_behind(row, members, movers, markers)
            if row.label:
                findings += _labels(row, members, movers)
    return tuple(findings)


def _left_behind(
    row: Rule, members: "Mapping[str, Distribution]", movers: "list[Change]", markers: "Mapping[str, str]"
) -> "Iterable[Finding]":
    names = {change.package for change in movers}
    told = tuple(_told(change) for change in sorted(movers, key=lambda change: change.package))
    for name, member in sorted(members.items()):
        if not row.follow:
            if name not in names:
                yield _finding(row, member, (*told, f"{name} {member.version} stayed"))
            continue
        # Whoever moved must be accepted by those that stayed; and those that moved must accept what stayed.
        others = names - {name} if name not in names else set(members) - {name}
        broken = tuple(_broken(member, members, others, markers))
        if broken:
            yield _finding(row, member, (*told, *broken))
        elif name not in names and not _known(member) and not any(_known(members[mover]) for mover in names):
            unknown = f"{name} {member.version} stayed; what it requires is not known from these files"
            yield _finding(row, member, (*told, unknown), unknown=True)


def _broken(
    member: "Distribution", members: "Mapping[str, Distribution]", others: "set[str]", markers: "Mapping[str, str]"
) -> "Iterable[str]":
    for text in member.requires:
        try:
            requirement = applicable(text, markers)
        except ValueError:
            continue  # EG407 says that it cannot be read
        if requirement is None:
            continue
        name = versions.normalise(requirement.name)
        version = versions.parse(members[name].version) if name in others else None
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            yield f"{member.name} {member.version} requires {text[:200]}, and {members[name].version} is there"


def _labels(row: Rule, members: "Mapping[str, Distribution]", movers: "list[Change]") -> "Iterable[Finding]":
    known = {name: label for name, each in members.items() if (label := _label(each))}
    if len(set(known.values())) > 1:
        odd = min(movers, key=lambda change: (change.package not in known, change.package))
        told = tuple(f"{name} {members[name].version} is built for {label}" for name, label in sorted(known.items()))
        yield _finding(row, members[odd.package], told)


def _label(member: "Distribution") -> str:
    """The build by its local version, else by what the package says of itself; empty where neither is known."""
    return versions.split_local(member.version)[1] or (member.variant or "")


def _known(member: "Distribution") -> bool:
    """True where something of what it requires is known: a wheel of these families always requires something."""
    return bool(member.requires)


def _told(change: Change) -> str:
    return f"{change.package} {change.kind} from {change.locked} to {change.installed}"


def _finding(row: Rule, member: "Distribution", evidence: tuple[str, ...], *, unknown: bool = False) -> Finding:
    verdict = min(row.verdict, "cautious", key=GRAVITY.index) if unknown else row.verdict
    return Finding(
        change=Change(
            code="EG212",
            kind="apart",
            package=member.name,
            installed=member.version,
            path=member.path,
            evidence=evidence,
            traits=member.traits,
        ),
        verdict=verdict,
        rule=row.id,
        reason=f"{row.reason}; whether they do here is not known" if unknown else row.reason,
        instead=row.instead,
    )
