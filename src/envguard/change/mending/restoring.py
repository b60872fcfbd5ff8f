"""Bringing an environment back to its golden file, and the order in which that is safe.

    lock of the environment -> look -> plan -> artifacts, proven -> staged -> journal -> renames -> look again

Up to the journal nothing of the environment has changed. From there on whatever ends the process, the next restore
goes on where it ended (see ``journal``). It looks again until there is nothing more to do, and ends with that verdict.
"""

import contextlib

from envguard._value import Value
from envguard.change.conda import staging as conda_staging, supply as conda_supply
from envguard.change.mending import damage, golden
from envguard.change.mending.damage import Step
from envguard.change.mending.looking import Looked, Looking
from envguard.change.placing import committing, journal, place, seen as seeing, site_lock, supply
from envguard.change.placing.artifact import ArtifactError
from envguard.change.placing.seen import Seen
from envguard.change.placing.supply import Supply
from envguard.environment import interpreter
from envguard.errors import ChangeError
from envguard.facts.owners import OWN_NAME
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from envguard.change.mending.staging import Staging
    from envguard.change.placing.journal import Journal
    from envguard.model import Depth, Pin, Report, Selection

ROUNDS = 5
"""How often it looks and repairs: putting back one artifact may uncover what another one left behind."""


class Plan(Value):
    """What would be done to an environment."""

    seen: Seen
    steps: tuple[Step, ...]
    supplies: tuple[Supply, ...]
    """For the steps that install, by their order; one without a path and a reason is asked of the index."""
    interrupted: "Journal | None" = None
    """A change that was interrupted, and is finished first."""
    looked: "Looked | None" = None
    """How many files were read."""

    @property
    def to_do(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action != "leave")

    @property
    def left(self) -> tuple[Step, ...]:
        """What is left alone, and why."""
        return tuple(step for step in self.steps if step.action == "leave")

    def supply(self, step: Step) -> "Supply | None":
        """Where the artifact of a step comes from."""
        return next((each for each in self.supplies if conda_supply.key(each.pin) == step.key), None)


class Outcome(Value):
    """What a restore came to."""

    report: "Report"
    """Of the last look."""
    done: tuple[Step, ...] = ()
    """What was changed, in this order."""
    left: tuple[Step, ...] = ()
    """What could not be restored, or was not asked for."""
    refused: bool = False
    """Nobody agreed; nothing was changed."""
    looked: "Looked | None" = None
    """How many files were read."""

    @property
    def complete(self) -> bool:
        """True where the environment is the golden one."""
        return not self.refused and self.report.pinned


class Options(Value):
    """How to restore."""

    python: "str | None" = None
    sha256: "str | None" = None
    selection: "Selection | None" = None
    depth: "Depth" = "files"
    """How deep to look; above ``files`` an edited file is not seen."""
    only: tuple[str, ...] = ()
    """Names of the packages, or patterns of them, that are looked at and changed; empty is everything."""
    prune: bool = False
    """Also remove what the golden file does not name."""
    remove: tuple[str, ...] = ()
    """Normalised names of what is removed even so, where the golden file does not name it."""
    find_links: tuple[str, ...] = ()
    offline: bool = False
    reread: bool = False
    """Read every file, also what was not touched since it was read."""
    wait: float = 0.0
    """Seconds to wait for another one that is changing the environment."""
    purpose: str = "restore"
    progress: "Callable[[int, int], None] | None" = None
    waiting: "Callable[[str], None] | None" = None


def plan_restore(lock: str, options: "Options | None" = None) -> Plan:
    """What a restore would do. Nothing is changed, and the index is not asked.

    Raises:
        EnvguardError: As ``check``.
    """
    asked = options or Options()
    with interpreter.asked_once():
        looking = Looking(lock, asked)
        plan = _plan(looking, asked)
        looking.keep(plan.seen)
    return plan


def _plan(looking: Looking, asked: Options) -> Plan:
    plan = _planned(looking.first(), asked)
    if looking.is_near and any(step.action not in ("install", "delete", "mode") for step in plan.steps):
        plan = _planned(looking.whole(), asked)  # what is removed, or left, may concern others
    return plan.replace(looked=looking.looked())


