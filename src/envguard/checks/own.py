"""Are the guard's own files its own?

The scan answers it while it reads; here its observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

NAME = "own"
CODES = ("EG904",)
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "versions"
