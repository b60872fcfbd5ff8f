"""``envguard rollback``: an older golden file becomes the golden one again, and the environment with it."""

import os

from envguard import locate
from envguard.doors.cli import FINDINGS, PINNED, changing, output, part, progress
from envguard.doors.cli.parser import Parser, add_lock_option, add_output, add_progress, add_python, chosen_lock
from envguard.errors import UsageError
from envguard.reporters.safe import safe

SUMMARY = "restore an older golden file of the history, and make it golden again"
DESCRIPTION = (
    "Restore the environment to golden file N of `envguard history`, and once that is proven, make N the golden file. "
    "The rollback itself becomes a line of the history."
)
EXAMPLES = """
    envguard rollback 3 --dry-run
    envguard rollback 3 --yes --find-links wheels
"""


def run(argv: list[str]) -> int:
    """0 done, 1 refused or failed, 2 could not judge."""
    from envguard.change.mending import golden, history

    parser = Parser("rollback", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("number", metavar="N", help="number of the golden file, as `envguard history` lists it")
    add_lock_option(parser)
    changing.add_options(parser)
    add_python(parser)
    part.add_options(parser)
    add_progress(parser)
    add_output(parser)
    options = parser.parse(argv)
    options.sha256 = None
    answer = output.of_options(options, has_report=False)
    lock = locate.locate(chosen_lock(options))
    golden.settle(lock)
    entries = history.entries(lock)
    entry = next((each for each in entries if str(each.number) == options.number), None)
    if entry is None:
        known = f"1 to {len(entries)}" if entries else "none is kept yet"
        raise UsageError(f"no golden file {safe(options.number)!r} in the history of {safe(lock)}", remedy=known)
    data, manifest = history.kept_files(lock, entry)
    kept = os.path.join(history.folder_of(lock), entry.lock)
    from envguard.doors.cli.commands import restore

    with progress.bar(options) as shown:
        asked = changing.options_of(options, "rollback", shown)
        if options.dry_run:
            return restore.show(kept, asked, answer)
        status = restore.restore(kept, asked, options, answer)
    if status != PINNED:
        output.tell(f"envguard: {safe(lock)} is still the golden file; `envguard restore` goes back to it")
        return FINDINGS
    if not entries[-1:] or entries[-1].seal != history.seal_of(lock):
        history.append(lock, history.Entry(what=f"the golden file before the rollback to {entry.number}"))
    golden.become(lock, data, manifest)
    evidence = (f"the environment was restored to it and checked at depth {options.depth}",)
    history.append(lock, history.Entry(what=f"rollback to {entry.number}: {entry.what}", evidence=evidence))
    output.tell(f"envguard: golden file {entry.number} is {safe(lock)} again")
    return PINNED
