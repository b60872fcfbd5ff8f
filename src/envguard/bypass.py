"""Break-glass: start in spite of drift, with a reason, until a date, and never in silence.

``ENVGUARD_BYPASS="<reason>;until=<YYYY-MM-DD>"`` is honoured only where the golden file allows it. There is no switch
that is merely on: one would be set once and forgotten. Whatever is not exactly of that form, and whatever has expired,
refuses. The errors are LockErrors, so they latch like every other refusal: the golden file decides on its bypass.
"""

from envguard._value import Value
from envguard.errors import LockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "ENVGUARD_BYPASS"
_FORM = "write '<reason>;until=<YYYY-MM-DD>', with a reason of 8 to 500 printable characters"


class Bypass(Value):
    """A readable, unexpired bypass. Whether it counts is for the golden file to say."""

    reason: str
    until: str
    """ISO date of the last day on which it counts."""


def read(environ: "Mapping[str, str]", today: str) -> "Bypass | None":
    """The bypass that the environment variables ask for, or None where they ask for none.

    Args:
        environ: Usually ``os.environ``.
        today: The ISO date of today.

    Raises:
        LockError: The variable is set, but malformed, without a reason, or expired.
    """
    text = environ.get(VARIABLE)
    if text is None:
        return None
    reason, mark, until = text.rpartition(";until=")
    reason = reason.strip()
    if not mark or not _is_date(until):
        raise LockError(f"{VARIABLE} has no end date", remedy=_FORM)
    if not 8 <= len(reason) <= 500 or not reason.isprintable():
        raise LockError(f"{VARIABLE} gives no reason", remedy=_FORM)
    if until < today:
        raise LockError(f"{VARIABLE} expired on {until}", remedy="repair the environment, or ask again with a new date")
    return Bypass(reason=reason, until=until)


def _is_date(text: str) -> bool:
    from datetime import date

    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
