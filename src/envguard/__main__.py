"""``python -m envguard``: the command line without its script, as an image without scripts on PATH needs it."""

import sys

from envguard.doors.cli import main

if __name__ == "__main__":
    sys.exit(main())
