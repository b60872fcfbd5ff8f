"""Fields of a YAML mapping by name, for files whose writer is a program."""

from envguard.errors import LockError
from envguard.formats import _text, _yaml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.formats._yaml import Node

SIZE_LIMIT = 16 << 20
"""Characters of a lock; locks of several environments for several platforms have up to 6 million."""
NOTHING = ("", "~", "null")
_REMEDY = "write the lock again with the tool that made it"


def document(data: bytes, path: str) -> _yaml.Mapping:
    """The mapping that a lock in YAML is.

    Raises:
        LockError: As ``_yaml.load``, and where the file is no mapping.
    """
    root = _yaml.load(_text.decode(data, path), path, limit=SIZE_LIMIT)
    if not isinstance(root, _yaml.Mapping):
        raise LockError("not a lock: no mapping", path=path, line=1, remedy=_REMEDY)
    return root


def texts(node: _yaml.Mapping) -> dict[str, str]:
    """The fields that are texts; one that is unset is left out."""
    found = {key.text: value.text for key, value in node.items if isinstance(value, _yaml.Scalar)}
    return {key: value for key, value in found.items() if value not in NOTHING}


def mapping(node: "Node | None", what: str, path: str, line: int = 0) -> _yaml.Mapping:
    """The node, which must be a mapping; a missing or unset one is an empty one.

    Raises:
        LockError: It is something else.
    """
    if _unset(node):
        return _yaml.Mapping(items=(), line=node.line if node else line)
    if not isinstance(node, _yaml.Mapping):
        raise LockError(f"{what} is no mapping", path=path, line=node.line if node else line, remedy=_REMEDY)
    return node


def sequence(node: "Node | None", what: str, path: str) -> "tuple[Node, ...]":
    """The items of a node, which must be a list; a missing or unset one is empty.

    Raises:
        LockError: It is something else.
    """
    if _unset(node):
        return ()
    if not isinstance(node, _yaml.Sequence):
        raise LockError(f"{what} is no list", path=path, line=node.line if node else 0, remedy=_REMEDY)
    return node.items


def mappings(node: "Node | None", what: str, path: str) -> "tuple[_yaml.Mapping, ...]":
    """The items of a list of mappings.

    Raises:
        LockError: It is something else.
    """
    found = []
    for item in sequence(node, what, path):
        if not isinstance(item, _yaml.Mapping):
            raise LockError(f"an entry of {what} is no mapping", path=path, line=item.line, remedy=_REMEDY)
        found.append(item)
    return tuple(found)


def scalar(node: "Node | None") -> str:
    """The text of a node, "" where it is none or unset."""
    return "" if node is None or not isinstance(node, _yaml.Scalar) or node.text in NOTHING else node.text


def _unset(node: "Node | None") -> bool:
    return node is None or (isinstance(node, _yaml.Scalar) and node.text in NOTHING)
