"""From findings to steps: what has to be done so that an environment is the golden one again.

Nothing is done here, and nothing is looked for: a step says what is wrong, and what it is for.
"""

import os

from envguard._value import Value
from envguard.change.conda.damage import Side
from envguard.change.conda.supply import key
from envguard.change.placing import supply
from envguard.facts.conda_files import CONDA
from envguard.facts.owners import OWN_NAME
from envguard.facts.providers import required_name
from envguard.facts.tree import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Literal

    from envguard.change.placing.seen import Seen
    from envguard.facts.differences import Difference
    from envguard.model import Change, CondaPackage, Distribution, Finding, Pin

_REPAIRABLE = frozenset({"EG101", "EG102", "EG104", "EG105", "EG106", "EG107", "EG108", "EG109"})
"""Codes of what putting the golden artifact in place mends."""


class Step(Value):
    """One thing to do, or one that is left alone and why."""

    action: "Literal['install', 'remove', 'delete', 'mode', 'leave']"
    package: str
    """Normalised name; empty for what belongs to none."""
    what: str
    """What is wrong, or why it is left alone; one line."""
    pin: "Pin | None" = None
    """To install."""
    distributions: "tuple[Distribution, ...]" = ()
    """To remove."""
    records: "tuple[CondaPackage, ...]" = ()
    """Packages of conda's to remove."""
    paths: tuple[str, ...] = ()
    """To delete, or whose executable bit is wrong; absolute."""

    @property
    def key(self) -> str:
        """The package's name, marked where it is a package of conda's that is to be installed."""
        return key(self.pin) if self.pin is not None else self.package


def steps(
    seen: "Seen", *, prune: bool, remove: "Iterable[str]" = (), doubted: "Iterable[str]" = ()
) -> tuple[Step, ...]:
    """What has to be done, in the order in which it is said.

    Args:
        seen: The environment beside its golden file.
        prune: Also remove what the golden file does not name.
        remove: Normalised names of what is removed even so, where the golden file does not name it.
        doubted: Packages that an interrupted change may have left half done: each of their files is looked at.
    """
    return tuple(_Reading(seen, prune=prune, remove=frozenset(remove)).steps(doubted))


