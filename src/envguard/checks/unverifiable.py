"""Which lines of the golden file cannot be compared at all?"""

from envguard.checks._pairing import about, installed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import Change, Depth, Distribution, Environment, Pin, Snapshot

NAME = "unverifiable"
CODES = ("EG111",)
DEPTH: "Depth" = "versions"


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each pin that names nothing exact, or whose distribution gives no version to compare with.

    A distribution that is not installed at all is missing, which says more.
    """
    found = installed(environment)
    broken = {change.package for change in environment.observations if change.kind == "broken"}
    for pin in snapshot.pins:
        answer = found.get(pin.name, [None])[0] if pin.manager == "pip" else None
        if pin.manager == "pip" and pin.name and answer is None:
            continue
        why = _why(pin, answer, broken)
        if why:
            yield about(
                pin,
                answer,
                code="EG111",
                kind="unverifiable",
                locked=pin.text or pin.version or "",
                installed=answer.version if answer else "",
                evidence=(why,),
            )


def _why(pin: "Pin", distribution: "Distribution | None", broken: set[str]) -> str:
    if pin.unverifiable:
        return pin.unverifiable
    if pin.manager == "conda":
        return "" if pin.version else "the line gives no exact version"
    if pin.version is None:
        return "" if pin.source else "the line gives neither an exact version nor a source"
    if distribution is not None and not distribution.version and pin.name not in broken:
        return f"{distribution.path} gives no version"
    return ""
