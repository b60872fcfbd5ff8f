"""Trying a change: judge it, build golden anew, prove that, test, change, look, test again, and say what came of it.

The original is read and never written. Whatever happens is kept in the trial's folder, as far as it went.
"""

import os
import time
from collections.abc import Callable, Sequence

from envguard import comparing, environment, guard
from envguard.change.installers import conda_asking
from envguard.change.planning import plan as planning
from envguard.change.trial import base, changing, command, conda, evidence, filling, findings, place, sealing, testing
from envguard.change.trial.conda_installing import CondaInstaller
from envguard.change.trial.installing import Installer
from envguard.change.trial.place import Trial
from envguard.change.trial.running import Ran
from envguard.change.trial.wish import Wish
from envguard.errors import EnvguardError, LockError, UnverifiableError
from envguard.locate import locate
from envguard.model import GRAVITY, Environment, Finding, Report, Selection, Snapshot
from envguard.reporters.safe import safe

Tell = Callable[[str, str], None]
"""Called with the name of a step that begins and what is known of it."""
Confirm = Callable[[planning.Plan], bool]
"""Asked whether a change may be tried that is judged neither safe nor forbidden."""

_ALWAYS = ("name", "kind", "before", "after", "requested", "url", "hashes")
_OF_MOVES = (*_ALWAYS, "build_before", "build_after")
"""What the evidence says of a move; a build only where it is one of conda's."""


class Stopped(Exception):  # noqa: N818 - an answer for the door, not a failure
    """The change was not tried: it is forbidden, or nobody agreed to a cautious one.

    Attributes:
        plan: The plan with its report.
        why: In one line.
    """

    def __init__(self, plan: planning.Plan, why: str) -> None:
        self.plan = plan
        self.why = why
        super().__init__(why)


def run(wish: Wish, *, tell: Tell, confirm: Confirm) -> Trial:
    """Try a change.

    Args:
        wish: What to do.
        tell: Told of every step.
        confirm: Asked where the change is judged cautious or cannot be judged.

    Returns:
        The trial; its ``state`` is passed or failed.

    Raises:
        Stopped: It was not tried.
        UnverifiableError: It could not be judged, such as for a test that fails without the change.
        EnvguardError: As ``envguard.check`` and ``plan``.
    """
    lock = os.path.abspath(locate(wish.lock))
    live = environment.scan(python=wish.python, depth="records")
    golden = _golden(lock, live)
    command.refuse_original(wish.test[0], live.prefix)
    tell("plan", wish.request.text)
    planned = _planned(wish, lock, wish.python)
    _agree(planned, confirm)
    trial = place.create(lock)
    with trial.held():
        attempt = _Attempt(trial, wish, golden, live, tell)
        return _recorded(trial, wish, lambda: attempt.run(planned, confirm))


def _golden(lock: str, live: Environment) -> Snapshot:
    """The golden file, which must be one of envguard's own: only that can be proven, and replaced by another."""
    snapshot = comparing.load(lock, selection=Selection(interpreter=live.interpreter))
    if not snapshot.sealed:
        raise LockError(
            f"a change is tried against envguard's own golden file, and this is {snapshot.format}",
            path=lock,
            remedy=f"make one with `envguard freeze --from {os.path.basename(lock)}`",
        )
    return comparing.applicable(snapshot, live.interpreter)


def _planned(wish: Wish, lock: str, python: "str | None") -> planning.Plan:
    return planning.plan(
        wish.request,
        lock=lock,
        python=python,
        free=wish.free,
        offline=wish.offline,
        find_links=wish.find_links,
        installer=wish.installer,
    )


def _agree(planned: planning.Plan, confirm: Confirm) -> None:
    verdict = planned.report.verdict
    if verdict == "forbidden":
        raise Stopped(planned, "the change is forbidden, so it is not tried")
    if all(move.kind == "reinstalled" for move in planned.moves):
        raise Stopped(planned, "nothing would change, so there is nothing to try")
    if verdict not in ("pinned", "safe") and not confirm(planned):
        raise Stopped(planned, f"the change is judged {verdict}, and nobody agreed to try it (--yes agrees)")


def _recorded(trial: Trial, wish: Wish, work: "Callable[[], None]") -> Trial:
    """Run the steps; whatever ends them, the evidence says what happened and how far it went."""
    said = trial.evidence
    try:
        work()
    except Stopped as stop:
        said |= {"state": "failed", "reasons": [safe(stop.why)]}
        raise
    except EnvguardError as error:
        said |= {"state": "unjudged", "reasons": [safe(str(error))]}
        raise
    except BaseException as error:
        said |= {"state": "interrupted", "reasons": [type(error).__name__]}
        raise
    finally:
        said["finished"] = _now()
        _close(trial, wish)
    return trial


