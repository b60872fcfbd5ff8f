"""Do the compiled files load, and is what they were built for there?

The native facts answer it from the bytes; here their observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

NAME = "native"
CODES = ("EG401", "EG402", "EG403", "EG404", "EG405")
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "native"
