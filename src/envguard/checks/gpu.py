"""Do driver, CUDA libraries, torch and ONNX Runtime belong to one another?

The native facts answer it from the bytes; here their observations become part of the comparison.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

NAME = "gpu"
CODES = ("EG301", "EG302", "EG303", "EG304", "EG305", "EG306", "EG307")
OBSERVES = CODES
ALONE = True
DEPTH: "Depth" = "native"