def _planned(seen: Seen, asked: Options) -> Plan:
    interrupted = journal.read(seen.prefix)
    steps = _steps(seen, asked, _doubted(interrupted))
    pins = [step.pin for step in steps if step.action == "install" and step.pin is not None]
    found = _found(pins, seen, asked)
    supplies = tuple(found[conda_supply.key(pin)] for pin in pins)
    steps = tuple(_or_left(step, found) if asked.offline or _is_unasked(step) else step for step in steps)
    return Plan(seen=seen, steps=steps, supplies=supplies, interrupted=interrupted)


def _steps(seen: Seen, asked: Options, doubted: "Iterable[str]" = ()) -> tuple[Step, ...]:
    steps = damage.steps(seen, prune=asked.prune, remove=asked.remove, doubted=doubted)
    if not seen.only:
        return steps
    from envguard.change.mending import named

    return named.confined(steps, seen.only)


def restore(
    lock: str,
    options: "Options | None" = None,
    *,
    agree: "Callable[[Plan], bool]" = lambda _plan: True,
    tell: "Callable[[str], None]" = lambda _line: None,
) -> Outcome:
    """Makes an environment equal to its golden file.

    Args:
        lock: Path of the golden file.
        options: How.
        agree: Asked once, with the plan, before anything changes.
        tell: Told what is being done, a line each.

    Raises:
        ChangeError: Another one is changing the environment, or the system refused a change. The environment is as it
            was, or the next restore goes on.
        EnvguardError: As ``check``.
    """
    asked = options or Options()
    golden.settle(lock)
    with contextlib.ExitStack() as stack:
        stack.enter_context(interpreter.asked_once())
        prefix = seeing.prefix_of(asked.python)
        stack.enter_context(site_lock.hold(prefix, asked.purpose, wait=asked.wait, waiting=asked.waiting))
        looking = Looking(lock, asked)
        plan = _plan(looking, asked)
        looked = plan.looked
        if not plan.to_do and plan.interrupted is None:
            _clean(prefix)
            looking.keep(plan.seen)
            return Outcome(report=plan.seen.report, left=plan.left, looked=looked)
        if not agree(plan):
            return Outcome(report=plan.seen.report, left=plan.left, refused=True, looked=looked)
        done: list[Step] = []
        if plan.interrupted is not None:
            tell(f"finishing the {plan.interrupted.purpose} of {plan.interrupted.started} that was interrupted")
            committing.commit(prefix, plan.interrupted)
            plan = _plan(looking, asked)
        doubted = _doubted(plan.interrupted)
        failed: dict[str, Step] = {}
        for _round in range(ROUNDS):
            todo = [step for step in plan.to_do if step not in done]
            if not todo:
                break
            did, not_done, changed = apply(plan, todo, asked, tell=tell)
            done += did
            failed |= {step.key: step for step in not_done}
            seen = looking.after(changed)
            steps = tuple(
                failed[step.key] if step.action == "install" and step.key in failed else step
                for step in _steps(seen, asked)
            )
            plan = plan.replace(seen=seen, steps=steps)
        _clean(prefix, keep=bool(doubted & failed.keys()))
        looking.keep(plan.seen)
        return Outcome(report=plan.seen.report, done=tuple(done), left=plan.left, looked=looked)


def apply(
    plan: Plan, steps: "Sequence[Step]", options: Options, *, tell: "Callable[[str], None]" = lambda _line: None
) -> tuple[list[Step], list[Step], list[str]]:
    """Does steps of a plan; the lock of the environment must be held.

    Args:
        plan: What they are steps of.
        steps: Those to do.
        options: How.
        tell: Told what is being done, a line each.

    Returns:
        The steps that were done; those that were left, each with the reason; and the paths that were changed.

    Raises:
        ChangeError: The system refused. Nothing was changed, or the journal says how to go on.
    """
    from envguard.change.mending import staging  # a tenth of a restore that has nothing to do

    prefix = plan.seen.prefix
    found = _fetched(plan, steps, options, tell)
    did: list[Step] = []
    left: list[Step] = []
    try:
        ready = staging.Staging(plan.seen)
        for step in sorted(steps, key=lambda each: ("remove", "install", "mode", "delete").index(each.action)):
            why = _stage(step, ready, found)
            if why:
                left.append(step.replace(action="leave", what=f"{step.what}: {why}"))
            else:
                did.append(step)
        staged = ready.done(options.purpose, plan.seen.snapshot.path, plan.seen.snapshot.sha256)
    except ChangeError:
        _give_back(prefix)  # nothing was changed, and what was staged may be what fills the disk
        raise
    for why in staged.cannot:
        tell(why)
    if staged.operations:
        said = journal.read(prefix)
        if said is None:
            raise ChangeError(f"{place.folder(prefix)}: the journal that was just written is gone")
        committing.commit(prefix, said)
    return did, left, [operation.path for operation in staged.operations]


