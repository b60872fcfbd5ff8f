"""YAML as a tree of strings with line numbers, and nothing else.

YAML reads ``3.10`` as 3.1, ``no`` as False and ``12:30`` as 750; it keeps the last of two equal keys; aliases make a
file of 300 bytes walk for hours; tags name code. So the parser's events are read one by one, which needs no recursion
either: every scalar stays the text that stands in the file, and aliases, anchors, tags, equal keys and a second
document are refused where they stand.
"""

from envguard._value import Value
from envguard.errors import LockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SIZE_LIMIT = 4 << 20
"""Characters; the export of an environment of 600 packages has 30,000."""
DEPTH_LIMIT = 20
"""Levels of nesting."""


class Scalar(Value):
    """A text."""

    text: str
    line: int
    """1-based."""


class Sequence(Value):
    """A list of nodes."""

    items: "tuple[Node, ...]"
    line: int


class Mapping(Value):
    """Keys and nodes, in the order of the file; no key twice."""

    items: "tuple[tuple[Scalar, Node], ...]"
    line: int

    def get(self, key: str) -> "Node | None":
        """The node of a key, None where there is none."""
        return next((node for name, node in self.items if name.text == key), None)


if TYPE_CHECKING:
    Node = Scalar | Sequence | Mapping


def load(text: str, path: str, limit: int = SIZE_LIMIT) -> "Node | None":
    """The only document of a YAML text, None where it is empty.

    Args:
        text: The document.
        path: The file, for errors.
        limit: Characters that are read at most.

    Raises:
        LockError: The text is no YAML, too long, too deep, or uses what is refused here; with its line. Also where
            PyYAML, which comes with an extra, is missing.
    """
    if len(text) > limit:
        raise LockError(f"more than {limit} characters of YAML", path=path, remedy="is this the right file?")
    root: list[Node] = []
    stack = [_Open("document", 1)]
    for event in events(text, path):
        kind, line = type(event).__name__, event.start_mark.line + 1
        _check(event, kind, line, path)
        if kind == "ScalarEvent":
            first = line + 1 if event.style in ("|", ">") else line  # the text of a block begins below its mark
            _put(stack, Scalar(text=event.value, line=first), path)
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            if len(stack) > DEPTH_LIMIT:
                raise _refused(f"nested more than {DEPTH_LIMIT} deep", path, line)
            stack.append(_Open("sequence" if kind == "SequenceStartEvent" else "mapping", line))
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            _put(stack, stack.pop().closed(), path)
        elif kind == "DocumentEndEvent" and not root:
            root += stack[0].nodes
        elif kind == "DocumentStartEvent" and root:
            raise _refused("a second document", path, line)
    return root[0] if root else None


class _Open:
    """A collection whose end was not read yet."""

    def __init__(self, kind: str, line: int) -> None:
        self.kind = kind
        self.line = line
        self.nodes: list[Node] = []
        self.keys: set[str] = set()

    def closed(self) -> "Node":
        if self.kind == "sequence":
            return Sequence(items=tuple(self.nodes), line=self.line)
        keys = [node for node in self.nodes[::2] if isinstance(node, Scalar)]
        return Mapping(items=tuple(zip(keys, self.nodes[1::2], strict=True)), line=self.line)


def _put(stack: list[_Open], node: "Node", path: str) -> None:
    opened = stack[-1]
    if opened.kind == "mapping" and len(opened.nodes) % 2 == 0:
        if not isinstance(node, Scalar):
            raise _refused("a key that is no text", path, node.line)
        if node.text in opened.keys:
            raise _refused("a key that stands twice", path, node.line)
        opened.keys.add(node.text)
    opened.nodes.append(node)


def _check(event: "Any", kind: str, line: int, path: str) -> None:
    if kind == "AliasEvent" or getattr(event, "anchor", None):
        raise _refused("an alias or anchor", path, line)
    if getattr(event, "tag", None):
        raise _refused("a tag", path, line)


def _refused(what: str, path: str, line: int) -> LockError:
    return LockError(f"{what}, which is not read", path=path, line=line, remedy="write it out as plain YAML")


def events(text: str, path: str) -> "Iterator[Any]":
    """What PyYAML's parser sees, piece by piece; nothing is built from it.

    Raises:
        LockError: As ``load``.
    """
    try:
        import yaml
    except ImportError as error:
        remedy = "pip install 'envguard-lock[conda]'"
        raise LockError("reading YAML needs PyYAML, which is not installed", path=path, remedy=remedy) from error

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C parser where PyYAML was built with it
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
        line = mark.line + 1 if mark else _line_of(text, getattr(error, "position", None))
        if "nesting depth" in why:  # libyaml's own limit, which it reaches before ours where it reads ahead
            raise _refused(f"nested more than {DEPTH_LIMIT} deep", path, line) from None
        raise LockError(f"not YAML: {why}", path=path, line=line, remedy="correct the line") from None
    except (ValueError, RecursionError, OverflowError) as error:  # ValueError: text that has no UTF-8 form
        raise LockError(f"not YAML: {type(error).__name__}", path=path, remedy="correct the file") from None


def _line_of(text: str, position: "int | None") -> int:
    return text.count("\n", 0, position) + 1 if position is not None else 0
