"""One package seen from all sides: its pins, what is installed of it, its findings, and what rules would say."""

import time

from envguard import comparing, environment, locate, rules, versions
from envguard._value import Value
from envguard.environment import interpreter
from envguard.model import (
    Change,
    CondaPackage,
    Distribution,
    Environment,
    Finding,
    Pin,
    Report,
    Selection,
    Snapshot,
    Source,
)
from envguard.reporters.safe import safe
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

    Known = Pin | Distribution | CondaPackage


class Subject(Value):
    """What is known about one package."""

    name: str
    pins: tuple[Pin, ...]
    distributions: tuple[Distribution, ...]
    conda: tuple[CondaPackage, ...]
    findings: tuple[Finding, ...]
    supposed: tuple[Finding, ...]
    """What would be said of changes that have not happened."""
    known: tuple[str, ...]
    """Names of everything locked or installed, for a hint."""

    @property
    def installed(self) -> "list[Distribution | CondaPackage]":
        """What is installed of it, by pip and by conda."""
        return [*self.distributions, *self.conda]


def look(
    name: str,
    lock: "str | None",
    *,
    depth: "Depth | None",
    python: "str | None",
    selection: "Selection | None" = None,
) -> Subject:
    """Collect what is known about ``name``.

    Raises:
        EnvguardError: As ``envguard.check``.
    """
    wanted = normalise(name)
    path = locate.locate(lock)
    live = environment.scan(python=python, depth=depth or "records")
    for_whom = (selection or Selection()).replace(interpreter=live.interpreter)
    snapshot = comparing.applicable(comparing.load(path, selection=for_whom), live.interpreter)
    live = comparing.to_depth(snapshot, live)
    report: Report = comparing.judge(snapshot, live, live.depth, ())
    pins = tuple(pin for pin in snapshot.pins if normalise(pin.name) == wanted)
    distributions = tuple(item for item in live.distributions if item.name == wanted)
    conda = tuple(item for item in live.conda or () if wanted in (normalise(item.name), item.python_name))
    everything = {pin.name for pin in snapshot.pins} | {item.name for item in live.distributions}
    return Subject(
        name=wanted,
        pins=pins,
        distributions=distributions,
        conda=conda,
        findings=tuple(finding for finding in report.findings if normalise(finding.change.package) == wanted),
        supposed=_supposed(wanted, pins, distributions, snapshot, live),
        known=tuple(sorted(everything)),
    )


def fields(value: "Known") -> dict[str, object]:
    """The fields of a value that say something, safe to show."""
    told: dict[str, object] = {}
    for field in value._fields:
        held = getattr(value, field)
        if held in ("", None, (), False) or field == "artifacts":  # dozens of files, of which one was installed
            continue
        told[field] = _plain(held)
    return told


def _plain(value: object) -> object:
    if isinstance(value, Source):
        return {field: _plain(getattr(value, field)) for field in value._fields if getattr(value, field)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return safe(value) if isinstance(value, str) else value


def _supposed(
    name: str, pins: tuple[Pin, ...], installed: tuple[Distribution, ...], snapshot: Snapshot, live: Environment
) -> tuple[Finding, ...]:
    """Judge changes that have not happened, so that a reader sees which rule waits for which change."""
    version = next((pin.version for pin in pins if pin.version), None)
    if version is None:
        return ()
    traits = installed[0].traits if installed else ()
    today = time.strftime("%Y-%m-%d")
    table = comparing.rules_for(snapshot)
    markers = interpreter.markers(live.interpreter)
    findings: list[Finding] = []
    for change in _changes(name, version, traits):
        # Each on its own: a row with `alone` asks what else changes.
        judged = rules.judge((change,), table, environment=live, today=today, markers=markers)
        findings += [finding for finding in judged if finding.change is change]
    return tuple(findings)


def _changes(name: str, version: str, traits: tuple[str, ...]) -> list[Change]:
    changes = [
        Change(
            code="EG102",
            kind=versions.relation(version, other),
            part=versions.moved_part(version, other),
            package=name,
            locked=version,
            installed=other,
            traits=traits,
        )
        for other in _other_versions(version)
    ]
    for code, kind in (("EG101", "removed"), ("EG107", "rebuilt")):
        changes.append(Change(code=code, kind=kind, package=name, locked=version, traits=traits))
    return changes


def _other_versions(version: str) -> list[str]:
    """The next micro, minor and major version, and one below."""
    parsed = versions.parse(version)
    if parsed is None:
        return []
    major, minor, micro = parsed.major, parsed.minor, parsed.micro
    higher = [f"{major}.{minor}.{micro + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0"]
    if micro:
        return [*higher, f"{major}.{minor}.{micro - 1}"]
    if minor:
        return [*higher, f"{major}.{minor - 1}.0"]
    return [*higher, f"{major - 1}.0.0"] if major else higher
