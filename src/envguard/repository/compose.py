"""Compose files: the images of services, and the arguments of a build that name one.

Compose specification. The image of a service that is built here is the name of the result, which is not pulled.
"""

import re

from envguard.repository.documents import Text, fields, items, texts
from envguard.repository.said import UNKNOWN, Image, Noted
from envguard.repository.variables import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.repository.documents import Node
    from envguard.repository.said import Said

_IMAGE_ARGUMENT = re.compile(r"(?:.*_)?(?:IMAGE|BASE|IMAGE_NAME|FROM)", re.IGNORECASE)


def read(documents: "tuple[Node, ...]") -> "Iterator[Said]":
    """What a compose file says."""
    for document in documents:
        top = fields(document)
        for name, service in fields(top.get("services")).items():
            yield from _service(name, fields(service))
        include = top.get("include")
        if include is not None:
            yield Noted(fact="include: the files that it names are read only where they are found", line=include.line)


def _service(name: str, service: "dict[str, Node]") -> "Iterator[Said]":
    image, build = service.get("image"), service.get("build")
    if isinstance(image, Text) and build is None and image.text:
        yield Image(reference=_value(image.text), line=image.line, where=f"services.{name}.image")
    for argument, value in _arguments(fields(build).get("args")):
        if _IMAGE_ARGUMENT.fullmatch(argument) and value.text:
            yield Image(reference=_value(value.text), line=value.line, where=f"services.{name}.build.args.{argument}")
    for context, value in _arguments(fields(build).get("additional_contexts")):
        kind, found, reference = value.text.partition("docker-image://")
        if found and not kind:
            where = f"services.{name}.build.additional_contexts.{context}"
            yield Image(reference=_value(reference), line=value.line, where=where)


def _arguments(node: "Node | None") -> "Iterator[tuple[str, Text]]":
    """Names and values, of a map or of a list of ``NAME=value``."""
    for name, value in fields(node).items():
        if isinstance(value, Text):
            yield name, value
    for item in items(node):
        for text in texts(item):
            name, equals, written = text.text.partition("=")
            if equals:
                yield name, text.replace(text=written)


def _value(text: str) -> str:
    """A default counts as the value; ``.env`` and the environment are another machine's affair."""
    return expand(text.replace("$$", UNKNOWN), {})
