"""requirements.txt, for ``pip install --no-deps -r`` and ``uv pip install --no-deps -r``."""

from envguard.exporting import _requirement
from envguard.exporting._plain import comment, some, source_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envguard.exporting._wheels import Wheel
    from envguard.model import Snapshot

NAME = "requirements"
FILE = "requirements.txt"
HOLDS = ("markers", "conda-hashes")  # of conda packages a remark says that they are comments


def write(snapshot: "Snapshot", wheels: "Mapping[str, tuple[Wheel, ...]]", remarks: list[str]) -> str:
    """One line for each pin. pip cannot install what conda did: that is left as comments."""
    lines = [f"# exported from {source_name(snapshot)}, sha256 {snapshot.sha256}"]
    entries, loose = _requirement.entries([pin for pin in snapshot.pins if pin.manager == "pip"], wheels, remarks)
    lines += [*entries, *loose]
    conda = [pin for pin in snapshot.pins if pin.manager == "conda"]
    lines += [f"# conda: {comment(pin.text)}" for pin in conda]
    if conda:
        remarks.append(f"{some(conda)}: of conda, which pip cannot install; written as comments")
    return "\n".join(lines) + "\n"
