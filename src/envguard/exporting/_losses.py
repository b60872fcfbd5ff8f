"""What a golden file says that another tool's file has no place for."""

from envguard.exporting._plain import some

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.model import Pin, Snapshot

FACTS = ("interpreter", "records", "variants", "rules", "manifest", "bypass", "conda-hashes", "markers", "indexes")


def of(snapshot: "Snapshot", file: str, holds: "Iterable[str]") -> list[str]:
    """One line that names everything left out; none where nothing was."""
    held = set(holds)
    lost = [words for fact, words in _said(snapshot).items() if words and fact not in held]
    remarks = [f"{file} has no place for {', '.join(lost)}"] if lost else []
    if "indexes" not in held and (labelled := [pin for pin in snapshot.pins if _is_labelled(pin)]):
        remarks.append(
            f"{some(labelled)}: builds with a local label are seldom on the main index, and {file} does not say on "
            "which one they are: name it where you install (--extra-index-url)"
        )
    if optional := [pin for pin in snapshot.pins if pin.optional and not pin.unverifiable]:
        remarks.append(f"{some(optional)}: may be absent by {snapshot.format}, and {file} asks for it as for the rest")
    if snapshot.notes:
        remarks.append(f"{len(snapshot.notes)} remarks of the reader on {snapshot.format} are not carried over")
    return remarks


def _is_labelled(pin: "Pin") -> bool:
    """A version such as 2.5.0+cu124, which public indexes do not take."""
    return pin.manager == "pip" and pin.source is None and not pin.unverifiable and "+" in (pin.version or "")


def _said(snapshot: "Snapshot") -> dict[str, str]:
    """Fact to words for it, empty where the lock does not state it."""
    pins = snapshot.pins
    interpreter = snapshot.interpreter
    conda_hashes = sum(1 for pin in pins if pin.manager == "conda" and pin.hashes)
    return {
        "interpreter": f"the interpreter ({interpreter.implementation} {interpreter.version})" if interpreter else "",
        "records": _many(sum(1 for pin in pins if pin.record), "record digest"),
        "variants": _many(sum(1 for pin in pins if pin.variant is not None), "build variant"),
        "rules": _many(len(snapshot.rules), "rule"),
        "manifest": "the manifest of files" if snapshot.manifest is not None else "",
        "bypass": "the permission to bypass" if snapshot.bypass else "",
        "conda-hashes": _many(conda_hashes, "digest") + " of conda packages" if conda_hashes else "",
        "markers": _many(sum(1 for pin in pins if pin.marker), "marker"),
    }


def _many(number: int, thing: str) -> str:
    return "" if not number else f"1 {thing}" if number == 1 else f"{number} {thing}s"
