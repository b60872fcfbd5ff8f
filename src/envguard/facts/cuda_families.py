"""Names of NVIDIA's libraries: those of the CUDA toolkit, which wheels bring, and those of the driver of a host.

A toolkit library carries its generation in its SONAME (``libcudart.so.12``, ``libcudnn.so.9``): two generations have
different interfaces and stand beside one another.
"""

import re

_TOOLKIT = re.compile(
    r"lib(?:"
    r"cudart|cudadevrt|cublas|cublasLt|nvblas|cudnn(?:_\w+)?|cufft|cufftw|curand|cusolver|cusolverMg|cusparse|cusparseLt"
    r"|nvrtc|nvrtc-builtins|nvJitLink|nvfatbin|nvptxcompiler|nvvm|nccl|nccl-net|cupti|nvperf_host|nvperf_target"
    r"|pcsamplingutil|checkpoint|cufile|cufile_rdma|nvToolsExt|nvtx3interop|nvjpeg|npp\w+|cudss|cutensor(?:Mg)?"
    r"|cutensornet|custatevec|nvshmem_host|cufftMp|cublasMp|cusolverMp"
    r")(?=\.so(?:\.[\d.]+)?$)",
    re.ASCII,
)
_DRIVER = re.compile(
    r"lib(?:cuda|nvidia-ml|nvcuvid|nvidia-encode|nvidia-opticalflow|nvoptix|nvidia-ptxjitcompiler|nvidia-nvvm|nvidia-fbc"
    r"|cudadebugger)\.so(?:\.[\d.]+)?",
    re.ASCII,
)
_GENERATION = re.compile(r"\.so\.([\d.]+)$", re.ASCII)


def family(soname: str) -> str:
    """``libcudnn`` for ``libcudnn.so.9``; "" for what is no library of the CUDA toolkit."""
    found = _TOOLKIT.match(soname)
    return found.group() if found is not None else ""


def generation(soname: str) -> str:
    """``9`` for ``libcudnn.so.9``; "" where the name has none."""
    found = _GENERATION.search(soname)
    return found.group(1) if found is not None else ""


def is_driver(soname: str) -> bool:
    """True for a library that only the driver of a host brings, such as ``libcuda.so.1``: no fact about wheels."""
    return _DRIVER.fullmatch(soname) is not None
