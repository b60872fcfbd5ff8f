"""BENCHMARKS.md, whose parts are written by different runs: each replaces its own part and leaves the others."""

import re

import environments

PATH = environments.PROJECT / "BENCHMARKS.md"
PARTS = ("speed", "native")
"""In the order in which they stand."""


def put(part: str, text: str) -> None:
    """Replace one part of the document."""
    old = PATH.read_text() if PATH.exists() else ""
    texts = {name: _part(name, old) for name in PARTS}
    texts[part] = f"{_begin(part)}\n{text.strip()}\n{_end(part)}"
    PATH.write_text("# Benchmarks\n\n" + "\n\n".join(each for each in texts.values() if each) + "\n")


def _part(name: str, old: str) -> str:
    found = re.search(f"{re.escape(_begin(name))}.*?{re.escape(_end(name))}", old, re.DOTALL)
    return found.group() if found else ""


def _begin(name: str) -> str:
    return f"<!-- begin {name} -->"


def _end(name: str) -> str:
    return f"<!-- end {name} -->"
