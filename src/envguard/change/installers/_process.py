"""Runs an installer for its answer alone: no input, a time limit, and only those settings that are the installer's."""

import os
import signal
import subprocess

from envguard._value import Value
from envguard.errors import UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS = 900
"""How long an installer may take: an index may be slow, and a resolver may go through many versions."""

_KEPT = (
    "HOME",
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "NETRC",
    "PYTHONUSERBASE",
    "CONDA_PKGS_DIRS",
    "MAMBA_ROOT_PREFIX",
)
_KEPT_BEGINNINGS = (
    "PIP_",
    "UV_",
    "SSL_",
    "REQUESTS_CA",
    "CURL_CA",
    "XDG_",
    "CONDARC",
    "CONDA_OVERRIDE_",
    "RATTLER_",
    "GIT_SSH",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_SETTINGS = ("PIP_", "UV_")


class Answer(Value):
    """What a process said."""

    status: int
    output: str
    errors: str


def run(command: "Sequence[str]", *, offline: bool = False, extra: "Mapping[str, str] | None" = None) -> Answer:
    """The answer of a process.

    Args:
        command: Program and arguments.
        offline: Leave out settings by which the installer would ask the network after all.
        extra: Further environment variables.

    Raises:
        UnverifiableError: It cannot be started, or takes too long.
    """
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**_environ(offline=offline), **(extra or {})},
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except OSError as error:
        problem = f"{command[0]}: cannot be run: {(error.strerror or str(error)).lower()}"
        raise UnverifiableError(problem, remedy="name another installer with --installer") from error
    with process:
        try:
            output, errors = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise UnverifiableError(
                f"{command[0]}: no answer within {SECONDS} s", remedy="ask for less at once, or name exact versions"
            ) from error
        finally:
            _end(process)
    return Answer(
        status=process.returncode, output=output.decode("utf-8", "replace"), errors=errors.decode("utf-8", "replace")
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Nothing that it started outlives it, whatever happened."""
    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # it has just left by itself
        return


def _environ(*, offline: bool) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT
        or (name.startswith(_KEPT_BEGINNINGS) and not (offline and name.startswith(_SETTINGS)))
        or (name in _PROXIES and not offline)
    }
    quiet = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if offline:
        quiet["PIP_CONFIG_FILE"] = os.devnull
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **kept, **quiet}
