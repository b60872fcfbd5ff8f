"""Questions that an interpreter answers about itself.

The source of this file is also run inside another interpreter, as ``python -I -S -c``, so it uses nothing but the
standard library and runs on any Python 3.6 or later. Started that way, no package, no ``.pth`` and no sitecustomize of
the judged environment is loaded, and what the answer says about folders is what its own ``site`` would compute.
"""

import os
import sys


def identity():
    # type: () -> dict[str, str]
    """What compiled code was built for, from sources that cost microseconds."""
    return {
        "implementation": sys.implementation.name,
        "version": sys.version.split()[0],
        "soabi": soabi(),
        "system": sys.platform,
        "machine": os.uname().machine,
        "libc": libc(),
    }


def soabi():
    # type: () -> str
    """The ABI tag of extension modules (PEP 3149), such as ``cpython-311-x86_64-linux-gnu``."""
    import _imp

    suffixes = _imp.extension_suffixes()
    return str(suffixes[0]).lstrip(".").rpartition(".")[0] if suffixes else ""


def libc():
    # type: () -> str
    """C library and version, such as ``glibc 2.36``; empty where it is not known."""
    try:
        known = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):  # not POSIX, or a C library that does not know the question
        known = None
    return known or _musl()


def _musl():
    # type: () -> str
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            loaders = sorted({line.split()[-1] for line in maps if "/ld-musl-" in line})
    except OSError:
        return ""
    if not loaders:
        return ""
    import subprocess

    try:
        # musl's loader says its version when it is run without a program, and then leaves with 1.
        done = subprocess.run(
            [loaders[0]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError:
        return "musl unknown"
    return "musl " + musl_version(done.stdout.decode("ascii", "replace"))


def musl_version(said):
    # type: (str) -> str
    """The version in what musl's loader prints, such as ``1.2.4``; ``unknown`` where it says none."""
    for line in said.splitlines():
        if line.startswith("Version "):
            return line.split()[1]
    return "unknown"


def layout():
    # type: () -> dict[str, object]
    """Where this interpreter looks for modules, before any ``.pth`` is read. For a start with ``-I -S`` only."""
    import site  # computes nothing under -S

    standard = [entry for entry in sys.path if entry]
    prefixes = [sys.prefix, sys.exec_prefix]
    venv, with_system = _virtual()
    if venv:
        sys.prefix = sys.exec_prefix = venv  # as site.venv() does; distributors' getsitepackages() asks for it
    return {
        "executable": sys.executable,  # what was started may be a script that starts this
        "prefix": sys.prefix,
        "standard": standard,
        "venv": site.getsitepackages([venv]) if venv else [],
        "system": site.getsitepackages(prefixes) if with_system else [],
        "user": site.getusersitepackages() if with_system else "",
        "same_user": os.geteuid() == os.getuid() and os.getegid() == os.getgid(),
    }


def _virtual():
    # type: () -> tuple[str, bool]
    """The folder of the virtual environment or "", and whether the system's packages are visible (PEP 405)."""
    binaries = os.path.dirname(os.path.abspath(sys.executable))
    home = os.path.dirname(binaries)
    for folder in (binaries, home):
        settings = os.path.join(folder, "pyvenv.cfg")
        if os.path.isfile(settings):
            return home, _with_system(settings)
    return "", True


def _with_system(settings):
    # type: (str) -> bool
    answer = "true"
    with open(settings, encoding="utf-8") as lines:
        for line in lines:
            key, _equals, value = line.partition("=")
            if key.strip().lower() == "include-system-site-packages":
                answer = value.strip().lower()
    return answer == "true"


if __name__ == "__main__":
    import json

    print(json.dumps({"identity": identity(), "layout": layout()}))  # noqa: T201 - the answer to the caller
