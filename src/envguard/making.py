"""Make a golden file, and compare two: what is done once, by a person or in CI, and not at every start."""

import os

from envguard.guard import check_choice, fail_closed
from envguard.model import SEALED_DEPTHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envguard.freezing import Frozen
    from envguard.model import Depth, Report, Selection

    Progress = Callable[[int, int], None]
    StrPath = str | os.PathLike[str]


def freeze(
    path: "StrPath" = "envguard.lock",
    *,
    depth: "Depth" = "records",
    source: "StrPath | None" = None,
    selection: "Selection | None" = None,
    rules: "StrPath | None" = None,
    python: "StrPath | None" = None,
    paths: "Sequence[str] | None" = None,
    write: bool = True,
    progress: "Progress | None" = None,
) -> "Frozen":
    """Make the golden file of an environment.

    Args:
        path: Where to write it. The manifest of depth files is written beside it.
        depth: ``versions`` leaves digests out; ``records`` seals them; ``files`` adds a manifest of every file.
        source: Another lock file that the environment must match exactly before it is frozen.
        selection: Which part of ``source`` is meant.
        rules: The file with the rule table (pyproject.toml or envguard.toml) to compile into the lock. Default: the
            nearest one upward from the folder of ``path``.
        python: As in ``check``.
        paths: As in ``check``.
        write: False returns the bytes and writes nothing.
        progress: As in ``check``.

    Raises:
        DriftError: The environment is not fit to be frozen: broken or duplicated metadata, shadowed packages, or a
            difference from ``source``. The error carries the report.
        UnverifiableError, LockError, RuleError, UsageError: As in ``check``.
    """
    from envguard import freezing

    check_choice("depth", depth, SEALED_DEPTHS)
    return fail_closed(
        lambda: freezing.freeze(
            os.fspath(path),
            depth=depth,
            source=None if source is None else os.fspath(source),
            selection=selection,
            rules=None if rules is None else os.fspath(rules),
            python=None if python is None else os.fspath(python),
            paths=paths,
            write=write,
            progress=progress,
        )
    )


def diff(
    old: "StrPath", new: "StrPath", *, selection: "Selection | None" = None, python: "StrPath | None" = None
) -> "Report":
    """Judge the way from one state to another as if ``new`` were what is installed.

    Args:
        old: A golden file or lock file of any format; ``git:REV:PATH``, a file of a commit (an empty REV is the index),
            whose includes and rules are read from that commit too; or ``live``, what is installed.
        new: Another one.
        selection: Which part is meant of both, or of the one whose format has such parts.
        python: Whose environment ``live`` is, as in ``check``.

    Raises:
        LockError, RuleError, UnverifiableError: As in ``assert_pinned``.
        UsageError: git knows no such revision, or neither format has parts of the kind that ``selection`` asks for.
    """
    from envguard import diffing

    whose = None if python is None else os.fspath(python)
    return fail_closed(lambda: diffing.diff(os.fspath(old), os.fspath(new), selection, python=whose))
