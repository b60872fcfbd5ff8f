"""Immutable values without the cost of ``dataclasses``.

Importing dataclasses costs about ten times the whole check of a pinned environment, so the guard has a stand-in with
the same meaning as ``@dataclass(frozen=True, slots=True, kw_only=True)``. Type checkers see it as a dataclass.
"""

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_options):
        return lambda decorated: decorated


@dataclass_transform(frozen_default=True, kw_only_default=True)
class _ValueType(type):
    """Turns the annotations of a class body into slots, and their values into defaults."""

    def __new__(cls, name: str, bases: "tuple[type, ...]", body: "dict[str, Any]") -> "_ValueType":
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body.pop(field) for field in fields if field in body}
        body["__slots__"] = fields
        made = super().__new__(cls, name, bases, body)
        made._fields = fields  # type: ignore[attr-defined]
        made._defaults = defaults  # type: ignore[attr-defined]
        # The descriptors of the slots store what __setattr__ refuses, and cost half of object.__setattr__.
        made._stores = tuple(made.__dict__[field].__set__ for field in fields)  # type: ignore[attr-defined]
        made._blank = {field: defaults.get(field) for field in fields}  # type: ignore[attr-defined]
        made._required = frozenset(fields).difference(defaults)  # type: ignore[attr-defined]
        made._read = _reader(fields)  # type: ignore[attr-defined]
        return made


def _reader(fields: "tuple[str, ...]") -> "staticmethod[[object], tuple[Any, ...]]":
    """What reads all fields of a value at once."""
    if len(fields) > 1:
        return staticmethod(attrgetter(*fields))
    return staticmethod(lambda value: tuple(getattr(value, field) for field in fields))  # attrgetter gives no tuple


class Value(metaclass=_ValueType):
    """A frozen, slotted, keyword-only value; equal when type and fields are equal."""

    if TYPE_CHECKING:
        _fields: ClassVar[tuple[str, ...]]
        _defaults: ClassVar[dict[str, Any]]
        _read: ClassVar[staticmethod[[object], tuple[Any, ...]]]
    else:

        def __init__(self, **given):
            values = {**self._blank, **given}  # in the order of the fields, whatever the order of the arguments
            if len(values) != len(self._stores) or not self._required <= given.keys():
                raise _mistake(self, given)
            for store, value in zip(self._stores, values.values()):  # noqa: B905 - a third of the time; compared above
                store(self, value)

    def __setattr__(self, field: str, _new: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{field} is frozen; make a new value with replace()")

    def __delattr__(self, field: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{field} is frozen")

    def _key(self) -> "tuple[Any, ...]":
        return self._read(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._key()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{field}={getattr(self, field)!r}" for field in self._fields)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> "tuple[Any, ...]":
        return _make, (type(self), dict(zip(self._fields, self._key(), strict=True)))

    def replace(self, **changed: "Any") -> "Self":
        """The same value with some fields changed."""
        made: Self = _make(type(self), {**dict(zip(self._fields, self._key(), strict=True)), **changed})
        return made


def _mistake(value: "Value", given: "dict[str, Any]") -> TypeError:
    """What is wrong with the arguments that a value was made with."""
    name = type(value).__name__
    surplus = set(given).difference(value._fields)
    if surplus:
        return TypeError(f"{name}() got an unexpected {min(surplus)!r}")
    missing = next(field for field in value._fields if field not in given and field not in value._defaults)
    return TypeError(f"{name}() is missing {missing!r}")


def _make(kind: "type[Any]", fields: "dict[str, Any]") -> "Any":
    return kind(**fields)
