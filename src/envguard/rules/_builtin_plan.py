"""The rows that judge what would move, beside those that judge what has moved; and remedies for both."""

from envguard.rules._row import row

ROWS = (
    row(
        "restored",
        "safe",
        "it is what the golden file says",
        change="restored",
    ),
    row(
        "held",
        "forbidden",
        "the request cannot be had together with what was validated",
        change="held",
        instead="ask for a release that accepts {package} {locked}, or judge the larger change with --free",
    ),
    row(
        "unopened-conda",
        "unverified",
        "the archive of the conda package could not be read, so that its files can be any",
        change="unopened",
        traits="conda",
        instead="try it in an environment of its own, where its files are looked at: envguard try",
    ),
    row(
        "unopened",
        "unverified",
        "what cannot be read before it is installed can hold anything",
        change="unopened",
        instead="ask for a release of {package} that has a wheel, or build one and name its folder with --find-links",
    ),
)

_KEEP = "keep {package} {locked}; if it must move, try it in a copy first: envguard try"
_LEAVE_OUT = "leave {package} out; if it is needed, try it in a copy first: envguard try"
KEEP = {
    "removed": "keep {package}, or remove what requires it too",
    "added-cuda": "leave {package} out, or take a build of it for the CPU",
    "added-editable": "install a built release of {package}",
    "added-native": _LEAVE_OUT,
    "moved-cuda": _KEEP,
    "downgraded-pure": _KEEP,
    "downgraded": _KEEP,
    "upgraded-epoch": _KEEP,
    "upgraded-pure": _KEEP,
    "upgraded-micro": _KEEP,
    "upgraded-native": _KEEP,
    "different": _KEEP,
    "variant": "take {package} in the variant of the golden file, from the index that has it",
    "source": "take {package} from the origin that the golden file names",
    "rebuilt-pure": "take the artifact of {package} that was validated",
    "rebuilt": "take the artifact of {package} that was validated",
}
"""Built-in row -> what to do while the change has not happened yet."""
