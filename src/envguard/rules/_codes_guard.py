"""EG9xx: envguard itself, its golden file and its rules."""

from envguard.rules._code import code

CODES = (
    code(
        "EG901",
        "lock-unreadable",
        "The golden file cannot be used.",
        finds="A lock that is missing, not in a known format, damaged, wrongly sealed, or not the file whose SHA-256 "
        "was asked for.",
        matters="Without a golden file nothing can be compared. It is an error (exit code 2), never a pass.",
        action="Restore the file from version control or from the image; never repair a seal by hand, freeze again.",
        limits="A seal shows accidents and careless edits. Against somebody who can rewrite the lock, pin its digest "
        "with sha256= or ENVGUARD_LOCK_SHA256.",
    ),
    code(
        "EG902",
        "rules-invalid",
        "The rule table is broken.",
        finds="An unknown key, kind, part or trait, a specifier or marker that is not valid, an id given twice, a "
        "row without a reason, a row that a row above hides.",
        matters="A row that silently never matches gives false safety. The whole table is refused (exit code 2).",
        action="Correct the key that the message names.",
        limits="Only what can be seen in the table itself is checked; rows that match nothing are reported by a check.",
    ),
    code(
        "EG903",
        "stale-rule",
        "A rule has ended, or never matched.",
        finds="A row whose `until` has passed and that would have decided a change of this report; as a note, user "
        "rows that matched nothing.",
        matters="A waiver that ended no longer excuses anything; a row that never matches is often misspelt.",
        action="Decide again: renew the date with a reason, or remove the row; then freeze.",
        limits="A row that matched nothing is only a note: in a pinned environment no row matches anything.",
    ),
    code(
        "EG904",
        "second-owner",
        "envguard's own files are claimed or changed by somebody else.",
        finds="Another distribution whose RECORD lists files of envguard/ or the envguard command, or own files that "
        "are not what envguard's RECORD says.",
        matters="A guard whose own code was replaced can answer anything.",
        action="Uninstall the other distribution, then reinstall: `pip install --no-deps --force-reinstall "
        "envguard-lock`.",
        limits="Code that replaces the guard and its RECORD together is not seen from inside; a read-only image is "
        "the answer to that.",
    ),
)
