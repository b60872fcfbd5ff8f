"""What ``site`` does with a ``.pth`` file: which it reads, and which lines of it run (the standard library's site)."""

# The first micro release of each minor in which site skips .pth files whose name begins with a dot (gh-113659).
_SKIPS_HIDDEN = {(3, 8): 19, (3, 9): 19, (3, 10): 14, (3, 11): 8, (3, 12): 2}


def is_code(line: str) -> bool:
    """True for a line that is run."""
    return line.startswith(("import ", "import\t"))


def skips_hidden(version: str) -> bool:
    """True for an interpreter that passes over files whose name begins with a dot.

    Args:
        version: Of the interpreter, such as ``3.11.7``.
    """
    release = [int(part) for part in version.split(".")[:3] if part.isascii() and part.isdigit()]
    if len(release) < 3:
        return True  # a pre-release of a minor that is newer than the rule, or of one far older than is supported
    return release[2] >= _SKIPS_HIDDEN.get((release[0], release[1]), 0)
