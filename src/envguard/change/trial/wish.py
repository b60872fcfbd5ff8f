"""What a trial is asked to do."""

from envguard._value import Value
from envguard.change.installers.request import Request
from envguard.change.trial.tolerance import Tolerance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Verdict


class Wish(Value):
    """A change, the test that must pass before and after it, and what counts as a pass."""

    request: Request
    test: tuple[str, ...]
    """The words of the test's command."""
    test_text: str
    """The same as it was written."""
    lock: "str | None" = None
    python: "str | None" = None
    compare: str = ""
    """A file that the test writes; empty for none."""
    tolerance: Tolerance = Tolerance()
    timeout: "float | None" = None
    """Seconds that one run of the test may take."""
    max_slowdown: "float | None" = None
    """How many times as long the test may take after the change; None does not judge it."""
    max_memory: "float | None" = None
    """How many times as much memory it may take; None does not judge it."""
    allow: "Verdict | None" = None
    """Newly broken things up to this verdict do not fail the trial."""
    free: bool = False
    offline: bool = False
    find_links: tuple[str, ...] = ()
    installer: str = ""
    keep: bool = False
    """Keep the environment of a trial that failed."""
    folder: str = ""
    """Where the test runs; empty is the working directory."""
