"""What to do instead, with the names and versions of one change in it."""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change

_PLACEHOLDER = re.compile(r"\{(package|locked|installed)\}")
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*", re.ASCII)


def fill(template: str, change: "Change") -> str:
    """``template`` with its placeholders filled, by nothing that a shell could take for more than a word.

    What is filled in comes from metadata and lock files, and people paste the result into a terminal.
    """

    def value(found: "re.Match[str]") -> str:
        field = found.group(1)
        text: str = getattr(change, field)
        return text if _HARMLESS.fullmatch(text) else f"<{field}>"

    return _PLACEHOLDER.sub(value, template)
