"""What conda, mamba and rattler write anew when they put a package in place: the prefix, first lines, entry points.

A file of a package holds a long placeholder where the prefix has to stand. The installers differ where a first line
becomes longer than Linux reads, and in the indentation of entry points; which one it was shows in the digest, so each
way is given, the likeliest first.

Sources: ``update_prefix`` and ``create_python_entry_point`` of conda, ``link.rs`` and ``entry_point.rs`` of rattler.
"""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHEBANG_LIMIT = 127
"""Bytes of a first line that Linux reads."""
_SHEBANG = re.compile(rb"#! *(?P<path>/(?:\\ |[^ \n\r\t])*)(?P<options>.*)")
_ENTRY = re.compile(r"\s*(?P<name>[^\s=/]+)\s*=\s*(?P<module>[\w.]+)\s*:\s*(?P<function>[\w.]+)\s*")
_BODY = """\
# -*- coding: utf-8 -*-
import re
import sys

from {module} import {name}

if __name__ == '__main__':
{indent}sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])
{indent}sys.exit({function}())
"""
_INDENTS = ("\t", "    ")
"""Of rattler, and of conda and mamba."""


def texts(data: bytes, placeholder: bytes, prefix: bytes) -> "Iterator[bytes]":
    """Each way in which an installer writes the prefix into a text."""
    first, newline, rest = data.partition(b"\n")
    rest = newline + rest.replace(placeholder, prefix)
    whole = first.replace(placeholder, prefix)
    shebang = _SHEBANG.fullmatch(first)
    fits = len(whole) <= SHEBANG_LIMIT and not (b" " in prefix and placeholder in first)
    if shebang is not None and not fits:
        path, options = shebang["path"], shebang["options"].replace(placeholder, prefix)
        name = path.rpartition(b"/")[2]
        if name.startswith(b"python"):
            yield _by_shell(path.replace(placeholder, prefix), options) + rest
        yield b"#!/usr/bin/env " + name + options + rest
    yield whole + rest


def binaries(data: bytes, placeholder: bytes, prefix: bytes) -> "Iterator[bytes]":
    """Each way in which an installer writes the prefix into a binary: every string keeps its length.

    Raises:
        ValueError: The prefix is longer than what stands for it.
    """
    if len(prefix) > len(placeholder):
        raise ValueError(f"a prefix of {len(prefix)} bytes does not fit into the {len(placeholder)} that are kept free")

    def rewrite(string: "re.Match[bytes]") -> bytes:
        return string[0].replace(placeholder, prefix).ljust(len(string[0]), b"\0")

    strings = re.escape(placeholder) + rb"[^\0]*"
    every = re.sub(strings, rewrite, data)
    yield every
    ended = re.sub(strings + rb"(?=\0)", rewrite, data)  # conda passes over a string that the file's end cuts off
    if ended != every:
        yield ended


def entry_point(line: str) -> tuple[str, str, str]:
    """Name, module and function of a line such as ``tool = package.module:main``.

    Raises:
        ValueError: It is none.
    """
    match = _ENTRY.fullmatch(line)
    if match is None or match["name"] in (".", ".."):
        raise ValueError(f"an entry point that is none: {line!a}")
    return match["name"], match["module"], match["function"]


def entry_points(module: str, function: str, python: bytes) -> "Iterator[bytes]":
    """Each way in which an installer writes the script of an entry point.

    Args:
        module: What it imports.
        function: What it calls, with dots.
        python: The interpreter, as the first line is to name it.
    """
    plain = b"#!" + python + b"\n"
    shell = [_by_shell(python, b"") + b"\n", _by_older_shell(python) + b"\n"]
    # rattler counts the bytes of a first line without its end, conda with it.
    short, shorter = (len(plain) - end <= SHEBANG_LIMIT and b" " not in python for end in (1, 0))
    firsts = [plain] if shorter else [plain, *shell] if short else [*shell, plain]
    for indent in _INDENTS:
        name = function.partition(".")[0]
        body = _BODY.format(module=module, name=name, function=function, indent=indent).encode()
        yield from (first + body for first in firsts)


def _by_shell(path: bytes, options: bytes) -> bytes:
    """First lines that a shell reads, which hands the file on to an interpreter; without the last line end."""
    return b"#!/bin/sh\n'''exec' \"" + path + b'"' + options + b' "$0" "$@" #\'\'\''


def _by_older_shell(python: bytes) -> bytes:
    """The same as older versions of conda wrote it, for entry points only."""
    return b"#!/bin/sh\n'''exec' \"" + python + b'" "$0" "$@"\n\' \'\'\''