def _close(trial: Trial, wish: Wish) -> None:
    """Write the evidence; of a trial that did not pass, and whose environment nobody asked for, nothing big stays."""
    passed = trial.evidence["state"] == "passed"
    for name in ("fetched", "wheels", "bytecode", *(() if passed else (place.ARRIVING,))):
        place.remove_tree(trial.file(name))
    if not passed and not wish.keep:
        place.remove_tree(trial.environment)
    trial.save()


class _Attempt:
    """The steps of one trial, in their order."""

    def __init__(self, trial: Trial, wish: Wish, golden: Snapshot, live: Environment, tell: Tell) -> None:
        self.trial = trial
        self.wish = wish
        self.golden = golden
        self.live = live
        self.tell = tell
        self.said = trial.evidence

    def run(self, planned: planning.Plan, confirm: Confirm) -> None:
        """All steps; the evidence is written after each."""
        self._begin(planned)
        filled = self._build()
        before = self._prove()
        planned = self._plan_again(planned, confirm)
        bench = testing.Bench(self.trial, self.wish, self.live)
        first = self._test(bench, "before", self.golden.path)
        if not first.passed:
            raise UnverifiableError(
                f"the test {first.outcome} before anything was changed, so it can say nothing about the change",
                remedy=f"its output is in {first.log}",
            )
        bench.require_output()
        self._change(planned, filled.installer)
        after = self._look()
        broken = findings.new(before, after, planned.moves, also=_condas_names(planned))
        reasons = self._say_broken(broken, findings.new_notes(before, after))
        reasons += self._seal()
        second = self._test(bench, "after", self.trial.file("golden", os.path.basename(self.golden.path)))
        compared = bench.compare() if second.passed else None
        if compared is not None:
            self.said["compare"] = {"file": safe(self.wish.compare), **evidence.of_comparison(compared)}
        reasons += testing.complaints(self.wish, first, second, compared)
        self.said |= {"state": "failed" if reasons else "passed", "reasons": reasons}

    def _begin(self, planned: planning.Plan) -> None:
        golden, wish = self.golden, self.wish
        self.said |= {
            "started": _now(),
            "request": safe(wish.request.text),
            "test": safe(wish.test_text),
            "golden": {"path": golden.path, "sha256": golden.sha256, "seal": golden.seal},
            "live": {"prefix": self.live.prefix, "python": self.live.executable},
        }
        self._note_plan(planned)
        self.trial.save()

    def _note_plan(self, planned: planning.Plan) -> None:
        moves = [
            {name: getattr(move, name) for name in _OF_MOVES if getattr(move, name) or name in _ALWAYS}
            for move in planned.moves
        ]
        found = evidence.of_findings(planned.report.findings)
        self.said["plan"] = {"verdict": planned.verdict, "moves": moves, "findings": found}
        if planned.archives or planned.unlinked:
            self.said["plan"]["removed_by_conda"] = list(planned.unlinked)

    def _build(self) -> filling.Filled:
        origin = base.origin_of(self.live)
        uv = base.find_uv()
        installer = Installer(self.trial, self.live.prefix, uv)
        by_conda = self._conda_installer()
        who = installer.name if by_conda is None else f"{by_conda.name} and {installer.name}"
        self.tell("build", f"the golden environment anew, with {who}")
        begin = time.monotonic()
        if by_conda is not None:
            conda.make(self.golden, self.live, by_conda)
        else:
            base.make(self.trial, origin, uv)
        base.require_same_python(self.trial, self.live)
        sealed = comparing.sealed_files(self.golden)
        filled = filling.fill(
            self.trial,
            self.golden,
            self.live,
            origin=origin,
            installer=installer,
            sealed=sealed,
            find_links=self.wish.find_links,
            offline=self.wish.offline,
        )
        self.said["environment"] = {
            "prefix": self.trial.environment,
            "installer": who,
            "wheels": filled.from_wheels,
            "seconds": round(time.monotonic() - begin, 3),
            "warnings": [safe(warning) for warning in filled.warnings],
        }
        self.trial.save()
        for warning in filled.warnings:
            self.tell("note", warning)
        self._installer, self._by_conda = installer, by_conda
        return filled

    def _conda_installer(self) -> "CondaInstaller | None":
        """Who puts conda packages in; None in an environment that has none."""
        if self.live.conda is None:
            return None
        return CondaInstaller(self.trial, self.live.prefix, offline=self.wish.offline)

    def _prove(self) -> Report:
        self.tell("prove", "that it equals golden, file by file")
        report = guard.check(self.golden.path, python=self.trial.environment, depth="native")
        self._same_golden(report)
        unlike = findings.unequal(report)
        self.said["equal"] = {
            **evidence.of_report(report),
            "findings": evidence.of_findings(unlike),
            "known": evidence.of_findings(found for found in report.findings if found not in unlike),
        }
        self.trial.save()
        if unlike:
            raise _not_golden(unlike, report)
        return report

    def _same_golden(self, report: Report) -> None:
        if report.seal != (self.golden.seal or self.golden.sha256):
            raise LockError("changed while the trial went on", path=self.golden.path, remedy="try again")

    def _plan_again(self, planned: planning.Plan, confirm: Confirm) -> planning.Plan:
        """Where the original has drifted, what the change needs is asked once more, of what is golden."""
        if guard.check(self.golden.path, python=self.wish.python, depth="versions").pinned:
            return planned
        self.tell("plan", "once more, since the original has drifted from golden")
        wish = self.wish.replace(request=conda_asking.anywhere(self.wish.request))
        again = _planned(wish, self.golden.path, self.trial.environment)
        _agree(again, confirm if again.report.verdict != planned.report.verdict else lambda _plan: True)
        self._note_plan(again)
        return again

    def _test(self, bench: testing.Bench, when: str, lock: str) -> Ran:
        self.tell("test", f"{when} the change: {self.wish.test_text}")
        ran = bench.run(when, lock)
        self.said[when] = evidence.of_run(ran)
        self.trial.save()
        return ran

    def _change(self, planned: planning.Plan, installer: str) -> None:
        by_conda = self._by_conda if planned.archives or planned.unlinked else None
        who = installer if by_conda is None else by_conda.name
        self.tell("change", f"{len(planned.moves)} of {len(self.golden.pins)} packages, with {who}")
        if by_conda is not None:
            self._change_by_conda(planned, by_conda)
            return
        wish = self.wish
        changing.apply(
            self.trial,
            planned.moves,
            wish.request,
            self.live,
            self._installer,
            find_links=wish.find_links,
            offline=wish.offline,
        )

    def _change_by_conda(self, planned: planning.Plan, by_conda: CondaInstaller) -> None:
        conda.change(self.trial, planned.archives, planned.unlinked, by_conda)
        wish = self.wish
        unkept = conda.keep(
            self.trial,
            planned.archives,
            find_links=wish.find_links,
            offline=wish.offline,
            judged=self.live.prefix,
        )
        for why in unkept:
            self.tell("note", safe(f"not kept for the live environment, which will have to ask for it: {why}"))

    def _look(self) -> Report:
        self.tell("look", "for what is newly broken, down to the compiled files")
        report = guard.check(self.golden.path, python=self.trial.environment, depth="native")
        self._same_golden(report)
        return report

    def _say_broken(self, broken: tuple[Finding, ...], notes: tuple[str, ...]) -> list[str]:
        self.said["broken"] = evidence.of_findings(broken)
        self.said["notes"] = [safe(note) for note in notes]
        self.trial.save()
        limit = GRAVITY.index(self.wish.allow or "pinned")
        counted = [found for found in broken if GRAVITY.index(found.verdict) > limit]
        if not counted:
            return []
        first = counted[0]
        more = f" (and {len(counted) - 1} more)" if len(counted) > 1 else ""
        return [safe(f"newly broken: {first.change.code} {first.change.package}: {first.reason}{more}")]

    def _seal(self) -> list[str]:
        """The golden file that this trial would become; the reason why it could not be made, if so."""
        self.tell("seal", "what the golden file would be")
        candidate, why = sealing.candidate(self.trial, self.golden)
        if candidate:
            self.said["candidate"] = candidate
        self.trial.save()
        return [safe(why)] if why else []


def _condas_names(planned: planning.Plan) -> set[str]:
    """How conda's own records call what the plan moves."""
    return {*planned.unlinked, *(each.name for each in planned.archives)}


def _not_golden(unlike: Sequence[Finding], report: Report) -> UnverifiableError:
    first = unlike[0].change
    more = f" (and {len(unlike) - 1} more)" if len(unlike) > 1 else ""
    what = first.evidence[1] if len(first.evidence) > 1 else first.evidence[0] if first.evidence else first.kind
    return UnverifiableError(
        f"the environment that was built does not equal golden: {first.code} {first.package}: {what}{more}",
        report=report,
        remedy="a trial in another environment would prove nothing",
    )


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
