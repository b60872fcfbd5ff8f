"""Does a marker of a lock hold here? For locks that name extras in markers, of which several may be chosen at once."""

import re

from envguard.formats._toml import ShapeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_EXTRA = re.compile(r"""\bextra\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)')""")
_LENGTH = 20_000
"""Characters of a marker."""
_TRUE, _FALSE = "os_name != ''", "os_name == ''"


class Conditions:
    """Answers for one interpreter and one choice of extras; each marker is looked at once.

    A marker evaluates with one extra (PEP 508), but a lock is installed with any number of them. So the clauses about
    extras are answered first, and the rest is asked of packaging.
    """

    def __init__(self, environment: "Mapping[str, str]", extras: "Iterable[str]" = ()) -> None:
        self._environment = {"extra": "", **environment}
        self._extras = frozenset(extras)
        self._known: dict[str, bool] = {"": True}

    def hold(self, marker: str) -> bool:
        """True where the marker does, and for an empty one.

        Raises:
            ShapeError: It is no marker.
        """
        if marker not in self._known:
            self._known[marker] = self._evaluated(marker)
        return self._known[marker]

    def _evaluated(self, marker: str) -> bool:
        from packaging.markers import Marker

        if len(marker) > _LENGTH:
            raise ShapeError(f"a marker of more than {_LENGTH} characters")
        try:
            return Marker(_EXTRA.sub(self._answer, marker)).evaluate(self._environment)
        except (ValueError, RecursionError):  # all of packaging's errors about markers are ValueErrors
            raise ShapeError(f"not a marker: {marker[:80]!a}") from None

    def _answer(self, clause: "re.Match[str]") -> str:
        chosen = (clause[2] or clause[3] or "") in self._extras
        return _TRUE if chosen == (clause[1] == "==") else _FALSE
