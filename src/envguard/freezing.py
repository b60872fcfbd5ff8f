"""Making a golden file: an environment that is fit to be one, written so that it can be proven again quickly."""

import hashlib
import os

from envguard import comparing, config, environment, quick, reporters
from envguard._value import Value
from envguard.environment import known
from envguard.errors import DriftError, UnverifiableError
from envguard.facts import manifest, wheel
from envguard.facts.standing import Clock
from envguard.formats import envguard_lock
from envguard.model import Distribution, Environment, Manifest, Report, Rule, Selection, Snapshot
from envguard.writing import write_atomically

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from envguard.model import Depth

MANIFEST_SUFFIX = ".files"


class Frozen(Value):
    """A golden file that was made."""

    path: str
    data: bytes
    """The bytes of the lock."""
    snapshot: Snapshot
    """The lock, read back."""
    manifest_path: str = ""
    manifest_data: bytes = b""
    blind: tuple[str, ...] = ()
    """What could not be seen while it was made."""

    @property
    def sha256(self) -> str:
        """Hex digest to pin the golden file itself with."""
        return hashlib.sha256(self.data).hexdigest()


def freeze(
    path: str,
    *,
    depth: "Depth" = "records",
    source: "str | None" = None,
    selection: "Selection | None" = None,
    rules: "str | None" = None,
    python: "str | None" = None,
    paths: "Sequence[str] | None" = None,
    write: bool = True,
    kept: "Snapshot | None" = None,
    progress: "Callable[[int, int], None] | None" = None,
) -> Frozen:
    """See ``envguard.making.freeze``; rules and bypass are those of the golden file ``kept`` where one is given."""
    clock = Clock()
    live = environment.scan(paths=paths, python=python, depth=depth)
    before = _quick_facts(live, depth)
    _refuse_unfit(path, live, depth)
    if source is not None:
        _refuse_difference(source, selection or Selection(), live)
    table, bypass = _table(path, rules) if kept is None else (kept.rules, kept.bypass)
    manifest_path, manifest_data, sealed, entries = "", b"", None, None
    if depth == "files":
        manifest_path = path + MANIFEST_SUFFIX
        entries = manifest.collect(live, progress=progress)
        manifest_data = manifest.write(entries)
        digest = hashlib.sha256(manifest_data).hexdigest()
        sealed = Manifest(path=os.path.basename(manifest_path), sha256=digest, files=len(entries))
    if _quick_facts(live, depth) != before:
        raise UnverifiableError("the environment changed while it was frozen", remedy="freeze again once it is at rest")
    data = envguard_lock.write(
        interpreter=live.interpreter,
        distributions=[_as_sealed(item, depth) for item in _answering(live) if _is_judged(item.name)],
        conda=live.conda or (),
        rules=table,
        manifest=sealed,
        bypass=bypass,
        folders=before[0],
        evidence=before[1],
    )
    frozen = Frozen(
        path=path,
        data=data,
        snapshot=envguard_lock.parse(data, path=path),
        manifest_path=manifest_path,
        manifest_data=manifest_data,
        blind=live.blind,
    )
    if write:
        if manifest_path:
            write_atomically(manifest_path, manifest_data)
        write_atomically(path, data)
    if write and entries is not None and paths is None:
        report = comparing.judge(frozen.snapshot, live, "files", ())
        place = environment.place_of(None, python)
        known.keep(place, live, frozen.snapshot, entries, report=report, clock=clock)
    return frozen


def _table(path: str, rules: "str | None") -> tuple[tuple[Rule, ...], bool]:
    """The rows that travel with the lock, and whether it allows a bypass."""
    settings = config.load(rules) if rules is not None else config.find(os.path.dirname(os.path.abspath(path)))
    return (config.rules(settings), settings.bypass) if settings is not None else ((), False)


def _answering(live: Environment) -> "Iterable[Distribution]":
    """Of each name the distribution that is found first on sys.path; others are hidden behind it."""
    return {item.name: item for item in reversed(live.distributions)}.values()


def _is_judged(name: str) -> bool:
    return name != comparing.OWN_DISTRIBUTION


def _as_sealed(distribution: Distribution, depth: "Depth") -> Distribution:
    # The record of an editable install holds the path of its sources, which says nothing about their content.
    editable = distribution.source is not None and distribution.source.editable
    if depth == "versions" or editable:
        distribution = distribution.replace(record="")
    lied = "native" in distribution.traits and wheel.are_for_any_platform(distribution.tags)
    return distribution.replace(tags=()) if lied else distribution


def _quick_facts(live: Environment, depth: "Depth") -> tuple[str, str]:
    """What the quick path compares; empty where this environment always needs the full pipeline.

    Names alone prove the environment only where each distribution is one metadata folder of its own.
    """
    found = quick.folders(live.paths)
    ours = [item for item in live.distributions if _is_judged(item.name)]
    if found is None or quick.count(found) != len(ours) or any(item.kind != "dist-info" for item in ours):
        return "", ""
    if live.conda is not None:
        return "", ""
    names = quick.names(found)
    if not names.isascii() or not names.isprintable() or names.count(" ") >= len(ours):
        return "", ""
    return names, "" if depth == "versions" else quick.evidence(found)


def _refuse_unfit(path: str, live: Environment, depth: "Depth") -> None:
    """Broken and duplicated metadata, shadowed packages and second owners must not become golden."""
    empty = Snapshot(path=path, format="", sha256="")
    _raise_for(
        comparing.judge(empty, live, depth, (), alone=True),
        "this environment is not fit to be frozen; repair it first",
    )


def _refuse_difference(source: str, selection: Selection, live: Environment) -> None:
    wanted = comparing.load(source, selection=selection.replace(interpreter=live.interpreter))
    snapshot = comparing.applicable(wanted, live.interpreter)
    report = comparing.judge(snapshot, live, "records", ())
    _raise_for(report, f"this environment is not the one that {source} pins")


def _raise_for(report: Report, headline: str) -> None:
    if report.findings:
        raise DriftError(f"{headline}\n{reporters.for_error(report).rstrip()}", report=report)
