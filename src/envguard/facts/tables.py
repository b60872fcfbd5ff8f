"""What no file of an environment says: which driver a CUDA generation needs, and which wheel brings which library.

The built-in table is ``envguard/tables/cuda.json``. Every row has its source and the day on which that was looked at.
A project's file of the same form adds rows, or replaces those with the same key. A table never has the last word:
what was seen to work works, whatever it says.
"""

import json
import os
import re

from envguard._value import Value
from envguard.errors import RuleError
from envguard.facts import reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

BUILT_IN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tables", "cuda.json")
SCHEMA = {"name": "envguard-tables", "version": 1}
ROWS = 2000
"""Rows of one table."""

_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_VERSION = re.compile(r"\d{1,5}(?:\.\d{1,5}){0,3}", re.ASCII)
_FAMILY = re.compile(r"lib[\w+-]{1,60}", re.ASCII)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,80}[a-z0-9])?", re.ASCII)
_REMEDY = "envguard's own tables/cuda.json shows the form"


class DriverRow(Value):
    """The oldest driver on which a generation of CUDA runs. There is no newest one: drivers stay compatible."""

    cuda: int
    """Major version."""
    driver: str
    source: str
    date: str


class LibraryRow(Value):
    """Which CUDA a generation of a library belongs to, and which distributions bring it."""

    family: str
    """``libcublas``."""
    generation: str
    """``12``, as in its SONAME."""
    cuda: tuple[int, ...]
    """Major versions of CUDA that have this generation."""
    distributions: tuple[str, ...]
    """Normalised names."""
    source: str
    date: str


class Tables(Value):
    """All tables."""

    driver: tuple[DriverRow, ...]
    library: tuple[LibraryRow, ...]

    def minimum(self, cuda: int) -> DriverRow | None:
        """The row for a CUDA generation, None where the tables do not know it."""
        return next((row for row in self.driver if row.cuda == cuda), None)

    def row(self, family: str, generation: str) -> LibraryRow | None:
        """The row for a library, None where the tables do not know it."""
        return next((row for row in self.library if (row.family, row.generation) == (family, generation)), None)


def load(path: str = "") -> Tables:
    """The built-in tables, with a project's own rows before them.

    Args:
        path: The project's file; empty for none.

    Raises:
        RuleError: A file cannot be read or is not valid. A table is valid as a whole or not at all.
    """
    own = _read(BUILT_IN)
    if not path:
        return own
    theirs = _read(path)
    named = {row.cuda for row in theirs.driver}
    keyed = {(row.family, row.generation) for row in theirs.library}
    return Tables(
        driver=theirs.driver + tuple(row for row in own.driver if row.cuda not in named),
        library=theirs.library + tuple(row for row in own.library if (row.family, row.generation) not in keyed),
    )


def _read(path: str) -> Tables:
    try:
        data: Any = json.loads(reading.read(path))
    except reading.ReadFailure as failure:
        raise RuleError(f"the compatibility table cannot be read: {failure.why}", path=path) from failure
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "not UTF-8, or nested too deeply"
        raise RuleError(f"no valid JSON: {why}", path=path, remedy=_REMEDY) from error
    return _validated(data, path)


def _validated(data: object, path: str) -> Tables:
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise _error(f"schema must be {json.dumps(SCHEMA)}", path)
    unknown = sorted(str(key) for key in data if key not in ("schema", "driver", "library"))
    if unknown:
        raise _error(f"unknown table {unknown[0]!a}; known are driver, library", path)
    driver = tuple(_rows(data.get("driver", []), "driver", _DRIVER, path))
    library = tuple(_rows(data.get("library", []), "library", _LIBRARY, path))
    _refuse_twice([f"cuda {row['cuda']}" for row in driver], "driver", path)
    _refuse_twice([f"{row['family']}.so.{row['generation']}" for row in library], "library", path)
    return Tables(
        driver=tuple(DriverRow(**row) for row in driver),
        library=tuple(
            LibraryRow(**{**row, "cuda": tuple(row["cuda"]), "distributions": tuple(row["distributions"])})
            for row in library
        ),
    )


def _rows(
    rows: object, table: str, fields: "Mapping[str, tuple[Callable[[Any], bool], str]]", path: str
) -> "Sequence[dict[str, Any]]":
    if not isinstance(rows, list) or len(rows) > ROWS:
        raise _error(f"{table}: must be an array of at most {ROWS} rows", path)
    for index, row in enumerate(rows):
        where = f"{table}[{index}]"
        if not isinstance(row, dict):
            raise _error(f"{where}: must be an object", path)
        unknown = sorted(str(key) for key in row if key not in fields)
        if unknown:
            raise _error(f"{where}: unknown key {unknown[0]!a}; known are {', '.join(fields)}", path)
        for key, (is_valid, expected) in fields.items():
            if key not in row:
                raise _error(f"{where}: {key} is missing", path)
            if not is_valid(row[key]):
                raise _error(f"{where}.{key}: must be {expected}", path)
    return rows


def _error(problem: str, path: str) -> RuleError:
    return RuleError(problem, path=path, remedy=_REMEDY)


def _refuse_twice(keys: "Sequence[str]", table: str, path: str) -> None:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise _error(f"{table}[{index}]: a second row for {key}", path)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable() and len(value) <= 500


def _matching(pattern: "re.Pattern[str]") -> "Callable[[Any], bool]":
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_generation(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1000


def _each(is_valid: "Callable[[Any], bool]") -> "Callable[[Any], bool]":
    return lambda value: isinstance(value, list) and 0 < len(value) <= 20 and all(map(is_valid, value))


_STATED = {
    "source": (_is_text, "a sentence that names the source"),
    "date": (_matching(_DATE), "the day on which the source was looked at, YYYY-MM-DD"),
}
_DRIVER = {
    "cuda": (_is_generation, "a major version of CUDA, such as 12"),
    "driver": (_matching(_VERSION), "a version, such as 525.60.13"),
    **_STATED,
}
_LIBRARY = {
    "family": (_matching(_FAMILY), "the name before .so, such as libcublas"),
    "generation": (_matching(_VERSION), "what follows .so., such as 12"),
    "cuda": (_each(_is_generation), "an array of major versions of CUDA"),
    "distributions": (_each(_matching(_NAME)), "an array of normalised distribution names"),
    **_STATED,
}
