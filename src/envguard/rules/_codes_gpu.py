"""EG3xx: driver, CUDA libraries, torch and ONNX Runtime."""

from envguard.rules._code import code

CODES = (
    code(
        "EG301",
        "driver-too-old",
        "The NVIDIA driver is older than the installed CUDA generation needs.",
        finds="A driver below the minimum of a CUDA major that something installed was built for: 450.80.02 for 11, "
        "525.60.13 for 12, 580 for 13 (minor-version compatibility); said once for each CUDA generation, with all "
        "that use it.",
        matters="Every CUDA call fails, or the framework falls back to the CPU without a word.",
        action="Upgrade the driver of the host, or install builds for a CUDA generation that the driver serves.",
        limits="There is no upper limit: newer drivers run older CUDA. A machine without a driver is not judged, "
        "since images are checked where there is no GPU. A newer libcuda.so.1 over an older kernel module (forward "
        "compatibility) is only noted. Jetson drivers are numbered otherwise and not judged. CUDA that was linked "
        "statically shows no generation.",
    ),
    code(
        "EG302",
        "cuda-generation-mix",
        "A file needs CUDA libraries of another generation than the installed one.",
        finds="A shared object that asks for, say, libcublas.so.11 where only libcublas.so.12 is installed, by "
        "DT_NEEDED or, where that was edited away, by its symbol versions.",
        matters="It cannot be loaded: an import fails, or a provider is skipped and the work runs on the CPU.",
        action="Install the build of the package for the CUDA generation that torch brings, or the matching nvidia-* "
        "wheels beside it.",
        limits="Libraries of the system are found as the loader finds them. What a program opens by name at run time "
        "(dlopen) is not seen unless its file states it. Numbered variants, of which one loads, are only noted.",
    ),
    code(
        "EG303",
        "cudnn-generation",
        "A file needs another cuDNN generation than the installed one.",
        finds="A shared object that asks for libcudnn.so.8 where libcudnn.so.9 is installed, or the reverse.",
        matters="The generations 8 and 9 cannot stand for one another: an import fails, or a provider is skipped.",
        action="Reinstall the nvidia-cudnn wheel that the framework pins, with --no-deps.",
        limits="Sub-versions within one generation are not compared.",
    ),
    code(
        "EG304",
        "onnxruntime-provider",
        "ONNX Runtime's CUDA provider cannot be loaded here.",
        finds="A libonnxruntime_providers_cuda.so whose CUDA or cuDNN libraries are not installed, are of another "
        "generation, or lie where the loader does not look; or two ONNX Runtime distributions share one folder: "
        "RECORD hashes tell which one's module lies there.",
        matters="ONNX Runtime then runs on the CPU and says so in one log line only: a service that is correct and "
        "twenty times too slow.",
        action="Install the onnxruntime-gpu release that was built for the installed CUDA generation (from 1.19 on "
        "the index that is CUDA 12), and only one ONNX Runtime distribution.",
        limits="The files prove what is missing, never that a session will really use the GPU; `envguard doctor "
        "--probe` asks the library itself. Libraries that are found only after torch was imported are noted. Without "
        "any other generation installed it is a doubt, since CUDA may lie where only the LD_LIBRARY_PATH of the "
        "service leads.",
    ),
    code(
        "EG305",
        "torch-family",
        "The packages torch, torchvision and torchaudio do not belong to one another.",
        finds="A pin among their own Requires-Dist that is not met, or builds for different CUDA versions (by the "
        "local label, and by their version.py where wheels carry no label); torchvision refuses another CUDA major, "
        "torchaudio another major or minor.",
        matters="Operators vanish (`operator torchvision::nms does not exist`) or, worse, run with wrong kernels "
        "although every symbol resolves.",
        action="Install the three from one index in one command, with the versions that were released together.",
        limits="A release that pins no torch is judged by its label and its symbols (EG402) only. A build that names "
        "neither a label nor a CUDA version is not judged.",
    ),
    code(
        "EG306",
        "cuda-in-cpu-environment",
        "CUDA libraries beside a CPU build of torch.",
        finds="Distributions nvidia-*, cuda-toolkit, cuda-bindings, cuda-pathfinder and triton beside a torch for the "
        "CPU that nothing else requires in any extra and no compiled file links, with their megabytes; or "
        "requirements of that torch whose marker is true on the target platform.",
        matters="Gigabytes travel in every image in vain, and a CUDA build was probably meant.",
        action="Uninstall them, or install the CUDA build of torch.",
        limits="An extra that was asked for by hand leaves no trace; a library that only your own code opens counts "
        "as needed by nobody. Compilers and other NVIDIA products are not counted. `--target` reads the metadata of "
        "the installed torch.",
    ),
    code(
        "EG307",
        "gpu-architecture",
        "The installed build has no code for this GPU.",
        finds="A GPU whose compute capability is served by no SASS in the .nv_fatbin sections, and for which no "
        "usable PTX is there. SASS runs on the same major with an equal or higher minor, PTX where the driver knows "
        "the toolkit's CUDA.",
        matters="`no kernel image is available for execution on the device` at the first operation.",
        action="Install a build that names the GPU's architecture, or run on a GPU that it names.",
        limits="Needs the GPU's capability, which only NVML tells; unknown stays unknown. Kernels compiled at run "
        "time (Triton) are not in the files. sm_90a is read as sm_90.",
    ),
)
