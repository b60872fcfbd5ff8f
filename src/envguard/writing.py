"""Writing a file as a whole or not at all."""

import os

from envguard.errors import LockError


def write_atomically(path: str, data: bytes) -> None:
    """Replace a file as a whole: whatever interrupts this, the old file or the new one is there.

    Raises:
        LockError: The system refused; the old file is untouched.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        # 0o666 leaves the permissions to the umask, as for any file that a person writes.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except (OSError, ValueError) as error:
        raise LockError(f"cannot be written: {_why(error)}", path=path) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise LockError(f"cannot be written: {_why(error)}", path=path) from error


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
