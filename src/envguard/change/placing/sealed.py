"""What the golden file seals at a path, asked of the manifest's text."""

import os
from collections.abc import Iterable, Iterator, Mapping

from envguard.facts.manifest_lines import Lines
from envguard.facts.tree import Entry, absolute, symbolic

_EVERY = 1 << 30


class Sealed(Mapping[str, Entry]):
    """Absolute path to entry of a manifest that was made in this place."""

    def __init__(self, lines: Lines, roots: Mapping[str, str]) -> None:
        """Takes the manifest, and where its roots are."""
        self._lines = lines
        self._roots = roots
        self._known: dict[str, Entry | None] = {}

    def __getitem__(self, path: str) -> Entry:
        """The entry at a path."""
        if path not in self._known:
            symbol = symbolic(path, self._roots)
            self._known[path] = self._lines.get(symbol) if symbol else None
        entry = self._known[path]
        if entry is None:
            raise KeyError(path)
        return entry

    def __iter__(self) -> Iterator[str]:
        """Every path; takes its time."""
        for name in self._roots:
            for entry in self._lines.below("{" + name + "}", _EVERY):
                yield absolute(entry.path, self._roots)

    def __len__(self) -> int:
        """How many entries there are; takes its time."""
        return sum(1 for _path in self)

    def __bool__(self) -> bool:
        """True: there is a manifest."""
        return True

    def below_all(self, folders: Iterable[str]) -> Iterator[str]:
        """The paths below some folders."""
        for symbol in filter(None, (symbolic(folder, self._roots) for folder in folders)):
            for entry in self._lines.below(symbol, _EVERY):
                yield absolute(entry.path, self._roots)


def bytecode_in(sealed: Mapping[str, Entry], folders: "set[str]") -> list[str]:
    """Paths of sealed byte code that lies directly in one of some folders."""
    paths = [*(sealed.below_all(folders) if isinstance(sealed, Sealed) else sealed)]
    return [path for path in paths if path.endswith(".pyc") and os.path.dirname(path) in folders]
