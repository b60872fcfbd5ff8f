"""GitLab CI: ``image`` and ``services`` of the file, its ``default`` and its jobs, and what their scripts run.

CI/CD YAML syntax reference. The variables that the file itself sets are filled in; those of the project and of the
instance are not known here. Included files are only noted.
"""

from envguard.repository.documents import Map, Text, fields, items, texts
from envguard.repository.said import Image, Noted, Script, Stage
from envguard.repository.variables import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.repository.documents import Node
    from envguard.repository.said import Said

MOST_VARIABLES = 500
"""Variables that are kept; the others count as unknown."""
_NO_JOBS = ("variables", "include", "stages", "workflow", "spec", "cache", "services", "image", "pages:deploy")
_SCRIPTS = ("before_script", "script", "after_script")


def read(documents: "tuple[Node, ...]") -> "Iterator[Said]":
    """What a pipeline says."""
    for document in documents:
        top = fields(document)
        known = _variables(top, {})
        include = top.get("include")
        if include is not None:
            yield Noted(fact="include: what it brings is not read", line=include.line)
        default = _named(top.get("image")) or _named(fields(top.get("default")).get("image"))
        yield Stage(base=expand(default, known))
        yield from _level("", top, known)
        for name, job in top.items():
            if isinstance(job, Map) and name not in _NO_JOBS:
                level = fields(job)
                own = _variables(level, known)
                yield Stage(base=expand(_named(level.get("image")) or default, own))
                yield from _level(f"{name}.", level, own)


def _level(prefix: str, level: "dict[str, Node]", known: dict[str, str]) -> "Iterator[Said]":
    yield from _image(level.get("image"), f"{prefix}image", known)
    for service in items(level.get("services")):
        yield from _image(service, f"{prefix}services", known)
    for key in _SCRIPTS:
        for text in texts(level.get(key)):
            yield Script(text=text.located, known=tuple(known.items()))


def _named(node: "Node | None") -> str:
    """The image as written, or ""."""
    name = fields(node).get("name") if isinstance(node, Map) else node
    return name.text if isinstance(name, Text) else ""


def _image(node: "Node | None", where: str, known: dict[str, str]) -> "Iterator[Said]":
    name = fields(node).get("name") if isinstance(node, Map) else node
    if isinstance(name, Text) and name.text:
        yield Image(reference=expand(name.text, known), line=name.line, where=where)
    elif name is not None and not isinstance(name, Text):
        yield Noted(fact=f"{where}: taken from elsewhere, which is not followed", line=name.line)


def _variables(level: "dict[str, Node]", above: dict[str, str]) -> dict[str, str]:
    found = dict(above)
    for name, node in fields(level.get("variables")).items():
        if len(found) >= MOST_VARIABLES:
            break
        value = fields(node).get("value") if isinstance(node, Map) else node
        found.pop(name, None)
        if isinstance(value, Text):
            found[name] = expand(value.text, found)
    return found
