"""What an operand of ``envguard diff`` stands for.

``git:REV:PATH`` is a file of a commit, with git's own meaning of PATH: from the top of the repository, or with ``./``
from the working folder; an empty REV is the index. ``live`` is what is installed. Everything else is a file.
"""

import os

from envguard import environment, formats
from envguard._value import Value
from envguard.environment.interpreter import running
from envguard.errors import LockError, UsageError
from envguard.facts.places import DISK
from envguard.git import trees
from envguard.model import Environment, Pin, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.facts.places import Files
    from envguard.model import Interpreter

LIVE = "live"
"""The operand that means what is installed; a file of that name is ``./live``."""
GIT = "git:"


class Side(Value):
    """One side of a difference."""

    told: str
    """How a person calls it."""
    snapshot: Snapshot
    """Markers not yet looked at."""
    files: "Files" = DISK
    """Where the lock, what it includes and the settings beside it are read."""
    live: "Environment | None" = None
    """Where it is what is installed."""


class Place(Value):
    """Where the lock of a side lies."""

    told: str
    path: str
    """As in the working folder."""
    files: "Files" = DISK


def place(operand: str) -> "Place | None":
    """Where an operand lies; None for what is installed.

    Raises:
        UsageError: git knows no such revision, or there is no repository here.
    """
    if operand == LIVE:
        return None
    if not operand.startswith(GIT):
        return Place(told=operand, path=operand)
    revision, colon, path = operand.removeprefix(GIT).partition(":")
    if not colon or not path:
        raise UsageError(f"{operand[:120]!a} is not git:REV:PATH", remedy="such as git:HEAD:envguard.lock")
    root = trees.top()
    # An empty revision is the index, as in `git show :PATH`.
    tree = trees.revision(root, revision) if revision else trees.index(root)
    below_here = path.startswith(("./", "../"))
    return Place(told=operand, path=os.path.relpath(path if below_here else os.path.join(root, path)), files=tree)


def read_both(
    old: "Place | None", new: "Place | None", selection: Selection, *, python: "str | None" = None
) -> "tuple[Side, Side]":
    """Both sides; each is asked for the parts that its format has.

    A requirements file, say, is a whole. What neither format has is asked of both, so that it is refused.

    Raises:
        LockError, UnverifiableError, UsageError: As ``envguard.diff``.
    """
    named = [each for each in (old, new) if each is not None]
    known = {each.told: _selects(each) for each in named} if selection.asked else {}
    somewhere = {option for options in known.values() for option in options}
    whom = environment.interpreter.of(python)[0] if python is not None else running()
    before, after = (
        read_live(python)
        if each is None
        else read_side(each, _without(selection, somewhere.difference(known.get(each.told, ()))), whom)
        for each in (old, new)
    )
    return before, after


def read_side(where: Place, selection: Selection, whom: "Interpreter | None" = None) -> Side:
    """A lock, in any format.

    Raises:
        LockError: It is missing, or cannot be read.
    """
    asked = selection if whom is None else selection.replace(interpreter=whom)
    try:
        snapshot = formats.load(where.path, selection=asked, files=where.files)
    except LockError as error:
        raise _of_tree(error, where) from error
    return Side(told=where.told, snapshot=snapshot, files=where.files)


def read_live(python: "str | None") -> Side:
    """What is installed, as a side. Its rules are the project's, since nothing is compiled into an environment."""
    found = environment.scan(python=python)
    snapshot = Snapshot(
        path="",
        format=LIVE,
        sha256="",
        interpreter=found.interpreter,
        pins=tuple(_pins(found)),
    )
    return Side(told=LIVE, snapshot=snapshot, live=found)


def _pins(found: Environment) -> "Iterable[Pin]":
    for item in {each.name: each for each in reversed(found.distributions)}.values():
        yield Pin(
            name=item.name,
            version=item.version,
            path=item.path,
            text=f"{item.name}=={item.version}",
            source=item.source,
            record=item.record,
            tags=item.tags,
            variant=item.variant,
        )
    for package in found.conda or ():
        yield Pin(
            name=package.name,
            version=package.version,
            path=package.path,
            text=f"{package.name}={package.version}={package.build}",
            build=package.build,
            channel=package.channel,
            hashes=(package.digest,) if package.digest else (),
            manager="conda",
        )


def _selects(where: Place) -> tuple[str, ...]:
    try:
        return formats.selects(where.path, where.files)
    except LockError as error:
        raise _of_tree(error, where) from error


def _of_tree(error: LockError, where: Place) -> LockError:
    """The error with the name of the revision, where the file is not the one that lies in the working folder."""
    if where.files is DISK:
        return error
    revision = getattr(where.files, "name", "")
    return LockError(error.problem, path=f"{revision}:{error.path}", line=error.line, remedy=error.remedy)


def _without(selection: Selection, left_out: "Iterable[str]") -> Selection:
    whole = Selection()
    return selection.replace(**{option: getattr(whole, option) for option in left_out})
