"""environment.yml, for ``conda env create -f`` and its kin."""

import json
import re

from envguard.exporting import _requirement
from envguard.exporting._plain import comment, some, source_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envguard.exporting._wheels import Wheel
    from envguard.model import Pin, Snapshot

NAME = "environment"
FILE = "environment.yml"
HOLDS = ("markers",)

_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_.+/=-]*(?:::[A-Za-z0-9_.+=!*-]+)?", re.ASCII)
"""What YAML reads as a text without quotes. A lone word is quoted anyway: ``no`` is a boolean."""


def write(snapshot: "Snapshot", wheels: "Mapping[str, tuple[Wheel, ...]]", remarks: list[str]) -> str:
    """``channel::name=version=build`` for each package of conda, and a ``pip:`` list for the rest."""
    conda = [pin for pin in snapshot.pins if pin.manager == "conda"]
    exact = [pin for pin in conda if not pin.unverifiable]
    loose = [pin for pin in conda if pin.unverifiable]
    pip, loose_pip = _requirement.entries([pin for pin in snapshot.pins if pin.manager == "pip"], wheels, remarks)
    lines = [f"# exported from {source_name(snapshot)}, sha256 {snapshot.sha256}"]
    channels = dict.fromkeys(pin.channel for pin in exact if pin.channel)
    if channels:
        lines += ["channels:", *(f"  - {_scalar(channel)}" for channel in channels)]
    lines.append("dependencies:")
    lines += [f"  - {_scalar(_spec(pin))}" for pin in exact]
    python = snapshot.interpreter
    if pip and python is not None and not any(pin.name == "python" for pin in conda):
        lines.append(f"  - {_scalar(f'python={python.version}')}")
        remarks.append(f"python={python.version} was added: the pip: list is installed by a Python of conda's")
    if pip:
        lines += ["  - pip:", *(f"    - {_scalar(entry)}" for entry in pip)]
    if not exact and not pip:
        lines[-1] += " []"
    lines += [f"  {line}" for line in loose_pip]
    lines += [f"  # not pinned: {comment(pin.text)}  # {comment(pin.unverifiable)}" for pin in loose]
    if loose:
        remarks.append(f"{some(loose)}: not pinned by the lock, written as a comment")
    return "\n".join(lines) + "\n"


def _spec(pin: "Pin") -> str:
    prefix = f"{pin.channel}::" if pin.channel else ""
    return f"{prefix}{pin.name}={pin.version}" + (f"={pin.build}" if pin.build else "")


def _scalar(text: str) -> str:
    """A text in YAML; JSON's strings are YAML's (YAML 1.2, 1.3)."""
    plain = "=" in text and _SAFE.fullmatch(text) is not None
    return text if plain else json.dumps(text)
