"""The YAML of compose files, workflows and manifests: texts, lists and maps that know their lines.

Unlike golden files these are full of anchors, aliases, merge keys and tags, and hold several documents. So an alias
stands for the node that it names, a tag is not looked at (nothing is ever built from one), and what aliases unfold to
is counted, since a file of 300 bytes can unfold to billions.
"""

from envguard._value import Value
from envguard.errors import LockError
from envguard.formats import _yaml
from envguard.repository.said import Located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NODES = 200_000
"""Nodes of a file with every alias unfolded; a manifest of 1 MB has about 40,000."""
DEPTH = 60
"""Levels of nesting. The schema of a custom resource has 40."""
_FAR = 1000
"""Characters that a line of a folded text may lie behind the one before."""


class Text(Value):
    """A text."""

    text: str
    line: int
    starts: tuple[tuple[int, int], ...]
    """As in ``Located``."""
    size: int = 1
    depth: int = 0

    @property
    def located(self) -> Located:
        """The text with the lines of its characters."""
        return Located(text=self.text, starts=self.starts)


class List(Value):
    """Nodes in a row."""

    items: "tuple[Node, ...]"
    line: int
    size: int
    depth: int


class Map(Value):
    """Keys and nodes, in the order of the file; no key twice."""

    items: "tuple[tuple[Text, Node], ...]"
    line: int
    size: int
    depth: int


if TYPE_CHECKING:
    Node = Text | List | Map


def load(text: str, path: str) -> "tuple[Node, ...]":
    """Every document of a YAML text.

    Raises:
        LockError: The text is no YAML, too deep, or unfolds to too much; with its line. Also where PyYAML, which
            comes with an extra, is missing.
    """
    builder = _Builder(text, path)
    for event in _yaml.events(text, path):
        builder.take(event)
    return tuple(builder.stack[0].nodes)


def require(path: str) -> None:
    """Nothing where YAML can be read.

    Raises:
        LockError: PyYAML, which comes with an extra, is missing.
    """
    next(iter(_yaml.events("", path)), None)


def fields(node: "Node | None") -> "dict[str, Node]":
    """The keys of a map, those that merge keys (``<<``) bring included; empty for anything else."""
    if not isinstance(node, Map):
        return {}
    own = {key.text: value for key, value in node.items if key.text != "<<"}
    merged: dict[str, Node] = {}
    for key, value in node.items:
        if key.text == "<<":
            for each in reversed(items(value) or (value,)):
                merged.update(fields(each))
    return {**merged, **own}


def items(node: "Node | None") -> "tuple[Node, ...]":
    """The nodes of a list; empty for anything else."""
    return node.items if isinstance(node, List) else ()


def texts(node: "Node | None") -> "Iterator[Text]":
    """A text, or every text of a list of them, however nested."""
    if isinstance(node, Text):
        yield node
    for item in items(node):
        yield from texts(item)


class _Open:
    """A collection whose end was not read yet."""

    def __init__(self, kind: str, line: int, anchor: "str | None") -> None:
        self.kind = kind
        self.line = line
        self.anchor = anchor
        self.nodes: list[Node] = []
        self.keys: set[str] = set()

    def closed(self) -> "Node":
        size = 1 + sum(node.size for node in self.nodes)
        depth = 1 + max((node.depth for node in self.nodes), default=0)
        if self.kind == "Sequence":
            return List(items=tuple(self.nodes), line=self.line, size=size, depth=depth)
        keys = [node for node in self.nodes[::2] if isinstance(node, Text)]
        pairs = tuple(zip(keys, self.nodes[1::2], strict=True))
        return Map(items=pairs, line=self.line, size=size, depth=depth)


class _Builder:
    """Nodes from the events of the parser, one by one."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.stack = [_Open("Stream", 1, None)]
        self.anchors: dict[str, Node] = {}

    def take(self, event: "Any") -> None:
        kind, line = type(event).__name__.removesuffix("Event"), event.start_mark.line + 1
        if kind == "Scalar":
            self.put(self.scalar(event, line), event.anchor)
        elif kind == "Alias":
            self.put(self.named(event.anchor, line), None)
        elif kind in ("SequenceStart", "MappingStart"):
            if len(self.stack) > DEPTH:
                raise self.refused(f"nested more than {DEPTH} deep", line)
            self.stack.append(_Open(kind.removesuffix("Start"), line, event.anchor))
        elif kind in ("SequenceEnd", "MappingEnd"):
            opened = self.stack.pop()
            self.put(opened.closed(), opened.anchor)
        elif kind == "DocumentStart":
            self.anchors.clear()

    def put(self, node: "Node", anchor: "str | None") -> None:
        opened = self.stack[-1]
        if node.size > NODES or len(self.stack) + node.depth > DEPTH + 1:
            raise self.refused(f"more than {NODES} nodes or {DEPTH} levels, aliases unfolded", opened.line)
        if opened.kind == "Mapping" and len(opened.nodes) % 2 == 0:
            if not isinstance(node, Text):
                raise self.refused("a key that is no text", node.line)
            if node.text in opened.keys and node.text != "<<":
                raise self.refused("a key that stands twice", node.line)
            opened.keys.add(node.text)
        opened.nodes.append(node)
        if anchor:
            self.anchors[anchor] = node

    def named(self, anchor: str, line: int) -> "Node":
        found = self.anchors.get(anchor)
        if found is None:
            raise self.refused("an alias of nothing that stands before it", line)
        return found

    def scalar(self, event: "Any", line: int) -> Text:
        last = event.end_mark.line + 1
        block = event.style in ("|", ">")
        first = line + 1 if block else line  # the text of a block begins below its mark
        starts = self.starts(event.value, first, last) if last > line else ((0, line),)
        return Text(text=event.value, line=starts[0][1], starts=starts)

    def starts(self, value: str, first: int, last: int) -> tuple[tuple[int, int], ...]:
        """Where the lines of the file begin in a text over several of them."""
        found, cursor = [(0, first)], 0
        for number in range(first, min(last, len(self.lines)) + 1):
            for written in (self.lines[number - 1].strip(), self.lines[number - 1].strip().strip("\"'\\")):
                at = value.find(written, cursor, cursor + len(written) + _FAR) if written else -1
                if at >= 0:
                    found.append((at, number))
                    cursor = at + len(written)
                    break
        return tuple(found[1:]) if len(found) > 1 and found[1][0] == 0 else tuple(found)

    def refused(self, what: str, line: int) -> LockError:
        return LockError(f"{what}, which is not read", path=self.path, line=line, remedy="write it out as plain YAML")
