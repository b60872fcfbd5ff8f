"""environment.yml: what ``conda env export`` writes (micromamba and pixi too), and people edit.

The ``pip:`` list inside is a requirements file and is read as one, with the line numbers of this file. Only an export
with builds names everything that is installed; a file without builds, or with loose dependencies, is incomplete.
A selector such as ``# [linux]`` is a comment, to conda and here.
"""

import hashlib
import re

from envguard.errors import LockError
from envguard.facts.places import DISK
from envguard.formats import _conda_spec, _settle, _text, _yaml
from envguard.formats._requirement_files import PIN_LIMIT, Reader
from envguard.model import Pin, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.facts.places import Files

NAME = "environment.yml"
INCLUDES = True

_TOP_LEVEL = re.compile(r"^(?:dependencies|channels)[ \t]*:", re.MULTILINE)
_JSON = re.compile(r'\A\s*\{[\s\S]{0,2000}"dependencies"\s*:\s*\[')
_OTHERS = re.compile(r"^(?:metadata|package|environments|requires-python|apiVersion)[ \t]*:", re.MULTILINE)
_CONDA = re.compile(r"""^["']?(?:channels|prefix|name)["']?[ \t]*:""", re.MULTILINE)
_FILENAME = re.compile(r".{0,200}env.{0,200}\.ya?ml", re.IGNORECASE)
_NOTHING = ("", "~", "null")
_REMEDY = "export it again with `conda env export`"


def recognises(filename: str, head: bytes) -> int:
    """2 where the file has dependencies (or channels) at its top level, 1 where it is called like one."""
    text = _text.peek(head).replace("\r", "\n")
    if _OTHERS.search(text):
        return 0
    if _TOP_LEVEL.search(text) or (_JSON.match(text) and '"channels"' in text):
        return 2
    return 1 if _FILENAME.fullmatch(filename) and _CONDA.search(text) else 0


def parse(data: bytes, *, path: str, files: "Files" = DISK) -> Snapshot:
    """Read an environment.yml.

    Args:
        data: The file's bytes.
        path: The file; includes of its ``pip:`` list are looked up beside it.
        files: Where those are read.

    Raises:
        LockError: The file is no YAML, conda or pip would refuse it, or PyYAML is missing; with file and line.
    """
    return _parse(data, path, alone=False, files=files)


def parse_alone(data: bytes, *, path: str, files: "Files" = DISK) -> Snapshot:
    """The same for a file whose sha256 was asked for: its ``pip:`` list must not include other files.

    Raises:
        LockError: As ``parse``, and for every include.
    """
    return _parse(data, path, alone=True, files=files)


def _parse(data: bytes, path: str, *, alone: bool, files: "Files") -> Snapshot:
    root = _yaml.load(_text.decode(data, path), path)
    if not isinstance(root, _yaml.Mapping):
        raise LockError("not a conda environment: no mapping", path=path, line=1, remedy=_REMEDY)
    dependencies = root.get("dependencies") or _yaml.Sequence(items=(), line=root.line)
    if isinstance(dependencies, _yaml.Scalar) and dependencies.text in _NOTHING:
        dependencies = _yaml.Sequence(items=(), line=dependencies.line)
    if not isinstance(dependencies, _yaml.Sequence):
        raise LockError("dependencies is no list", path=path, line=dependencies.line, remedy=_REMEDY)
    if len(dependencies.items) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} dependencies", path=path, line=dependencies.line)
    reader = Reader(path, alone=alone, files=files)
    conda = [_conda_pin(item, path) for item in dependencies.items if isinstance(item, _yaml.Scalar)]
    for item in dependencies.items:
        if not isinstance(item, _yaml.Scalar):
            reader.read_root(_pip_lines(item, path))
    pins, notes = _settle.settle([*conda, *reader.required], reader.constraints)
    why = _incomplete(pins) or _settle.incomplete(pins, notes)
    return Snapshot(
        path=path,
        format=NAME,
        sha256=hashlib.sha256(data).hexdigest(),
        pins=pins,
        complete=not why,
        incomplete_why=why,
        notes=(*reader.notes, *notes),
    )


def _conda_pin(item: _yaml.Scalar, path: str) -> Pin:
    try:
        return _conda_spec.pin(item.text, path=path, line=item.line)
    except _conda_spec.SpecError as error:
        problem = f"{error}: {_text.quote(item.text)}"
        raise LockError(problem, path=path, line=item.line, remedy=_REMEDY) from None


def _pip_lines(item: "_yaml.Node", path: str) -> "Iterator[tuple[int, str]]":
    """The lines of a ``pip:`` list with the numbers that they have in this file."""
    pip = item.items[0] if isinstance(item, _yaml.Mapping) and len(item.items) == 1 else None
    if pip is None or pip[0].text != "pip":
        raise LockError("a dependency that is neither a text nor a pip: list", path=path, line=item.line)
    entries = pip[1]
    if isinstance(entries, _yaml.Scalar) and entries.text in _NOTHING:
        return
    if not isinstance(entries, _yaml.Sequence):
        raise LockError("pip: is no list", path=path, line=entries.line, remedy=_REMEDY)
    for entry in entries.items:
        if not isinstance(entry, _yaml.Scalar):
            raise LockError("an entry of pip: that is no text", path=path, line=entry.line, remedy="quote it")
        for offset, line in enumerate(entry.text.splitlines()):
            yield entry.line + offset, line


def _incomplete(pins: tuple[Pin, ...]) -> str:
    conda = [pin for pin in pins if pin.manager == "conda"]
    if not conda:
        return "it lists no conda packages"
    without = sum(not pin.build for pin in conda)
    return f"{without} of {len(conda)} conda packages have no build: not a full export" if without else ""
