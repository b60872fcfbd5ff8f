"""Depth files: is every file of the environment what it was?

With a manifest, every file is compared with what the freeze saw. Without one, with the RECORDs, whose digests the lock
may seal; what that leaves unseen is said.
"""

import contextlib
import os
import sys
from collections.abc import Iterable

from envguard.facts import against_manifest, against_records
from envguard.facts.differences import gather
from envguard.facts.hashing import Progress
from envguard.facts.manifest import no_collection
from envguard.facts.manifest_reading import Reading
from envguard.facts.owners import OWN_NAME
from envguard.facts.tree import Listing
from envguard.model import Change, Environment, Pin

OWN = OWN_NAME
"""The guard may be updated without a new freeze: its files are held to its own RECORD (EG904), not to the manifest."""


def reading(entries: Listing | None) -> contextlib.AbstractContextManager[Reading | None]:
    """Begins to read the files of a manifest where they were when it was made, for ``compare``.

    Only where this interpreter runs in the environment that it speaks of; looking for it elsewhere comes later.
    """
    roots = dict(entries.roots) if entries is not None else {}
    if entries is None or roots["prefix"] != os.path.realpath(sys.prefix):
        return contextlib.nullcontext()
    return Reading(entries, roots)


def compare(
    environment: Environment,
    entries: Listing | None,
    pins: Iterable[Pin],
    *,
    progress: Progress | None = None,
    begun: Reading | None = None,
    seen: "against_manifest.Look | None" = None,
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Reads every file of an environment and says what differs.

    Args:
        environment: What ``scan`` found.
        entries: The manifest, or None where the lock has none.
        pins: The lock's pins.
        progress: Called now and then with bytes done and bytes in all.
        begun: What ``reading`` began.
        seen: A look at the files that was taken already.

    Returns:
        EG108 changes, one for each package and kind, sorted; and what could not be seen, a sentence each.
    """
    locked = tuple(pins)
    with no_collection():
        if entries is None:
            found, blind = against_records.compare(environment, locked, progress=progress)
        else:
            found, blind = against_manifest.compare(
                environment, entries, locked, progress=progress, reading=begun, seen=seen
            )
    if all(pin.name != OWN for pin in locked):
        found = [difference for difference in found if difference.package != OWN]
    return gather(found), tuple(blind)
