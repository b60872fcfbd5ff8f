"""GitHub workflows and actions: ``container``, ``services``, ``uses: docker://``, and what ``run`` runs.

Workflow syntax for GitHub Actions. An expression (``${{ }}``) is known only to the run.
"""

import itertools

from envguard.repository.documents import Map, Text, fields, items
from envguard.repository.said import Image, Script, Stage, Uses
from envguard.repository.variables import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.repository.documents import Node
    from envguard.repository.said import Said

MOST_VARIABLES = 500
"""Variables of a level that are kept; the others count as unknown."""
_SHELLS = ("bash", "sh")


def read(documents: "tuple[Node, ...]") -> "Iterator[Said]":
    """What a workflow or an action says."""
    for document in documents:
        top = fields(document)
        known = _variables(top)
        for name, job in fields(top.get("jobs")).items():
            yield from _job(f"jobs.{name}", fields(job), known)
        runs = fields(top.get("runs"))
        yield Stage(base="")
        yield from _pulled(runs.get("image"), "runs.image")
        yield from _steps("runs.steps", runs.get("steps"), known)


def _job(where: str, job: "dict[str, Node]", known: dict[str, str]) -> "Iterator[Said]":
    container = job.get("container")
    yield from _image(fields(container).get("image") if isinstance(container, Map) else container, f"{where}.container")
    inside = fields(container).get("image") if isinstance(container, Map) else container
    yield Stage(base=expand(inside.text.removeprefix("docker://"), {}) if isinstance(inside, Text) else "")
    for name, service in fields(job.get("services")).items():
        yield from _image(fields(service).get("image"), f"{where}.services.{name}.image")
    yield from _steps(f"{where}.steps", job.get("steps"), {**known, **_variables(job)})


def _steps(where: str, steps: "Node | None", known: dict[str, str]) -> "Iterator[Said]":
    for number, node in enumerate(items(steps), start=1):
        step = fields(node)
        yield from _pulled(step.get("uses"), f"{where}[{number}].uses")
        uses = step.get("uses")
        if isinstance(uses, Text):
            wanted = fields(step.get("with")).get("python-version")
            yield Uses(action=uses.text, python=wanted.text if isinstance(wanted, Text) else "", line=uses.line)
        run, shell = step.get("run"), step.get("shell")
        if isinstance(run, Text) and not (isinstance(shell, Text) and shell.text.split(" ")[0] not in _SHELLS):
            yield Script(text=run.located, known=tuple({**known, **_variables(step)}.items()))


def _image(node: "Node | None", where: str) -> "Iterator[Said]":
    if isinstance(node, Text) and node.text:
        yield Image(reference=expand(node.text.removeprefix("docker://"), {}), line=node.line, where=where)


def _pulled(node: "Node | None", where: str) -> "Iterator[Said]":
    """An image by its scheme; without one it is a folder or another action."""
    if isinstance(node, Text) and node.text.startswith("docker://"):
        yield from _image(node, where)


def _variables(level: "dict[str, Node]") -> dict[str, str]:
    values = {name: node.text for name, node in fields(level.get("env")).items() if isinstance(node, Text)}
    stated = ((name, value) for name, value in values.items() if "${{" not in value)
    return dict(itertools.islice(stated, MOST_VARIABLES))
