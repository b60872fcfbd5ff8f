"""Names and versions: when are two the same, and which part moved?

Equality needs no third-party code, since a guard must answer it where everything else is broken; order and the part
that moved are asked of ``packaging``, which is imported only when two versions differ.
"""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.version import Version

_SEPARATORS = re.compile(r"[-_.]+")
_NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE | re.ASCII)
_LOCAL_SEPARATORS = re.compile(r"[-_.]")


def normalise(name: str) -> str:
    """The name in the form in which two spellings compare equal (PEP 503)."""
    if "_" not in name and "." not in name and "--" not in name:  # nearly all; a third of the expression's time
        return name.lower()
    return _SEPARATORS.sub("-", name).lower()


def is_name(text: str) -> bool:
    """True for a valid distribution name (PEP 508): ASCII letters, digits and ``-_.`` between them."""
    return (text.isalnum() and text.isascii()) or _NAME.fullmatch(text) is not None


def split_local(version: str) -> tuple[str, str]:
    """The public version and the local label in comparable form: ``2.5.0+CU.124`` is ``("2.5.0", "cu.124")``.

    PEP 440: local labels compare without regard to case, and ``-``, ``_`` and ``.`` are the same separator.
    """
    public, _plus, local = version.partition("+")
    return public, _LOCAL_SEPARATORS.sub(".", local.lower())


def relation(locked: str, installed: str) -> str:
    """How the installed version relates to the locked one.

    Returns:
        ``equal``, ``local`` (same public version, other local label), ``upgraded``, ``downgraded``, or ``different``
        where either is no PEP 440 version and so has no order.
    """
    if locked == installed:
        return "equal"
    old, new = parse(locked), parse(installed)
    if old is None or new is None:
        return "different"
    if old == new:
        return "equal"
    if _public(old) == _public(new):
        return "local"
    return "upgraded" if new > old else "downgraded"


def moved_part(locked: str, installed: str) -> str:
    """The most significant part in which two versions differ.

    Returns:
        ``epoch``, ``major``, ``minor``, ``micro``, ``pre``, ``post``, ``dev``, ``local``, or ``other`` where either is
        no PEP 440 version. A release segment after the third counts as ``micro``.
    """
    old, new = parse(locked), parse(installed)
    if old is None or new is None:
        return "other"
    if old.epoch != new.epoch:
        return "epoch"
    width = max(len(old.release), len(new.release))
    left = old.release + (0,) * (width - len(old.release))
    right = new.release + (0,) * (width - len(new.release))
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        if a != b:
            return ("major", "minor", "micro")[min(index, 2)]
    for part in ("pre", "post", "dev"):
        if getattr(old, part) != getattr(new, part):
            return part
    return "local"


def parse(version: str) -> "Version | None":
    """The PEP 440 version, or None for a legacy string such as ``2004d``.

    Where ``packaging`` itself is what is missing or broken, no version has an order: two that differ are then
    ``different``, which is judged more gravely than any order.
    """
    try:
        from packaging.version import InvalidVersion, Version
    except ImportError:
        return None
    try:
        return Version(version)
    except (InvalidVersion, ValueError):  # ValueError: more digits than int() takes
        return None


def _public(version: "Version") -> "Version":
    from packaging.version import Version

    return Version(version.public)
