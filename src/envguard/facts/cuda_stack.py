"""Do driver, CUDA libraries, torch and ONNX Runtime belong to one another? Read from files, without a GPU.

EG301 driver-too-old              driver_fit
EG302 cuda-generation-mix         cuda_generations
EG303 cudnn-generation            cuda_generations
EG304 onnxruntime-provider        cuda_generations, onnxruntime_pair
EG305 torch-family                torch_family
EG306 cuda-in-cpu-environment     cuda_baggage
EG307 gpu-architecture            gpu_architecture
"""

from envguard.facts import (
    cuda_baggage,
    cuda_generations,
    cuda_users,
    driver_fit,
    gpu_architecture,
    nvml,
    onnxruntime_build,
    onnxruntime_providers,
    tables as table_facts,
    torch_family,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envguard.facts.driver import Driver
    from envguard.facts.natives import Natives
    from envguard.facts.tables import Tables
    from envguard.model import Change


def observe(
    natives: "Natives",
    *,
    driver: "Driver | None" = None,
    tables: "Tables | None" = None,
    observed: "Mapping[str, bool] | None" = None,
    target: "Mapping[str, str] | None" = None,
) -> "Iterator[Change]":
    """Everything that can be said of the CUDA stack; nothing where nothing uses CUDA.

    Args:
        natives: The compiled files of the environment.
        driver: What is known of the driver; None asks this machine, and NVML only where there is a driver.
        tables: None takes the built-in ones.
        observed: What was seen to work: normalised names of distributions that reached the GPU, paths or names of
            libraries that were loaded. It wins over files and tables.
        target: The PEP 508 variables of another platform, see ``envguard.facts.target``: what torch would bring there.

    Raises:
        RuleError: A table is not valid.
    """
    rows = tables if tables is not None else table_facts.load()
    yield from torch_family.observe(natives)
    yield from cuda_baggage.observe(natives, target=target)
    seen = frozenset(name for name, worked in (observed or {}).items() if worked)
    runtime = onnxruntime_build.read(natives)
    if runtime is not None:
        yield from onnxruntime_providers.observe(natives, runtime, rows, seen=seen)
    yield from cuda_generations.observe(natives, rows, seen=seen, apart=onnxruntime_providers.paths(runtime))
    users = cuda_users.find(natives, rows)
    if not users:
        return
    host = driver if driver is not None else nvml.this_machine(natives.library_path)
    yield from driver_fit.observe(host, users, rows, working=seen)
    torch = torch_family.builds(natives).get("torch")
    toolkit = torch.cuda if torch is not None else ""
    yield from gpu_architecture.observe(natives, host, users, toolkit=toolkit, working=seen)
