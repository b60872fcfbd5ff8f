"""Is the metadata of what is installed sound?

The scan answers it while it reads; here its observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

NAME = "metadata"
CODES = ("EG109",)
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "versions"
