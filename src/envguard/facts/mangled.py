"""Names of C++ functions out of their symbols (Itanium C++ ABI), as far as a reader needs them.

Only the qualified name is told, without arguments: ``c10::Dispatcher::runRecordFunction``. Asking the C++ library of
the system would load into the guard what LD_LIBRARY_PATH says, and running ``c++filt`` needs one.
"""

_STANDARD = {"St": "std", "Sa": "std::allocator", "Sb": "std::basic_string", "Ss": "std::string"}
_STANDARD |= {"Si": "std::istream", "So": "std::ostream", "Sd": "std::iostream"}
_SPECIAL = {"TV": "vtable for ", "TT": "VTT for ", "TI": "typeinfo for ", "TS": "typeinfo name for "}
_NESTING = "NIJXFZ"
_TWO_LETTERS = ("Ul", "Dt", "DT")
"""What begins something that ends in E."""
_VARIANTS = tuple("012345")
"""Of constructors and destructors."""
_LIMIT = 4096


class _Unknown(Exception):  # noqa: N818 - never leaves this module
    """A construct that is not understood."""


def readable(symbol: str) -> str:
    """The qualified name of a C++ symbol; "" for a symbol that is none, or has what is not understood here."""
    if not symbol.startswith("_Z") or len(symbol) > _LIMIT:
        return ""
    special = _SPECIAL.get(symbol[2:4], "")
    try:
        return special + _Reader(symbol, 4 if special else 2).name()
    except (_Unknown, IndexError, ValueError):
        return ""


class _Reader:
    """Reads a symbol from left to right."""

    def __init__(self, text: str, position: int) -> None:
        self._text = text
        self._at = position

    def name(self) -> str:
        """An encoded name: nested, or a single one, with ``std::`` where it says so."""
        if self._text[self._at] != "N":
            return "::".join(self._unnested())
        self._at += 1
        while self._text[self._at] in "rVKRO":
            self._at += 1
        parts: list[str] = []
        while self._text[self._at] != "E":
            self._part(parts)
        return "::".join(parts)

    def _unnested(self) -> list[str]:
        parts: list[str] = []
        if self._text.startswith("St", self._at):
            parts.append("std")
            self._at += 2
        self._part(parts)
        return parts

    def _part(self, parts: list[str]) -> None:
        """One component of a nested name."""
        letter = self._text[self._at]
        two = self._text[self._at : self._at + 2]
        if letter.isdigit():
            parts.append(self._source_name())
        elif letter == "I":
            self._skip()
        elif letter in "CD" and two[1:].isdigit() and parts:
            own = parts[-1].partition("[")[0].rpartition("::")[2]
            parts.append(own if letter == "C" else f"~{own}")
            self._at += 2
        elif two in _STANDARD:
            parts.append(_STANDARD[two])
            self._at += 2
        elif letter == "L":
            self._at += 1
        elif letter == "B":
            self._at += 1
            parts[-1] += f"[abi:{self._source_name()}]"
        elif two[:1].islower() and two[1:].islower() and two in _OPERATORS:
            parts.append(f"operator{_OPERATORS[two]}")
            self._at += 2
        else:
            raise _Unknown

    def _source_name(self) -> str:
        begin = self._at
        while self._text[self._at].isdigit():
            self._at += 1
        length = int(self._text[begin : self._at])
        name = self._text[self._at : self._at + length]
        if len(name) < length:
            raise _Unknown
        self._at += length
        return "(anonymous namespace)" if name.startswith("_GLOBAL__N") else name

    def _skip(self) -> None:
        """Pass over what begins here, up to its E."""
        opened: list[str] = []
        while True:
            letter = self._text[self._at]
            two = self._text[self._at : self._at + 2]
            if letter.isdigit():
                self._source_name()
            elif letter == "L":
                self._skip_literal()
            elif letter in "ST":
                self._skip_substitution()
            elif letter == "A" and two[1:].isdigit():
                self._at = self._text.index("_", self._at) + 1
            elif letter in "CD" and two[1:] in _VARIANTS:
                self._at += 2
            elif two in _TWO_LETTERS:
                opened.append(two)
                self._at += 2
            elif letter in _NESTING:
                opened.append(letter)
                self._at += 1
            elif letter == "E":
                self._at += 1
                if opened.pop() == "Ul":  # lambdas are counted: E_, E0_
                    self._at = self._text.index("_", self._at) + 1
                if not opened:
                    return
            else:
                self._at += 1

    def _skip_literal(self) -> None:
        """``Lb1E``, ``Li5E``: a type and its value."""
        end = self._text.index("E", self._at)
        if not self._text[self._at + 1].islower():
            raise _Unknown  # an enumeration or a function: names may hold an E
        self._at = end + 1

    def _skip_substitution(self) -> None:
        if self._text[self._at + 1].islower():
            self._at += 2
            return
        self._at = self._text.index("_", self._at) + 1


_OPERATORS = {
    "nw": " new", "na": " new[]", "dl": " delete", "da": " delete[]", "eq": "==", "ne": "!=", "lt": "<", "gt": ">",
    "le": "<=", "ge": ">=", "aS": "=", "pl": "+", "mi": "-", "ml": "*", "dv": "/", "cl": "()", "ix": "[]", "ls": "<<",
    "rs": ">>", "nt": "!",
}  # fmt: skip
