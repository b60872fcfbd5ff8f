"""Is every locked distribution the build variant that was locked: cpu, cu124, rocm6.1?

A variant shows in two places: the local label of the version (PEP 440), which wheels of the index do not carry, and
what the package itself says, such as torch/version.py. There are three outcomes for a version: equal, the local label
alone differs, different; the middle one is drift of the variant.
"""

import re

from envguard import versions
from envguard.checks._pairing import about, pairs, same_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Distribution, Environment, Pin, Snapshot

NAME = "variant"
CODES = ("EG104",)
DEPTH: "Depth" = "versions"

_TARGET = re.compile(r"(?:cpu|xpu|cu\d+|rocm\d[\d.]*)(?:\.|$)", re.ASCII)


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each distribution of the locked public version that was built for another target."""
    for pin, distribution in pairs(snapshot, environment):
        if pin.version is None or not same_version(pin, distribution):
            continue
        if not _same(pin, pin.version, distribution):
            yield about(
                pin,
                distribution,
                code="EG104",
                kind="variant",
                part="local",
                locked=_labelled(pin.version, pin.variant),
                installed=_labelled(distribution.version, distribution.variant),
                evidence=tuple(_evidence(pin, distribution)),
            )


def _same(pin: "Pin", locked_version: str, distribution: "Distribution") -> bool:
    locked, found = _label(locked_version), _label(distribution.version)
    if locked and found:
        # Two labels must agree, and neither what the package says of itself may contradict them.
        return locked == found and _agree(pin.variant or _target(locked), distribution.variant)
    if locked:
        return distribution.variant is not None and _means(locked, distribution.variant)
    if found and pin.local_unknown:
        return _agree(pin.variant, _target(found))
    if found:
        return pin.variant is not None and _means(found, pin.variant)
    return _agree(pin.variant, distribution.variant)


def _agree(locked: "str | None", found: "str | None") -> bool:
    """False only where both sides are known and differ: what is unknown is not claimed."""
    return locked is None or found is None or _comparable(locked) == _comparable(found)


def _means(label: str, variant: str) -> bool:
    """True when a label says the same as a variant: ``cu124`` and ``cu124.with.cudnn`` both mean cu124."""
    wanted = _comparable(variant)
    return label == wanted or label.startswith(wanted + ".")


def _target(label: str) -> "str | None":
    """The target that a label names, None for a label of another sort, such as ``deb12`` or a commit."""
    found = _TARGET.match(label)
    return found.group().rstrip(".") if found else None


def _label(version: str) -> str:
    return versions.split_local(version)[1]


def _comparable(variant: str) -> str:
    return _label("+" + variant)


def _labelled(version: str, variant: "str | None") -> str:
    """The version with the variant as its label, the way in which it is asked for: ``2.5.0+cu124``."""
    return version if "+" in version or not variant else f"{version}+{variant}"


def _evidence(pin: "Pin", distribution: "Distribution") -> "Iterator[str]":
    yield f"locked version {pin.version}" + (f", sealed variant {pin.variant}" if pin.variant else "")
    yield f"installed version {distribution.version} in {distribution.path}"
    if distribution.variant:
        yield f"the package itself says {distribution.variant}"
