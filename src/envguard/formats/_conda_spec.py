"""One dependency of a conda environment.yml becomes one pin.

Exact are ``name=version=build``, ``name==version`` and, as a decision of envguard, ``name=version``: to conda the
latter means any version that begins so, but in a golden file it comes from ``conda env export --no-builds``, which
writes full versions. Such a pin takes any build, and a build with ``*`` in it (``py311_cu121_*``) any that fits.
Everything else (a bare name, ranges, wildcards, alternatives, key
words in brackets) fixes nothing and cannot be verified.
"""

import re

from envguard.formats._text import redact
from envguard.model import Pin

LENGTH_LIMIT = 2_000
"""Characters of one spec."""

_SUBDIRS = re.compile(
    r"/(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi)-[a-z0-9_]{1,20})/?$", re.ASCII | re.IGNORECASE
)
_SPEC = re.compile(r"(?:(?P<channel>[^\s\[\]=<>!]{1,999}?)::)?(?P<name>\w[\w.-]{0,200})(?P<rest>.*)", re.ASCII)
_EXACT = re.compile(
    r"(?P<operator>={0,2})(?P<version>\w[\w.!+-]{0,200})(?:(?:=|[ ]+)(?P<build>[\w.+*-]{1,200}))?", re.ASCII
)
_SPACED_OPERATOR = re.compile(r"^[ ]*(==?)[ ]+")
_INSTALLED_BY_PIP = ("pypi_0", "dev_0", "pypi")


class SpecError(Exception):
    """A dependency that conda would refuse. The message says why."""


def pin(text: str, *, path: str, line: int) -> Pin:
    """The pin of one dependency.

    Args:
        text: The spec, such as ``conda-forge::pytorch=2.5.0=py311_cu124_1``.
        path: The file.
        line: 1-based.

    Raises:
        SpecError: The spec has no name or is too long.
    """
    spec = text.partition(" #")[0].strip()
    if len(spec) > LENGTH_LIMIT:
        raise SpecError(f"a dependency of more than {LENGTH_LIMIT} characters")
    blank = Pin(name="", path=path, line=line, text=redact(spec), manager="conda")
    if "${" in spec or spec.endswith((".conda", ".tar.bz2")):
        return blank.replace(unverifiable="a URL or variable is not read; name, version and build are")
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise SpecError("not a conda dependency")
    named = blank.replace(name=found["name"].lower(), channel=_channel(found["channel"] or ""))
    return _versioned(named, found["rest"])


def _versioned(named: Pin, rest: str) -> Pin:
    if named.name.startswith("__"):
        return named.replace(unverifiable="a virtual package stands for the machine, not for a package")
    if not rest.strip():
        return named.replace(unverifiable="it names no version")
    exact = _EXACT.fullmatch(_SPACED_OPERATOR.sub(r"\1", rest).strip())
    if exact is None:
        return named.replace(unverifiable="it allows more than one version or build")
    if not exact["operator"] and not rest.startswith(" "):
        raise SpecError("not a conda dependency")
    build = exact["build"] or ""
    if build in _INSTALLED_BY_PIP:
        return named.replace(version=exact["version"], unverifiable="its build says that pip installed it, not conda")
    return named.replace(version=exact["version"], build="" if build == "*" else build)


def _channel(written: str) -> str:
    """``conda-forge`` of ``conda-forge/linux-64``, and the last part of a channel that is a URL."""
    if "://" in written:
        written = redact(written).rstrip("/").partition("://")[2].partition("/")[2]
    return _SUBDIRS.sub("", written)
