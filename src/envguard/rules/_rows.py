"""The shape of the rule table as people write it, in pydantic: types, keys and descriptions.

Imported only where a table is loaded or its schema is printed. What needs more than one value to be judged (ids given
twice, rows hidden by others) is found in ``envguard.rules.table``.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr


def _as_list(value: object) -> object:
    """One name may be written without brackets."""
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[StrictStr, ...], BeforeValidator(_as_list)]


class Row(BaseModel):
    """One row: which changes it speaks of and what it says of them. The first row that matches decides."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: StrictStr = Field(
        description="Unique name, printed in every report: lower-case letters, digits, '.', '_', '-'."
    )
    verdict: Literal["safe", "cautious", "forbidden"] = Field(description="What the row says.")
    reason: StrictStr = Field(description="Why, for the person who reads the report.")
    instead: StrictStr = Field(
        default="",
        description="What to do instead; {package}, {locked} and {installed} are filled in.",
    )
    package: Words = Field(
        default=(),
        description="Names; a trailing * is a prefix, a leading ! excludes, @name is a group. Empty: every package.",
    )
    change: Words = Field(default=(), description="Kinds of change. Empty: every kind that is no damage.")
    part: Words = Field(default=(), description="Which part of the version moved.")
    locked: StrictStr = Field(default="", alias="from", description="PEP 440 specifier for the locked version.")
    to: StrictStr = Field(default="", description="PEP 440 specifier for the version after the change.")
    traits: Words = Field(default=(), description="Required evidence; a leading ! negates.")
    beside: Words = Field(default=(), description="Names of which at least one must be installed too.")
    alone: StrictBool = Field(
        default=False, description="Only when nothing but what the row names changes, new packages aside."
    )
    when: StrictStr = Field(default="", description="PEP 508 marker.")
    together: Words = Field(
        default=(), description="Packages that may only move together; the row then judges the whole change set."
    )
    follow: Literal["", "requires-dist"] = Field(
        default="", description="requires-dist: the packages' own pins decide who must move with whom."
    )
    label: Literal["", "same"] = Field(default="", description="same: the packages keep one label (+cpu, +cu124).")
    zh: StrictStr = Field(default="", description="The reason in Chinese, shown instead of it in Chinese reports.")
    zh_instead: StrictStr = Field(
        default="", alias="zh-instead", description="The same for instead; needs zh. Placeholders as there."
    )
    until: dt.date | None = Field(default=None, strict=True, description="Last day on which the row applies.")


class Rows(BaseModel):
    """The rule table of a project."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="envguard rule table")

    groups: dict[StrictStr, Words] = Field(default_factory=dict, description="Names for later use as @name.")
    rules: tuple[Row, ...] = Field(default=(), description="The rows, from the first to be asked to the last.")