def _stage(step: Step, ready: "Staging", found: "dict[str, Supply]") -> str:
    """Stages one step; why it cannot be done, or ""."""
    if step.action == "install" and step.pin is not None:
        source = found[step.key]
        if not source.path:
            return source.why
        try:
            if step.pin.manager == "conda":
                conda_staging.install(ready, source, place.make(ready.prefix, journal.WHEELS))
            else:
                ready.install(source)
        except ArtifactError as error:
            return f"{source.path}: {safe(error.why)}"
    elif step.action == "remove":
        for distribution in step.distributions:
            if distribution.name == OWN_NAME:
                return "envguard does not remove itself"
            if not ready.can_remove(distribution):
                return "without a usable RECORD nothing says which files are its own"
        for distribution in step.distributions:
            ready.remove(distribution)
        conda_staging.remove(ready, step.records)
    elif step.action == "mode":
        ready.set_mode(step.paths)
    else:
        ready.delete(step.paths)
    return ""


def _fetched(
    plan: Plan, steps: "Sequence[Step]", options: Options, tell: "Callable[[str], None]"
) -> "dict[str, Supply]":
    """The artifacts of all steps that install, the missing ones from the index, all proven."""
    found = {conda_supply.key(each.pin): each for each in plan.supplies}
    known = {name for name, each in found.items() if each.path}
    missing = [step.pin for step in steps if step.action == "install" and step.pin and step.key not in known]
    if not missing:
        return found
    if not options.offline:
        names = [
            f"{pin.name}{'=' if pin.manager == 'conda' else '=='}{pin.version}" for pin in missing if not pin.source
        ]
        if names:
            tell(f"asking the index for {', '.join(names)}")
    return found | _found(missing, plan.seen, options, download_to=place.make(plan.seen.prefix, journal.WHEELS))


def _found(pins: "Sequence[Pin]", seen: Seen, options: Options, *, download_to: str = "") -> "dict[str, Supply]":
    """The artifact of each pin, of pip's and of conda's."""
    by_conda = [pin for pin in pins if pin.manager == "conda"]
    found = supply.find(
        [pin for pin in pins if pin.manager != "conda"],
        find_links=options.find_links,
        offline=options.offline,
        python=seen.live.interpreter,
        download_to=download_to,
        judged=seen.prefix,
        named=True,
    )
    return found | conda_supply.find(
        by_conda,
        find_links=options.find_links if by_conda else (),
        offline=options.offline,
        prefix=seen.prefix,
        urls=conda_supply.urls(by_conda, seen.live),
        download_to=download_to,
    )


def _is_unasked(step: Step) -> bool:
    """No index can have it: it was installed from a path or URL."""
    return step.pin is not None and step.pin.source is not None


def _or_left(step: Step, found: "dict[str, Supply]") -> Step:
    if step.action != "install" or step.pin is None or found[step.key].path:
        return step
    return step.replace(action="leave", what=f"{step.what}: {found[step.key].why}")


def _doubted(interrupted: "Journal | None") -> set[str]:
    return set(interrupted.packages) if interrupted is not None else set()


def _clean(prefix: str, *, keep: bool = False) -> None:
    """Removes the journal and what was staged and fetched; with ``keep`` the journal stays, for packages in doubt."""
    if keep:
        _give_back(prefix)
    else:
        journal.finish(prefix)


def _give_back(prefix: str) -> None:
    """Removes what was staged and fetched; a journal stays."""
    for part in (journal.STAGED, journal.WHEELS):
        with contextlib.suppress(OSError):
            journal.clear(prefix, part)
