"""Installs conda packages by their records into a new prefix, with py-rattler. Started by ``conda`` as a process.

A process of its own, since py-rattler may crash while an interpreter that ran it shuts down.

    python _rattler.py PREFIX CACHE RECORD...
"""

import asyncio
import importlib
import os
import sys
from typing import Any

MISSING = 3
"""Exit code where py-rattler is not there."""


def main(prefix: str, cache: str, records: "list[str]") -> None:
    """Install exactly the packages of some conda-meta records; each archive is held to the record's digest."""
    try:
        rattler: Any = importlib.import_module("rattler")
    except ImportError as error:
        sys.stdout.write(f"{error}\n")
        sys.stdout.flush()
        os._exit(MISSING)
    known = [rattler.PrefixRecord.from_path(path) for path in records]
    asyncio.run(rattler.install(known, target_prefix=prefix, cache_dir=cache, show_progress=False))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
