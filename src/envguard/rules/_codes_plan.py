"""EG20x: what would move if a proposed change were made."""

from envguard.rules._code import code

CODES = (
    code(
        "EG201",
        "would-change-version",
        "Another version than the validated one would be installed.",
        finds="Every distribution whose version the installer would change, whether it was named in the request or is "
        "brought by another; compared with the golden file's version where it pins one, else with the installed one.",
        matters="A request for one package may move others: adding pandas can replace numpy 1.26 by 2.x.",
        action="Keep what must not move, or try the change in a copy of the environment and validate it.",
        limits="It is what the installer answers today, from the indexes that it is pointed at.",
    ),
    code(
        "EG202",
        "would-be-added",
        "A package would be installed that is not there.",
        finds="Every distribution that the installer would add, with the chain of packages that asks for it.",
        matters="Its files meet those of the validated packages in one process.",
        action="Leave it out, or try the change in a copy of the environment and validate it.",
        limits="As for EG201.",
    ),
    code(
        "EG203",
        "would-be-removed",
        "A package would be removed.",
        finds="What the request removes, and what `uv pip sync` or conda would remove besides.",
        matters="Whatever imports it fails, or takes a fallback that was never validated.",
        action="Keep it, or remove what requires it too.",
        limits="Whether code outside of the environment imports it is not known.",
    ),
    code(
        "EG204",
        "would-be-other-artifact",
        "The same version would be installed from another artifact, source or variant.",
        finds="Reinstallations whose record digest is not the sealed one, other local labels (`+cpu`, `+cu124`), and "
        "installs from a path or URL in the place of an index.",
        matters="The same number is no proof of the same files.",
        action="Take the artifact that was validated.",
        limits="Where either digest is not known, a reinstallation counts as another artifact.",
    ),
    code(
        "EG205",
        "would-be-restored",
        "A package would become what the golden file says.",
        finds="Moves whose result is the version that the golden file pins, and removals of what it does not name.",
        matters="The environment would be nearer to the validated one.",
        action="Nothing.",
        limits="Where the golden file seals no record digests, versions alone are compared.",
    ),
    code(
        "EG206",
        "held-by-golden-file",
        "A pin of the golden file stands against the request.",
        finds="With the golden set as constraints the installer finds no solution. Named are the pins that it names as "
        "the conflict, and those that would move if nothing held them.",
        matters="The request cannot be had without moving what was validated.",
        action="Ask for a release that accepts the pin, or look at the larger change with `--free`.",
        limits="An installer names one conflict at a time.",
    ),
    code(
        "EG207",
        "would-be-left-behind",
        "A package would have no user any more.",
        finds="What only removed or replaced packages require, also by an extra. A note, no finding.",
        matters="No installer removes it, so the environment keeps files that nobody needs.",
        action="Remove it too, if nothing of your own imports it.",
        limits="Which extras were asked for leaves no trace; each counts as asked for.",
    ),
    code(
        "EG208",
        "artifact-not-readable",
        "What would be installed cannot be read before it is installed.",
        finds="Source archives and folders, editable installs, wheels and conda packages that cannot be fetched, have "
        "another digest than the one that was solved or are broken, `.conda` archives without the extra `conda` "
        "(zstandard), everything of conda's where another minor version of Python would come, and answers of an "
        "installer that do not say which artifact it would take.",
        matters="What it contains, overwrites or requires is not known, so nothing can be said in its favour.",
        action="Ask for a release that has a wheel, or build the wheel first and plan with --find-links. For a conda "
        "package give the folder with its archive, or install what reads it.",
        limits="The installer's dry run itself runs the build backend of a source archive. Of conda's caches archives "
        "are read, and not the folders that they were unpacked to: those may have been edited.",
    ),
    code(
        "EG209",
        "drifted-already",
        "The environment is not the golden one to begin with.",
        finds="Differences that `envguard check` would find now. A note, no finding of the plan.",
        matters="The change is judged against the golden file, and would be made in another environment.",
        action="Run `envguard check`, and restore the environment first.",
        limits="Looked at down to depth records.",
    ),
)
