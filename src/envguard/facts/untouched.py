"""Depth files without a scan: where metadata and files are those of the freeze, there is nothing else to ask.

The quick proof at depth records says that every metadata folder holds what it held. Where the manifest then finds every
file as it was, nothing that was added, and nothing that it could not see, the full pipeline would read 70,000 rows of
RECORDs to find no difference. Whatever is not so plain is left to it.
"""

import os
import sys

from envguard import quick
from envguard.facts import against_manifest
from envguard.facts.reading import ReadFailure, read
from envguard.facts.tree import roots_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.against_manifest import Look
    from envguard.facts.hashing import Progress
    from envguard.facts.manifest_reading import Reading
    from envguard.facts.tree import Listing
    from envguard.model import Snapshot


def look(
    snapshot: "Snapshot", data: bytes, listing: "Listing", reading: "Reading", progress: "Progress | None" = None
) -> "Look | None":
    """A look at the files of the running environment; None where metadata alone needs the full pipeline.

    Args:
        snapshot: The golden file.
        data: Its bytes.
        listing: Its manifest.
        reading: The files that are being read.
        progress: As for ``check``.
    """
    if not all(pin.record and not pin.unverifiable for pin in snapshot.pins) or snapshot.notes:
        return None
    if os.path.lexists(os.path.join(sys.prefix, "conda-meta")):
        return None
    found = quick.prove(data, "records", sys.path)
    if found is None:
        return None
    holders = {os.path.realpath(entry) for entry, _names in found}
    roots = roots_at(sys.prefix, [path for path in sys.path if os.path.exists(path or ".")], holders)
    if not _is_own_recorded(listing, roots):
        return None
    return against_manifest.look(listing, roots, conda=False, progress=progress, reading=reading)


def _is_own_recorded(listing: "Listing", roots: "dict[str, str]") -> bool:
    """True where the guard that runs is the installed one, and its metadata says which files are its own.

    Elsewhere something about it cannot be verified, which the full pipeline says.
    """
    own = [path for path in listing.paths if f"/{quick.OWN_FOLDER}" in path and path.endswith(".dist-info/RECORD")]
    if len(own) != 1:
        return False
    name, _brace, rest = own[0][1:].partition("}")
    site = roots.get(name, "")
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not site or os.path.realpath(package) != os.path.join(site, "envguard"):
        return False
    try:
        return b'"editable"' not in read(f"{site}{os.path.dirname(rest)}/direct_url.json")
    except ReadFailure as failure:
        return failure.missing