class _Reading:
    def __init__(self, seen: "Seen", *, prune: bool, remove: "frozenset[str]") -> None:
        self._seen = seen
        self._remove = remove
        self._prune = prune
        self._pins = {pin.name: pin for pin in seen.snapshot.pins if pin.manager == "pip" and pin.name}
        self._conda = Side(seen)
        self._conda_installs: dict[str, list[str]] = {}
        self._conda_pins: dict[str, Pin] = {}
        self._conda_removed: dict[str, tuple[CondaPackage, ...]] = {}
        self._brought_by_unknown: list[str] = []
        self._installs: dict[str, list[str]] = {}
        self._left: dict[tuple[str, str], None] = {}
        self._deleted: dict[str, list[str]] = {}
        self._modes: dict[str, list[str]] = {}
        self._removed: set[str] = set()
        self._leftovers: list[str] = []

    def steps(self, doubted: "Iterable[str]") -> "Iterator[Step]":
        for finding in self._seen.report.findings:
            self._sort(finding)
        for difference in self._seen.differences:
            self._sort_file(difference)
        for name in doubted:
            self._doubt(name)
        yield from self._removals()
        yield from self._installations()
        gone = self._only_leftovers()
        for name, why in self._left:
            if name not in gone:
                yield Step(action="leave", package=name, what=why)

    def _doubt(self, name: str) -> None:
        why = "an interrupted change may have left it half done"
        pin = self._conda.pin(name) if name.startswith(CONDA) else None
        if pin is not None:
            self._install_by_conda(pin, why)
        elif name in self._pins and name not in self._installs:
            self._install(name, why)

    def _removals(self) -> "Iterator[Step]":
        self._removed -= self._only_leftovers()
        for name, paths in sorted(self._deleted.items()):
            yield Step(
                action="delete", package=name, what=_counted(paths, self._seen.prefix), paths=tuple(sorted(paths))
            )
        for name, paths in sorted(self._modes.items()):
            what = f"executable bit of {_counted(paths, self._seen.prefix)}"
            yield Step(action="mode", package=name, what=what, paths=tuple(sorted(paths)))
        for name in sorted(self._removed):
            found = tuple(each for each in self._seen.live.distributions if each.name == name)
            versions = ", ".join(sorted({each.version for each in found}))
            yield Step(action="remove", package=name, what=f"{versions} is not in the golden file", distributions=found)
        for name, records in sorted(self._conda_removed.items()):
            versions = ", ".join(sorted({each.version for each in records}))
            yield Step(action="remove", package=name, what=f"{versions} is not in the golden file", records=records)

    def _installations(self) -> "Iterator[Step]":
        for name, reasons in sorted(self._conda_installs.items()):
            pin = self._conda_pins[name]
            what = "; ".join(dict.fromkeys(reasons))
            if cannot := self._conda.cannot(pin):
                self._leave(name, f"{what}: {cannot}")
            else:
                yield Step(action="install", package=name, what=what, pin=pin)
        for name in () if self._conda_installs else self._brought_by_unknown:
            self._leave(name, "a package of conda's brought it, and no record says which")
        for name, reasons in sorted(self._installs.items()):
            yield Step(action="install", package=name, what="; ".join(dict.fromkeys(reasons)), pin=self._pins[name])

    def _install(self, name: str, why: str) -> None:
        self._installs.setdefault(name, []).append(why)

    def _leave(self, name: str, why: str) -> None:
        self._left[name, why] = None

    def _sort(self, finding: "Finding") -> None:
        change = finding.change
        name = change.package
        if change.code == "EG108" and self._is_sorted_by_file(change):
            return
        if change.code == "EG109" and _is_leftover(change):
            self._delete_leftover(change)
        elif self._conda.has(change):
            self._sort_condas(change)
        elif change.code == "EG103":
            self._sort_extra(change)
        elif name in self._pins and change.code in _REPAIRABLE:
            why = supply.cannot(self._pins[name])
            if why:
                self._leave(name, f"{_words(change)}: {why}")
            else:
                self._install(name, _words(change))
        elif change.code in ("EG106", "EG109") and name and name not in self._pins and self._prune:
            self._removed.add(name)
        else:
            self._leave(name, _words(change))

    @staticmethod
    def _is_sorted_by_file(change: "Change") -> bool:
        return change.kind in ("edited", "deleted-file", "added-file", "mode", "bytecode", "startup")

    def _install_by_conda(self, pin: "Pin", why: str) -> None:
        self._conda_pins[pin.name] = pin
        self._conda_installs.setdefault(pin.name, []).append(why)

    def _sort_condas(self, change: "Change") -> None:
        """A finding of a package of conda's, or of a distribution that one brings."""
        name = change.package
        pin = self._conda.pin(name)
        if change.code == "EG103":
            self._sort_extra_of_condas(change)
        elif pin is not None:
            self._install_by_conda(pin, _words(change))
        elif self._conda.is_brought_by_unknown(name):
            self._brought_by_unknown.append(name)
        else:
            self._leave(name, f"{_words(change)}: a package of conda's, {self._conda.by_hand(name)}")

    def _sort_extra_of_condas(self, change: "Change") -> None:
        name = change.package
        extra = f"{change.installed} is not in the golden file"
        records = self._conda.packages(name)
        needed = self._needed_by_us() | {OWN_NAME}
        if name == OWN_NAME:
            return
        if not records or not self._conda.is_golden:
            self._leave(name, f"{extra}: a package of conda's, of which the golden file names none")
        elif not self._prune and name not in self._remove:
            self._leave(name, f"{extra}: removed only with --prune")
        elif any(each.name == "python" or each.python_name in needed for each in records):
            self._leave(name, f"{extra}, and envguard itself needs it")
        else:
            self._conda_removed[records[0].name] = records

    def _sort_file_of_condas(self, name: str, kind: str, difference: "Difference") -> None:
        pin = self._conda.pin(name)
        bare = name.removeprefix(CONDA)
        going = [each for records in self._conda_removed.values() for each in records]
        if pin is None and any(bare in (each.name, each.python_name) for each in going):
            return
        if pin is None:
            why = f"a file of conda's, {self._conda.by_hand(name)}"
            self._leave(bare, f"{difference.path}: {difference.what}: {why}")
        elif kind == "added-file":
            self._deleted.setdefault(bare, []).append(difference.path)
        elif kind == "mode":
            self._modes.setdefault(bare, []).append(difference.path)
        else:
            self._install_by_conda(pin, _said(difference, kind, self._seen.prefix))

    def _sort_extra(self, change: "Change") -> None:
        name = change.package
        if name == OWN_NAME:
            return
        if not self._prune and name not in self._remove:
            self._leave(name, f"{change.installed} is not in the golden file: removed only with --prune")
        elif name in self._needed_by_us():
            self._leave(name, f"{change.installed} is not in the golden file, and envguard itself needs it")
        else:
            self._removed.add(name)

    def _needed_by_us(self) -> set[str]:
        """Names that the guard requires where it is installed in this environment, what those require included."""
        requires = {each.name: each.requires for each in self._seen.live.distributions}
        found: set[str] = set()
        todo = [OWN_NAME] if OWN_NAME in requires else []
        while todo:
            for text in requires.get(todo.pop(), ()):
                name = required_name(text)
                if name not in found and "extra ==" not in text.replace("'", '"').replace("extra==", "extra =="):
                    found.add(name)
                    todo.append(name)
        return found

    def _only_leftovers(self) -> set[str]:
        """Names of which nothing is installed but a leftover that is deleted."""
        paths = {path for each in self._deleted.values() for path in each}
        kept = {each.name for each in self._seen.live.distributions if os.path.realpath(each.path) not in paths}
        names = self._deleted.keys() - kept - self._pins.keys() - {""}
        return {name for name in names if not self._conda.owns(name)}

    def _delete_leftover(self, change: "Change") -> None:
        path = os.path.realpath(os.path.dirname(change.path)) + "/" + os.path.basename(change.path)
        if is_below(path, self._seen.prefix):
            self._deleted.setdefault(change.package, []).append(path)
            self._leftovers.append(path)
        else:
            self._leave(change.package, f"{_words(change)}: outside the environment")

    def _sort_file(self, difference: "Difference") -> None:
        name = difference.package
        kind = difference.kind
        if kind == "startup":
            kind = difference.what.partition(":")[0]
        path = difference.path
        if any(is_below(path, folder) for folder in self._leftovers):
            return
        if not is_below(path, self._seen.prefix):
            self._leave(name, f"{path}: {difference.what}: outside the environment")
        elif kind == "bytecode":
            self._deleted.setdefault(name, []).append(path)
        elif self._conda.owns(name):
            self._sort_file_of_condas(name, kind, difference)
        elif name in self._pins:
            self._sort_file_of_pin(name, kind, difference)
        elif kind == "added-file" and (owners := self._owners_below(path)):
            for owner in owners:
                self._install(owner, f"{_short(path, self._seen.prefix)} stands where its folder was")
        elif kind == "added-file" and not name:
            if self._prune:
                self._deleted.setdefault(name, []).append(path)
            else:
                self._leave(name, f"{path} belongs to no package: removed only with --prune")
        elif name not in self._removed:
            self._leave(name, f"{path}: {difference.what}: the golden file pins no package that it belongs to")

    def _owners_below(self, path: str) -> set[str]:
        """Pinned packages whose files should lie below what is no folder."""
        owners = {row.owner for row in self._seen.ownership.rows if row.path.startswith(path + "/")}
        return {name for name in owners if name in self._pins and not supply.cannot(self._pins[name])}

    def _sort_file_of_pin(self, name: str, kind: str, difference: "Difference") -> None:
        if kind == "added-file":
            self._deleted.setdefault(name, []).append(difference.path)
            return
        if kind == "mode":
            self._modes.setdefault(name, []).append(difference.path)
            return
        shown = _said(difference, kind, self._seen.prefix)
        why = supply.cannot(self._pins[name])
        if why:
            self._leave(name, f"{shown}: {why}")
        else:
            self._install(name, shown)


