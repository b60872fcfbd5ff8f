"""The constants of a Python file, read as text: version.py of torch and the like are never run."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def assigned(source: bytes) -> "Mapping[str, object]":
    """The constants that are assigned at the top level, annotated or not; the last assignment counts.

    Returns:
        Name and value; ``...`` for a value that is no constant. Nothing where the text is no Python.
    """
    import ast  # only where a file is read; it costs as much as twenty modules of ours
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in that file is no concern of ours
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # MemoryError: nesting, on Python 3.10
        return {}
    found: dict[str, object] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                found[target.id] = value.value if isinstance(value, ast.Constant) else ...
    return found
