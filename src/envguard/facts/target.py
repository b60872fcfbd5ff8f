"""The markers of another platform (PEP 508), for questions such as what a lock would bring to ``linux_aarch64``."""

import re

from envguard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SYSTEMS = {
    "linux": ("linux", "Linux", "posix"),
    "musllinux": ("linux", "Linux", "posix"),
    "manylinux": ("linux", "Linux", "posix"),
    "macosx": ("darwin", "Darwin", "posix"),
    "win": ("win32", "Windows", "nt"),
}
_TAG = re.compile(
    r"(linux|manylinux|musllinux|macosx|win)(?:\d{1,4}|_\d+_\d+|(?=_))_?(x86_64|aarch64|arm64|amd64|i686|ppc64le|s390x|armv7l)",
    re.ASCII,
)
_REMEDY = "a platform tag such as linux_x86_64, linux_aarch64, macosx_14_0_arm64 or win_amd64"


def markers(tag: str, here: "Mapping[str, str]") -> dict[str, str]:
    """The markers of ``here`` with the variables of another platform.

    Args:
        tag: A platform tag (PEP 425), such as ``linux_aarch64`` or ``manylinux_2_28_x86_64``.
        here: The PEP 508 variables of an interpreter; what is said of Python itself is kept.

    Raises:
        UsageError: The tag names no platform that is known.
    """
    found = _TAG.fullmatch(tag.strip().lower())
    if found is None:
        raise UsageError(f"unknown platform {tag[:60]!a}", remedy=_REMEDY)
    system, named, kind = _SYSTEMS[found.group(1)]
    machine = found.group(2).upper() if kind == "nt" and found.group(2) == "amd64" else found.group(2)
    return {
        **here,
        "sys_platform": system,
        "platform_system": named,
        "os_name": kind,
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
    }
