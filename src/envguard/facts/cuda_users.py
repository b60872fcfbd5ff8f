"""Who uses which generation of CUDA: torch in its own words, everybody else by the libraries that are linked.

A library in which CUDA was linked statically shows no generation here, and nothing is said about it.
"""

from envguard._value import Value
from envguard.facts import cuda_families, onnxruntime_build, torch_family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.facts.natives import NativeFile, Natives
    from envguard.facts.tables import Tables

MAIN = ("torch", *onnxruntime_build.DISTRIBUTIONS)
"""Without their GPU these do something else than what was validated; whoever else is installed may not be asked."""


class User(Value):
    """One distribution that uses CUDA."""

    name: str
    """Normalised."""
    shown: str
    """With version and build."""
    cuda: int
    """The oldest generation that it can use: some carry a library for each of several generations."""
    path: str
    """What shows it."""
    why: str

    @property
    def main(self) -> bool:
        """True for those whose GPU is surely wanted."""
        return self.name in MAIN


def find(natives: "Natives", tables: "Tables") -> tuple[User, ...]:
    """All users of CUDA, sorted by name; the wheels that bring its libraries are none."""
    bringers = {name for row in tables.library for name in row.distributions}
    found = {user.name: user for user in _by_links(natives, tables) if user.name not in bringers}
    torch = torch_family.builds(natives).get("torch")
    found.pop("torch", None)
    if torch is not None and torch.cuda_major is not None:
        shown = f"torch {torch.version}"
        why = f"{shown} was built with CUDA {torch.cuda}, as its version.py says"
        found["torch"] = User(name="torch", shown=shown, cuda=torch.cuda_major, path=torch.path, why=why)
    return tuple(found[name] for name in sorted(found))


def _by_links(natives: "Natives", tables: "Tables") -> "Iterable[User]":
    first: dict[str, dict[int, tuple[NativeFile, str]]] = {}
    for file in natives.files:
        if not file.owner or file.owner.startswith("nvidia-"):
            continue
        for name in onnxruntime_build.toolkit_libraries(file.elf):
            row = tables.row(cuda_families.family(name), cuda_families.generation(name))
            if row is not None and len(row.cuda) == 1:
                first.setdefault(file.owner, {}).setdefault(row.cuda[0], (file, name))
    for owner, generations in first.items():
        cuda = min(generations)
        file, name = generations[cuda]
        why = f"{file.path} needs {name}, which is of CUDA {cuda}"
        yield User(name=owner, shown=natives.version(owner), cuda=cuda, path=file.path, why=why)
