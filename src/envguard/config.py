"""The project's settings: ``envguard.toml``, or ``[tool.envguard]`` in pyproject.toml, from a folder upward.

Read by the command line and by ``freeze``, never on the pinned path. The settings need nothing but a TOML reader; the
rows of the rule table need the ``cli`` extra and are looked at only by ``rules``.
"""

import importlib
import os
import re
import sys

from envguard._value import Value
from envguard.errors import RuleError
from envguard.facts.places import DISK
from envguard.facts.reading import ReadFailure
from envguard.model import DEPTHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.facts.places import Files
    from envguard.model import Rule

LIMIT = 1 << 20
"""Bytes of a configuration file."""
FILES = ("envguard.toml", "pyproject.toml")
"""In the order in which a folder is searched; the first that has settings wins."""

_KEYS = ("lock", "depth", "fail-on", "allow", "bypass", "tables", "rules", "groups")
_CHOICES = {"depth": DEPTHS, "fail-on": ("safe", "cautious", "forbidden"), "allow": ("safe", "cautious")}
_FILES_NAMED = {"lock": "the path of the golden file", "tables": "the path of compatibility tables"}
_LINE = re.compile(r"\(at line (\d+), column \d+\)$")


class Config(Value):
    """Settings as a project wrote them."""

    path: str
    """The file that they come from."""
    prefix: str
    """``tool.envguard.`` or "", what stands before a key in messages."""
    text: str
    """The file's text, for the line of a row."""
    lock: str = ""
    """Absolute path of the golden file, or empty."""
    depth: str = ""
    fail_on: str = ""
    """The mildest verdict that fails a check; empty is the default."""
    allow: str = ""
    """The gravest verdict that a guard lets pass; empty is none."""
    tables: str = ""
    """Absolute path of the project's own compatibility tables (``envguard.facts.tables``), or empty."""
    bypass: bool = False
    """``freeze`` lets the lock allow ENVGUARD_BYPASS."""
    rules: "tuple[dict[str, Any], ...]" = ()
    """The rows as written, not validated."""
    groups: "dict[str, Any]" = {}  # noqa: RUF012 - a default of a frozen value, never changed


def find(start: str, files: "Files" = DISK) -> "Config | None":
    """The settings of the nearest folder that has any, from ``start`` upward; None where there are none.

    Raises:
        RuleError: A file that may hold settings cannot be read, is not TOML, or a setting is not valid.
    """
    folder = os.path.abspath(start)
    while True:
        for name in FILES:
            found = _settings(os.path.join(folder, name), files)
            if found is not None:
                return found
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def load(path: str) -> Config:
    """The settings in one file.

    Raises:
        RuleError: It cannot be read, holds no settings, or they are not valid.
    """
    found = _settings(path, DISK)
    if found is None:
        raise RuleError("no [tool.envguard] table here" if os.path.exists(path) else "no such file", path=path)
    return found


def rules(config: Config) -> "tuple[Rule, ...]":
    """The rows of the settings' rule table, validated as a whole.

    Raises:
        RuleError: The table is not valid, or it has rows and pydantic is not installed.
    """
    if not config.rules and not config.groups:
        return ()
    from envguard.rules.table import build

    return build(config).rules


def read_toml(path: str) -> "dict[str, Any]":
    """A TOML file as plain data.

    Raises:
        RuleError: It cannot be read, or is not TOML.
    """
    try:
        data = DISK.read(path, LIMIT)
    except ReadFailure as failure:
        raise RuleError(f"cannot be read: {failure.why}", path=path) from failure
    return _parsed(_decoded(data, path), path)


def _settings(path: str, files: "Files") -> "Config | None":
    is_own = os.path.basename(path) != "pyproject.toml"
    try:
        data = files.read(path, LIMIT)
    except ReadFailure as failure:
        if failure.missing or os.path.isdir(path):
            return None
        raise RuleError(f"cannot be read: {failure.why}", path=path) from failure
    if not is_own and b"envguard" not in data:
        return None  # somebody else's file, whatever state it is in
    text = _decoded(data, path)
    parsed = _parsed(text, path)
    table = parsed if is_own else _tool_table(parsed, path)
    return None if table is None else _config(table, path, text, "" if is_own else "tool.envguard.")


def _decoded(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RuleError("not UTF-8, which TOML must be", path=path, line=line) from error


def _parsed(text: str, path: str) -> "dict[str, Any]":
    try:
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError as error:
        raise RuleError("reading TOML needs tomli on this Python", path=path, remedy="pip install tomli") from error
    try:
        parsed: dict[str, Any] = toml.loads(text)
    except RecursionError as error:
        raise RuleError("nested too deeply", path=path) from error
    except ValueError as error:  # TOMLDecodeError, or a number that int() refuses
        found = _LINE.search(str(error))
        line = int(found.group(1)) if found else 0
        raise RuleError(f"no valid TOML: {_LINE.sub('', str(error)).strip()}", path=path, line=line) from error
    return parsed


def _tool_table(parsed: "dict[str, Any]", path: str) -> "dict[str, Any] | None":
    tool = parsed.get("tool", {})
    table = tool.get("envguard") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise RuleError("tool.envguard: not a table", path=path)
    return table


def _config(table: "dict[str, Any]", path: str, text: str, prefix: str) -> Config:
    for key, value in table.items():
        if key not in _KEYS:
            raise RuleError(f"{prefix}{_shown(key)}: unknown key; known are {', '.join(_KEYS)}", path=path)
        why = _wrong(key, value)
        if why:
            raise RuleError(f"{prefix}{key}: {why}", path=path)
    return Config(
        path=path,
        prefix=prefix,
        text=text,
        lock=_absolute(table.get("lock", ""), path),
        tables=_absolute(table.get("tables", ""), path),
        depth=table.get("depth", ""),
        fail_on=table.get("fail-on", ""),
        allow=table.get("allow", ""),
        bypass=table.get("bypass", False),
        rules=tuple(table.get("rules", ())),
        groups=table.get("groups", {}),
    )


def _absolute(named: str, path: str) -> str:
    """A path as the file at ``path`` names it."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), named) if named else ""


def _wrong(key: str, value: object) -> str:
    """What is wrong with a setting, or ""."""
    if key in _CHOICES:
        known = _CHOICES[key]
        return "" if value in known else f"must be one of {', '.join(known)}"
    if key in _FILES_NAMED:
        return "" if isinstance(value, str) and value and "\0" not in value else f"must be {_FILES_NAMED[key]}"
    if key == "bypass":
        return "" if isinstance(value, bool) else "must be true or false"
    if key == "groups":
        return "" if isinstance(value, dict) else "must be a table"
    return "" if isinstance(value, list) else "must be an array of tables, [[rules]]"


def _shown(key: str) -> str:
    return key if key.isascii() and key.isprintable() and len(key) <= 60 else ascii(key[:60])
