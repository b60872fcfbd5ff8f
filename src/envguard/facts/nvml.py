"""What NVML says of driver and GPUs: the only source for what a GPU can do.

It is asked through nvidia-ml-py where that is installed beside envguard, in a process of its own: NVML loads the
driver's library, which may crash, or hang on a GPU that has fallen off the bus.
"""

import json
import subprocess
import sys

from envguard.facts import driver as driver_facts
from envguard.facts.driver import GPUS, Driver, Gpu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECONDS = 10
"""How long NVML may take; it answers within a second where the driver works."""
LIMIT = 1 << 20
"""Characters of an answer that are believed."""

_ASK = """
import json, sys
try:
    import pynvml
except ImportError:
    sys.exit(3)
def text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
try:
    pynvml.nvmlInit()
    cuda = pynvml.nvmlSystemGetCudaDriverVersion_v2()
    said = {"driver": text(pynvml.nvmlSystemGetDriverVersion()), "cuda": cuda, "gpus": []}
    for index in range(pynvml.nvmlDeviceGetCount()):
        gpu = pynvml.nvmlDeviceGetHandleByIndex(index)
        capability = pynvml.nvmlDeviceGetCudaComputeCapability(gpu)
        said["gpus"].append([text(pynvml.nvmlDeviceGetName(gpu)), *capability])
except pynvml.NVMLError as error:
    said = {"error": str(error)}
print(json.dumps(said))
"""
_NOT_INSTALLED = 3


def this_machine(library_path: str) -> Driver:
    """The driver of this machine and its GPUs: what files say, and NVML where there is a driver.

    Args:
        library_path: LD_LIBRARY_PATH of the process that is judged.
    """
    return ask(driver_facts.read(library_path=library_path))


def ask(driver: Driver, *, python: str = "") -> Driver:
    """The driver with what NVML adds. ``why`` says what NVML could not tell.

    Args:
        driver: What the files said. Where they show no driver, NVML is not asked.
        python: The interpreter that has nvidia-ml-py; empty is the running one.
    """
    if not driver.present:
        return driver
    said, why = _answer(python or sys.executable)
    if said is None:
        return driver.replace(why=f"{driver.why}; {why}" if driver.why else why)
    try:
        return _merged(driver, said)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return driver.replace(why="the answer of NVML could not be understood")


def _answer(python: str) -> "tuple[dict[str, Any] | None, str]":
    try:
        done = subprocess.run(
            [python, "-I", "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"NVML did not answer within {SECONDS} s"
    except OSError as error:
        return None, f"NVML could not be asked: {(error.strerror or str(error)).lower()}"
    if done.returncode == _NOT_INSTALLED:
        return None, "what the GPUs can do is not known: nvidia-ml-py is not installed (the extra `torch`)"
    if done.returncode:
        return None, f"NVML could not be asked: the process left with {done.returncode}"
    try:
        said = json.loads(done.stdout[:LIMIT])
    except (ValueError, RecursionError):
        return None, "the answer of NVML could not be understood"
    if not isinstance(said, dict):
        return None, "the answer of NVML could not be understood"
    if "error" in said:
        return None, f"NVML: {str(said['error'])[:200]}"
    return said, ""


def _merged(driver: Driver, said: "dict[str, Any]") -> Driver:
    gpus = tuple(
        Gpu(name=str(name)[:100], capability=(int(major), int(minor))) for name, major, minor in said["gpus"][:GPUS]
    )
    cuda = int(said["cuda"])  # 12040 is 12.4
    return driver.replace(
        kernel=driver.kernel or str(said["driver"])[:40],
        cuda=f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda > 0 else "",
        gpus=gpus or driver.gpus,
        sources=(*driver.sources, "NVML"),
        why="",
    )
