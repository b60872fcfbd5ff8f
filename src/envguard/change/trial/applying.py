"""Bringing the live environment to the golden file that a trial became."""

import os

from envguard.change.mending import restoring
from envguard.change.trial import accepting, place
from envguard.change.trial.place import Trial
from envguard.environment import interpreter
from envguard.errors import ChangeError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def apply(
    trial: Trial,
    options: restoring.Options,
    *,
    agree: "Callable[[restoring.Plan], bool]",
    tell: "Callable[[str], None]",
) -> restoring.Outcome:
    """Change the live environment with a lock, a journal and proven artifacts, as ``envguard restore`` does.

    Whatever ends this, ``envguard restore`` goes on towards the new golden file.

    Args:
        trial: It is accepted.
        options: ``python`` None is the environment that the trial was built after.
        agree: Asked once, with the plan, before anything changes.
        tell: Told what is being done, a line each.

    Raises:
        ChangeError: Nobody agreed, something had to be left, or another one is changing the environment.
        EnvguardError: As ``envguard.check``.
    """
    golden = str(trial.evidence["golden"]["path"])
    prefix = str(trial.evidence["live"]["prefix"])
    python = options.python or prefix
    if os.path.realpath(interpreter.of(python)[1]) != os.path.realpath(prefix):
        raise UsageError(
            f"trial {trial.id} was built after {prefix}, and not after {python}",
            remedy="bring other environments to the golden file with `envguard restore --python`",
        )
    planned = trial.evidence["plan"]
    removed = [move["name"] for move in planned["moves"] if not move["after"]]
    removed += planned.get("removed_by_conda", ())  # by the names that conda's records have
    arriving = trial.file(place.ARRIVING)
    asked = options.replace(
        python=python,
        purpose="accept",
        remove=tuple(removed),
        find_links=(*options.find_links, *((arriving,) if os.path.isdir(arriving) else ())),
    )
    outcome = restoring.restore(golden, asked, agree=agree, tell=tell)
    if outcome.refused:
        raise ChangeError("nobody agreed, so the live environment is as it was", remedy="`envguard restore` changes it")
    if not outcome.complete:
        left = outcome.left[0] if outcome.left else None
        what = f": {left.package}: {left.what}" if left is not None else ""
        raise ChangeError(
            f"the live environment is not the golden one yet{what}", remedy="see `envguard check --depth files`"
        )
    accepting.seal_in_place(golden, python)
    with trial.held():
        for name in ("env", place.ARRIVING, "golden"):
            place.remove_tree(trial.file(name))
        trial.evidence["state"] = "applied"
        trial.save()
    return outcome
