"""The rule table that people write in TOML, checked as a whole before a single row is used.

A row with a slip would match nothing and give false safety, so any problem refuses the whole table and names the key
and, where it can be found, the line. Needs the ``cli`` extra.
"""

import re

from envguard import versions
from envguard._value import Value
from envguard.errors import RuleError
from envguard.model import Rule
from envguard.rules.hidden import covers
from envguard.rules.validate import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from envguard.rules import _rows

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*(?:tool\.envguard\.)?rules[ \t]*\]\]", re.MULTILINE)


class Table(Value):
    """A valid rule table."""

    path: str
    """The file that it was read from."""
    rules: tuple[Rule, ...]
    """Its rows in their order, groups expanded."""


def build(settings: "Any") -> Table:
    """The rule table in a configuration that was read.

    Args:
        settings: An ``envguard.config.Config``.

    Raises:
        RuleError: The table is not valid.
    """
    where = _Where(settings.path, settings.text, settings.prefix)
    written = _validated({"rules": settings.rules, "groups": settings.groups}, where)
    groups = {name: tuple(_plain(member) for member in members) for name, members in written.groups.items()}
    rules = [_rule(row, index, groups, where) for index, row in enumerate(written.rules)]
    _refuse_repeated(rules, where)
    _refuse_hidden(rules, where)
    return Table(path=settings.path, rules=tuple(rules))


def schema() -> "dict[str, Any]":
    """The JSON schema of the table, as ``envguard schema rules`` prints it.

    Raises:
        RuleError: pydantic is not installed.
    """
    made = _models().Rows.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


class _Where:
    """Turns an index of a row into the place that a person can go to."""

    def __init__(self, path: str, text: str, prefix: str) -> None:
        self._path = path
        self._prefix = prefix
        self._lines = [text.count("\n", 0, found.start()) + 1 for found in _HEADER.finditer(text)]

    def origin(self, index: int) -> str:
        """Where a row comes from, without the folder: a lock that carries it must not differ between machines."""
        name = self._path.replace("\\", "/").rpartition("/")[2]
        return f"{name} {self._prefix}rules[{index}]"

    def error(self, key: str, why: str, index: "int | None" = None) -> RuleError:
        known = index is not None and index < len(self._lines)
        line = self._lines[index] if known and index is not None else 0
        return RuleError(f"{self._prefix}{key}: {why}", path=self._path, line=line)


def _models() -> "Any":
    try:
        from envguard.rules import _rows
    except ImportError as error:
        raise RuleError(
            "a rule table needs pydantic", remedy="pip install 'envguard-lock[cli]', or freeze where it is installed"
        ) from error
    return _rows


def _validated(written: "dict[str, Any]", where: _Where) -> "_rows.Rows":
    models = _models()
    from pydantic import ValidationError

    try:
        table: _rows.Rows = models.Rows.model_validate(written)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_context=False)
        key, index = _key(first["loc"])
        why = "unknown key" if first["type"] == "extra_forbidden" else first["msg"][:1].lower() + first["msg"][1:]
        more = f" (and {len(others)} more)" if others else ""
        raise where.error(key, why + more, index) from None
    return table


def _key(location: "tuple[int | str, ...]") -> "tuple[str, int | None]":
    """``("rules", 2, "verdict")`` as ``rules[2].verdict``, and the index of the row."""
    key = ""
    for step in location:
        if isinstance(step, int):
            key += f"[{step}]"
        else:
            shown = step if step.isidentifier() or step.replace("-", "_").isidentifier() else ascii(step[:60])
            key += f".{shown}" if key else shown
    index = location[1] if len(location) > 1 and location[0] == "rules" else None
    return key, index if isinstance(index, int) else None


def _rule(row: "_rows.Row", index: int, groups: "Mapping[str, tuple[str, ...]]", where: _Where) -> Rule:
    given = {name: getattr(row, name) for name in type(row).model_fields}
    given["until"] = row.until.isoformat() if row.until else ""
    for field in ("package", "beside", "together"):
        given[field] = _expanded(given[field], groups, f"rules[{index}].{field}", index, where)
    rule = Rule(**given, origin=where.origin(index))
    for field, why in problems(rule):
        key = {"locked": "from", "zh_instead": "zh-instead"}.get(field, field)
        raise where.error(f"rules[{index}].{key}", why, index)
    return rule


def _expanded(
    patterns: tuple[str, ...], groups: "Mapping[str, tuple[str, ...]]", key: str, index: int, where: _Where
) -> tuple[str, ...]:
    """The patterns with groups replaced by their members and names in the form in which they compare."""
    found: list[str] = []
    for pattern in patterns:
        negated = "!" if pattern.startswith("!") else ""
        name = pattern.removeprefix("!")
        if not name.startswith("@"):
            found.append(negated + _plain(name))
            continue
        if name[1:] not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise where.error(key, f"{name[:60]!a} is no group; known are {known}", index)
        if negated and any(member.startswith("!") for member in groups[name[1:]]):
            raise where.error(key, f"{name[:60]!a} excludes members of its own and cannot be excluded", index)
        found.extend(negated + member for member in groups[name[1:]])
    return tuple(dict.fromkeys(found))


def _plain(pattern: str) -> str:
    """A name or pattern with its name normalised: ``Foo_Bar*`` is ``foo-bar*``."""
    negated = "!" if pattern.startswith("!") else ""
    name = pattern.removeprefix("!")
    star = "*" if name.endswith("*") else ""
    return negated + versions.normalise(name.removesuffix("*")) + star


def _refuse_repeated(rules: "list[Rule]", where: _Where) -> None:
    seen: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.id in seen:
            raise where.error(f"rules[{index}].id", f"{rule.id} is the id of rules[{seen[rule.id]}] already", index)
        seen[rule.id] = index


def _refuse_hidden(rules: "list[Rule]", where: _Where) -> None:
    for index, rule in enumerate(rules):
        for above in rules[:index]:
            if covers(above, rule):
                raise where.error(
                    f"rules[{index}]", f"{rule.id} never decides: {above.id} above it matches all that it does", index
                )
