"""Two distributions of ONNX Runtime in one environment: they install the same files, and the last one wins."""

import os

from envguard.facts.hashing import hash_file
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.natives import Natives
    from envguard.facts.onnxruntime_build import OnnxRuntime
    from envguard.model import Distribution

_BINDING = "onnxruntime_pybind11_state"
_PLAIN = frozenset({"onnxruntime", "ort-nightly"})
"""Builds for the CPU."""


def judge(natives: "Natives", runtime: "OnnxRuntime") -> Change | None:
    """What became of them; None where there is one distribution only."""
    found = [each for name in runtime.distributions if (each := natives.distribution(name)) is not None]
    if len(found) < 2:
        return None
    special = [each for each in found if each.name not in _PLAIN]
    winner = _winner(natives, found)
    lost = bool(special) and winner is not None and winner.name in _PLAIN
    names = ", ".join(natives.version(each.name) for each in found)
    whose = f"that of {natives.version(winner.name)}, by its hash in RECORD" if winner else "of none of them alone"
    why = "it has the providers for the CPU only: sessions do not use the GPU, and nothing is raised"
    return Change(
        code="EG304",
        kind="incompatible" if lost else "doubtful",
        package=(special or found)[0].name,
        locked="one distribution of ONNX Runtime",
        installed=names,
        path=(special or found)[0].path,
        evidence=(
            f"{names} install the same package onnxruntime",
            f"the compiled module that lies there is {whose}",
            why if lost else "removing or upgrading one of them breaks the other",
        ),
    )


def _winner(natives: "Natives", found: "list[Distribution]") -> "Distribution | None":
    """The one distribution whose RECORD has the hash of the compiled module that lies there."""
    digests: dict[str, str] = {}
    matching = []
    for each in found:
        for row in natives.rows(each.name):
            if os.path.basename(row.path).startswith(_BINDING) and row.path.endswith(".so"):
                if row.path not in digests:
                    digests[row.path] = f"sha256:{hash_file(row.path).sha256}"
                if row.hash == digests[row.path]:
                    matching.append(each)
    return matching[0] if len(matching) == 1 else None