def _is_leftover(change: "Change") -> bool:
    """True for what pip renamed and did not get to delete, and for a metadata folder that names nothing any more."""
    name = os.path.basename(change.path)
    if name[:1] in ("~", "-"):
        return True
    return (
        name.endswith(".dist-info")
        and os.path.isdir(change.path)
        and not os.path.islink(change.path)
        and not os.path.lexists(os.path.join(change.path, "METADATA"))
        and not os.path.lexists(os.path.join(change.path, "RECORD"))
    )


def _words(change: "Change") -> str:
    """What a change is, in a few words."""
    said: Mapping[str, str] = {
        "EG101": "is missing",
        "EG102": f"{change.installed} instead of {change.locked}",
        "EG104": f"variant {change.installed} instead of {change.locked}",
        "EG105": f"from {change.installed} instead of {change.locked}",
        "EG106": "has more than one metadata folder",
        "EG107": "comes from another artifact",
        "EG109": "has broken metadata",
        "EG113": f"another installer put {change.installed} over it",
        "EG114": "another installer removed it",
    }
    return (
        said.get(change.code) or f"{change.code} {change.kind} {change.evidence[0] if change.evidence else ''}".strip()
    )


def _said(difference: "Difference", kind: str, prefix: str) -> str:
    return f"{_short(difference.path, prefix)} {'is missing' if kind == 'deleted-file' else 'was edited'}"


def _counted(paths: "list[str]", prefix: str) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return _short(min(paths), prefix) + more


def _short(path: str, prefix: str) -> str:
    return path[len(prefix) + 1 :] if is_below(path, prefix) else path
