"""Small distributions that stand for those of the CUDA stack, which have hundreds of megabytes.

Their metadata and version files say what the real ones say; their libraries are real to the loader and hold no code.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from envguard.environment import scan
from envguard.environment.interpreter import markers, running
from envguard.facts import cuda_stack
from envguard.facts.driver import Driver, Gpu
from envguard.facts.natives import Natives
from envguard.model import Change

TORCH = """from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip']
__version__ = '{version}'
debug = False
cuda: Optional[str] = {cuda!r}
git_version = '32f585d9346e316e554c8d9bf7548af9f62141fc'
hip: Optional[str] = {hip!r}
"""
COMPANION = """__version__ = '{version}'
git_version = 'afc54f754c734d903a06194e416495e20d920ff6'
from torchvision.extension import _check_cuda_version
if _check_cuda_version() > 0:
    cuda = _check_cuda_version()
"""
NO_DRIVER = Driver(why="no NVIDIA driver here")


def install(
    site: Path, name: str, version: str, files: Mapping[str, "str | bytes"], requires: Sequence[str] = ()
) -> Path:
    """Write a distribution as an installer would; its metadata folder is the answer."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {text}\n" for text in requires)
    wheel = "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: false\nTag: py3-none-any\n"
    rows = [f"{info}/RECORD,,\n"]
    for path, content in {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": wheel}.items():
        data = content.encode() if isinstance(content, str) else content
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(data)
        digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}\n")
    (site / info / "RECORD").write_text("".join(rows))
    return site / info


def install_torch(
    site: Path, version: str = "2.5.0+cu124", cuda: "str | None" = "12.4", hip: "str | None" = None, **more: object
) -> Path:
    """A torch as the index has it: its metadata does not say the local label."""
    files = {"torch/version.py": TORCH.format(version=version, cuda=cuda, hip=hip), **dict(more.pop("files", {}))}  # type: ignore[call-overload]
    return install(site, "torch", version.partition("+")[0], files, **more)  # type: ignore[arg-type]


@contextmanager
def opened(site: Path, **variables: str) -> Iterator[Natives]:
    """The compiled files of one folder, for this interpreter."""
    environment = scan(paths=[str(site)])
    facts = {**markers(running()), **variables}
    with Natives(environment, markers=facts, library_path="", preload="") as natives:
        yield natives


def seen(site: Path, code: str = "", **options: object) -> list[Change]:
    """What is said of the CUDA stack, notes left out; on a machine without a driver unless one is given."""
    return [each for each in everything(site, code, **options) if each.kind != "noted"]


def everything(site: Path, code: str = "", **options: object) -> list[Change]:
    """The same with the notes."""
    with opened(site) as natives:
        found = list(cuda_stack.observe(natives, **{"driver": NO_DRIVER, **options}))  # type: ignore[arg-type]
    return [each for each in found if not code or each.code == code]


def driver(version: str, *, cuda: str = "", gpu: "tuple[int, int] | None" = None, library: str = "") -> Driver:
    """A driver of that version, with one GPU where its compute capability is given."""
    gpus = () if gpu is None else (Gpu(name="NVIDIA Test GPU", capability=gpu),)
    sources = ("/proc/driver/nvidia/version",)
    return Driver(kernel=version, library=library, cuda=cuda, present=True, gpus=gpus, sources=sources)
