"""Has every file one owner, every requirement its package, and every start-up file somebody who answers for it?

The native facts answer it from the bytes; here their observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

NAME = "claims"
CODES = ("EG406", "EG407", "EG408", "EG409")
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "native"
