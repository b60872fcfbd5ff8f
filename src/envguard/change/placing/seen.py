"""What an environment is and what it should be, down to single files: a check at depth files that keeps its notes."""

import os

from envguard import comparing, environment
from envguard._value import Value
from envguard.change.placing.sealed import Sealed
from envguard.environment import interpreter
from envguard.facts import against_manifest, against_records, manifest
from envguard.facts.differences import gather
from envguard.facts.owners import OWN_NAME
from envguard.facts.ownership import Ownership, read_ownership
from envguard.facts.tree import is_below, roots_of
from envguard.model import Environment, Report, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envguard.facts.differences import Difference
    from envguard.facts.manifest_lines import Lines
    from envguard.facts.manifest_reading import Memory
    from envguard.facts.tree import Entry, Listing
    from envguard.model import Depth


class Seen(Value):
    """An environment beside its golden file."""

    snapshot: Snapshot
    live: Environment
    report: Report
    differences: "tuple[Difference, ...]"
    """Of single files, with their paths."""
    known: "Ownership | None" = None
    """What the RECORDs say that are installed, where it was asked for already."""
    listing: "Listing | None"
    """The manifest."""
    lines: "Lines | None" = None
    """The manifest of an environment in its own place, where not all of it was asked for."""
    only: frozenset[str] = frozenset()
    """Owners of the files that were looked at; empty is all."""

    @property
    def ownership(self) -> Ownership:
        """What the RECORDs say that are installed."""
        return self.known if self.known is not None else read_ownership(self.live)

    @property
    def prefix(self) -> str:
        """Links resolved."""
        return os.path.realpath(self.live.prefix)

    def sealed(self) -> "Mapping[str, Entry]":
        """Absolute path to entry of the manifest, for this prefix; a file that depends on its place has no digest here.

        Empty where there is no manifest.
        """
        if self.listing is None:
            return {}
        if self.lines is not None:
            return Sealed(self.lines, self.lines.roots)
        roots = self._roots()
        same = dict(self.listing.roots)["prefix"] == self.prefix
        found = {}
        for entry in self.listing:
            name, _brace, rest = entry.path[1:].partition("}")
            if roots.get(name):
                found[roots[name] + rest] = entry if same or not entry.placed else entry._replace(sha256="")
        return found

    def _roots(self) -> dict[str, str]:
        recorded = dict(self.listing.roots) if self.listing is not None else {}
        there = recorded.get("prefix", "")
        return {
            name: self.prefix + path[len(there) :] if is_below(path, there) else path for name, path in recorded.items()
        }

    def site(self) -> str:
        """The site-packages into which packages are put; "" where there is none below the prefix."""
        live = [path for name, path in roots_of(self.live).items() if name.startswith("site")]
        sealed = [path for name, path in self._roots().items() if name.startswith("site")]
        known = [*sealed, *live, *map(os.path.realpath, self.live.paths)]
        fit = [path for path in known if path.endswith("-packages") and is_below(path, self.prefix)]
        return next((path for path in fit if os.path.isdir(path)), "")


def prefix_of(python: "str | None") -> str:
    """The prefix of the environment that is meant, without looking at what is installed."""
    import sys

    return interpreter.ask(python)[1].prefix if python is not None else sys.prefix


def look(
    lock: str,
    *,
    depth: "Depth" = "files",
    python: "str | None" = None,
    sha256: "str | None" = None,
    selection: "Selection | None" = None,
    progress: "Callable[[int, int], None] | None" = None,
    memory: "Memory | None" = None,
) -> Seen:
    """Compares an environment with a golden file.

    Args:
        lock: Path of the golden file.
        depth: Above ``files`` single files are not looked at.
        python: As in ``check``.
        sha256: As in ``check``.
        selection: As in ``check``.
        progress: As in ``check``.
        memory: Of an earlier look, where the lock of the environment has been held since.

    Raises:
        EnvguardError: As ``check``.
    """
    whom = interpreter.of(python)[0] if python is not None else interpreter.running()
    snapshot = comparing.load(lock, sha256=sha256, selection=(selection or Selection()).replace(interpreter=whom))
    with manifest.no_collection():
        live = environment.scan(python=python, depth=depth, may_be_empty=True)
        snapshot = comparing.applicable(snapshot, live.interpreter)
        listing = comparing.sealed_files(snapshot)
        found: list[Difference] = []
        blind: list[str] = []
        if depth != "files":
            blind.append("edited, added and deleted files: only depth files reads them")
        elif listing is None:
            found, blind = against_records.compare(live, snapshot.pins, progress=progress)
        else:
            found, blind = against_manifest.compare(live, listing, snapshot.pins, progress=progress, memory=memory)
        if all(pin.name != OWN_NAME for pin in snapshot.pins):
            found = [each for each in found if each.package != OWN_NAME]
    live = live.replace(observations=live.observations + gather(found), blind=live.blind + tuple(blind))
    report = comparing.judge(snapshot, live, depth, ())
    return Seen(
        snapshot=snapshot,
        live=live,
        report=report,
        differences=tuple(found),
        known=read_ownership(live) if report.findings else None,
        listing=listing,
    )
