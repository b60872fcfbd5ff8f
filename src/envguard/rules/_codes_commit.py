"""EG21x: what a commit would do to the golden file, and to what belongs together."""

from envguard.rules._code import code

CODES = (
    code(
        "EG210",
        "lock-removed",
        "A commit deletes the golden file.",
        finds="A lock that stands in the commit before and not in the one that is made, and was not moved to the place "
        "that the settings name now.",
        matters="Hooks that are given the names of changed files never see a deletion, and without a golden file every "
        "later check has nothing to compare.",
        action="Restore it. If the project is to go on without it, say so with a row that names `lock-removed`.",
        limits="Seen by `envguard hook lock` only, in what is staged or between the refs that it is given.",
    ),
    code(
        "EG211",
        "rule-loosened",
        "A rule is loosened and used in the same commit.",
        finds="A change that the rules of the commit before judge more gravely than those of the commit that is made. "
        "The change itself keeps the graver verdict.",
        matters="It is the usual way round such a gate: the row that forbids is dropped together with what it forbade.",
        action="Commit the rule by itself, have it reviewed, and the change after that.",
        limits="Rules are read from the sealed lock, or from the settings of the same commit. A rule that is loosened "
        "in an earlier commit is a decision that was already made.",
    ),
    code(
        "EG212",
        "moved-apart",
        "Packages that only move together moved apart.",
        finds="A row with `together` (torch, torchvision and torchaudio are built in) of which one package moved while "
        "another stayed that pins it, or that have different builds such as `cpu` and `cu124` afterwards.",
        matters="Compiled packages of one family call one another's symbols; a mixed pair fails on import, or runs "
        "without its kernels.",
        action="Move all of them in one command from one index, to versions that were released together.",
        limits='With `follow = "requires-dist"` the packages\' own requirements decide. Most locks do not hold them: '
        "then it is cautious, and says that it is not known.",
    ),
)
