"""What the metadata of a wheel proves about the code in it: tags and traits.

A trait is stated only where something was read that shows it. What is not known is absent, so a rule that asks for
``!native`` should ask for ``pure`` instead.

Sources: PEP 425 and PEP 427 (tags, WHEEL), PEP 384 (stable ABI).
"""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TRAITS: "Mapping[str, str]" = {
    "pure": "No compiled file: RECORD lists no shared object and every wheel tag is for any platform. Of a package that "
    "is known from a lock alone, the tags decide.",
    "native": "Compiled code: RECORD lists a shared object, or a wheel tag names a platform.",
    "abi3": "All its extension modules keep to Python's stable ABI: tag abi3, or only .abi3.so files.",
    "cuda": "Made for CUDA: its name is of a CUDA family, its version has a +cuNNN label, it requires nvidia-*, or a "
    "file of it links or is a library of the CUDA toolkit.",
    "torch-linked": "A compiled file of it links libtorch or libc10 of another package.",
    "python-linked": "A compiled file of it links libpython, so it is bound to that shared library.",
    "numpy-1": "A compiled file of it was built for the C-API of NumPy 1.",
    "numpy-2": "A compiled file of it was built for the C-API of NumPy 2.",
    "editable": "Installed in editable mode: its code lies in a working copy and can change without a trace.",
    "code": "Something in it can be imported: RECORD lists a .py, .pyc or extension module.",
    "startup": "It ships a .pth file, which Python reads and may run at every start.",
}
"""Every trait and what proves it."""

_TAG_PART = r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*"
_TAG = re.compile(rf"{_TAG_PART}-{_TAG_PART}-{_TAG_PART}", re.ASCII)
_TAG_LIMIT = 4096

_SHARED_OBJECT = re.compile(r"\.(?:so(?:\.[0-9][\w.]*)?|pyd|dylib|dll)$", re.ASCII | re.IGNORECASE)
_STABLE_MODULE = re.compile(r"\.abi3(?:t)?\.so$", re.ASCII)
_BOUND_MODULE = re.compile(r"\.(?:cpython|pypy|graalpy)[\w-]*\.so$|\.cp\d+[\w-]*\.pyd$", re.ASCII)
_IMPORTABLE = (".py", ".pyc", ".pyd", ".so")

_CUDA_NAME = re.compile(
    r"nvidia-.+"  # nvidia-cublas-cu12, nvidia-nccl-cu13, nvidia-dali-cuda120
    r"|cuda-.+"  # cuda-toolkit, cuda-bindings
    r"|.*-cu(?:da)?\d+x?(?:-.+)?"  # cupy-cuda12x, faiss-gpu-cu12, jax-cuda12-plugin
    r"|(?:onnxruntime|tensorflow|faiss|paddlepaddle|mxnet)-gpu",  # built for CUDA on every index release
    re.ASCII,
)
_NOT_CUDA = frozenset({"nvidia-ml-py", "nvidia-ml-py3", "nvidia-pyindex"})
"""They ask the driver or configure an index, and run without CUDA."""
_CUDA_LABEL = re.compile(r"(?:^|\.)cu\d+(?:$|\.)", re.ASCII)
_REQUIRED_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.ASCII)


def tags(wheel_file: bytes) -> tuple[str, ...]:
    """The wheel's tags, compressed sets expanded, sorted: ``("cp311-cp311-manylinux_2_17_x86_64", …)``.

    Args:
        wheel_file: The bytes of WHEEL.

    Returns:
        An empty tuple where WHEEL names no well-formed tag.
    """
    found: set[str] = set()
    for value in _header(wheel_file, "tag"):
        if _TAG.fullmatch(value) is None:
            continue
        pythons, abis, platforms = (part.split(".") for part in value.split("-"))
        if len(found) + len(pythons) * len(abis) * len(platforms) > _TAG_LIMIT:
            break  # no wheel has thousands of tags; a hostile one must not make us build millions
        found.update(f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms)
    return tuple(sorted(found))


def are_for_any_platform(tags: "Sequence[str]") -> bool:
    """True where there are tags and each promises that the wheel runs on any platform, hence without compiled code."""
    return bool(tags) and all(tag.endswith("-none-any") for tag in tags)


