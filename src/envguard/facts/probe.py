"""Live answers, for ``--probe`` only: the judged interpreter is started and its packages are imported there.

A package that is missing, raises, crashes or hangs is an answer like any other. Each question runs in a process of its
own, so that a crash in one costs nothing of the others, and is ended with all that it started when its time is up.
"""

import contextlib
import json
import os
import signal
import subprocess
import tempfile

from envguard.model import Fact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = "live"
"""Of these facts, among those of the toolchain."""
SECONDS = 60.0
"""How long one question may take: a cold import of torch from a network disk takes half a minute."""
LIMIT = 1 << 16
"""Bytes of an answer that are read."""
SHOWN = 300
"""Characters of a value or a reason that are kept."""


_TORCH = """
import torch
said = {
    "torch.__version__": str(torch.__version__),
    "torch.version.cuda": str(torch.version.cuda),
    "torch.cuda.is_available()": str(torch.cuda.is_available()),
}
if torch.cuda.is_available():
    said["torch.backends.cudnn.version()"] = str(torch.backends.cudnn.version())
    for index in range(torch.cuda.device_count()):
        major, minor = torch.cuda.get_device_capability(index)
        said[f"torch.cuda device {index}"] = f"{torch.cuda.get_device_name(index)}, compute capability {major}.{minor}"
"""
_TORCHVISION = """
import torchvision, torch
said = {"torchvision.__version__": str(torchvision.__version__)}
torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
said["torchvision.ops.nms on the CPU"] = "works"
"""
_ONNXRUNTIME = """
import onnxruntime
said = {
    "onnxruntime.__version__": str(onnxruntime.__version__),
    "onnxruntime.get_available_providers()": ", ".join(onnxruntime.get_available_providers()),
}
"""
_NUMPY = """
import numpy
said = {"numpy.__version__": str(numpy.__version__)}
"""
QUESTIONS: "Mapping[str, str]" = {
    "torch": _TORCH,
    "torchvision": _TORCHVISION,
    "onnxruntime": _ONNXRUNTIME,
    "numpy": _NUMPY,
}
"""Package and the program that asks it; each leaves its answers in ``said``."""

_ASK = """
import json, os, sys
if sys.path[:1] == [""]:
    del sys.path[0]
try:
{question}
except ModuleNotFoundError as error:
    said = {{"": "not installed" if error.name == {package!r} else f"ModuleNotFoundError: {{error}}"}}
except BaseException as error:
    said = {{"": f"{{type(error).__name__}}: {{error}}"}}
with os.fdopen({descriptor}, "w", encoding="utf-8", errors="backslashreplace") as answer:
    json.dump(said, answer)
"""


def ask(
    python: str,
    packages: "tuple[str, ...]" = tuple(QUESTIONS),
    *,
    seconds: float = SECONDS,
    environ: "Mapping[str, str] | None" = None,
) -> tuple[Fact, ...]:
    """Import packages in the judged interpreter and say what they answer.

    Args:
        python: The interpreter's executable.
        packages: Some of ``QUESTIONS``.
        seconds: The limit for each package.
        environ: Variables of the process; None takes those of this one, since LD_LIBRARY_PATH and CUDA_VISIBLE_DEVICES
            are part of what is asked about.
    """
    answers: list[Fact] = []
    for package in packages:
        answers.extend(_ask(python, package, seconds, dict(os.environ if environ is None else environ)))
    return tuple(answers)


def observed(answers: tuple[Fact, ...]) -> dict[str, bool]:
    """What the answers prove, for ``cuda_stack.observe``: what was seen to work wins over files and tables.

    That ONNX Runtime lists a provider proves nothing: it does so where the provider cannot be loaded.
    """
    reached = any(each.name == "torch.cuda.is_available()" and each.value == "True" for each in answers)
    return {"torch": True} if reached else {}


def _ask(python: str, package: str, seconds: float, environ: dict[str, str]) -> tuple[Fact, ...]:
    with tempfile.TemporaryFile() as answer:
        descriptor = answer.fileno()
        indented = "\n".join(f"    {line}" for line in QUESTIONS[package].splitlines())
        program = _ASK.format(question=indented, package=package, descriptor=descriptor)
        why = _run([python, "-c", program], descriptor, seconds, environ)
        answer.seek(0)
        said = answer.read(LIMIT + 1)
    if why:
        return (_fact(f"import {package}", f"unknown ({why})", package),)
    return _understood(package, said)


def _run(command: list[str], descriptor: int, seconds: float, environ: dict[str, str]) -> str:
    """Why there is no answer, or ""."""
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=environ,
                cwd="/",
                pass_fds=(descriptor,),
                start_new_session=True,  # so that what it starts is ended with it
            )
        except OSError as error:
            return f"the interpreter cannot be run: {(error.strerror or str(error)).lower()}"
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"no answer within {seconds:g} s"
        finally:
            _end(process)
        errors.seek(0)
        last = errors.read(LIMIT).decode("utf-8", "replace").strip().rpartition("\n")[2][:SHOWN]
    if status < 0:
        return f"the process was ended by {_signal(-status)}"
    return f"the process left with {status}: {last}" if status else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and what it has started, which is a group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing of its group is there any more
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"


def _understood(package: str, said: bytes) -> tuple[Fact, ...]:
    unclear = (_fact(f"import {package}", "unknown (its answer could not be understood)", package),)
    try:
        facts = json.loads(said)
    except (ValueError, RecursionError):
        return unclear
    if not isinstance(facts, dict):
        return unclear
    if "" in facts:
        return (_fact(f"import {package}", str(facts[""]).replace("\n", " "), package),)
    return tuple(_fact(key, str(value), package) for key, value in facts.items())


def _fact(name: str, value: str, package: str) -> Fact:
    return Fact(section=SECTION, name=name[:SHOWN], value=value[:SHOWN], source=f"import {package}")
