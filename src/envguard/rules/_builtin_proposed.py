"""Built-in rows on what a repository's files and commits propose; they stand in ``builtin.ROWS`` with the others."""

from envguard.model import Rule

PROPOSED = (
    Rule(
        id="interpreter-replaced",
        verdict="forbidden",
        reason="the image's torch was compiled for the image's own Python, and another one cannot load it",
        change=("replaced",),
        part=("certain",),
        instead="use the Python of the image, or an image that was built for the Python that is needed",
    ),
    Rule(
        id="interpreter-beside",
        verdict="cautious",
        reason="it may come before the image's own Python, for which the image's torch was compiled",
        change=("replaced",),
        instead="use the Python of the image, or call the other one only by its full path",
    ),
    Rule(
        id="lock-removed",
        verdict="forbidden",
        reason="without the golden file nothing is compared any more, and whatever is installed passes",
        change=("lock-removed",),
        instead="git restore --staged --worktree the file",
    ),
    Rule(
        id="loosened",
        verdict="cautious",
        reason="a rule and the change that it used to stop stand together, so neither was reviewed without the other",
        change=("loosened",),
        instead="commit the rule by itself, let it be reviewed, then the change",
    ),
    Rule(
        id="apart",
        verdict="cautious",
        reason="packages that only move together moved apart",
        change=("apart",),
        instead="move all of them in one command from one index",
    ),
)
