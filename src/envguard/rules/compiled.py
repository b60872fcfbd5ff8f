"""A rule as one line of ASCII JSON, the form in which it travels inside a lock.

Canonical: fields in the order of ``model.Rule``, those left out that hold their default, so that one row has one
spelling and a lock stays byte-identical.
"""

import json

from envguard.errors import RuleError
from envguard.model import Rule
from envguard.rules.validate import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIMIT = 64 << 10
"""Characters of one compiled rule."""


def dump(rule: Rule) -> str:
    """``rule`` as one line of ASCII JSON."""
    told = {
        field: list(value) if isinstance(value := getattr(rule, field), tuple) else value
        for field in Rule._fields
        if field not in Rule._defaults or getattr(rule, field) != Rule._defaults[field]
    }
    # JSON leaves DEL alone, which is ASCII but a control character.
    return json.dumps(told, ensure_ascii=True).replace("\x7f", "\\u007f")


def parse(text: str, *, path: str = "", line: int = 0) -> Rule:
    """The rule that ``dump`` wrote.

    Args:
        text: One line of JSON.
        path: The lock, for errors.
        line: Its 1-based line, for errors.

    Raises:
        RuleError: Not JSON, an unknown or missing key, a value of the wrong type, or not a valid row.
    """
    row = _object(text, path, line)
    for key, value in row.items():
        if key not in Rule._fields:
            raise RuleError(f"compiled rule: unknown key {key[:60]!a}", path=path, line=line, remedy="freeze again")
        if not _typed(key, value):
            raise RuleError(f"compiled rule: {key} has a value of the wrong type", path=path, line=line)
    for key in Rule._fields:
        if key not in Rule._defaults and key not in row:
            raise RuleError(f"compiled rule: {key} is missing", path=path, line=line)
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    values.setdefault("origin", f"{path}:{line}" if path else "lock")
    rule = Rule(**values)
    for field, why in problems(rule):
        raise RuleError(f"compiled rule {rule.id[:80]!a}: {field}: {why}", path=path, line=line)
    return rule


def _object(text: str, path: str, line: int) -> "dict[str, Any]":
    if len(text) > LIMIT:
        raise RuleError(f"compiled rule: more than {LIMIT} characters", path=path, line=line)
    try:
        row = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:  # JSONDecodeError is a ValueError
        raise RuleError(f"compiled rule: no valid JSON ({_why(error)})", path=path, line=line) from error
    if not isinstance(row, dict):
        raise RuleError("compiled rule: no JSON object", path=path, line=line)
    return row


def _why(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _unique(pairs: "list[tuple[str, object]]") -> "dict[str, object]":
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a key is given twice")
    return row


def _typed(key: str, value: object) -> bool:
    default = Rule._defaults.get(key, "")
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, tuple):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)
