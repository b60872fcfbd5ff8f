"""What a module surely imports when it is imported itself, read from its source without running it.

Sure is what stands at module level and is neither in a function, nor in a ``try`` that forgives a failed import, nor
under a condition that is not known here. A doubt leaves an import out: the list is short rather than wrong.
"""

import ast
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

SOURCE_LIMIT = 256 << 10 if sys.version_info >= (3, 11) else 96 << 10
"""Bytes of a source that are parsed. Python 3.10 crashes on an expression nested 100,000 deep, which later versions
refuse; a source of this size cannot hold one."""
_LONG_NAME = re.compile(rb"(?:\.[\s\\]*\w+[\s\\]*){64}")
"""Python's parser takes seconds to put thousands of parts of a dotted name together."""
_FORGIVES_NOTHING = frozenset(
    {
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "IndexError",
        "KeyError",
        "KeyboardInterrupt",
        "LookupError",
        "NameError",
        "NotImplementedError",
        "SyntaxError",
        "SystemExit",
        "TypeError",
        "UnicodeError",
        "ValueError",
    }
)
"""Exceptions of Python whose handler does not see an ImportError."""


class Imported(NamedTuple):
    """One import statement; ``from`` with several names is one."""

    module: str
    """As written, without leading dots."""
    level: int
    """Number of leading dots."""
    names: tuple[str, ...] = ()
    """What is taken ``from`` it."""


class Source(NamedTuple):
    """What was read of a module."""

    imports: tuple[Imported, ...] = ()
    bound: frozenset[str] = frozenset()
    """Names that it defines itself, so that ``from package import name`` need not be a module."""


Known = Mapping[str, object]
"""What conditions may be about: dotted names such as ``sys.platform`` with their values."""


def conditions(version: str, system: str, implementation: str) -> dict[str, object]:
    """What is known about the interpreter that would run the module.

    Args:
        version: Such as ``3.11.7``.
        system: ``sys.platform``.
        implementation: ``sys.implementation.name``.
    """
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return {
        "TYPE_CHECKING": False,
        "typing.TYPE_CHECKING": False,
        "t.TYPE_CHECKING": False,
        "__name__": "",  # never __main__
        "sys.platform": system,
        "os.name": "posix",
        "sys.version_info": numbers,
        "version_info": numbers,
        "sys.implementation.name": implementation,
    }


