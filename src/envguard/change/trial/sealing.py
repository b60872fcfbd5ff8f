"""The golden file that a trial would become: a freeze of its environment that keeps the rules of the old one."""

import hashlib
import os

from envguard import freezing
from envguard.change.trial.place import Trial
from envguard.errors import DriftError
from envguard.model import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.model import Depth


def candidate(trial: Trial, golden: Snapshot) -> "tuple[dict[str, Any], str]":
    """Freeze the trial's environment into its folder.

    Returns:
        What identifies the file; and why none could be made, where the environment is not fit to be golden.

    Raises:
        EnvguardError: As ``envguard.freeze``, a lack of fitness aside.
    """
    path = trial.file("golden", os.path.basename(golden.path))
    try:
        frozen = freezing.freeze(path, depth=depth_of(golden), python=trial.environment, kept=golden)
    except DriftError as error:
        return {}, str(error).partition("\n")[0]
    made = frozen.snapshot
    return {"path": path, "sha256": hashlib.sha256(frozen.data).hexdigest(), "seal": made.seal}, ""


def depth_of(golden: Snapshot) -> "Depth":
    """How deep a golden file seals."""
    if golden.manifest is not None:
        return "files"
    return "records" if any(pin.record for pin in golden.pins) else "versions"
