"""Are the files of what is installed the sealed ones?

The scan answers it while it reads; here its observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

NAME = "files"
CODES = ("EG108",)
OBSERVES = CODES
DEPTH: "Depth" = "files"
