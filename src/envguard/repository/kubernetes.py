"""Kubernetes manifests: the images of every container, wherever a pod is described.

Pods stand in Deployments, Jobs, CronJobs, Lists and in resources of any operator (PyTorchJob, RayCluster ...), so they
are known by their keys: ``containers``, ``initContainers``, ``ephemeralContainers``, and image volumes. A kustomization
sets tags of its own.
"""

from envguard.repository.documents import Map, Text, fields, items
from envguard.repository.said import Image
from envguard.repository.variables import expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.repository.documents import Node
    from envguard.repository.said import Said

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def read(documents: "tuple[Node, ...]") -> "Iterator[Said]":
    """What manifests say."""
    for document in documents:
        top = fields(document)
        kind = top.get("kind")
        if isinstance(kind, Text) and kind.text == "CustomResourceDefinition":
            continue  # it describes a form, whose fields are named like containers
        if isinstance(kind, Text) and kind.text == "Kustomization":
            yield from _kustomization(top)
        yield from _within(document, kind.text if isinstance(kind, Text) else "")


def _within(node: "Node", where: str) -> "Iterator[Said]":
    if not isinstance(node, Map):
        for item in items(node):
            yield from _within(item, where)
        return
    for key, value in fields(node).items():
        if key in _CONTAINERS:
            for container in items(value):
                yield from _image(fields(container).get("image"), f"{where}.{key}")
        elif key == "volumes":
            for volume in items(value):
                image = fields(volume).get("image")
                yield from _image(fields(image).get("reference"), f"{where}.volumes")
        if not isinstance(value, Text):
            yield from _within(value, where)


def _kustomization(top: "dict[str, Node]") -> "Iterator[Said]":
    for item in items(top.get("images")):
        entry = {key: value for key, value in fields(item).items() if isinstance(value, Text)}
        tag, digest, name = entry.get("newTag"), entry.get("digest"), entry.get("newName", entry.get("name"))
        if name is None or (tag is None and digest is None):
            continue  # the tag is the manifest's
        reference = name.text + (f":{tag.text}" if tag else "") + (f"@{digest.text}" if digest else "")
        yield Image(reference=reference, line=(tag or digest or name).line, where="Kustomization.images")


def _image(node: "Node | None", where: str) -> "Iterator[Said]":
    if isinstance(node, Text) and node.text:
        yield Image(reference=expand(node.text, {}), line=node.line, where=where)
