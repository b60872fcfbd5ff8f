"""Do conda's records and what Python finds agree?

The scan answers it while it reads both; here its observations become part of the comparison, whatever the lock.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

NAME = "conda-records"
CODES = ("EG113", "EG114")
OBSERVES = CODES
DEPTH: "Depth" = "versions"
