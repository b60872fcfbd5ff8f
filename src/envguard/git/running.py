"""Asking git, by its plumbing commands: nothing is written, nothing is fetched, and no filter or hook is run."""

import os
import subprocess

from envguard.errors import UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 60
"""How long one answer may take."""
ANSWER_LIMIT = 256 << 20
"""Bytes of one answer. The index of a repository with a million files has about 100 MB."""
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "SYSTEMROOT")
_OF_A_HOOK = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_QUARANTINE_PATH",
    "GIT_WORK_TREE",
)
"""What git tells its hooks of the commit that is being made, and how a machine finds its settings. The index of
``git commit -a`` and ``git commit PATH`` is not the usual one, and a server receives commits into a quarantine."""
_SETTINGS = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "--literal-pathspecs", "--no-pager")


def environment(given: "Mapping[str, str]") -> dict[str, str]:
    """The variables that git is run with: of ``given`` only those that say where repository and settings are."""
    kept = {name: value for name, value in given.items() if name in _KEPT or name in _OF_A_HOOK}
    kept |= {name: value for name, value in given.items() if name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))}
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "none",  # an object that a partial clone lacks is missing, not fetched
        "GIT_NO_LAZY_FETCH": "1",
    }


def ask(folder: str, *words: str, fed: bytes = b"") -> bytes:
    """What git answers on stdout.

    Args:
        folder: Where to run it.
        words: The command and its arguments.
        fed: Its stdin.

    Raises:
        Refusal: git says no.
        UnverifiableError: There is no git, it took too long, or answers too much.
    """
    command = ["git", *_SETTINGS, *words]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment(os.environ),
            input=fed,
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
    except FileNotFoundError as error:
        if os.path.isdir(folder):
            raise UnverifiableError("git is not on PATH", remedy="install git, or compare files") from error
        raise Refusal(f"{folder}: no such folder") from error
    except OSError as error:
        raise UnverifiableError(f"git cannot be run: {(error.strerror or '').lower()}") from error
    except subprocess.TimeoutExpired as error:
        raise UnverifiableError(f"git {words[0]} took more than {SECONDS} s") from error
    if len(done.stdout) > ANSWER_LIMIT:
        raise UnverifiableError(f"git {words[0]} answered with more than {ANSWER_LIMIT} bytes")
    if done.returncode != 0:
        raise Refusal(_told(done.stderr))
    return done.stdout


class Refusal(Exception):  # noqa: N818 - an answer that callers turn into an error of their own
    """git refused; the text is its first line."""


def _told(stderr: bytes) -> str:
    """The first line that says what is wrong, without its prefix."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    wrong = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "no reason")
    return wrong.partition(": ")[2] if wrong.startswith(("fatal:", "error:")) else wrong
