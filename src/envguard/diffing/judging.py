"""Both sides known: what moved, what the rules say, which moves nobody asked for."""

from envguard import comparing
from envguard.diffing import artifacts, asking, sides
from envguard.environment.interpreter import running
from envguard.model import Change, Environment, Interpreter, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.diffing.sides import Side
    from envguard.model import Depth, Report, Rule


def diff(old: str, new: str, selection: "Selection | None" = None, *, python: "str | None" = None) -> "Report":
    """Judge the way from one operand to another as if the second were what is installed.

    Args:
        old: A file, ``git:REV:PATH`` or ``live``.
        new: Likewise.
        selection: Which part of a lock is meant.
        python: Whose environment ``live`` is; default this process's.

    Raises:
        EnvguardError: As ``envguard.diff``.
    """
    before, after = sides.read_both(sides.place(old), sides.place(new), selection or Selection(), python=python)
    return between(before, after)


def between(before: "Side", after: "Side", table: "tuple[Rule, ...] | None" = None) -> "Report":
    """The report on the way from one side to the other.

    Args:
        before: The side whose rules judge.
        after: What would be installed.
        table: Other rules than those of ``before``.

    Raises:
        RuleError: The rules are not valid.
    """
    here = before.snapshot.interpreter or after.snapshot.interpreter or running()
    old = comparing.applicable(before.snapshot, here)
    there, new = _environment(after, here)
    blind: tuple[str, ...] = ()
    if after.live is None:
        known = {pin.name for pin in new.pins if pin.record}
        unknown = [pin.name for pin in old.pins if pin.record and pin.name not in known]
        if unknown:
            # The other side seals nothing: that is no difference, and it is said.
            pins = tuple(pin if pin.name in known else pin.replace(record="") for pin in old.pins)
            old = old.replace(pins=pins)
            blind = (f"whether the artifacts are the same: {after.told} seals no record digest of them",)
        there = there.replace(observations=(*there.observations, *artifacts.changed(old, new)))
    depth: Depth = "records" if after.live is None or any(pin.record for pin in old.pins) else "versions"
    rows = comparing.rules_for(before.snapshot, before.files) if table is None else table
    report = comparing.judge(old, there, depth, (), table=rows)
    report = report.replace(
        lock=before.told,
        blind=(*report.blind, *blind),
        findings=tuple(
            found.replace(change=_placed(found.change, new)) if after.live is None else found
            for found in report.findings
        ),
    )
    return asking.weigh(report, before, after)


def _environment(after: "Side", here: Interpreter) -> tuple[Environment, Snapshot]:
    if after.live is not None:
        return after.live, after.snapshot
    new = comparing.applicable(after.snapshot, after.snapshot.interpreter or here)
    made = comparing.as_environment(new, here)
    return made.replace(prefix=after.told), new


def _placed(change: Change, new: Snapshot) -> Change:
    """The change at its line of the new lock, where it has one: that is the line that somebody wrote."""
    pin = next((pin for pin in new.pins if pin.name == change.package and pin.line), None)
    return change if pin is None else change.replace(path=pin.path, line=pin.line)
