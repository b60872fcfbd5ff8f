"""Metadata that speaks of a distribution which was already found, or of none of this environment.

Only what agrees is folded. Two versions of one distribution stay two, and a check reports them.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.environment.distributions import Found
    from envguard.model import Distribution


def fold(found: "Sequence[Found]") -> "list[Found]":
    """What is left when vendored copies and repeated metadata are taken out; the order is kept."""
    distributions = [each.distribution for each in found if each.distribution is not None]
    vendored = _vendored(found)
    repeated = _repeated(distributions)
    return [
        each
        for each in found
        if each.distribution is None
        or (each.distribution.path not in vendored and id(each.distribution) not in repeated)
    ]


def _vendored(found: "Sequence[Found]") -> set[str]:
    """Paths of metadata that another distribution ships below its own folder and lists in its RECORD.

    ``import setuptools`` appends ``setuptools/_vendor`` to sys.path, and a dozen distributions seem to appear.
    """
    locations = {each.distribution.location for each in found if each.distribution is not None}
    inner = {
        location: outer for location in locations for outer in locations if location.startswith(outer + os.sep)
    }  # the outer ones are few: a site-packages folder, or the working directory
    if not inner:
        return set()
    owned = _owned_metadata(found)
    paths = {each.distribution.path for each in found if each.distribution is not None}
    return {path for path in paths if path in owned and os.path.dirname(path) in inner}


def _owned_metadata(found: "Sequence[Found]") -> set[str]:
    """Metadata folders that are files of other distributions."""
    owned = set()
    for each in found:
        if each.distribution is None:
            continue
        for row in each.rows:
            folder, _slash, name = row.path.rpartition("/")
            if name in ("METADATA", "PKG-INFO") and "/" in folder and not folder.startswith("../"):
                owned.add(os.path.join(each.distribution.location, folder))
    return owned


def _repeated(distributions: "Sequence[Distribution]") -> set[int]:
    """Identities of an egg-info that says what better metadata of the same installation says too.

    Debian keeps ``cryptography.egg-info`` beside ``cryptography-38.0.4.dist-info``; setuptools leaves one in the
    source folder of an editable installation, which that installation puts on sys.path.
    """
    repeated = set()
    better = [each for each in distributions if each.kind in ("dist-info", "egg-link")]
    for each in distributions:
        if each.kind == "egg-info" and any(_covers(other, each) for other in better):
            repeated.add(id(each))
    return repeated


def _covers(better: "Distribution", egg_info: "Distribution") -> bool:
    if (better.name, better.version) != (egg_info.name, egg_info.version):
        return False
    if better.location == egg_info.location:
        return True
    source = better.source
    if source is None or not source.editable or not source.url.startswith("file://"):
        return False
    from urllib.parse import unquote

    folder = unquote(source.url.removeprefix("file://")).rstrip("/")
    place = os.path.realpath(egg_info.location) + os.sep
    return place.startswith(os.path.realpath(folder) + os.sep)
