"""Names of extension modules: which ones an interpreter loads, and for which interpreter one was named (PEP 3149)."""

import re

_BOUND = re.compile(r"\.((?:cpython|pypy|graalpy)[\w-]*)\.so$", re.ASCII)
_FREE_THREADED = re.compile(r"cpython-\d+[a-z]*t")


def extension_suffixes(soabi: str) -> tuple[str, ...]:
    """The suffixes of extension modules in the order in which the interpreter tries them.

    They are those of ``importlib.machinery.EXTENSION_SUFFIXES``. A free-threaded build knows no stable ABI before
    Python 3.15 (PEP 803), a debug build loads modules of release builds too.

    Args:
        soabi: Such as ``cpython-311-x86_64-linux-gnu``.
    """
    stable = () if _FREE_THREADED.match(soabi) or not soabi.startswith("cpython-") else (".abi3.so",)
    own = (f".{soabi}.so",) if soabi else ()
    released = re.sub(r"^(cpython-\d+t?)d(?=-|$)", r"\1", soabi)
    return (*own, *((f".{released}.so",) if released != soabi else ()), *stable, ".so")


def bound_to(name: str) -> str:
    """The ABI tag in a file name: ``cpython-310-x86_64-linux-gnu``; "" for a name without one."""
    found = _BOUND.search(name)
    return found.group(1) if found is not None else ""


def is_for_another(name: str, soabi: str) -> bool:
    """True for the name of an extension module that an interpreter never looks for.

    Args:
        name: A file name or path.
        soabi: Of the interpreter.
    """
    tag = bound_to(name)
    suffixes = extension_suffixes(soabi)
    return f".{tag}.so" not in suffixes if tag else name.endswith(".abi3.so") and ".abi3.so" not in suffixes