def read_source(data: bytes, known: Known) -> Source:
    """What a source surely imports, in order; nothing where it is no Python.

    Args:
        data: Its bytes. Other encodings than UTF-8 are read as if they were: keywords are ASCII in all of them.
        known: As ``conditions()`` gives it.
    """
    try:
        body = _parse(data).body
        return Source(tuple(dict.fromkeys(_sure(body, known))), frozenset(_bound(body)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Source()


def attempts(data: bytes) -> tuple[tuple[Imported, ...], tuple[Imported, ...]]:
    """What a source tries to import, anywhere in it, and can do without; and all else that it imports anywhere."""
    try:
        tree = _parse(data)
        tries = [each for each in ast.walk(tree) if isinstance(each, ast.Try)]
        bodies = [each.body for each in tries if any(_forgives(handler) for handler in each.handlers)]
        tried = {node for body in bodies for statement in body for node in ast.walk(statement)}
        forgiven = dict.fromkeys(found for node in tried for found in _imported(node))
        others = dict.fromkeys(found for node in ast.walk(tree) if node not in tried for found in _imported(node))
        return tuple(forgiven), tuple(others)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (), ()


def _parse(data: bytes) -> ast.Module:
    if len(data) > SOURCE_LIMIT or _LONG_NAME.search(data):
        raise ValueError("more than is parsed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of somebody else's escape sequences
        return ast.parse(data.decode("utf-8", "replace").removeprefix("\ufeff"))


def _imported(node: ast.AST) -> Iterator[Imported]:
    if isinstance(node, ast.Import):
        yield from (Imported(alias.name, 0) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        names = tuple(alias.name for alias in node.names if alias.name != "*")
        yield Imported(node.module or "", node.level, names)


def _sure(body: Sequence[ast.stmt], known: Known) -> Iterator[Imported]:
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from _imported(statement)
        elif isinstance(statement, ast.If):
            yield from _sure_under(statement, known)
        elif isinstance(statement, ast.Try):
            yield from _sure_tried(statement, known)
        elif isinstance(statement, (ast.With, ast.ClassDef)) and _lets_errors_pass(statement):
            yield from _sure(statement.body, known)
        elif isinstance(statement, ast.Raise):
            return


def _sure_under(statement: ast.If, known: Known) -> Iterator[Imported]:
    truth = _truth(statement.test, known)
    if truth is not None:
        yield from _sure(statement.body if truth else statement.orelse, known)
        return
    otherwise = frozenset(_sure(statement.orelse, known))
    yield from (each for each in _sure(statement.body, known) if each in otherwise)


def _sure_tried(statement: ast.Try, known: Known) -> Iterator[Imported]:
    if not any(_forgives(handler) for handler in statement.handlers):
        yield from _sure(statement.body, known)
        yield from _sure(statement.orelse, known)
    yield from _sure(statement.finalbody, known)


def _forgives(handler: ast.ExceptHandler) -> bool:
    """True unless a failed import surely goes on as an error."""
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    if all(isinstance(each, ast.Name) and each.id in _FORGIVES_NOTHING for each in types):
        return False
    return not _surely_raises(handler.body)


def _surely_raises(body: Sequence[ast.stmt]) -> bool:
    for statement in body:
        if isinstance(statement, ast.Raise):
            return True
        if isinstance(statement, ast.If) and _surely_raises(statement.body) and _surely_raises(statement.orelse):
            return True
    return False


def _lets_errors_pass(statement: ast.With | ast.ClassDef) -> bool:
    """Only what is known to: a context manager may swallow an ImportError, as ``suppress`` does."""
    if isinstance(statement, ast.ClassDef):
        return True
    calls = [item.context_expr for item in statement.items]
    return all(isinstance(each, ast.Call) and _dotted(each.func).endswith("catch_warnings") for each in calls)


def _truth(test: ast.expr, known: Known) -> bool | None:
    """What a condition comes to; None where that is not known."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        truth = _truth(test.operand, known)
        return None if truth is None else not truth
    if isinstance(test, ast.BoolOp):
        truths = [_truth(each, known) for each in test.values]
        decisive = isinstance(test.op, ast.Or)
        if decisive in truths:
            return decisive
        return None if None in truths else not decisive
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test.left, test.ops[0], test.comparators[0], known)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
        text, start = _value(test.func.value, known), _value(test.args[0], known) if len(test.args) == 1 else None
        return text.startswith(start) if isinstance(text, str) and isinstance(start, str) else None
    value = _value(test, known)
    return bool(value) if isinstance(value, (bool, int)) else None


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr, known: Known) -> bool | None:
    one, other = _value(left, known), _value(right, known)
    if one is None or other is None:
        return None
    if isinstance(operator, (ast.In, ast.NotIn)):
        return (one in other) == isinstance(operator, ast.In) if isinstance(other, tuple) else None
    if isinstance(operator, (ast.Eq, ast.NotEq)) and isinstance(one, str) and isinstance(other, str):
        return (one == other) == isinstance(operator, ast.Eq)
    if isinstance(one, tuple) and isinstance(other, tuple) and len(other) <= len(one):
        return _ordered(one, operator, other)
    return None


def _ordered(one: tuple[object, ...], operator: ast.cmpop, other: tuple[object, ...]) -> bool | None:
    """``sys.version_info >= (3, 9)``; the micro version is not looked at."""
    if not all(isinstance(each, int) for each in (*one, *other)):
        return None
    mine, bound = [int(str(each)) for each in one], [int(str(each)) for each in other]
    if mine[: len(bound)] == bound and not isinstance(operator, (ast.GtE, ast.Lt)):
        return None  # more numbers follow
    if isinstance(operator, (ast.Gt, ast.GtE)):
        return mine >= bound
    return mine < bound if isinstance(operator, (ast.Lt, ast.LtE)) else None


def _value(expression: ast.expr, known: Known) -> object | None:
    if isinstance(expression, ast.Constant):
        return expression.value if isinstance(expression.value, (str, int)) else None
    if isinstance(expression, (ast.Tuple, ast.List, ast.Set)):
        values = tuple(_value(each, known) for each in expression.elts)
        return None if None in values else values
    return known.get(_dotted(expression))


def _dotted(expression: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(expression, ast.Attribute) and len(parts) < 8:
        parts.append(expression.attr)
        expression = expression.value
    if not isinstance(expression, ast.Name):
        return ""
    return ".".join([expression.id, *reversed(parts)])


def _bound(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