def root_is_purelib(wheel_file: bytes) -> "bool | None":
    """What WHEEL says of its own purity, None where it says nothing. Wheels of shared objects are known to lie."""
    values = [value.lower() for value in _header(wheel_file, "root-is-purelib")]
    if values[:1] == ["true"]:
        return True
    if values[:1] == ["false"]:
        return False
    return None


def traits(
    name: str,
    version: str,
    tags: "Sequence[str]" = (),
    paths: "Iterable[str]" = (),
    *,
    purelib: "bool | None" = None,
    requires: "Iterable[str]" = (),
    environment: "Mapping[str, str] | None" = None,
    editable: bool = False,
) -> tuple[str, ...]:
    """The traits that can be shown, sorted. ``TRAITS`` says what each means.

    Args:
        name: Normalised name.
        version: With its local label.
        tags: As ``tags()`` gives them.
        paths: The paths of RECORD's rows; none where there is no RECORD.
        purelib: ``root_is_purelib()``, believed only where no tag is known.
        requires: The values of Requires-Dist.
        environment: PEP 508 marker variables of the interpreter concerned; None takes the running one's.
        editable: direct_url.json says so, or the code lies elsewhere.
    """
    listed = tuple(paths)
    found = set(_build_traits(tags, listed, purelib))
    if _is_cuda(name, version, requires, environment):
        found.add("cuda")
    if editable:
        found.add("editable")
    if any(path.endswith(_IMPORTABLE) and not path.startswith("../") for path in listed):
        found.add("code")
    if any(path.endswith(".pth") and "/" not in path for path in listed):
        found.add("startup")
    return tuple(sorted(found))


def _build_traits(tags: "Sequence[str]", paths: "Sequence[str]", purelib: "bool | None") -> set[str]:
    platforms = {tag.rpartition("-")[2] for tag in tags}
    if any(_SHARED_OBJECT.search(path) for path in paths) or platforms - {"any"}:
        return {"native", "abi3"} if _stable_abi(tags, paths) else {"native"}
    # A wheel for any platform without a shared object is pure, whatever its header says.
    known_pure = platforms == {"any"} or (not tags and purelib is True)
    return {"pure"} if paths and known_pure else set()


def _stable_abi(tags: "Sequence[str]", paths: "Sequence[str]") -> bool:
    if any(_BOUND_MODULE.search(path) for path in paths):
        return False
    if tags and all(tag.split("-")[1] == "abi3" for tag in tags):
        return True
    return any(_STABLE_MODULE.search(path) for path in paths)


def _is_cuda(name: str, version: str, requires: "Iterable[str]", environment: "Mapping[str, str] | None") -> bool:
    if name in _NOT_CUDA:
        return False
    if _CUDA_NAME.fullmatch(name):
        return True
    label = version.partition("+")[2].lower().replace("-", ".").replace("_", ".")
    if _CUDA_LABEL.search(label):
        return True
    return any(_requires_cuda(requirement, environment) for requirement in requires)


def _requires_cuda(requirement: str, environment: "Mapping[str, str] | None") -> bool:
    """True where it names a CUDA library and its marker holds; an extra that nobody asked for is no evidence."""
    from envguard.versions import normalise

    named = _REQUIRED_NAME.match(requirement)
    if named is None:
        return False
    name = normalise(named.group(1))
    if name in _NOT_CUDA or not name.startswith(("nvidia-", "cuda-")):
        return False
    marker = requirement.partition(";")[2]
    return not marker.strip() or _holds(marker, environment)


def _holds(marker: str, environment: "Mapping[str, str] | None") -> bool:
    try:
        from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
    except ImportError:
        return False  # packaging itself is what is missing: the check goes on, and says so
    try:
        return Marker(marker).evaluate({**(environment or {}), "extra": ""})
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, ValueError, RecursionError):
        return False  # no evidence


def _header(wheel_file: bytes, name: str) -> list[str]:
    """Values of a header of WHEEL, which has the form of mail headers."""
    values = []
    for line in wheel_file.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        key, _colon, value = line.partition(":")
        if key.strip().lower() == name:
            values.append(value.strip())
    return values
